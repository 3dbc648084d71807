"""Layouts that restructure: what no schema can say is found, what no record can hold is refused, clients read it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.layouts.bind import bind
from sftformat.layouts.layout import layout
from sftformat.layouts.reader import reader_of
from sftformat.normalize import normalize
from sftformat.record import Record
from sftformat.validate import validate

from ..conftest import Call
from .strategies import RECORDS
from .test_round_trip import batch_of


def lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def faults(name: str, *records: Record) -> list[str]:
    """Return path and message of what is found in records, by the binding of all of them."""
    binding = bind(layout(name), list(records))
    _, rejects = validate(batch_of(list(records)), binding)
    return [f"{reject.line} {each.path}: {each.message}" for reject in rejects for each in reject.diagnostics]


def targets(name: str, *records: Record) -> list[Any]:
    binding = bind(layout(name), list(records))
    fitting, rejects = validate(batch_of(list(records)), binding)
    assert not rejects
    return [row["target"] for row in normalize(fitting, binding).to_pylist()]


def annotated(*choices: list[str], **more: Any) -> Record:
    results = [[{"type": "choices", "from_name": "q", "value": {"choices": each}}] for each in choices]
    return {"data": {"text": "a"}, "annotations": [{"result": result, **more} for result in results]}


def test_one_category_must_be_1() -> None:
    good = {"text": "a", "cats": {"A": 1, "B": 0}}
    assert targets("spacy-cats", good, {"text": "b", "cats": {"B": True}}) == ["A", "B"]
    bad = [{"A": 0, "B": 0}, {"A": 1, "B": 1}, {"A": 0.5, "B": 0}]
    found = faults("spacy-cats", good, *({"text": "b", "cats": each} for each in bad))
    assert found[:2] == [
        "2 /cats: /cats: expected exactly one label that is 1, got none",
        "3 /cats: /cats: expected exactly one label that is 1, got A, B",
    ]
    assert found[2].startswith("4 /cats/A")


def test_a_label_that_is_not_told_is_no_no() -> None:
    good = {"text": "a", "x": 1, "y": 0}
    assert faults("one-hot", good, {"text": "b", "x": 1, "y": None}) == [
        "2 /y: /y: expected 0 or 1, as for the other labels, got nothing"
    ]
    assert targets("one-hot", good, {"text": "b", "x": -1, "y": -1}, {"text": "c", "x": 0, "y": 0}) == [["x"], None, []]


def test_annotators_must_agree_and_cancelled_ones_do_not_count() -> None:
    cancelled = annotated(["B"], was_cancelled=True)["annotations"]
    both = {"data": {"text": "b"}, "annotations": [*annotated(["A"])["annotations"], *cancelled]}
    assert targets("label-studio", annotated(["A"], ["A"]), both) == ["A", "A"]
    assert targets("label-studio-labels", annotated(["A", "B"], ["B", "A"]), annotated([])) == [["A", "B"], []]
    assert faults("label-studio", annotated(["A"], ["B"]), annotated(["A", "B"])) == [
        "1 /annotations: /annotations: expected annotations that say the same, got A; B",
        "2 /annotations: /annotations: expected one choice, got A, B",
    ]


def test_only_what_was_accepted_is_a_target() -> None:
    records: list[Record] = [{"text": "a", "label": "X", "answer": each} for each in ("accept", "reject", "ignore")]
    binding = bind(layout("prodigy-label"), records)
    fitting, others = validate(batch_of(records), binding)
    assert len(fitting) == 1
    assert [(each.line, each.reason) for each in others] == [(2, "filtered"), (3, "filtered")]


def test_the_metadata_name_the_classes() -> None:
    meta = {"c-metadata": {"class-name": "sport"}}
    assert targets("augmented-manifest", {"source": "a", "c": 2, **meta}, {"source": "b", "c": 3}) == ["sport", "3"]


def test_labels_of_a_line_may_stand_anywhere_and_be_none() -> None:
    lines = ("__label__a x __label__b y", "no label", "__label__c")
    assert targets("fasttext-labels", *({"line": line} for line in lines)) == [["a", "b"], None, ["c"]]
    assert faults("fasttext", {"line": "__label__a __label__b x"}, {"line": "__label__ x"}) == [
        "1 /line: /line: expected one label, got 2 labels",
        "2 /line: /line: expected a label after __label__, got nothing",
    ]


# ---------------------------------------------------------------------------------------------------- the command line

CHOSEN = {"type": "choices", "from_name": "q", "to_name": "text", "value": {"choices": ["x"]}}
ANN, BOB = ({"text": name, "tokens": [{"text": name, "start": 0, "end": 3, "id": 0}]} for name in ("Ann", "Bob"))
#: For each layout a record, and one without a label.
LABELLED: dict[str, tuple[Record, Record]] = {
    "one-hot": ({"text": "Ann", "kind": 1, "rude": 0}, {"text": "Bob"}),
    "spacy-cats-labels": ({"text": "Ann", "cats": {"a": 1.0, "b": 1.0}}, {"text": "Bob"}),
    "prodigy-label": ({"text": "Ann", "answer": "accept", "label": "x"}, {"text": "Bob", "answer": "accept"}),
    "label-studio": ({"data": {"text": "Ann"}, "annotations": [{"result": [CHOSEN]}]}, {"data": {"text": "Bob"}}),
    "augmented-manifest": ({"source": "Ann", "c": 1, "c-metadata": {"class-name": "x"}}, {"source": "Bob"}),
    "text-spans": ({"text": "Ann", "entities": [[0, 3, "P"]]}, {"text": "Bob"}),
    "prodigy-spans": ({**ANN, "spans": [{"start": 0, "end": 3, "label": "P"}]}, BOB),
    "squad": ({"context": "Ann", "question": "?", "answers": {"text": ["Ann"]}}, {"context": "Bob", "question": "?"}),
}


@pytest.mark.parametrize("name", LABELLED)
def test_a_test_file_without_labels_is_read_like_the_others(call_here: Call, tmp_path: Path, name: str) -> None:
    labelled, bare = LABELLED[name]
    (tmp_path / "train.jsonl").write_text(lines({**labelled, "n": 7}))
    (tmp_path / "test.jsonl").write_text(lines(bare))
    done = call_here("convert", "train.jsonl", "test.jsonl", "-o", "out", "--task", layout(name).task)
    assert done.code == 0, done.out + done.err
    assert "column 'n' is in train and not in test" in done.out
    assert set(re.findall("column '(.*?)' is in", done.out)) <= {"n", "c-metadata"}
    call_here("convert", "out", "-o", "back.jsonl", "--to", name)
    rows = [json.loads(line) for line in (tmp_path / "back.jsonl").read_text().splitlines()]
    assert rows == [{**labelled, "n": 7, "split": "train"}, {**bare, "split": "test"}]


def test_a_label_that_one_file_has_no_column_for_is_told(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(lines({"text": "a", "kind": 1, "rude": 0}))
    (tmp_path / "test.jsonl").write_text(lines({"text": "b", "kind": 1}))
    done = call_here("validate", "train.jsonl", "test.jsonl", "--task", "multilabel")
    assert "column 'rude' is in train and not in test" in done.out


def read_fasttext(text: str) -> list[tuple[set[str], list[str]]]:
    """Read lines as fastText's dictionary does: words between blanks, labels those with the prefix."""
    made = []
    for line in text.removesuffix("\n").split("\n"):
        words = [word for word in re.split(r"[ \t\v\f\r\0]+", line) if word]
        labels = {word.removeprefix("__label__") for word in words if word.startswith("__label__")}
        made.append((labels, [word for word in words if not word.startswith("__label__")]))
    return made


