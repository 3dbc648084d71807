"""One row explained: the same canonical row and findings as the data set has, a caret where it hurts, exact tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.dataset.build import convert, diagnose
from sftformat.dataset.options import DatasetOptions
from sftformat.diagnostics import Diagnostic
from sftformat.errors import UsageError
from sftformat.explain.build import Explained, explain
from sftformat.explain.caret import locate, text_of
from sftformat.explain.tokens import Tokenizing, TokenRun, from_shards, from_tokenizer
from sftformat.formats import csvrow
from sftformat.inspect.section import present
from sftformat.layouts.layout import render
from sftformat.rules import RULES
from sftformat.schema.store import schema_folder
from sftformat.shards import TokenizeOptions, tokenize
from sftformat.tokenize.encode import encode
from sftformat.tokenize.load import Reference, make_reference
from sftformat.tokenize.words import encode_words
from tests.tokenize.shard_samples import byte_pairs, save, word_piece

SAMPLES = schema_folder().parent / "samples"
NAMES = ["broken.jsonl", "broken.csv", "text-label.tsv", "text-label.parquet", "sharegpt.json", "openai-chat.jsonl"]
NAMES += ["alpaca.json", "translation.jsonl", "text-labels.jsonl", "sentence-pair-score.tsv", "text-label.csv.gz"]
SET_RULES = {rule.code for rule in RULES if rule.scope == "set"}


def told(path: Path, line: int, tokenizing: Tokenizing | None = None, **how: Any) -> Explained:
    return explain(f"{path}:{line}", DatasetOptions(**how), tokenizing)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_explained_as_the_data_set_has_it(name: str, tmp_path: Path) -> None:
    path = SAMPLES / name
    found: dict[int, list[str]] = {}
    for event in diagnose([str(path)], DatasetOptions()):
        if isinstance(event, Diagnostic) and event.line is not None and event.code not in SET_RULES:
            found.setdefault(event.line, []).append(event.code)
    list(convert([str(path)], tmp_path / "out", DatasetOptions()))
    rows = {
        row["source"]["line"]: row
        for file in (tmp_path / "out").glob("*.parquet")
        for row in pq.read_table(file).to_pylist()
    }
    for line, row in rows.items():
        explained = told(path, line)
        assert explained.row == present(row)
        assert explained.origins is not None
        assert explained.origins.keys() == explained.row.keys()
    for line in {*rows, *found}:
        assert sorted(each.code for each, _ in told(path, line).findings) == sorted(found.get(line, []))


def test_where_each_field_came_from(tmp_path: Path) -> None:
    record = {"text": "a", "label": "b", "split": "dev", "extra": 1}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n" + json.dumps({"text": "c", "label": "d"}) + "\n")
    first, second = told(tmp_path / "a.jsonl", 1).origins, told(tmp_path / "a.jsonl", 2).origins
    assert first is not None
    assert second is not None
    assert {key: first[key] for key in ("input", "target", "split")} == {
        "input": "/text",
        "target": "/label",
        "split": "/split",
    }
    assert first["id"].startswith("none given")
    assert first["meta"].startswith("everything else")
    assert second["split"].startswith("no split is named")
    (tmp_path / "t.jsonl").write_text('{"translation": {"en": "Hi", "de": "Hallo"}}\n')
    origins = told(tmp_path / "t.jsonl", 1).origins
    assert origins is not None
    assert (origins["input"], origins["source_lang"]) == ("/translation/en", "the key 'en'")


def test_a_data_set_row(tmp_path: Path) -> None:
    list(convert([str(SAMPLES / "text-label.csv")], tmp_path / "out", DatasetOptions()))
    (file,) = (tmp_path / "out").glob("*.parquet")
    explained = told(file, 2)
    assert explained.row == present(pq.read_table(file).to_pylist()[1])
    with pytest.raises(UsageError, match="has 28 rows"):
        told(file, 29)


def test_a_layout_that_is_not_clear_still_shows_the_record() -> None:
    explained = told(SAMPLES / "reviews.jsonl", 2)
    assert explained.record is not None
    assert explained.settled is not None
    assert "no known layout" in explained.settled.why
    assert explained.row is None
    told_so = told(
        SAMPLES / "reviews.jsonl",
        2,
        task="classification",
        mapping={"input": "/review/body", "target": "/review/stars"},
    )
    assert told_so.row is not None
    assert told_so.row["target"] == "2"


# ---------------------------------------------------------------------------------------------------- the caret

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def pointers(value: Any, at: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(at, value), *(each for key, item in members for each in pointers(item, (*at, str(key))))]


@given(values, st.sampled_from([None, 1]), st.booleans())
def test_a_pointer_is_found_in_the_text(value: Any, indent: int | None, escape: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escape)
    for pointer, wanted in pointers(value):
        at = locate(text, render(pointer))
        assert at is not None
        found, _ = json.JSONDecoder().raw_decode(text, at)
        assert found == wanted


def test_a_key_that_is_missing_leads_to_the_object_that_lacks_it() -> None:
    assert locate('{"a": {"b": 1}}', "/a/c") == 6
    assert locate('{"a": 1', "/b") is None


@pytest.mark.parametrize(
    ("name", "line", "code", "start"),
    [
        ("broken.jsonl", 2, "SFT003", '"label": "negative"'),
        ("broken.jsonl", 4, "SFT001", "'text'"),
        ("broken.jsonl", 6, "SFT201", '"   "'),
        ("broken.jsonl", 8, "SFT104", '["a"'),
        ("broken.jsonl", 9, "SFT004", "NaN"),
        ("broken.jsonl", 11, "SFT006", "\\xe9"),
        ("broken.csv", 3, "SFT012", ",negative"),
        ("broken.csv", 6, "SFT013", " the quote"),
        ("broken.csv", 7, "SFT006", "\\xe9"),
        ("broken.csv", 13, "SFT013", '"A quote'),
    ],
)
def test_the_caret_stands_at_what_is_wrong(name: str, line: int, code: str, start: str) -> None:
    explained = told(SAMPLES / name, line)
    at = {each.code: at for each, at in explained.findings}[code]
    assert at is not None
    assert text_of(explained.source, explained.found)[at:].startswith(start)


def test_the_caret_of_a_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,"the, text",label\n1,x,y\n2,"a, ""b""",\x07z\n3,  ,y\n')
    options = {"task": "classification", "mapping": {"input": "the, text", "target": "label"}}
    explained = told(tmp_path / "a.csv", 3, **options)
    assert [(each.code, at) for each, at in explained.findings] == [("SFT205", 13)]
    assert [at for _, at in told(tmp_path / "a.csv", 4, **options).findings] == [2]


