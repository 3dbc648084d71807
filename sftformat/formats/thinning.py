"""Some of very many things, spread evenly over all of them, without knowing how many there are."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Generic, TypeVar

T = TypeVar("T", bound=Sized)


class Thinned(Generic[T]):
    """Every nth thing of a run, n such that at most `most` are kept, of about `most_bytes` together.

    Half as many are kept at least, if there are so many and they are not that long. The first one always is.
    """

    def __init__(self, most: int, most_bytes: int | None = None) -> None:
        self.kept: list[T] = []
        self._most, self._most_bytes = most, most_bytes
        self._step, self._position, self._size = 1, 0, 0

    def next(self, count: int) -> range:
        """Pass over the next `count` things; return which of them are to be added."""
        chosen = range(-self._position % self._step, count, self._step)
        self._position += count
        return chosen

    def add(self, things: Sequence[T]) -> None:
        """Keep things, and only every second one of all if they become too many."""
        self.kept += things
        self._size += sum(map(len, things)) if self._most_bytes is not None else 0
        while len(self.kept) > self._most or self._too_long:
            self.kept, self._step = self.kept[::2], self._step * 2
            self._size = sum(map(len, self.kept)) if self._most_bytes is not None else 0

    @property
    def _too_long(self) -> bool:
        return self._most_bytes is not None and self._size > self._most_bytes and len(self.kept) > 1
