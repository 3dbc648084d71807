"""A batch of rows tokenized for its task, before any row is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sftformat.tokenize.encode import Encoded
from sftformat.tokenize.labels import Column, Labels


@dataclass(frozen=True, slots=True)
class Fault:
    """What costs a row its place in the shards: a code, its words, and a JSON Pointer into the canonical row.

    `name` is that of a rule, whose codes stand in no table here.
    """

    code: str
    said: str
    path: str
    got: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """N rows as tokens and labels. `more` are columns that only this task has; `faults` are found by row."""

    encoded: Encoded
    labels: Labels
    more: Mapping[str, Column] = field(default_factory=dict)
    faults: Mapping[int, Fault] = field(default_factory=dict)

    def faulty(self) -> npt.NDArray[np.bool_]:
        """Tell which rows have a fault."""
        found = np.zeros(len(self.encoded), bool)
        found[list(self.faults)] = True
        return found