@pytest.mark.parametrize(("text", "at"), [('"a"b,c', 3), ('a"b,c', 1), ('a,"b', 2), ('a,"b""c"d', 8), ('"a","b"c', 7)])
def test_where_quotes_are_wrong(text: str, at: int) -> None:
    found = csvrow.split(text, csvrow.Dialect())
    assert isinstance(found, csvrow.Damage)
    assert found.at == at


# ---------------------------------------------------------------------------------------------------- tokens


def references() -> list[Reference]:
    left = b'{"truncation_side": "left"}'
    made = [({}, word_piece()), ({}, byte_pairs()), ({"tokenizer_config.json": left}, word_piece())]
    return [make_reference("tiny", {"tokenizer.json": made_of.to_str().encode(), **more}) for more, made_of in made]


REFERENCES = references()


def encoded(run: TokenRun, kept: bool) -> list[int]:
    return [token.id for token in run.tokens if token.kept or not kept]


texts = st.text("ab goodfilm.é", min_size=1, max_size=30).filter(str.strip)


@given(texts, st.none() | texts, st.integers(6, 16), st.sampled_from(REFERENCES))
def test_tokens_kept_and_cut_are_those_of_tokenize(
    tmp_path_factory: pytest.TempPathFactory, text: str, pair: str | None, max_length: int, reference: Reference
) -> None:
    path = tmp_path_factory.mktemp("a") / "a.jsonl"
    record = {"sentence1": text, "sentence2": pair, "label": "x"} if pair is not None else {"text": text, "label": "x"}
    path.write_text(json.dumps(record) + "\n")
    made = told(path, 1, Tokenizing(reference, max_length, ("w", "x"))).tokens
    assert made is not None
    (run,) = made.sequences
    cut, whole = (encode(reference, [text], [pair], length) for length in (max_length, 1 << 30))
    assert encoded(run, True) == cut.input_ids.tolist()
    assert encoded(run, False) == whole.input_ids.tolist()
    assert run.lost == cut.lost[0]
    assert [token.type_id for token in run.tokens] == whole.token_type_ids.tolist()
    assert made.labels == 1


