"""SFT301 label-case-variant."""

from __future__ import annotations

import pytest

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
        ("1", "1.0", "01"),
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


def test_of_equals_the_first_by_code_point_is_right(found):
    assert [each.got for each in found(CODE, records("pos", "Pos", "Pos", "pos"))] == ['"pos"']


def test_labels_of_all_splits_and_lists(found):
    multilabel = [{"input": "a", "target": ["x", "y"]}, {"input": "b", "target": ["X"], "split": "test"}]
    multilabel.append({"input": "c", "target": ["x"]})
    (finding,) = found(CODE, multilabel, "multilabel")
    assert (finding.line, finding.split) == (2, "test")
    tags = [{"input": ["a", "b", "c"], "target": ["B-PER", "b-per", "B-PER"]}]
    assert found(CODE, tags, "token-classification")