def test_fasttext_reads_what_is_written(call_here: Call, tmp_path: Path) -> None:
    records = [{"text": f"it is  number {n}", "labels": ["odd"] if n % 2 else ["even", "x"]} for n in range(30)]
    (tmp_path / "a.jsonl").write_text(lines(*records))
    done = call_here("convert", "a.jsonl", "-o", "a.txt", "--to", "fasttext-labels")
    assert done.code == 0, done.err
    assert read_fasttext((tmp_path / "a.txt").read_text()) == [
        (set(each["labels"]), str(each["text"]).split()) for each in records
    ]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"text": "a", "label": "very good"}, "the label 'very good' (first at "),
        ({"text": "a\nb", "label": "good"}, "a text with a line break"),
        ({"text": "a __label__b", "label": "good"}, "takes __label__ in a text for a label"),
    ],
)
def test_what_no_line_can_hold_is_refused(call_here: Call, tmp_path: Path, record: Record, said: str) -> None:
    (tmp_path / "a.jsonl").write_text(lines({"text": "x", "label": "bad"}, record))
    done = call_here("convert", "a.jsonl", "-o", "a.txt", "--to", "fasttext")
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert not (tmp_path / "a.txt").exists()


def test_what_text_cannot_hold_is_counted(call_here: Call, tmp_path: Path) -> None:
    records = [{"id": f"r{n}", "text": f"t{n}", "label": "a", "n": n} for n in range(3)]
    (tmp_path / "a.jsonl").write_text(lines(*records))
    done = call_here("convert", "a.jsonl", "-o", "a.txt", "--to", "fasttext")
    assert "text has no place for 'id', held by 3 rows" in " ".join(done.out.split())
    assert "text has no place for 'n', held by 3 rows" in " ".join(done.out.split())