pieces = st.lists(
    st.tuples(st.text("ab goodfilm.é", min_size=1, max_size=9), st.sampled_from("xw")), min_size=1, max_size=6
)


@given(pieces, st.integers(4, 12), st.sampled_from(REFERENCES))
def test_words_begin_where_shards_say(
    tmp_path_factory: pytest.TempPathFactory, row: list[tuple[str, str]], max_length: int, reference: Reference
) -> None:
    path = tmp_path_factory.mktemp("a") / "a.jsonl"
    words, tags = (list(side) for side in zip(*row, strict=True))
    path.write_text(json.dumps({"tokens": words, "tags": tags}) + "\n")
    options = DatasetOptions(task="token-classification", mapping={"input": "tokens", "target": "tags"})
    made = explain(f"{path}:1", options, Tokenizing(reference, max_length, ("w", "x"))).tokens
    assert made is not None
    (run,) = made.sequences
    column = pa.array([words], pa.list_(pa.string()))
    cut, whole = (encode_words(reference, column, length) for length in (max_length, 1 << 30))
    assert encoded(run, True) == cut.encoded.input_ids.tolist()
    assert encoded(run, False) == whole.encoded.input_ids.tolist()
    assert [token.label for token in run.tokens] == [tags[n] if n >= 0 else None for n in whole.begins.tolist()]
    if whole.bare[0] < 0:
        assert made.labels == ["wx".index(tags[n]) if n >= 0 else -100 for n in cut.begins.tolist()]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    (tmp_path / "a.jsonl").write_text(
        "".join(
            json.dumps({"text": text, "label": label}) + "\n"
            for text, label in (("good", "y"), ("good bad film", "n"), ("", "y"), ("bad", "n"))
        )
    )
    tokenizer = save(tmp_path / "tiny", word_piece())
    list(convert([str(tmp_path / "a.jsonl")], tmp_path / "out", DatasetOptions()))
    list(tokenize(tmp_path / "out", tmp_path / "shards", TokenizeOptions(str(tokenizer), max_length=4)))
    return tmp_path / "shards"


def test_a_row_as_the_shards_hold_it(shards: Path, tmp_path: Path) -> None:
    made = told(tmp_path / "a.jsonl", 2, from_shards(shards)).tokens
    assert made is not None
    assert made.stored is not None
    assert (made.stored.split, made.stored.row, made.stored.same) == ("train", 2, True)
    assert (made.label_map, made.labels, made.max_length) == (("n", "y"), 0, 4)
    assert made.sequences[0].lost == 1
    rejected = told(tmp_path / "a.jsonl", 3, from_shards(shards)).tokens
    assert rejected is not None
    assert rejected.stored is None
    (file,) = (tmp_path / "out").glob("*.parquet")
    again = told(file, 3, from_shards(shards)).tokens
    assert again is not None
    assert again.stored == made.stored.__class__("train", made.stored.file, 3, True)


def test_shards_of_another_file(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not made of this file"):
        told(SAMPLES / "text-label.csv", 2, from_shards(shards))


def test_labels_as_shards_hold_them(tmp_path: Path) -> None:
    tokenizer = str(save(tmp_path / "tiny", word_piece()))
    lines = {"label": ["x", "y", None], "labels": [["y"], [], ["z"]], "score": [0.5, 2, None]}
    wanted = {"label": [1, None, -100], "labels": [[0.0, 0.0], [0.0, 0.0], None], "score": [0.5, 2.0, None]}
    names = {"label": ("w", "x"), "labels": ("w", "x"), "score": None}
    wanted["labels"] = [None, [0.0, 0.0], None]
    for key, values_ in lines.items():
        path = tmp_path / f"{key}.jsonl"
        path.write_text("".join(json.dumps({"text": "good", key: value}) + "\n" for value in values_))
        made = [told(path, line, from_tokenizer(tokenizer, None, names[key])).tokens for line in (1, 2, 3)]
        assert [each.labels for each in made if each is not None] == wanted[key]


def test_the_texts_of_a_conversation(tmp_path: Path) -> None:
    tokenizer = str(save(tmp_path / "tiny", word_piece()))
    made = told(SAMPLES / "openai-chat.jsonl", 3, from_tokenizer(tokenizer, None, None)).tokens
    assert made is not None
    assert [run.path for run in made.sequences] == ["/input/0/content", "/target/1/content", "/target/2/content"]
    assert made.max_length is None
