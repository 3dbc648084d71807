r"""JSON Lines that are alike, read without an object for each: cut at the quotes, and compared with the first line.

Take the texts out of `{"text": "Fine.", "label": 1}` and what is left, the form, is the same in line after line, or one
of few. Why that is exact: in a line without bytes below U+0020 the quotes that no backslash escapes open and close a
text in turn, so with as many of them as the first line has, the n-th text of a line is where the n-th of the first one
is. One text of JSON may stand for another: a line is a record just when its form with texts of ours in it is one, which
the exact reader decides once for each form. A form must have the keys of the first line, in their order, and its texts
under the same of them. Whatever is not like that, and every text that is not UTF-8 or holds a wrong escape, is left to
`jsontext`, which also says what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.formats import jsontext
from sftformat.formats.lines import Block
from sftformat.record import Number, Record
from sftformat.uniform import Uniform

_Numbers = np.ndarray[Any, np.dtype[np.int64]]

_QUOTE, _BACKSLASH, _SPACE = b'"\\ '
#: Lines of more forms than this in one block are not alike.
_FORMS = 256
_SCALARS = frozenset({str, int, bool, type(None), Number})
#: Quotes behind more backslashes than this in a row are left to the exact reader.
_ROW = 256
_NONE = np.zeros(0, np.int64)
_strings = msgspec.json.Decoder(list[str])


@dataclass(frozen=True, slots=True)
class _Form:
    """The first line: which of its texts, counted with the keys, are values, and under which key each stands."""

    keys: tuple[str, ...]
    texts: tuple[str, ...]
    numbers: tuple[int, ...]

    @property
    def quotes(self) -> int:
        """The quotes that no backslash escapes."""
        return 2 * (len(self.keys) + len(self.texts))


@dataclass(slots=True)
class Tries:
    """Reads the blocks of a file by column where that can be done. After blocks in vain fewer are tried, down to one in
    fifteen: most files are of one kind throughout."""

    vain: int = 0
    left_out: int = 0

    def alike(self, block: Block) -> Uniform | None:
        """Return what `alike` of this module does; None also for a block that is not tried."""
        if self.left_out:
            self.left_out -= 1
            return None
        found = alike(block)
        self.vain = 0 if found is not None else min(self.vain + 1, 4)
        self.left_out = max(0, (1 << self.vain) - 2)
        return found


def alike(block: Block) -> Uniform | None:
    """Return the records of the lines of a block if they are alike, and every one of them is sound; else None."""
    if not block.objects or block.ends is None:
        return None
    text, ends = block.text, block.ends
    first = text[: int(ends[0])]
    form = _first_form(first)
    if form is None or not _is_clean(text, len(ends) - (not block.ended)):
        return None
    starts = np.concatenate(([0], ends[:-1] + 1))
    quotes = _quotes(text)
    if quotes is None or len(quotes) != len(ends) * form.quotes:
        return None
    quotes = quotes.reshape(len(ends), form.quotes)
    if (quotes[:, 0] < starts).any() or (quotes[:, -1] > ends).any():
        return None
    return _cut(text, starts, quotes, form)


def _first_form(line: bytes) -> _Form | None:
    """Return where the texts of a line are, as far as a quick look tells: `_record` holds every form against it."""
    try:
        value = jsontext.decode(line)
    except jsontext.REFUSED:
        return None
    if type(value) is not dict or not _SCALARS.issuperset(map(type, value.values())):
        return None
    texts, numbers, number = [], [], 0
    for key, each in value.items():
        number += 1
        if type(each) is str:
            texts.append(key)
            numbers.append(number)
            number += 1
    return _Form(tuple(value), tuple(texts), tuple(numbers)) if texts else None


def _is_clean(text: bytes, line_ends: int) -> bool:
    """Whether a text is UTF-8 in which nothing below U+0020 stands besides the line ends."""
    controls = np.count_nonzero(np.frombuffer(text, np.uint8) < _SPACE)
    if controls != line_ends and controls != line_ends + text.count(b"\r\n"):
        return False
    return text.isascii() or _is_utf8(text)


def _is_utf8(text: bytes) -> bool:
    offsets: Any = np.array([0, len(text)], np.int32)
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(text)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _quotes(text: bytes) -> _Numbers | None:
    """Return where the quotes stand that no backslash escapes: those behind an even number of them.

    None where one stands behind very many: each more of them is one more look at all.
    """
    characters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(characters == _QUOTE)
    if b"\\" not in text or not len(quotes):
        return quotes
    escaped = np.zeros(len(quotes), np.bool_)
    behind = np.flatnonzero(characters.take(quotes - 1) == _BACKSLASH)  # the text begins with `{`
    before = quotes[behind] - 1
    for _ in range(_ROW):
        escaped[behind] ^= True
        before = before - 1
        more = characters.take(before) == _BACKSLASH
        behind, before = behind[more], before[more]
        if not len(behind):
            return quotes[~escaped]
    return None


def _cut(text: bytes, starts: _Numbers, quotes: _Numbers, form: _Form) -> Uniform | None:
    """Cut the lines before and behind each text that is a value, and look at what is between these."""
    rows, width = len(starts), 2 * len(form.texts) + 1
    offsets: Any = np.empty(rows * width + 1, np.int32)
    offsets[-1] = len(text)
    cuts = offsets[:-1].reshape(rows, width)
    cuts[:, 0] = starts
    for at, number in enumerate(form.numbers):
        cuts[:, 2 * at + 1] = quotes[:, 2 * number] + 1
        cuts[:, 2 * at + 2] = quotes[:, 2 * number + 1]
    pieces: Any = pa.Array.from_buffers(pa.string(), rows * width, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    first = width * np.arange(rows)
    found = _forms([pieces.take(pa.array(first + at)) for at in range(0, width, 2)], form)
    if found is None:
        return None
    escaped = _escaped(text, offsets[:-1], width)
    texts: dict[str, Any] = {}
    for at, key in enumerate(form.texts):
        values = _unescaped(pieces, first + 2 * at + 1, escaped.get(2 * at + 1, _NONE))
        if values is None:
            return None
        texts[key] = values
    return Uniform(texts, *found)


def _forms(between: list[Any], form: _Form) -> tuple[list[Record], _Numbers | None] | None:
    """Return the different forms of lines and which one each line has, from what stands between their texts."""
    of: Any = np.zeros(len(between[0]), np.int64)
    parts: list[list[str]] = [[]]
    for pieces in between:
        same = pc.all(pc.equal(pieces, pieces[0])).as_py()
        encoded = None if same else pieces.dictionary_encode()
        known = [pieces[0].as_py()] if encoded is None else encoded.dictionary.to_pylist()
        if encoded is None:
            parts = [[*part, known[0]] for part in parts]
            continue
        if len(known) > _FORMS:
            return None
        numbers = of * len(known) + encoded.indices.to_numpy(zero_copy_only=False)
        codes, of = np.unique(numbers, return_inverse=True)
        if len(codes) > _FORMS:
            return None
        parts = [[*parts[code // len(known)], known[code % len(known)]] for code in codes.tolist()]
    records = [_record(tuple(part), form) for part in parts]
    if None in records:
        return None
    return records, of if len(records) > 1 else None  # type: ignore[return-value] # no None among them


@lru_cache(maxsize=4 * _FORMS)
def _record(parts: tuple[str, ...], form: _Form) -> Record | None:
    """Return the record of a form, its texts empty; None where it is none, or has not what the first line has."""
    names = [f"sftformat {number}" for number in range(len(form.texts))]
    if any(name in form.keys for name in names):
        return None
    written = "".join(part for pair in zip(parts, [*names, ""], strict=True) for part in pair)
    value, fault = jsontext.value(written.encode())
    if fault is not None or type(value) is not dict or tuple(value) != form.keys:
        return None
    texts = dict(zip(form.texts, names, strict=True))
    if {key: each for key, each in value.items() if type(each) is str} != texts:
        return None
    if not _SCALARS.issuperset(map(type, value.values())):
        return None
    return {key: "" if key in texts else each for key, each in value.items()}


def _escaped(text: bytes, starts: _Numbers, width: int) -> dict[int, _Numbers]:
    """Return for each place in a line the rows whose piece there holds a backslash; pieces begin at `starts`."""
    if b"\\" not in text:
        return {}
    backslashes = np.flatnonzero(np.frombuffer(text, np.uint8) == _BACKSLASH).astype(starts.dtype)
    owners = np.searchsorted(starts, backslashes, side="right") - 1
    rows, places = np.divmod(owners[np.diff(owners, prepend=-1) > 0], width)
    return {place: rows[places == place] for place in np.unique(places).tolist()}


def _unescaped(pieces: Any, places: _Numbers, rows: _Numbers) -> Any:
    """Return the pieces at some places, those of `rows` as they are meant; None where one of these is wrong."""
    if not len(rows):
        return pieces.take(pa.array(places))
    held = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), pieces.take(pa.array(places[rows])))
    written: Any = pc.binary_join(held, '","')
    try:
        meant = _strings.decode(b'["%b"]' % written[0].as_buffer())
    except (msgspec.DecodeError, ValueError):
        return None
    places[rows] = np.arange(len(pieces), len(pieces) + len(rows))
    return pa.concat_arrays([pieces, pa.array(meant, pa.string())]).take(pa.array(places))