def test_bytes_that_are_no_text_and_blank_lines_are_counted(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"__label__a x\n\n__label__b caf\xe9\n__label__b y\0z\n__label__b y\r\n")
    done = call_here("validate", "a.txt", "--output-format", "json")
    found = json.loads(done.out)
    assert {code: count for code, count in found["codes"].items() if code < "SFT1"} == {
        "SFT006": 1,
        "SFT008": 1,
        "SFT011": 1,
        "SFT018": 1,
    }
    assert (found["ledger"]["read"], found["ledger"]["written"], found["ledger"]["blank_lines"]) == (4, 2, 1)


def test_ids_and_names_must_agree(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        lines({"text": "a", "label": 1, "label_text": "pos"}, {"text": "b", "label": 0, "label_text": "pos"})
    )
    done = call_here("validate", "a.jsonl")
    assert done.code == 1
    assert "a.jsonl:2" in done.out
    assert "the label 'pos' has the id 0, elsewhere 1" in done.out


def test_a_file_without_a_header_says_what_to_do(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("great movie,pos\nawful movie,neg\nquite fine,pos\n")
    done = call_here("validate", "a.csv")
    assert done.code == 2
    assert "for a file without a header say --no-header --columns text,label" in " ".join(done.err.split())
    assert call_here("validate", "a.csv", "--no-header", "--columns", "text,label").code == 0


def test_joined_labels_without_a_header_say_what_to_do(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a|c,the first text\nb,another text\na,a third\nc|b,and a fourth\n")
    done = call_here("validate", "a.csv")
    assert done.code == 2
    assert "for a file without a header say --no-header --columns label,text" in " ".join(done.err.split())
    done = call_here("validate", "a.csv", "--no-header", "--columns", "label,text")
    assert (done.code, "text-labels-joined (multilabel)" in done.err) == (0, True)


def test_the_whole_of_a_long_file_is_looked_at(call_here: Call, tmp_path: Path) -> None:
    rows = [f"text {n},{3.5 if n == 5000 else 3}\n" for n in range(9000)]
    rows[4096:6144] = [f"text {n},3.5\n" for n in range(4096, 6144)]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(rows))
    done = call_here("inspect", "a.csv", "--output-format", "json")
    assert '"regression"' in done.out


@pytest.mark.slow
def test_spacy_learns_from_the_cats_that_are_written(call_here: Call, tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import DocBin
    from spacy.training import Example

    records = [{"text": f"{('bad', 'good')[n % 2]} number {n}", "label": ("neg", "pos")[n % 2]} for n in range(24)]
    (tmp_path / "a.jsonl").write_text(lines(*records))
    assert call_here("convert", "a.jsonl", "-o", "b.jsonl", "--to", "spacy-cats").code == 0
    nlp = spacy.blank("en")
    docs = []
    for line in (tmp_path / "b.jsonl").read_text().splitlines():
        record = json.loads(line)
        docs.append(nlp.make_doc(record["text"]))
        docs[-1].cats = record["cats"]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    read = list(DocBin().from_disk(tmp_path / "train.spacy").get_docs(nlp.vocab))
    assert [doc.cats for doc in read] == [{"neg": float(n % 2 == 0), "pos": float(n % 2)} for n in range(24)]
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in read]
    nlp.add_pipe("textcat")
    optimizer = nlp.initialize(lambda: examples)
    assert nlp.update(examples, sgd=optimizer)["textcat"] > 0


# ---------------------------------------------------------------------------------------------------- Label Studio


BY_HAND = {"annotator": "ann@example.org", "annotation_id": 4, "lead_time": 2.5}


def exported(folder: Path, name: str, rows: list[Record]) -> None:
    """Write rows as label-studio-converter does: choices and spans stand as JSON in cells."""
    cells = [
        {
            key: each if isinstance(each, str | int | float) else json.dumps(each, ensure_ascii=False)
            for key, each in row.items()
        }
        for row in rows
    ]
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(cells[0]), delimiter="\t" if name.endswith(".tsv") else ",")
        writer.writeheader()
        writer.writerows(cells)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.json"])
