"""SFT301 label-case-variant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.rules.rule import quoted

CODE = "SFT301"


def records(*labels):
    return [{"input": str(number), "target": label} for number, label in enumerate(labels)]


@pytest.mark.parametrize(
    "labels",
    [
        ("pos", "neg"),
        ("pos", "pos"),
        ("pos", "poss"),
        ("new york", "newyork"),
        ("1", "01", "1.5", "v1.0"),
        ("1.0", "2.0"),
        (*"abcdefgABCDEFG",),
        ("ılık", "ilik", "IŞIK", "ışık"),
        ("m²", "m2"),
        ("", " "),  # SFT202
        ("pos", None),
        ("straße", "strasse"),
        ("Ａ", "A"),
    ],
)
def test_noop(found, labels):
    assert found(CODE, records(*labels)) == []


def test_variants_in_the_label_map_are_meant(found):
    assert found(CODE, records("A", "a"), labels=["A", "a"]) == []
    (finding,) = found(CODE, records("A", "A", "a"), labels=["a"])
    assert finding.message == 'label "A" (2) is "a" (1, in the label map) but for case or blanks; also in line 2'


def test_one_finding_a_variant_with_the_first_place_and_counts(found):
    findings = found(CODE, records("Pos", "pos", "pos", "neg", "pos ", "Pos"))
    assert [(each.line, each.message) for each in findings] == [
        (1, 'label "Pos" (2) is "pos" (2; 3 with blanks around it) but for case or blanks; also in line 6'),
        (5, 'label "pos " (1) is "pos" (2; 3 with blanks around it) but for case or blanks'),
    ]
    assert findings[0].hint == 'did you mean "pos"?'


def test_a_few_letters_are_no_alphabet(found):
    assert [each.got for each in found(CODE, records(*"YYyNNn"))] == ['"y"', '"n"']


def test_the_same_number_and_the_same_looks(found):
    (finding,) = found(CODE, records("1", "1", "1.0", "0"))
    assert (finding.line, finding.message) == (3, 'label "1.0" (1) is "1" (2) as a number')
    (finding,) = found(CODE, records("1", "1.0", "1.0", "1.50"))
    assert (finding.line, finding.expected) == (1, '"1.0"')
    assert found(CODE, records("1", "1.0"), labels=["1", "1.0"]) == []
    (finding,) = found(CODE, records("caf\u00e9", "cafe\u0301", "caf\u00e9"))
    assert finding.line == 2
    assert finding.message.endswith("with a letter written as other characters")


def test_of_equals_the_first_by_code_point_is_right(found):
    assert [each.got for each in found(CODE, records("pos", "Pos", "Pos", "pos"))] == ['"pos"']


def test_labels_that_all_have_blanks_around_them(found):
    findings = found(CODE, records(" pos", " neg", " pos", " ", "fine"))
    assert [(each.line, each.message, each.expected) for each in findings] == [
        (1, 'label " pos" (2) has blanks around it; also in line 3', '"pos"'),
        (2, 'label " neg" (1) has blanks around it', '"neg"'),
    ]
    assert all("--fix" in each.hint for each in findings)
    assert found(CODE, records(" pos", " neg"), labels=[" pos", " neg"]) == []


@given(st.lists(st.sampled_from(["a", "A", " a", "a ", "\ta", " A", "b", " b", " ", ""]), max_size=8), st.booleans())
def test_every_padded_label_has_one_finding(found, labels, locked):
    meant = ["a", " b"] if locked else []
    told = [each.got for each in found(CODE, records(*labels), labels=meant or None)]
    padded = {quoted(label) for label in labels if label.strip() not in ("", label) and label not in meant}
    assert set(told) >= padded
    assert len(told) == len(set(told))


def test_labels_of_all_splits_and_lists(found):
    multilabel = [{"input": "a", "target": ["x", "y"]}, {"input": "b", "target": ["X"], "split": "test"}]
    multilabel.append({"input": "c", "target": ["x"]})
    (finding,) = found(CODE, multilabel, "multilabel")
    assert (finding.line, finding.split) == (2, "test")
    tags = [{"input": ["a", "b", "c"], "target": ["B-PER", "b-per", "B-PER"]}]
    assert found(CODE, tags, "token-classification")
