"""Long texts as windows: rows of at most N tokens that overlap, so that no token of a record is lost.

Each window has the special tokens of a row, and each of a pair has the whole first text. The windows of the last text
begin `stride` tokens apart, and the last of them ends where the text ends. They are those of the reference library,
which is told the overlap: N − special tokens − `stride`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sftformat.tokenize.conversation import Fault
from sftformat.tokenize.encode import Encoded, Ints
from sftformat.tokenize.ids import stretches
from sftformat.tokenize.load import Reference
from sftformat.tokenize.template import Template

#: More than any text has; encoding up to here cuts nothing.
NO_LIMIT = 1 << 40
#: So many tokens of windows are written at once.
_TOKENS = 4 << 20


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the text of which windows are made, in N whole rows: tokens before it and after it, (N,)."""

    before: Ints
    after: Ints

    def of(self, rows: npt.NDArray[np.bool_]) -> Frame:
        """Return the frames of the rows chosen."""
        return Frame(self.before[rows], self.after[rows])


def frame_of(reference: Reference, encoded: Encoded, pairs: Sequence[str | None] | None) -> Frame:
    """Return where in whole rows the text stands that windows are made of: the second one of a pair, else the only."""
    paired = np.array([pair is not None for pair in pairs], bool) if pairs else np.zeros(len(encoded), bool)
    before, after = np.zeros(len(encoded), np.int64), np.zeros(len(encoded), np.int64)
    for rows, template in ((~paired, reference.single), (paired, reference.pair)):
        assert template is not None
        assert encoded.first is not None
        before[rows], after[rows] = _around(template, encoded.first[rows])
    return Frame(before, after)


def _around(template: Template, first: Ints) -> tuple[Ints, Ints]:
    """Count the tokens before and after the last of the texts of rows; `first` are those of the first text."""
    last = max(part.sequence for part in template.parts if part.sequence is not None)
    found, sides = 0, [np.zeros(len(first), np.int64), np.zeros(len(first), np.int64)]
    for part in template.parts:
        if part.sequence == last:
            found = 1
        else:
            sides[found] += 1 if part.sequence is None else first
    return sides[0], sides[1]


def faults(encoded: Encoded, frame: Frame, most: int, stride: int) -> Mapping[int, Fault]:
    """Return the rows of which no windows `stride` tokens apart can be made: a first text leaves no room for them."""
    room = most - frame.before - frame.after
    assert encoded.first is not None
    return {
        row: Fault(
            "SFT507",
            f"the first text has {encoded.first[row]:,} tokens, which leaves {max(0, int(room[row]))} of --window "
            f"{most} to the second one: fewer than --stride {stride}",
            "/input",
            hint="a wider --window, or a smaller --stride",
        )
        for row in np.flatnonzero((encoded.full > most) & (room < stride)).tolist()
    }


def cut(rows: pa.RecordBatch, frame: Frame, most: int, stride: int) -> Iterator[pa.RecordBatch]:
    """Yield whole rows of shards as windows of at most `most` tokens, numbered from 0 in the column `window`."""
    lengths = rows.column("length").to_numpy().astype(np.int64)
    body, room = lengths - frame.before - frame.after, most - frame.before - frame.after
    counts = np.where(lengths > most, 1 + -(-(body - room) // stride), 1)
    row = np.repeat(np.arange(len(rows)), counts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    for start in range(0, len(row), at_once := max(1, _TOKENS // most)):
        part = slice(start, start + at_once)
        skipped, own = number[part] * stride, row[part]
        kept = np.minimum(room[own], body[own] - skipped)
        begins = np.stack([np.zeros_like(own), frame.before[own] + skipped, lengths[own] - frame.after[own]], axis=1)
        sizes = np.stack([frame.before[own], kept, frame.after[own]], axis=1)
        yield _windows(rows, own, number[part], begins, sizes)


def _windows(rows: pa.RecordBatch, row: Ints, number: Ints, begins: Ints, sizes: Ints) -> pa.RecordBatch:
    """Return W windows, each three stretches of its row: where they begin in it and how long they are, (W, 3)."""
    columns: Any = rows
    ids, types = columns.column("input_ids"), columns.column("token_type_ids")
    first = ids.offsets.to_numpy().astype(np.int64)[row] - int(ids.offsets[0].as_py())
    places = stretches((first[:, None] + begins).ravel(), sizes.ravel())
    lengths = sizes.sum(1)
    offsets: Any = pa.array(np.concatenate(([0], np.cumsum(lengths))).astype(np.int32))
    changed: dict[str, Any] = {
        "input_ids": pa.ListArray.from_arrays(offsets, pa.array(ids.flatten().to_numpy()[places])),
        "attention_mask": pa.ListArray.from_arrays(offsets, pa.array(np.ones(len(places), np.int8))),
        "token_type_ids": pa.ListArray.from_arrays(offsets, pa.array(types.flatten().to_numpy()[places])),
        "length": pa.array(lengths.astype(np.int32)),
        "window": pa.array(number.astype(np.int32)),
    }
    taken = pa.array(row)
    arrays = [changed[name] if name in changed else columns.column(name).take(taken) for name in rows.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)