@pytest.mark.parametrize(
    ("answers", "task", "wanted"),
    [
        (["good", "bad", "good"], "classification", ["good", "bad", "good"]),
        ([{"choices": ["a", "b"]}, "a", {"choices": ["b", "a"]}], "multilabel", [["a", "b"], ["a"], ["b", "a"]]),
        ([[{"start": 0, "end": 3, "text": "Ann", "labels": ["P"]}], []], "token-classification", None),
    ],
)
def test_exports_of_label_studio(
    call_here: Call, tmp_path: Path, name: str, answers: list[Any], task: str, wanted: list[Any] | None
) -> None:
    rows = [{"body": f"Ann {n}", "id": n, "asked": each, **BY_HAND} for n, each in enumerate(answers)]
    exported(tmp_path, name, rows) if name != "a.json" else (tmp_path / name).write_text(json.dumps(rows))
    done = call_here("convert", name, "-o", "b.jsonl", "--to", "canonical")
    assert f"({task})" in done.err, done.err
    made = [json.loads(line)["target"] for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert made == (wanted or [["B-P", "O"], ["O", "O"]])


def test_without_a_question_nobody_can_tell_that_there_are_no_spans(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "mood": "ab"[n % 2], "id": n, **BY_HAND} for n in range(6)]
    exported(tmp_path, "a.csv", rows)
    done = call_here("validate", "a.csv")
    assert done.code == 2
    assert "a.csv: no known layout fits the columns text, mood, id" in done.err


def test_the_first_record_need_not_be_annotated(call_here: Call, tmp_path: Path) -> None:
    rows: list[Record] = [{"text": f"Ann {n}", "id": n, "names": [], **BY_HAND} for n in range(6)]
    rows[3]["names"] = [{"start": 0, "end": 3, "text": "Ann", "labels": ["P"]}]
    del rows[0]["names"]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    assert call_here("convert", "a.json", "-o", "b.jsonl", "--to", "canonical").code == 0
    made = [json.loads(line)["target"] for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert made == [["B-P", "O"] if n == 3 else ["O", "O"] for n in range(6)]


def test_of_two_questions_the_user_says_which(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "id": n, "mood": "ab"[n % 2], "topic": "xy"[n % 2], **BY_HAND} for n in range(6)]
    exported(tmp_path, "a.csv", rows)
    done = call_here("validate", "a.csv")
    assert (done.code, done.err.strip()) == (
        2,
        "error: a.csv: several questions have answers (mood, topic): say which with --map target=NAME",
    )
    done = call_here("convert", "a.csv", "-o", "b.jsonl", "--to", "canonical", "--map", "target=topic")
    assert "layout label-studio-min (classification)" in done.err
    assert [json.loads(line)["target"] for line in (tmp_path / "b.jsonl").read_text().splitlines()] == list("xyxyxy")


def test_of_two_questions_of_tasks_the_user_says_which(call_here: Call, tmp_path: Path) -> None:
    results = [{**CHOSEN, "from_name": name} for name in ("mood", "topic")]
    task = {"data": {"text": "a"}, "annotations": [{"result": results}]}
    (tmp_path / "a.json").write_text(json.dumps([task]))
    done = call_here("validate", "a.json")
    assert done.code == 2
    assert "several questions have choices (mood, topic): say which with --map target=NAME" in done.err
    assert "label-studio (classification)" in call_here("validate", "a.json", "--map", "target=mood").err


