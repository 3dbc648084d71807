"""The law of detection: what is written in a layout is recognized as that layout, or as one with an equal map."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.dataset.export import Exporter
from sftformat.errors import UsageError
from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.detect import candidates, choose, confidence
from sftformat.layouts.layout import layout
from sftformat.record import Number, Record

ROWS = 50
LABELS = ("calm", "rude", "spam", "7")
WORDS = ("the", "lamp", "works", "again", "since", "Tuesday", "42", "km", "über", "it's", "fine,", "(really)")
TOLD = [name for name in LAYOUTS if layout(name).task in ("classification", "multilabel", "regression")]

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)
TARGETS: dict[str, st.SearchStrategy[Any]] = {
    "classification": st.sampled_from(LABELS),
    "multilabel": st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True),
    "regression": st.sampled_from([0.25, 1.5, 2.0, 3.75, 4.5]),
}
#: Targets that every file holds: two classes, more labels than one, a fraction.
FIRST: dict[str, list[Any]] = {
    "classification": ["calm", "rude"],
    "multilabel": [["calm", "rude"], ["rude"], ["calm"], ["spam", "calm"], ["spam"]],
    "regression": [1.5],
}


def row(text: str, pair: str | None, target: Any) -> dict[str, Any]:
    shared = dict.fromkeys(("id", "split", "weight", "group", "meta"))
    return {**shared, "input": text, "input_pair": pair, "target": target, "source": {"file": "", "line": 1}}


def written(name: str, rows: list[dict[str, Any]]) -> list[Record]:
    """Return rows as records of a layout they were not read in."""
    task = layout(name).task
    manifest = {"task": task, "mapping": [{"layout": "canonical"}], "inputs": [{"file": "x"}], "columns": []}
    return Exporter({**manifest, "splits": ["train"]}, name, textual=False, labels=sorted(LABELS)).records(rows)


@pytest.mark.parametrize("name", TOLD)
@settings(max_examples=8)
@given(data=st.data())
def test_what_is_written_in_a_layout_is_recognized(name: str, data: st.DataObject) -> None:
    task = layout(name).task
    targets = FIRST[task] + data.draw(st.lists(TARGETS[task], min_size=ROWS, max_size=ROWS))
    pair = "input_pair" in layout(name).fields
    drawn = data.draw(st.lists(texts, min_size=2 * len(targets), max_size=2 * len(targets)))
    rows = [row(drawn[2 * n], drawn[2 * n + 1] if pair else None, target) for n, target in enumerate(targets)]
    records = written(name, rows)
    best = choose(candidates(records, False), records, "a.jsonl")
    equal = best.binding.layout.task == task and best.binding.at == bind(layout(name), records).at
    assert best.name == name or equal
    assert best.fit == 1


# ---------------------------------------------------------------------------------------------------- weak, tied, known


def why(records: list[Record], textual: bool = False) -> str:
    with pytest.raises(UsageError) as caught:
        choose(candidates(records, textual), records, "a.jsonl")
    return str(caught.value)


def test_a_layout_that_explains_next_to_nothing_is_no_answer() -> None:
    wide: list[Record] = [
        {"content": "a", "category": "b", **{f"c{n}": n + row + 2 for n in range(60)}} for row in range(9)
    ]
    assert "text-label is the nearest layout, but it explains 2 of 62 columns; leaves c0, c1" in why(wide)
    assert "say --layout text-label" in why(wide)


def test_a_layout_that_next_to_no_record_fits_is_no_answer_and_says_what_does_not_fit() -> None:
    def turns(weight: object) -> Record:
        said = {"role": "assistant", "content": "a", "weight": weight}
        return {"messages": [{"role": "user", "content": "q"}, said]}

    some = why([turns(1), *[turns(Number("0.5"))] * 9])
    assert "openai-chat is the nearest layout" in some
    fault = "/messages/1/weight: expected enum [0, 1, null], got 0.5"
    assert f"10% of the sample fits (one that does not: {fault})" in some
    none = why([turns(Number("0.5"))] * 9)
    assert (
        "it would be openai-chat, but no record fits (/messages/1/weight: expected enum [0, 1, null], got 0.5)" in none
    )
    assert "--layout openai-chat says it of every row" in none


def test_the_more_is_left_unexplained_the_less_sure_it_is() -> None:
    sure = [
        confidence(candidates([{"text": "a", "label": "b", **{f"c{n}": 2 for n in range(more)}}], False))
        for more in (0, 3, 20)
    ]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] > 2 * sure[2]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {"textContent": "a", "classificationAnnotation": {"displayName": "b"}},
            "Vertex AI JSONL, which is not read",
        ),
        ({"anchor": "a", "positive": "b"}, "pairs or triplets of sentence-transformers, which have no label"),
        ({"prompt": "a", "completions": ["b"], "labels": [True]}, "steps of an answer with a judgement of each"),
        ({"text": "a", "annotation": "b", "prediction": None}, "Argilla v1 records, which are not read: export"),
        ({"location": "a.txt", "dataset": "Train", "class": {"category": "b"}}, "documents of Azure Language, whose"),
        ({"source-ref": "s3://b/1.txt", "x": 1, "x-metadata": {}}, "a manifest that refers to files, which are never"),
    ],
)
def test_known_shapes_that_are_not_read_say_the_way_out(record: Record, said: str) -> None:
    assert why([record]).startswith(f"a.jsonl: {said}")


@pytest.mark.parametrize(
    ("record", "options"),
    [
        (
            {"label": 0, "a": "It rains.", "b": "It is wet."},
            "classification --map input=a --map input_pair=b --map target=label",
        ),
        (
            {"n": 1, "a": "x", "b": "y", "c": "z", "label": 0},
            "classification --map input=a --map input_pair=b --map target=label",
        ),
        ({"a b": "It rains.", "gold_label": "x"}, "classification --map input='a b' --map target=gold_label"),
        ({"a": "x", "b": "y", "similarity": 1}, "regression --map input=a --map input_pair=b --map target=similarity"),
    ],
)
def test_the_first_two_texts_beside_a_label_are_most_likely_a_pair(record: Record, options: str) -> None:
    assert why([record]).endswith(f"name the fields, as in --task {options}")


def test_one_fraction_among_integers_makes_it_regression() -> None:
    records: list[Record] = [{"text": f"t{n}", "label": 1} for n in range(40)]
    assert candidates(records, False)[0].binding.layout.task == "classification"
    assert candidates([*records, {"text": "t", "label": Number("2.5")}], False)[0].binding.layout.task == "regression"


@pytest.mark.parametrize("joined", [["a|b", "a", "b|c", "c"], ["b|a", "a|c", "c|b"]])
def test_joined_labels_are_seen(joined: list[str]) -> None:
    records: list[Record] = [{"text": f"t{n}", "label": label} for n, label in enumerate(joined)]
    assert candidates(records, False)[0].name == "text-labels-joined"


@pytest.mark.parametrize("single", [["a|b", "c|d", "e"], ["x | y", "x"], ["a", "b"], ["|", "a"]])
def test_a_bar_alone_joins_nothing(single: list[str]) -> None:
    records: list[Record] = [{"text": f"t{n}", "label": label} for n, label in enumerate(single)]
    assert candidates(records, False)[0].name == "text-label"


def test_columns_of_0_and_1_beside_a_label_are_not_taken_for_labels() -> None:
    records: list[Record] = [{"text": f"t{n}", "label": "ab"[n % 2], "checked": n % 2, "long": 0} for n in range(20)]
    assert choose(candidates(records, False), records, "a").name == "text-label"


def test_minus_one_is_unlabelled_only_where_there_is_nothing_else() -> None:
    test: list[Record] = [{"sentence": "a", "label": -1}, {"sentence": "b", "label": -1}]
    assert bind(layout("text-label"), test).layout.unlabelled == (-1,)
    assert bind(layout("text-label"), [*test, {"sentence": "c", "label": 1}]).layout.unlabelled == ()
