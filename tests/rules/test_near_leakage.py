"""SFT405 near-leakage: of a later split, nearly the same as a row of an earlier one."""

from __future__ import annotations

import pytest

from tests.rules.test_near_duplicate import LONG, corpus, jaccard, row, sets

CODE = "SFT405"


@pytest.mark.parametrize(
    "records",
    [
        [row(LONG), row(LONG + "!")],  # SFT404
        [row(LONG), row(LONG, "test")],  # SFT403
        [row(LONG), row("  " + LONG.upper(), "test")],  # SFT403
        [row(""), row(" ", "test")],
        [row(LONG), row("something else, which is no near text", "test")],
        [row(LONG, "test")],
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


def test_the_row_of_the_later_split_is_flagged_whatever_the_order(found):
    records = [row(LONG + "?", "test"), row(LONG + "!", "validation"), row(LONG), row(LONG + ".")]
    findings = found(CODE, records)
    assert [(each.line, each.split, each.message[-16:]) for each in findings] == [
        (1, "test", "train: a.jsonl:3"),
        (2, "validation", "train: a.jsonl:3"),
    ]
    assert findings[0].message.startswith(f"{jaccard(LONG, LONG + '?'):.0%} the same input stands in ")


def test_recall_against_brute_force(found):
    texts = corpus(500, seed=5)
    splits = ["train" if number % 4 else "test" for number in range(len(texts))]
    train = {text: sets(text) for text, split in zip(texts, splits, strict=True) if split == "train"}
    expected, seen = set(), set()
    for number, (text, split) in enumerate(zip(texts, splits, strict=True)):
        if split == "test" and text not in seen and text not in train:
            seen.add(text)
            own = sets(text)
            if any(len(own & theirs) >= 0.8 * len(own | theirs) for theirs in train.values()):
                expected.add(number)
    findings = found(CODE, [row(text, split) for text, split in zip(texts, splits, strict=True)])
    reported = {each.line - 1 for each in findings}
    assert reported <= expected
    assert len(expected) > 15
    assert len(reported) >= 0.99 * len(expected)


def test_many_rows_of_the_first_split_in_one_bucket(found):
    texts = [
        f"Dear customer {number}, your parcel with many good things in it will arrive soon." for number in range(600)
    ]
    records = [row(text, "train" if number < 500 else "test") for number, text in enumerate(texts)]
    assert len(found(CODE, records, min_similarity=0.7)) >= 0.99 * 100