def test_annotations_in_columns_are_looked_at(call_here: Call, tmp_path: Path) -> None:
    marks: list[list[Record]] = [
        [{"start": 0, "end": 3, "labels": ["P"]}],
        [{"start": 0, "end": 9, "labels": ["P"]}],
        [{"start": 0, "end": 3, "labels": ["P", "Q"]}],
        [{"start": 0, "end": 3, "labels": ["P"]}, {"start": 1, "end": 3, "labels": ["Q"]}],
    ]
    exported(tmp_path, "a.csv", [{"text": "Ann", "id": n, "who": each, **BY_HAND} for n, each in enumerate(marks)])
    done = call_here("validate", "a.csv")
    assert done.code == 1
    for line, words in ((3, "a span from 0 to 9"), (4, "a span with 2 labels"), (5, "overlap")):
        assert re.search(rf"a.csv:{line}  .*{words}", done.out), done.out


# ---------------------------------------------------------------------------------------------------- of one layout


def test_what_only_the_old_layout_knows_does_not_travel_and_is_counted(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "url": "u", "id": n, "mood": "ab"[n % 2], **BY_HAND} for n in range(6)]
    exported(tmp_path, "a.csv", rows)
    done = call_here("convert", "a.csv", "-o", "b.jsonl", "--to", "text-label")
    for name in BY_HAND:
        assert f"layout text-label has no place for '{name}', held by 6 rows" in done.out
    assert json.loads((tmp_path / "b.jsonl").read_text().splitlines()[0]) == {
        "text": "t0",
        "label": "a",
        "id": "0",
        "url": "u",
    }
    assert call_here("convert", "a.csv", "-o", "c.jsonl", "--to", "text-label", "--fail-on", "warning").code == 1


def test_the_old_value_of_a_field_is_no_column_of_another_layout(call_here: Call, tmp_path: Path) -> None:
    records: list[Record] = [{"sentence": f"t{n}", "label": -1, "split": "dev"} for n in range(3)]
    (tmp_path / "a.jsonl").write_text(lines(*records))
    call_here("convert", "a.jsonl", "-o", "b.jsonl", "--to", "prodigy-label")
    assert json.loads((tmp_path / "b.jsonl").read_text().splitlines()[0]) == {
        "text": "t0",
        "split": "validation",
        "answer": "accept",
    }


def tasks(*results: dict[str, Any], data: dict[str, str] | None = None) -> str:
    held = [{"data": data or {"text": f"text {n}"}, "annotations": [{"result": list(results)}]} for n in range(6)]
    return json.dumps(held)


@pytest.mark.parametrize(
    ("kind", "value"), [("rating", {"rating": 4}), ("taxonomy", {"taxonomy": [["a"]]}), ("textarea", {"text": ["a"]})]
)
def test_answers_that_are_neither_choices_nor_spans(
    call_here: Call, tmp_path: Path, kind: str, value: dict[str, Any]
) -> None:
    answer = {"from_name": "stars", "to_name": "text", "type": kind, "value": value}
    (tmp_path / "a.json").write_text(tasks(answer))
    done = call_here("validate", "a.json")
    assert done.code == 2
    assert f"answered by neither choices nor spans: 'stars' ({kind}): export as CSV or JSON_MIN" in done.err
    choice = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}
    (tmp_path / "a.json").write_text(tasks(answer, choice))
    assert "layout label-studio " in call_here("validate", "a.json").err


def test_numbers_of_label_studio_are_named(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "id": n, "stars": n % 5 + 1, **BY_HAND} for n in range(6)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    done = call_here("validate", "a.json")
    assert done.code == 2
    assert "the answers to stars are neither choices nor spans" in done.err
    options = done.err.rpartition("as in ")[2].split()
    assert "read 6 = written 6" in call_here("validate", "a.json", *options).out


