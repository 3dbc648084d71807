"""What row rules look at: the texts of a batch, flat, each column with the signs of what may stand in it.

A rule over a clean batch must cost almost nothing: ask `Text.signs` before running an expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.exchanges import Exchanges
from sftformat.rules.signs import Signs
from sftformat.rules.spans import Spans, spans
from sftformat.rules.texts import Array, Indices, column, flat, is_list, text_offsets
from sftformat.rules.turns import RESULT, ROLES, Turns

#: Fields with text that the model is shown or learns to write, in the order of findings.
TEXT_FIELDS = ("input", "input_pair", "instruction", "system", "target", "references")

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Text:
    """One field's texts, flat. `offsets` is None when row i has value i, else row i has values offsets[i]:offsets[i+1].

    `inner` is the rest of the pointer inside an item (`/content`).
    """

    field: str
    values: Array
    offsets: Indices | None = None
    inner: str = ""

    @cached_property
    def signs(self) -> Signs:
        """The prefilter over the values, made once for all rules."""
        return Signs(self.values)

    def some(self, chosen: Indices | list[int], expression: str = "") -> Iterator[tuple[int, str]]:
        """Yield some of the values with their indexes, of these the ones in which an RE2 expression is found.

        Null ones are left out.
        """
        if not len(chosen):
            return
        numbers, taken = np.asarray(chosen, np.int64), self.values.take(pa.array(chosen, pa.int64()))
        if expression:
            held = pc.fill_null(pc.match_substring_regex(taken, expression), False)
            numbers, taken = numbers[held.to_numpy(zero_copy_only=False)], taken.filter(held)
        found = zip(numbers.tolist(), taken.to_pylist(), strict=True)
        yield from ((index, value) for index, value in found if value is not None)

    def place(self, index: int) -> tuple[int, str]:
        """Return the row and the JSON Pointer of value `index`."""
        if self.offsets is None:
            return index, f"/{self.field}"
        row = int(np.searchsorted(self.offsets, index, side="right")) - 1
        return row, f"/{self.field}/{index - int(self.offsets[row])}{self.inner}"

    def of(self, row: int) -> Iterator[str]:
        """Yield the values of a row; null ones are left out."""
        start, stop = (row, row + 1) if self.offsets is None else map(int, self.offsets[row : row + 2])
        yield from (value for value in self.values[start:stop].to_pylist() if value is not None)

    def matching(self, expression: str) -> list[int]:
        """Return the indexes of the values in which an RE2 expression is found. Not cheap: ask `signs` first."""
        return indexes(pc.match_substring_regex(self.values, expression))


class View:
    """A batch of canonical rows of one task, as row rules see it."""

    def __init__(self, rows: pa.RecordBatch, task: str) -> None:
        self.rows = rows
        self.task = task
        self._results: dict[str, frozenset[int]] = {}

    def column(self, name: str) -> Array:
        """Return a column, or nulls where the batch has none of that name."""
        return column(self.rows, name)

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """The texts of every field that has some."""
        found = [text for name in TEXT_FIELDS for text in _texts(name, self.column(name))]
        return tuple(text for text in found if text.values.null_count < len(text.values))

    @cached_property
    def calls(self) -> tuple[Text, ...]:
        """The calls of tools, as JSON texts, and the tools of a batch of chat."""
        if self.task != "chat":
            return ()
        found = [text for name in ("input", "target") for text in _texts(name, self.column(name), "tool_calls")]
        found += _texts("tools", self.column("tools"))
        return tuple(text for text in found if text.values.null_count < len(text.values))

    def text(self, name: str) -> Text | None:
        """Return the texts of one field, None when it has none."""
        return next((text for text in self.texts if text.field == name), None)

    def whole(self, row: int) -> str:
        """Return all texts of a row, a line feed between them: what else a row says of the text in question."""
        return "\n".join(value for text in self.texts for value in text.of(row))

    def of_tool(self, text: Text, index: int) -> bool:
        """Tell whether a text is the result of a tool: what a tool gives is as it is, with its markup."""
        if self.task != "chat" or text.inner != "/content":
            return False
        if text.field not in self._results:
            roles = pc.struct_field(flat(self.column(text.field))[0], "role")
            told = pc.is_in(roles, pa.array([role for role, kind in ROLES.items() if kind == RESULT]))
            self._results[text.field] = frozenset(indexes(told))
        return index in self._results[text.field]

    @cached_property
    def turns(self) -> Turns:
        """The turns of the conversations of a batch of chat."""
        return Turns(self.column("input"), self.column("target"))

    @cached_property
    def exchanges(self) -> Exchanges:
        """The calls of tools in these turns, and their results."""
        return Exchanges(self.turns)

    @cached_property
    def spans(self) -> Spans | None:
        """Where the tokens of a batch of token-classification stand in their texts; None where no row says so."""
        return spans(self.column("text"), self.column("offsets"))

    @cached_property
    def splits(self) -> Array:
        """The split of each row; a row without one belongs to train."""
        return pc.fill_null(self.column("split").cast(pa.string()), "train")


def _texts(name: str, values: Array, part: str = "content") -> list[Text]:
    if not is_list(values):
        return [Text(name, values)] if _is_text(values) else []
    inner, offsets = flat(values)
    if pa.types.is_struct(inner.type):
        return [Text(name, pc.struct_field(inner, part), offsets, f"/{part}")]
    return [Text(name, inner, offsets)] if _is_text(inner) else []


def _is_text(values: Array) -> bool:
    return pa.types.is_string(values.type) or pa.types.is_large_string(values.type)


def indexes(mask: Array) -> list[int]:
    """Return the indexes at which a boolean column is true."""
    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()
    return found


# First bytes of characters that are surely seen: printable ASCII, and every lead byte but those of scripts that also
# hold a blank or invisible character (Latin-1, U+034F, U+061C, U+115F, U+2000, U+3000, U+FEFF).
_SEEN = np.zeros(256, np.bool_)
_SEEN[0x21:0x7F] = True
_SEEN[0xC2:0xF0] = True
_SEEN[[0xC2, 0xCD, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF]] = False

#: RE2: nothing but white space, separators and characters of no width.
BLANK = (
    r"\A[\t-\r\x1c-\x20\x{85}\x{a0}\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{1680}\x{17b4}\x{17b5}\x{180b}-\x{180e}"
    r"\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{206f}\x{2800}\x{3000}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}]*\z"
)


def first_bytes(values: Array) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the first byte of each value, 0 for an empty or null one."""
    offsets, buffer = text_offsets(values), values.buffers()[2]
    if buffer is None or buffer.size == 0 or len(offsets) < 2:
        return np.zeros(len(values), np.uint8)
    data = np.frombuffer(buffer, np.uint8)
    first = data[np.minimum(offsets[:-1], len(data) - 1)]
    return np.asarray(np.where(offsets[1:] > offsets[:-1], first, np.uint8(0)))


def blank(values: Array) -> Mask:
    """Tell which values hold nothing that is seen: empty, null, only blanks, only characters of no width."""
    found: Mask = ~_SEEN[first_bytes(values)]
    if values.null_count:
        found |= values.is_null().to_numpy(zero_copy_only=False)
    suspects = np.flatnonzero(found)
    if len(suspects):
        taken = values.take(pa.array(suspects))
        found[suspects] = pc.fill_null(pc.match_substring_regex(taken, BLANK), True).to_numpy(zero_copy_only=False)
    return found
