"""SFT231 bad-tag-sequence: schemes are written out from entities, so what a scheme allows is known beforehand."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.rules.tags import EDGE, STEPS, scheme, steps, with_letter

CODE = "SFT231"
TASK = "token-classification"

#: A sentence as its pieces: "" is a token outside, else the type and length of an entity.
pieces = st.lists(st.tuples(st.sampled_from(["", "PER", "LOC"]), st.integers(1, 4)), max_size=5)


def tagged(sentence: list[tuple[str, int]], name: str) -> list[str]:
    """Write a sentence out in a scheme."""
    tags: list[str] = []
    for kind, length in sentence:
        before = tags[-1] if tags else "O"
        if not kind:
            tags += ["O"] * length
        elif name == "IOB1":
            first = "B" if before.endswith(f"-{kind}") else "I"
            tags += [f"{first}-{kind}", *[f"I-{kind}"] * (length - 1)]
        elif name == "IOB2":
            tags += [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
        else:
            begin, inside, end, single = {"BIOES": "BIES", "BILOU": "BILU", "BMES": "BMES"}[name]
            longer = [f"{begin}-{kind}", *[f"{inside}-{kind}"] * (length - 2), f"{end}-{kind}"]
            tags += [f"{single}-{kind}"] if length == 1 else longer
    return tags


def records(*sentences):
    return [{"input": ["x"] * len(tags), "target": list(tags)} for tags in sentences]


@given(st.lists(pieces, max_size=6), st.sampled_from(["IOB1", "IOB2", "BIOES", "BILOU", "BMES"]))
def test_a_scheme_written_out_has_no_fault(found, sentences, name):
    assert found(CODE, records(*(tagged(each, name) for each in sentences)), TASK) == []


@given(st.lists(st.lists(st.sampled_from(["O", "B-X", "I-X", "I-Y", "POS"]), max_size=6) | st.none(), max_size=6))
def test_steps_are_what_a_plain_count_says(sentences):
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    for row, tags in enumerate(sentences):
        for step in pairwise([EDGE, *tags, EDGE]) if tags is not None else ():
            counts[step] += 1
            first.setdefault(step, row)
    found = list(steps(pa.array(sentences, pa.list_(pa.string()))))
    assert {step: count for step, count, _ in found} == counts
    assert [(step, row) for step, _, row in found] == list(first.items())


@pytest.mark.parametrize(
    "sentences",
    [
        [["O", "O"]],
        [["NOUN", "VERB"], ["DET", "NOUN"]],
        [["B", "I", "O"], ["O", "B"]],
        [["B", "M", "E", "S"], ["S", "B", "E"]],  # words of a Chinese sentence
        [["B_PER", "I_PER", "O"], ["O", "B_LOC"]],
        [["N", "V", "B", "I"], ["I", "N"]],  # parts of speech
        [["I-PER", "I-PER", "O"], ["O", "I-LOC"]],  # only I-: IO, or IOB1 without neighbours
        [["B-PER", "B-LOC", "O"]],
        [["I-PER", "B-PER", "I-LOC"]],  # IOB1
        [["S-PER", "O"], ["S-LOC"]],  # only single tokens
        [["B-PER", "X-PER", "NOUN", "O", "I-PER"]],  # too many of no scheme
        [["B-PER", "I-PER", "E-PER"], ["B-PER", "I-PER", "L-PER"]],  # two schemes at once
        [["PER", "LOC", "O"]],
        [["B-PER", "I-PER", "I-PER", "B-PER", "B-PER", "O", "B-LOC"]],
        [["-LRB-", "NN", "-RRB-"], ["S-", "B-"]],
        [[]],
        [],
    ],
    ids=str,
)
def test_noop(found, sentences):
    assert found(CODE, records(*sentences), TASK) == []


@pytest.mark.parametrize(
    ("sentences", "message", "expected"),
    [
        ([["B", "I", "O"]] * 3 + [["O", "I"]], '"I" follows "O", which IOB2 forbids', "B"),
        ([["B_PER", "I_PER", "O"]] * 3 + [["O", "I_PER"]], '"I_PER" follows "O", which IOB2 forbids', "B_PER"),
        (
            [["B", "M", "E", "S"]] * 3 + [["B", "S"]],
            '"S" follows "B", which BMES forbids',
            "the rest of the entity, of one type",
        ),
    ],
)
def test_tags_without_a_type_or_with_another_sign_between(found, sentences, message, expected):
    (finding, *_) = found(CODE, records(*sentences), TASK)
    assert (finding.line, finding.message, finding.expected) == (4, message, expected)


GOOD = ["B-PER", "I-PER", "O", "B-LOC", "O"]
CLOSED = ["B-PER", "I-PER", "E-PER", "O", "S-LOC", "B-LOC", "E-LOC"]


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (GOOD, ["O", "I-PER"], '"I-PER" follows "O", which IOB2 forbids'),
        (GOOD, ["I-PER", "O"], '"I-PER" follows the beginning, which IOB2 forbids'),
        (GOOD, ["B-PER", "I-LOC"], '"I-LOC" follows "B-PER", which IOB2 forbids'),
        (["I-PER", "O", "I-LOC", "B-LOC", "O"], ["O", "B-PER"], '"B-PER" follows "O", which IOB1 forbids'),
        (CLOSED, ["B-PER", "O"], '"O" follows "B-PER", which BIOES forbids'),
        (CLOSED, ["B-PER"], 'the end follows "B-PER", which BIOES forbids'),
        (CLOSED, ["B-PER", "E-LOC"], '"E-LOC" follows "B-PER", which BIOES forbids'),
        (CLOSED, ["O", "E-PER"], '"E-PER" follows "O", which BIOES forbids'),
        (CLOSED, ["S-PER", "I-PER", "E-PER"], '"I-PER" follows "S-PER", which BIOES forbids'),
        (CLOSED, ["B-PER", "S-PER"], '"S-PER" follows "B-PER", which BIOES forbids'),
    ],
    ids=str,
)
def test_finds(found, good, bad, message):
    sentences = [*[good] * 5, bad, *[good] * 5]
    (finding,) = found(CODE, records(*sentences), TASK)
    assert (finding.line, finding.path, finding.message) == (6, "/target", message)
    assert finding.severity == "warning"


def test_one_finding_for_each_pair_with_its_count(found):
    bad = [["O", "I-PER"], ["O", "O", "I-PER", "O", "I-PER"], ["O", "I-LOC"]]
    first, second = found(CODE, records(*[GOOD] * 9, *bad), TASK)
    assert (first.line, first.message) == (10, '"I-PER" follows "O" (3 times), which IOB2 forbids')
    assert (second.line, second.message) == (12, '"I-LOC" follows "O", which IOB2 forbids')


def test_a_stray_tag_does_not_hide_the_scheme(found):
    sentences = [*[GOOD] * 200, ["PER", "O", "I-PER"]]
    assert [each.line for each in found(CODE, records(*sentences), TASK)] == [201]


@pytest.mark.parametrize(
    ("name", "stray", "bad"),
    [("BIOES", "U-PER", ["B-PER", "O"]), ("BILOU", "S-PER", ["B-PER", "O"]), ("IOB2", "S-PER", ["O", "I-PER"])],
)
def test_a_letter_of_another_scheme_does_not_hide_the_scheme(found, name, stray, bad):
    good = tagged([("PER", 3), ("", 1), ("LOC", 1), ("PER", 2)], name)
    (finding,) = found(CODE, records(*[good] * 40, [stray], bad), TASK)
    assert finding.line == 42
    assert finding.message.endswith(f"which {name} forbids")
    assert found(CODE, records(good, [stray] * 2, bad), TASK) == []  # so many are no accident


def test_too_many_pairs_are_no_scheme(found):
    tags = [f"B-{number}" for number in range(STEPS)]
    assert found(CODE, records(tags, ["B-0", "O", "I-0"]), TASK) == []


def test_a_scheme_is_named():
    assert scheme({(EDGE, "B-X"): 1, ("B-X", "O"): 1}) is None
    assert scheme({}) is None


@given(st.lists(pieces, min_size=1, max_size=6), st.sampled_from(["IOB1", "IOB2", "BIOES", "BMES"]))
def test_letters_behind_their_types_are_the_same_scheme(sentences: list[list[tuple[str, int]]], name: str) -> None:
    rows = [tagged(sentence, name) for sentence in sentences]
    turned = [[tag if tag == "O" else f"{tag[2:]}-{tag[0]}" for tag in row] for row in rows]
    found = [scheme({step: count for step, count, _ in steps(pa.array(each))}) for each in (rows, turned)]
    assert found[0] == found[1]


def test_what_is_expected_has_its_letter_where_the_others_have_it() -> None:
    assert (with_letter("B", "I-PER"), with_letter("B", "PER-I"), with_letter("B", "I")) == ("B-PER", "PER-B", "B")
