r"""Flag a record whose input is nearly that of an earlier record of the same split.

Runs only when selected, and needs `pip install 'sftformat[near]'`. Compared is the input with its pair, of a
conversation all that the user says, or the instruction where the input is empty; and only records whose instruction
beside an input, system and languages are the same. Tools are not looked at. Texts are folded (NFKC, lower case, blanks)
and cut into all runs of five characters; two are as alike as these sets overlap: what they share by what they have
together. Flagged is a record at least `min_similarity` (0.8) alike to an earlier one; candidates come from MinHash, and
what is reported was compared exactly. Records with exactly the input of an earlier one are left to SFT401 and SFT402.

Why it matters: near duplicates count several times in the loss, and a model learns their wording by heart.

What to do: keep one of each, or tell how many are fine with `max_fraction`.

Breaks it (min_similarity=0.6):
    {"id": "1", "input": "A fine film with a fine cast, and not a minute too long.", "target": "pos"}
    {"id": "2", "input": "A fine film with a fine cast, and not an hour too long!", "target": "pos"}

Breaks it:
    {"id": "1", "input": "A fine film.", "target": "pos"}
    {"id": "2", "input": "a fine   FILM.", "target": "pos"}

Keeps it (text-to-text):
    {"id": "1", "instruction": "Put the following sentence into the past tense.", "input": "I go.", "target": "went"}
    {"id": "2", "instruction": "Put the following sentence into the past tense.", "input": "He is.", "target": "was"}

Keeps it:
    {"id": "1", "input": "A fine film with a fine cast, and not a minute too long.", "target": "pos"}
    {"id": "2", "input": "A fine film with a fine cast, and not a minute too long.", "target": "pos"}
    {"id": "3", "input": "The cast is fine, the film is not; it is an hour too long.", "target": "neg"}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, where

MIN_SIMILARITY = 0.8
THRESHOLDS = {"min_similarity": MIN_SIMILARITY}
NEEDS = "rensa"


def check(census: Census, thresholds: Thresholds) -> Iterator[SetFinding]:
    """Find the rows that nearly repeat an earlier one of their split."""
    for pair in census.near(thresholds["min_similarity"], across=False):
        alike = f"{float(pair.name):.0%}"
        message = f"{alike} the same input as {where(pair.first.place)}"
        expected = f"less than {thresholds['min_similarity']:.0%} alike"
        yield SetFinding(message, pair.later.place, pair.later.split, "/input", expected, alike)
