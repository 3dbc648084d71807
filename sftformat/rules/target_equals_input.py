r"""Flag a text-to-text record whose target repeats its input.

Both are compared in NFKC, lower case and with blanks folded. When there is no input, the instruction is compared. With
an instruction beside the input, case and blanks may be what it is about: then both must be the same letter for letter;
and one that asks to correct or repeat a text is left alone, since what is right stays.

Why it matters: the model learns to copy, and copied records lift every overlap metric.

What to do: remove the record, or check that source and target were not mapped to the same column.

Breaks it (text-to-text):
    {"id": "1", "input": "Guten  Morgen", "target": "guten morgen"}

Keeps it (text-to-text):
    {"id": "1", "input": "Guten Morgen", "target": "good morning"}

Keeps it (text-to-text):
    {"id": "1", "instruction": "Fix the grammar.", "input": "It is fine.", "target": "It is fine."}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.diagnostics import clip
from sftformat.rules.folding import folded
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.texts import Array
from sftformat.rules.view import View, blank, first_bytes

#: What is asked where the answer may be the text itself, or the text in another case.
_STAYS = re.compile(
    r"\bcorrect (?:all|any|errors|it|mistakes|my|sentences?|the|these|this|typos)\b|\b(?:correction|detokeni|grammar"
    r"|grammatical|lowercase|misspell|normali[sz]e|proofread|punctuat|spelling|truecas|typos?\b|uppercase|verbatim)"
    r"|(?<!not )(?<!n't )(?<!never )\b(?:capitali[sz]e|copy|echo|fix|repeat)\b"
    r"|\b(?:corrig|korrigier|répét|repite|verbesser)|исправ|повтор|纠正|改正|修正|重复|校对|訂正",
    re.I,
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows whose target is their input, after folding."""
    target, source = view.column("target"), view.column("input")
    no_input = pa.array(blank(source))
    source = pc.if_else(no_input, view.column("instruction"), source)
    rows = pa.array(_candidates(source, target))
    texts = zip(rows.to_pylist(), source.take(rows).to_pylist(), target.take(rows).to_pylist(), strict=True)
    for row, left, right in texts:
        if left and right and folded(left) == folded(right) != "":
            asked = [view.column(name)[row].as_py() or "" for name in ("instruction", "system")]
            if not no_input[row].as_py() and _may_stay(asked, left, right):
                continue
            but = "" if left == right else " but for case, blanks or forms of letters"
            yield Finding(row, f"the target repeats the input{but}", "/target", "another text", clip(right))


def _may_stay(asked: Sequence[str], left: str, right: str) -> bool:
    """Whether what is asked (instruction and system text) may be about case and blanks, or about faults of a text."""
    return any(map(_STAYS.search, asked)) or (bool(asked[0].strip()) and left.strip() != right.strip())


# Folding keeps a lead byte of printable ASCII (but for case) and of E4 to E9 (ideographs of the unified block): where
# both texts begin with one, different ones cannot fold to equal texts. 0 stands for every other byte.
_LEAD = np.zeros(256, np.uint8)
_LEAD[0x21:0x7F] = np.frombuffer(bytes(range(0x21, 0x7F)).lower(), np.uint8)
_LEAD[0xE4:0xEA] = range(0xE4, 0xEA)


def _candidates(source: Array, target: Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    left, right = _LEAD[first_bytes(source)], _LEAD[first_bytes(target)]
    return np.flatnonzero((left == right) | (left == 0) | (right == 0))