@pytest.mark.parametrize("kind", ["choices", "labels"])
def test_of_several_texts_the_marked_one(call_here: Call, tmp_path: Path, kind: str) -> None:
    data = {"url": "http://x/y", "review": "Rome is old", "author": "Ann"}
    value = {"choices": ["a"]} if kind == "choices" else {"start": 0, "end": 4, "labels": ["LOC"]}
    answer = {"from_name": "q", "type": kind, "value": value}
    (tmp_path / "a.json").write_text(tasks({**answer, "to_name": "review"}, data=data))
    done = call_here("convert", "a.json", "-o", "b.jsonl", "--to", "canonical", "--ignore", "SFT4")
    assert "Rome" in (tmp_path / "b.jsonl").read_text(), done
    data["notes"] = data.pop("review")
    (tmp_path / "a.json").write_text(tasks({**answer, "to_name": "page"}, data=data))
    done = call_here("validate", "a.json")
    assert "which key of 'data' is the text (url, author, notes)? say --map input=/data/KEY" in done.err
    done = call_here("validate", "a.json", "--map", "input=/data/notes")
    assert "written 6" in done.out


def test_what_is_left_out_says_nothing_of_the_layout(call_here: Call, tmp_path: Path) -> None:
    options = [{"id": each, "text": each} for each in "AB"]
    accepted = [{"text": f"t{n}", "options": options, "accept": ["AB"[n % 2]], "answer": "accept"} for n in range(6)]
    ignored = {"text": "x", "options": options, "accept": [], "answer": "ignore"}
    (tmp_path / "a.jsonl").write_text(lines(*accepted, ignored))
    done = call_here("validate", "a.jsonl")
    assert "layout prodigy-choice " in done.err
    assert "read 7 = written 6 + rejected 0 + duplicate 0 + filtered 1" in done.out


def test_columns_that_nobody_knows_make_no_tie(call_here: Call, tmp_path: Path) -> None:
    more = dict.fromkeys("abcdef", 0.5)
    rows = [{"text": f"t{n}", "cats": {"A": n % 2, "B": 1 - n % 2}, **more} for n in range(6)]
    (tmp_path / "a.jsonl").write_text(lines(*rows))
    assert "layout spacy-cats " in call_here("validate", "a.jsonl").err


def test_a_key_of_a_turn_is_no_content(call_here: Call, tmp_path: Path) -> None:
    first = {"from": "system", "value": None, "content": "x"}
    turns = [first, {"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello!"}]
    (tmp_path / "a.jsonl").write_text(lines({"conversations": turns}))
    done = call_here("convert", "a.jsonl", "-o", "b.jsonl", "--to", "openai-chat")
    assert done.code == 2
    assert "a turn has a key 'content' of its own" in done.err


def test_joined_intents_with_tags(call_here: Call, tmp_path: Path) -> None:
    rows = [{"intent_name": name, "sample_utterances": [name * 3, name * 4], "tags": []} for name in "abc"]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    assert "layout text-label (classification)" in call_here("validate", "a.json").err


@given(record=RECORDS["openai-chat"], key=st.sampled_from(["conversations", "conversation", "dialogue", "dialog"]))
def test_messages_under_another_key_are_messages(record: Record, key: str) -> None:
    other = {key if name == "messages" else name: value for name, value in record.items() if name != key}
    plain = {name: value for name, value in record.items() if name != key}
    readers = [reader_of(bind(layout("openai-chat"), [each])) for each in (plain, other)]
    rows = [reader.to_canonical(each) for reader, each in zip(readers, (plain, other), strict=True)]
    assert rows[0] == rows[1]
    made = [reader.from_canonical(row, {}) for reader, row in zip(readers, rows, strict=True)]
    assert made[1].pop(key) == made[0].pop("messages")
    assert made[0] == made[1]
    assert readers[1].source_pointer(("input",), rows[1]) == (key,)


def test_turns_of_role_and_content_are_told_from_sharegpt(call_here: Call, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    (tmp_path / "a.jsonl").write_text(lines(*[{"conversations": turns}] * 3))
    done = call_here("convert", "a.jsonl", "-o", "b.jsonl")
    assert "layout openai-chat (chat), confidence 100%" in done.err
    assert (tmp_path / "b.jsonl").read_bytes().replace(b" ", b"") == (tmp_path / "a.jsonl").read_bytes().replace(
        b" ", b""
    )
