"""Shards of tagged words: a label where a word begins, its words beside, and no tag lost without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftformat.diagnostics import Diagnostic
from sftformat.errors import DataError
from sftformat.folder.manifest import open_folder, verify
from sftformat.shards import FellBack, TokenizeOptions, tokenize
from sftformat.tokenize.labels import ordered
from tests.tokenize.shard_samples import WORDS, save, word_piece, write_dataset
from tests.tokenize.test_encode import HOSTILE, reference
from tests.tokenize.test_shards import make, read, tree

TAGS = ["B-LOC", "B-PER", "I-PER", "O"]
pairs = st.tuples(st.sampled_from([*WORDS, *HOSTILE]) | st.text(max_size=4), st.sampled_from(TAGS))
sentences = st.lists(st.tuples(st.lists(pairs, max_size=9), st.booleans()), min_size=1, max_size=6)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """Two train files and a test file of words with tags, one row unlabelled."""
    train: list[list[dict[str, Any]]] = [
        [
            {"input": ["the", "films", "1"], "target": ["O", "B-PER", "I-PER"]},
            {"input": ["good", "bad"], "target": ["O", "B-LOC"], "weight": 0.5},
        ],
        [{"input": ["ok"], "target": ["O"]}],
    ]
    test = [[{"input": ["not", "ok"], "target": None}, {"input": ["bad"], "target": ["B-PER"]}]]
    return write_dataset(tmp_path / "names", "token-classification", {"train": train, "test": test})


def test_load_from_disk(names: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    make(names, tmp_path / "out", tokenizer_folder)
    opened = datasets.load_from_disk(str(tmp_path / "out"))
    train, test = opened["train"], opened["test"]
    assert train.features["labels"].feature.names == ["O", "B-LOC", "B-PER", "I-PER"]
    assert train["words"] == [["the", "films", "1"], ["good", "bad"], ["ok"]]
    assert train["labels"] == [[-100, 0, 2, -100, 3, -100], [-100, 0, 1, -100], [-100, 0, -100]]
    assert train["word_index"] == [[-1, 0, 1, -1, 2, -1], [-1, 0, 1, -1], [-1, 0, -1]]
    assert test["labels"] == [[-100] * 4, [-100, 2, -100]]
    assert train["weight"] == [1.0, 0.5, 1.0]
    loaded = datasets.load_dataset(
        "arrow", data_files=str(tmp_path / "out/train/*.arrow"), cache_dir=str(tmp_path / "cache")
    )
    assert loaded["train"].features["labels"].feature.names == ["O", "B-LOC", "B-PER", "I-PER"]
    manifest = open_folder(tmp_path / "out", "shards")
    assert manifest["labels"] == ["O", "B-LOC", "B-PER", "I-PER"]
    assert manifest["splits"]["train"]["labels"] == {"min": 0, "max": 3}
    assert manifest["splits"]["test"]["unlabelled"] == 1
    assert verify(tmp_path / "out", "shards") == []


def test_transformers_pads_them_as_they_are(names: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets, transformers = pytest.importorskip("datasets"), pytest.importorskip("transformers")
    make(names, tmp_path / "out", tokenizer_folder)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer_folder / "tokenizer.json"), pad_token="[PAD]"
    )
    wanted = ["input_ids", "attention_mask", "token_type_ids", "labels"]
    rows = datasets.load_from_disk(str(tmp_path / "out"))["train"].select_columns(wanted)
    batch = transformers.DataCollatorForTokenClassification(tokenizer)(list(rows))
    assert batch["labels"].tolist()[2] == [-100, 0, -100, -100, -100, -100]


@given(sentences, st.integers(4, 9), st.sampled_from(["truncate", "drop"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_tag_stands_at_its_word_or_the_row_is_told(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[list[tuple[str, str]], bool]],
    max_length: int,
    truncation: str,
) -> None:
    folder = tmp_path_factory.mktemp("law")
    given = [
        {"input": [word for word, _ in row], "target": [tag for _, tag in row] if labelled else None}
        for row, labelled in rows
    ]
    write_dataset(folder / "data", "token-classification", {"train": [given]}, labels=TAGS)
    save(folder / "tiny", word_piece(), model_max_length=16)
    how = {"max_length": max_length, "truncation": truncation}
    *events, end = make(folder / "data", folder / "out", folder / "tiny", **how)
    found = {row["line"]: row for row in read(folder / "out", "train")}
    told = {event.line: event for event in events if isinstance(event, Diagnostic)}
    ledger, tokenizer = end.manifest["ledger"]["train"], reference("wordpiece").tokenizer
    assert ledger["read"] == len(rows) == ledger["written"] + ledger["rejected"] + ledger["filtered"]
    for line, row in enumerate(given, 1):
        whole = tokenizer.encode(row["input"], is_pretokenized=True)
        numbers, keep = whole.word_ids[1:-1], max_length - 2
        without = [place for place in range(len(row["input"])) if place not in numbers]
        if without or not row["input"]:
            assert line not in found
            assert (told[line].code, told[line].path) == ("SFT503", f"/input/{without[0]}" if without else "/input")
            continue
        if truncation == "drop" and len(numbers) > keep:
            assert line not in found
            continue
        made = found[line]
        firsts = [place for place, word in enumerate(numbers) if word not in numbers[:place]][: len(numbers)]
        firsts = [place for place in firsts if place < keep]
        assert made["input_ids"] == [2, *whole.ids[1:-1][:keep], 3]
        assert made["truncated"] == max(0, len(numbers) - keep)
        assert made["words"] == row["input"]
        wanted, tags = [-100] * len(made["input_ids"]), row["target"]
        for word, place in enumerate(firsts):
            wanted[place + 1] = TAGS.index(tags[word]) if tags is not None else -100
            assert made["word_index"][place + 1] == word
        assert made["labels"] == wanted
        assert sum(number >= 0 for number in made["word_index"]) == len(firsts)


def test_a_word_without_a_token_is_named(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = [{"input": ["good", "\u200b"], "target": ["O", "B-PER"]}, {"input": ["bad"], "target": ["O"]}]
    write_dataset(tmp_path / "d", "token-classification", {"train": [rows]})
    *events, _ = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    found = next(event for event in events if isinstance(event, Diagnostic))
    assert found.message == "no token is left of word 2, '\\u200b', so that it could have no tag"
    assert (found.file, found.line, found.path) == ("train.jsonl", 1, "/input/1")
    reject = json.loads((tmp_path / "out/rejects.jsonl").read_text())
    assert json.loads(reject["raw"])["target"] == ["O", "B-PER"]


def test_more_tags_than_words_are_told(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = [
        {"input": ["good"], "target": ["O", "O"]},
        {"input": ["bad", "ok"], "target": ["O"]},
        {"input": [], "target": []},
        {"input": ["a"], "target": ["O"]},
    ]
    write_dataset(tmp_path / "d", "token-classification", {"train": [rows]})
    *events, end = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    found = [(event.code, event.message) for event in events if isinstance(event, Diagnostic)]
    mismatched = [("SFT230", "1 word, but 2 tags"), ("SFT230", "2 words, but 1 tag")]
    assert found == [*mismatched, ("SFT503", "a row without a word")]
    assert (end.manifest["splits"]["train"]["rows"], end.rejected) == (1, 3)


def test_a_row_cut_within_its_only_word_has_no_tag_left(tmp_path: Path) -> None:
    save(tmp_path / "left", word_piece(), truncation_side="left")
    rows = [{"input": ["x" + "ab1" * 4], "target": ["O"]}, {"input": ["a"], "target": ["O"]}]
    write_dataset(tmp_path / "d", "token-classification", {"train": [rows]})
    *events, _ = make(tmp_path / "d", tmp_path / "out", tmp_path / "left", max_length=5)
    found = next(event for event in events if isinstance(event, Diagnostic))
    assert (found.code, found.message) == ("SFT504", "no word begins within --max-length 5: no tag is left")


def test_outside_is_the_first_tag() -> None:
    assert ordered(["O", "B-A", "I-A"], "token-classification") == ("O", "B-A", "I-A")
    assert ordered(["2", "10", "0"], "token-classification") == ("0", "2", "10")
    assert ordered(["O", "B"], "classification") == ("B", "O")


def test_a_tag_that_train_does_not_have(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = {"train": [[{"input": ["a"], "target": ["O"]}]], "test": [[{"input": ["a", "b"], "target": ["O", "B-X"]}]]}
    write_dataset(tmp_path / "d", "token-classification", rows)
    with pytest.raises(DataError, match="SFT303 label-unseen-in-train: label 'B-X' of split test"):
        make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    how = TokenizeOptions(str(tokenizer_folder), labels=("B-X", "O"))
    assert list(tokenize(tmp_path / "d", tmp_path / "named", how))[-1].manifest["labels"] == ["B-X", "O"]


def test_the_fallback_and_workers_give_the_same(
    names: Path, tokenizer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(names, tmp_path / "one", tokenizer_folder)
    make(names, tmp_path / "two", tokenizer_folder, workers=2)
    monkeypatch.setattr("sftformat.tokenize.words.differing_words", lambda *_: 0)
    events = make(names, tmp_path / "slow", tokenizer_folder)
    assert any(isinstance(event, FellBack) for event in events)
    assert tree(tmp_path / "one") == tree(tmp_path / "two") == tree(tmp_path / "slow")
