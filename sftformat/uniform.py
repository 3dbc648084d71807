"""Records that are alike: the same keys in the same order, texts under the same of them, and else few different values.

What most data is. Its texts are Arrow columns from the start, and what else it holds is looked at once for each form,
not once for each record. Whoever asks for the records as such gets them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.record import Alike, Columns, Record

_Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Uniform(Alike):
    """N records. `forms` are the different ones they become when each text is the empty one; record i is `forms[of[i]]`
    with the texts `texts[key][i]`. Without `of` all have the first form.

    Every key of `texts` is in every form, and under it an Arrow array (N,) without nulls. All forms have the same keys
    in the same order.
    """

    def __init__(self, texts: Mapping[str, Any], forms: Sequence[Record], of: _Numbers | None = None) -> None:
        self.texts, self.forms, self.of = texts, forms, of
        self._made: list[Record] | None = None
        self._columns: Columns | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of every record, in order."""
        return tuple(self.forms[0])

    def __len__(self) -> int:
        return len(next(iter(self.texts.values())))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._some(np.arange(len(self))[index])
        if self._made is not None or not -len(self) <= index < len(self):
            return self._records()[index]
        return self._some(np.array([index % len(self)]))._records()[0]

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records())

    def _some(self, rows: _Numbers) -> Uniform:
        """Return some of the records: their own texts, none behind them, and no form that none of them has."""
        texts = {key: values.take(pa.array(rows)) for key, values in self.texts.items()}
        if self.of is None or not len(rows):
            return Uniform(texts, self.forms[:1])
        forms, of = np.unique(self.of[rows], return_inverse=True)
        return Uniform(texts, [self.forms[form] for form in forms.tolist()], of if len(forms) > 1 else None)

    def form_of(self, key: str) -> tuple[list[Any], _Numbers]:
        """Return what stands under a key that holds no texts: the value in each form, and the form of each record."""
        return [form[key] for form in self.forms], np.zeros(len(self), np.int64) if self.of is None else self.of

    def few(self, key: str) -> tuple[list[Any], Any] | None:
        """Return the different values under a key and which of them each record has; None where they are many, or in no
        record."""
        if key not in self.texts:
            return self.form_of(key) if key in self.forms[0] else None
        encoded = self.texts[key].dictionary_encode()
        return (encoded.dictionary.to_pylist(), encoded.indices) if 2 * len(encoded.dictionary) <= len(self) else None

    def types(self, key: str) -> dict[type, tuple[int, int]]:
        """Return how many values of each type stand under a key, and the index of the first of them."""
        if key in self.texts:
            return {str: (len(self), 0)}
        values, of = self.form_of(key)
        kinds = list(dict.fromkeys(map(type, values)))
        if len(kinds) == 1:
            return {kinds[0]: (len(self), 0)}
        codes = np.array([kinds.index(type(value)) for value in values])[of]
        found = np.stack(np.unique(codes, return_index=True, return_counts=True), 1)
        return {kinds[code]: (count, first) for code, first, count in found[found[:, 1].argsort()].tolist()}

    def columns(self) -> Columns:
        """Return the values of each key and their types."""
        if self._columns is None:
            listed = {key: self._listed(key) for key in self.keys}
            self._columns = {key: (values, set(map(type, values))) for key, values in listed.items()}
        return self._columns

    def _listed(self, key: str) -> list[Any]:
        if key in self.texts:
            return list(self.texts[key].to_pylist())
        values, of = self.form_of(key)
        return [values[form] for form in of.tolist()] if len(values) > 1 else values * len(self)

    def _records(self) -> list[Record]:
        if self._made is None:
            keys, values = self.keys, [listed for listed, _ in self.columns().values()]
            self._made = [dict(zip(keys, each, strict=True)) for each in zip(*values, strict=True)]
        return self._made
