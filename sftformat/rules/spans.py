"""Where tokens stand in the running text: character offsets against the text itself, for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sftformat.rules.texts import Array, Indices, flat, text_bytes, text_offsets

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Spans:
    """The offsets of all rows that have a text and offsets, flat.

    `rows` is the row of each span, `numbers` its index in its row, `starts` and `ends` what it says (0 where it is no
    pair), `lengths` the number of code points of its text. `inside` tells which lie in their text and are in order.
    """

    rows: Indices
    numbers: Indices
    starts: Indices
    ends: Indices
    lengths: Indices
    inside: Mask


def spans(texts: Array, offsets: Array) -> Spans | None:
    """Return the spans of a batch: `texts` a column of strings, `offsets` one of lists of pairs; None without any."""
    if offsets.null_count == len(offsets) or texts.null_count == len(texts):
        return None
    pairs, edges = flat(offsets)
    numbers, pair_edges = flat(pairs)
    values = numbers.to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(offsets)), np.diff(edges))
    sizes = np.diff(pair_edges)
    places = np.minimum(pair_edges[:-1], max(len(values) - 2, 0))
    whole = sizes == 2
    starts, ends = (np.where(whole, values[places + side], 0) if len(values) > 1 else places * 0 for side in (0, 1))
    given = texts.is_valid().to_numpy(zero_copy_only=False)[rows]
    lengths = np.diff(_characters(texts)[1])[rows]
    inside = whole & (starts >= 0) & (starts <= ends) & (ends <= lengths)
    kept = np.flatnonzero(given)
    numbered = np.arange(len(rows)) - edges[rows]
    return Spans(rows[kept], numbered[kept], starts[kept], ends[kept], lengths[kept], inside[kept])


def _characters(texts: Array) -> tuple[Indices, Indices]:
    """Return the byte at which each code point of a column begins (and its end), and the first one of each text."""
    data = np.frombuffer(text_bytes(texts), np.uint8)
    edges = text_offsets(texts)
    edges = edges - edges[0] if len(texts) else np.zeros(1, np.int64)
    begins = np.flatnonzero((data & 0xC0) != 0x80)
    return np.append(begins, len(data)), np.searchsorted(begins, edges)


def differing(texts: Array, tokens: Array, found: Spans) -> list[int]:
    """Return the spans (of those inside) whose piece of text is not the token of the same number, ascending.

    `tokens` is a column of lists of strings. A span without a token is not among them.
    """
    values, edges = flat(tokens)
    begins, first = _characters(texts)
    chosen = np.flatnonzero(found.inside & (found.numbers < np.diff(edges)[found.rows]))
    rows = found.rows[chosen]
    start, end = (begins[first[rows] + side[chosen]] for side in (found.starts, found.ends))
    token_edges = text_offsets(values)
    index = edges[rows] + found.numbers[chosen]
    token_start, token_end = token_edges[index], token_edges[index + 1]
    equal = (end - start) == (token_end - token_start)
    sizes = np.where(equal, end - start, 0)
    steps = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    text = np.frombuffer(text_bytes(texts), np.uint8)
    token = np.frombuffer(text_bytes(values), np.uint8)
    shift = token_edges[0] if len(values) else 0
    unlike = text[np.repeat(start, sizes) + steps] != token[np.repeat(token_start - shift, sizes) + steps]
    wrong = ~equal
    wrong[np.repeat(np.arange(len(chosen)), sizes)[unlike]] = True
    different: list[int] = chosen[wrong].tolist()
    return different


def other_units(text: str, start: int, end: int, token: str) -> str:
    """Return the units in which offsets give the token after all: `UTF-16 code units`, `UTF-8 bytes`, or ""."""
    for name, encoding, width in (("UTF-16 code units", "utf-16-le", 2), ("UTF-8 bytes", "utf-8", 1)):
        encoded = text.encode(encoding)
        if end * width <= len(encoded) and encoded[start * width : end * width] == token.encode(encoding):
            return name
    return ""


def first_of_rows(rows: Indices) -> Iterator[tuple[int, int]]:
    """Yield for each row of an ascending list the index of its first entry, and how many it has."""
    _, first, counts = np.unique(rows, return_index=True, return_counts=True)
    yield from zip(first.tolist(), counts.tolist(), strict=True)
