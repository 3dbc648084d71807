r"""Flag a tag that may not follow the one before it in the scheme of the data set: IOB2, IOB1, BIOES, BILOU or BMES.

Types may stand behind the letter (`B-PER`, `B_PER`), before it (`PER-B`) or not at all (`B`, `I`, `O`). The scheme is
told from all tags of the data set; where it cannot be told for sure (parts of speech, only I-) nothing is flagged. One
tag in a hundred may be none of it. One finding for each pair of tags, at its first row, with how often it is there.

Why it matters: scorers and decoders guess where such an entity begins or ends, and each guesses another way.

What to do: begin every entity the way the rest of the data does; look for sentences that were cut in two.

Breaks it (token-classification):
    {"id": "1", "input": ["Ann", "Lee", "left"], "target": ["B-PER", "I-PER", "O"]}
    {"id": "2", "input": ["in", "Bern"], "target": ["O", "I-LOC"]}

Breaks it (token-classification):
    {"id": "1", "input": ["Ann", "Lee", "left"], "target": ["B-PER", "E-PER", "O"]}
    {"id": "2", "input": ["Bob", "left"], "target": ["B-PER", "O"]}

Keeps it (token-classification):
    {"id": "1", "input": ["Ann", "Lee", "left"], "target": ["I-PER", "I-PER", "O"]}
    {"id": "2", "input": ["in", "Bern"], "target": ["O", "I-LOC"]}

Keeps it (token-classification):
    {"id": "1", "input": ["It", "rains"], "target": ["PRON", "VERB"]}
"""

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.census import Census
from sftformat.rules.rule import SetFinding, Thresholds, quoted
from sftformat.rules.tags import EDGE, Scheme, Tag, scheme, tag, with_letter


def check(census: Census, _: Thresholds) -> Iterator[SetFinding]:
    """Find the pairs of tags that break the scheme, in the order of the data."""
    counts = {step: count.rows for step, count in census.tag_steps.items()}
    found = scheme(counts)
    if found is None:
        return
    for (before, after), count in census.tag_steps.items():
        one, other = tag(before), tag(after)
        if one is not None and other is not None and found.breaks(one, other):
            after_words = quoted(after) if after != EDGE else "the end"
            before_words = quoted(before) if before != EDGE else "the beginning"
            times = f" ({count.rows:,} times)" if count.rows > 1 else ""
            message = f"{after_words} follows {before_words}{times}, which {found.name} forbids"
            yield SetFinding(message, count.place, count.split, "/target", _expected(found, one, after), after or "end")


def _expected(found: Scheme, before: Tag, after: str) -> str:
    """Say what may stand there instead."""
    if not found.closed:
        return with_letter(found.opens, after)
    if before.prefix in ("B", "I"):
        return "the rest of the entity, of one type"
    return "the beginning of an entity, a single token, or O"
