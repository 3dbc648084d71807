"""The shard folder: what it holds, that its bytes depend on content alone, and that nothing is lost on the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftformat.diagnostics import Diagnostic
from sftformat.errors import DataError, FolderError, ModelError, UsageError
from sftformat.folder.manifest import open_folder, verify
from sftformat.shards import FellBack, Progress, Reported, TokenizeOptions, Uncut, plan_report, tokenize
from sftformat.tokenize import request
from sftformat.tokenize import unit as unit_module
from tests.conftest import Call
from tests.tokenize.shard_samples import byte_pairs, save, word_piece, write_dataset


def make(dataset: Path, out: Path, tokenizer: Path, workers: int = 1, **options: Any) -> list[Any]:
    return list(tokenize(dataset, out, TokenizeOptions(str(tokenizer), **options), workers=workers))


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".kept" not in path.parts)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read(folder: Path, split: str) -> list[dict[str, Any]]:
    rows = []
    for name in json.loads((folder / split / "state.json").read_text())["_data_files"]:
        with pa.memory_map(str(folder / split / name["filename"])) as source:
            rows += pa.ipc.open_stream(source).read_all().to_pylist()
    return rows


# ------------------------------------------------------------------------------------------- what is in the folder


def test_load_from_disk(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    make(reviews, tmp_path / "out", tokenizer_folder)
    opened = datasets.load_from_disk(str(tmp_path / "out"))
    assert list(opened) == ["train", "test"]
    train, test = opened["train"], opened["test"]
    assert train.features["labels"].names == ["neg", "pos"]
    assert train["labels"] == [1, 0, 0, 1]
    assert [train.features["labels"].int2str(label) for label in train["labels"]] == ["pos", "neg", "neg", "pos"]
    assert test["labels"] == [-100, 0]
    assert train["weight"] == [1.0, 0.5, 1.0, 1.0]
    assert train["id"] == ["train1", "train2", "train3", "train4"]
    assert (train["file"], train["line"], test["file"]) == ([0] * 4, [1, 2, 3, 4], [1, 1])
    assert train[0]["input_ids"] == [2, 7, 9, 3]
    assert train[3]["token_type_ids"] == [0, 0, 0, 1, 1, 1]
    assert train["length"] == [len(row) for row in train["input_ids"]] == [len(row) for row in train["attention_mask"]]
    loaded = datasets.load_dataset(
        "arrow", data_files=str(tmp_path / "out/train/*.arrow"), cache_dir=str(tmp_path / "cache")
    )
    assert loaded["train"].features["labels"].names == ["neg", "pos"]


def test_manifest(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    *events, end = make(reviews, tmp_path / "out", tokenizer_folder, max_length=6)
    manifest = open_folder(tmp_path / "out", "shards")
    assert manifest == end.manifest
    assert (manifest["task"], manifest["labels"], manifest["objective"]) == (
        "classification",
        ["neg", "pos"],
        "encoder",
    )
    assert (manifest["max_length"], manifest["truncation"]) == (6, "truncate")
    assert manifest["inputs"] == json.loads((reviews / "manifest.json").read_text())["inputs"]
    assert manifest["splits"]["train"] == {
        "rows": 4,
        "files": ["train/data-00000-of-00002.arrow", "train/data-00001-of-00002.arrow"],
        "tokens": 20,
        "unlabelled": 0,
        "pairs": 1,
        "input_ids": {"min": 1, "max": 13},
        "labels": {"min": 0, "max": 1},
        "length": {"max": 6},
        "truncated_rows": 1,
        "tokens_lost": 4,
    }
    assert manifest["splits"]["test"]["unlabelled"] == 1
    assert manifest["tokenizer"]["name"] == "tiny"
    assert {event.done for event in events if isinstance(event, Progress)} == {0, 1, 2, 3}
    assert (tmp_path / "out/tokenizer/tokenizer.json").read_bytes() == (
        tokenizer_folder / "tokenizer.json"
    ).read_bytes()


def test_nothing_says_where_or_when(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    make(reviews, tmp_path / "out", tokenizer_folder, max_length=5, truncation="drop")
    needles = [str(tmp_path).encode(), os.uname().nodename.encode(), str(Path.home()).encode()]
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or not any(needle in path.read_bytes() for needle in needles if len(needle) > 3), path
    assert verify(tmp_path / "out", "shards") == []
    assert [path.name for path in (tmp_path / "out").glob(".*")] == [".kept"]


def test_multilabel(tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [
        {"input": "good", "target": ["10", "2"]},
        {"input": "bad", "target": []},
        {"input": "ok", "target": None},
        {"input": "film", "target": ["1"]},
    ]
    write_dataset(tmp_path / "d", "multilabel", {"train": [rows]})
    manifest = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)[-1].manifest
    assert manifest["labels"] == ["1", "2", "10"]
    found = datasets.load_from_disk(str(tmp_path / "out"))["train"]
    assert found["labels"] == [[0.0, 1.0, 1.0], [0.0, 0.0, 0.0], None, [1.0, 0.0, 0.0]]
    assert manifest["splits"]["train"]["unlabelled"] == 1
    assert manifest["splits"]["train"]["labels"] == {"min": 0.0, "max": 1.0}


def test_regression(tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"input": "a", "target": 0.1}, {"input": "b", "target": None}, {"input": "x", "target": 1e300}]
    write_dataset(tmp_path / "d", "regression", {"train": [rows]})
    *events, end = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    assert [event.code for event in events if isinstance(event, Diagnostic)] == ["SFT234"]
    assert end.manifest["labels"] is None
    assert end.manifest["ledger"]["train"]["codes"] == {"SFT234": 1}
    assert datasets.load_from_disk(str(tmp_path / "out"))["train"]["labels"] == [pytest.approx(0.1), None]


def test_unlabelled_only(tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    write_dataset(tmp_path / "d", "classification", {"test": [[{"input": "a", "target": None}]]})
    manifest = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)[-1].manifest
    assert (manifest["labels"], manifest["splits"]["test"]["labels"]) == (None, None)
    assert datasets.load_from_disk(str(tmp_path / "out"))["test"]["labels"] == [-100]


def test_empty_files(tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    write_dataset(tmp_path / "d", "classification", {"train": [[], [{"input": "a", "target": "x"}], []], "test": [[]]})
    manifest = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)[-1].manifest
    assert manifest["splits"]["test"]["input_ids"] is None
    opened = datasets.load_from_disk(str(tmp_path / "out"))
    assert (len(opened["train"]), len(opened["test"])) == (1, 0)


# ----------------------------------------------------------------------------------------------------- label map


def test_locked_labels(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    end = make(reviews, tmp_path / "out", tokenizer_folder, labels=("pos", "so-so", "neg"))[-1]
    assert end.manifest["labels"] == ["pos", "so-so", "neg"]
    assert [row["labels"] for row in read(tmp_path / "out", "train")] == [0, 2, 2, 0]


def test_label_not_in_a_locked_map(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = [{"input": "a", "target": "x"}, {"input": "b", "target": "y"}, {"input": "b", "target": "y"}]
    write_dataset(tmp_path / "d", "classification", {"train": [rows]}, labels=["x"])
    with pytest.raises(DataError, match=r"train.jsonl:2: SFT304 label-not-in-map: label 'y'"):
        make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_label_unseen_in_train(task: str, tokenizer_folder: Path, tmp_path: Path) -> None:
    def target(*names: str) -> Any:
        return list(names) if task == "multilabel" else names[0]

    train = [{"input": "a", "target": target("x")}]
    test = [{"input": "b", "target": target(name)} for name in ("x", "z", "y", "z")]
    write_dataset(tmp_path / "d", task, {"train": [train], "test": [test]})
    events = tokenize(tmp_path / "d", tmp_path / "out", TokenizeOptions(str(tokenizer_folder)))
    found = [next(events), next(events)]
    assert [(each.code, each.file, each.line, each.got) for each in found] == [
        ("SFT303", "test.jsonl", 2, "z"),
        ("SFT303", "test.jsonl", 3, "y"),
    ]
    with pytest.raises(DataError, match="and 1 more"):
        next(events)


def test_labels_without_train_must_be_named(tokenizer_folder: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", "classification", {"test": [[{"input": "a", "target": "x"}]]})
    with pytest.raises(UsageError, match="--labels"):
        make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    assert make(tmp_path / "d", tmp_path / "out", tokenizer_folder, labels=("x",))[-1].manifest["labels"] == ["x"]
    with pytest.raises(UsageError, match="twice"):
        make(tmp_path / "d", tmp_path / "other", tokenizer_folder, labels=("x", "x"))


# ------------------------------------------------------------------------------- truncation, rejects, the ledger


def test_truncate(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    events = make(reviews, tmp_path / "out", tokenizer_folder, max_length=6)
    report = next(event.report for event in events if isinstance(event, Reported))
    assert (report.cut, report.lost) == (1, 4)
    assert [found.code for found in events[-1].diagnostics] == ["SFT501", "SFT502"]
    assert events[-1].diagnostics[0].hint == "--max-length 10 would cut no row, 10 at most 1 % of them"
    assert [row["truncated"] for row in read(tmp_path / "out", "train")] == [0, 0, 4, 0]
    assert report == plan_report(reviews, TokenizeOptions(str(tokenizer_folder), max_length=6))


def test_drop(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    end = make(reviews, tmp_path / "out", tokenizer_folder, max_length=6, truncation="drop")[-1]
    assert end.manifest["ledger"]["train"] == {
        "read": 4,
        "written": 3,
        "rejected": 0,
        "duplicate": 0,
        "filtered": 1,
        "codes": {"SFT501": 1},
    }
    assert [row["id"] for row in read(tmp_path / "out", "train")] == ["train1", "train2", "train4"]
    (reject,) = map(json.loads, (tmp_path / "out/rejects.jsonl").read_text().splitlines())
    assert (reject["file"], reject["line"], reject["reason"], reject["format"]) == (
        "train.jsonl",
        3,
        "filtered",
        "parquet",
    )
    assert reject["length"] == len(reject["raw"].encode())
    assert json.loads(reject["raw"])["input"] == "the good, the bad and the film"
    assert end.manifest["splits"]["train"]["truncated_rows"] == 0


def test_error(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    events = tokenize(reviews, tmp_path / "out", TokenizeOptions(str(tokenizer_folder), 6, "error"))
    while not isinstance(next(events), Reported):
        pass
    with pytest.raises(DataError, match=r"1 rows are longer .* by 4 tokens .*--max-length 10 would cut none"):
        next(events)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    make(reviews, tmp_path / "out", tokenizer_folder, max_length=10, truncation="error")


def test_empty_after_tokenization(tokenizer_folder: Path, tmp_path: Path) -> None:
    texts = [("\u200b\u0000", None), (" ", "\t"), (" ", "ok"), ("ok", "")]
    rows = [{"input": text, "input_pair": pair, "target": "x"} for text, pair in texts]
    write_dataset(tmp_path / "d", "classification", {"train": [rows]})
    *events, end = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    found = [event for event in events if isinstance(event, Diagnostic)]
    assert [(each.code, each.file, each.line, each.byte) for each in found] == [
        ("SFT503", "train.jsonl", 1, 10),
        ("SFT503", "train.jsonl", 2, 20),
    ]
    assert end.rejected == 2
    assert [row["input_ids"] for row in read(tmp_path / "out", "train")] == [[2, 3, 13, 3], [2, 13, 3, 3]]


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), 1e300])
def test_bad_weight(weight: float, tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = [{"input": "a", "target": "x", "weight": weight}, {"input": "a", "target": "x", "weight": 0.0}]
    write_dataset(tmp_path / "d", "classification", {"train": [rows]})
    end = make(tmp_path / "d", tmp_path / "out", tokenizer_folder)[-1]
    assert end.manifest["ledger"]["train"]["codes"] == {"SFT101": 1}
    assert [row["weight"] for row in read(tmp_path / "out", "train")] == [0.0]


def test_a_source_that_is_no_input(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = [
        {"input": "a", "target": "x", "source": {"file": "other", "line": 7, "byte": None}},
        {"input": "a", "target": "x", "source": None},
    ]
    write_dataset(tmp_path / "d", "classification", {"train": [rows]})
    make(tmp_path / "d", tmp_path / "out", tokenizer_folder)
    assert [(row["file"], row["line"]) for row in read(tmp_path / "out", "train")] == [(-1, 7), (-1, -1)]


@pytest.mark.parametrize("truncation", ["truncate", "drop"])
@pytest.mark.parametrize("limit", [None, 0, 1, 7, 100])
def test_ledger_closes(truncation: str, limit: int | None, tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = [{"input": "good " * (number % 9), "target": "x"} for number in range(20)]
    write_dataset(tmp_path / "d", "classification", {"train": [rows[:5], rows[5:], []], "test": [rows[:3]]})
    manifest = make(
        tmp_path / "d", tmp_path / "out", tokenizer_folder, max_length=7, truncation=truncation, limit=limit
    )[-1].manifest
    left_out: list[dict[str, Any]] = []
    if (tmp_path / "out/rejects.jsonl").exists():
        left_out = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text().splitlines()]
    for split, size in (("train", 20), ("test", 3)):
        ledger = manifest["ledger"][split]
        assert ledger["read"] == min(size, size if limit is None else limit)
        assert ledger["read"] == ledger["written"] + ledger["rejected"] + ledger["duplicate"] + ledger["filtered"]
        assert ledger["written"] == len(read(tmp_path / "out", split)) == manifest["splits"][split]["rows"]
        reasons = [row["reason"] for row in left_out if row["file"] == f"{split}.jsonl"]
        assert (reasons.count("rejected"), reasons.count("filtered")) == (ledger["rejected"], ledger["filtered"])
    assert manifest["limit"] == limit


# --------------------------------------------------------------------------------------------- the same bytes


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Rows of all lengths in three files, a few of which are rejected or cut."""
    generator = np.random.default_rng(0)
    words = ["good", "bad", "film", "not", "zzz", "é", "你", "ab1", ".", " "]
    rows = [
        {
            "input": " ".join(generator.choice(words, generator.integers(0, 30))),
            "input_pair": " ".join(generator.choice(words, 5)) if generator.random() < 0.3 else None,
            "target": str(generator.integers(0, 12)),
        }
        for _ in range(400)
    ]
    parts = {"train": [rows[:150], rows[150:170], rows[170:]], "validation": [rows[:40]]}
    return write_dataset(tmp_path / "large", "classification", parts)


def test_batches_do_not_matter(
    large: Path, tokenizer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(large, tmp_path / "whole", tokenizer_folder, truncation="drop")
    monkeypatch.setattr(unit_module, "MAX_ROWS", 7)
    monkeypatch.setattr(unit_module, "MAX_BYTES", 200)
    make(large, tmp_path / "small", tokenizer_folder, truncation="drop")
    assert read(tmp_path / "small", "train") == read(tmp_path / "whole", "train")
    one, two = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("whole", "small"))
    for field in ("splits", "ledger", "report", "labels"):
        assert one[field] == two[field]
    assert (tmp_path / "small/rejects.jsonl").read_bytes() == (tmp_path / "whole/rejects.jsonl").read_bytes()


def test_a_row_group_of_one_row_makes_no_batch_smaller(tmp_path: Path) -> None:
    rows = [{"id": str(number), "input": f"a film {number}", "target": "good"} for number in range(5001)]
    whole = write_dataset(tmp_path / "whole", "classification", {"train": [rows]})
    apart = write_dataset(tmp_path / "apart", "classification", {"train": [rows]})
    path = next(apart.rglob("*.parquet"))
    table = pq.read_table(path)
    with pq.ParquetWriter(path, table.schema) as file:
        file.write_table(table.slice(0, 5000))
        file.write_table(table.slice(5000))
    files = [pq.ParquetFile(each) for each in (next(whole.rglob("*.parquet")), path)]
    one, two = (unit_module._rows_of(file.metadata, 1 << 20) for file in files)
    assert [file.num_row_groups for file in files] == [1, 2]
    assert two == pytest.approx(one, rel=0.01)


def test_workers_do_not_matter(large: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    one = make(large, tmp_path / "one", tokenizer_folder, truncation="drop")
    two = make(large, tmp_path / "two", tokenizer_folder, truncation="drop", workers=2)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert one == two
    assert one[-1].manifest["labels"] == [str(number) for number in range(12)]


def test_folder_hash_seed_and_time_zone_do_not_matter(large: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    make(large, tmp_path / "here", tokenizer_folder, max_length=9)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(large, elsewhere / "d")
    shutil.copytree(tokenizer_folder, elsewhere / "tiny")
    script = (
        "from pathlib import Path; from sftformat.shards import *\n"
        "list(tokenize(Path('d'), Path('out'), TokenizeOptions('tiny', 9)))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LANG": "C"}
    subprocess.run([sys.executable, "-c", script], cwd=elsewhere, env=environment, check=True)
    assert tree(elsewhere / "out") == tree(tmp_path / "here")


def test_the_fallback_gives_the_same(
    large: Path, tokenizer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(large, tmp_path / "fast", tokenizer_folder, max_length=9)
    monkeypatch.setattr(unit_module, "differing", lambda *_: 4)
    events = make(large, tmp_path / "slow", tokenizer_folder, max_length=9)
    fell = [event for event in events if isinstance(event, FellBack)]
    assert (len(fell), fell[0].file, fell[0].reason) == (
        4,
        "train-00000-of-00003.parquet",
        "row 5 came out differently",
    )
    assert tree(tmp_path / "fast") == tree(tmp_path / "slow")


def test_no_template(tmp_path: Path, reviews: Path) -> None:
    """A post-processor that repeats the text is not laid out by a template: the reference library does it all."""
    processors = pytest.importorskip("tokenizers.processors")
    tokenizer = word_piece()
    tokenizer.post_processor = processors.TemplateProcessing("$A $A [SEP]", "$A $B", [("[SEP]", 3)])
    events = make(reviews, tmp_path / "out", save(tmp_path / "odd", tokenizer))
    assert any(isinstance(event, FellBack) and "template" in event.reason for event in events)
    assert read(tmp_path / "out", "train")[0]["input_ids"] == [7, 9, 7, 9, 3]
    assert not any(isinstance(event, Uncut) for event in events)


def test_a_tokenizer_that_cannot_be_cut_is_told_of_once(
    reviews: Path, tokenizer_folder: Path, tmp_path: Path, call_here: Call
) -> None:
    splitters = pytest.importorskip("tokenizers.pre_tokenizers")
    tokenizer = word_piece()
    tokenizer.pre_tokenizer = splitters.Whitespace()
    odd = save(tmp_path / "odd", tokenizer)
    events = make(reviews, tmp_path / "out", odd)
    assert [event.name for event in events if isinstance(event, Uncut)] == ["odd"]
    assert not any(isinstance(event, Uncut) for event in make(reviews, tmp_path / "cut", tokenizer_folder))
    done = call_here("tokenize", str(reviews), "-o", str(tmp_path / "again"), "--tokenizer", str(odd))
    assert done.err.count("odd: where this tokenizer cuts is not proved") == 1


# -------------------------------------------------------------------------------------- again, cut off, damaged


def test_finished_is_nothing_to_do(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    first = make(reviews, tmp_path / "out", tokenizer_folder, max_length=6, truncation="drop")[-1]
    before = tree(tmp_path / "out")
    (again,) = make(reviews, tmp_path / "out", tokenizer_folder, max_length=6, truncation="drop")
    assert again.nothing_to_do
    assert again.manifest == first.manifest
    assert tree(tmp_path / "out") == before


def test_other_options_are_refused(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    make(reviews, tmp_path / "out", tokenizer_folder, max_length=6)
    before = tree(tmp_path / "out")
    for options in ({"max_length": 7}, {"labels": ("pos", "neg")}, {"truncation": "drop"}, {"limit": 1}):
        with pytest.raises(UsageError, match="--overwrite"):
            make(reviews, tmp_path / "out", tokenizer_folder, **{"max_length": 6, **options})
    assert tree(tmp_path / "out") == before
    list(tokenize(reviews, tmp_path / "out", TokenizeOptions(str(tokenizer_folder), 7), overwrite=True))
    assert open_folder(tmp_path / "out")["max_length"] == 7


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_unfinished_goes_on(
    stop: int, large: Path, tokenizer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(large, tmp_path / "clean", tokenizer_folder, truncation="drop")
    events = tokenize(large, tmp_path / "out", TokenizeOptions(str(tokenizer_folder), truncation="drop"))
    while not isinstance(event := next(events), Progress) or event.done < stop:
        pass
    events.close()
    assert verify(tmp_path / "out")
    written: list[str] = []
    write = unit_module._write
    monkeypatch.setattr(
        unit_module, "_write", lambda path, unit, setting: written.append(unit.shard) or write(path, unit, setting)
    )
    make(large, tmp_path / "out", tokenizer_folder, truncation="drop")
    assert len(written) == 4 - stop
    assert tree(tmp_path / "out") == tree(tmp_path / "clean")


def test_a_damaged_unit_is_made_again(large: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    make(large, tmp_path / "clean", tokenizer_folder)
    events = tokenize(large, tmp_path / "out", TokenizeOptions(str(tokenizer_folder)))
    while not isinstance(event := next(events), Progress) or event.done < 3:
        pass
    events.close()
    (staging,) = (tmp_path / "out").glob(".staging-*")
    shard = staging / "train/data-00000-of-00003.arrow"
    shard.write_bytes(shard.read_bytes()[:-9])
    min((staging / ".kept").glob("*.json")).write_bytes(b"{")
    (staging / "train/.data-00002-of-00003.arrow.tmp").write_bytes(b"half")
    make(large, tmp_path / "out", tokenizer_folder)
    assert tree(tmp_path / "out") == tree(tmp_path / "clean")


def test_a_flipped_bit_is_refused(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    path = reviews / "train-00001-of-00002.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)
    with pytest.raises(FolderError, match=r"train-00001-of-00002\.parquet"):
        make(reviews, tmp_path / "out", tokenizer_folder)
    assert not (tmp_path / "out").exists()


def test_a_data_set_replaced_meanwhile_is_noticed(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    events = tokenize(reviews, tmp_path / "out", TokenizeOptions(str(tokenizer_folder)))
    while not isinstance(next(events), Reported):
        pass
    shutil.rmtree(reviews)
    write_dataset(reviews, "classification", {"train": [[{"input": "a", "target": "x"}]]})
    with pytest.raises(FolderError, match="replaced"):
        list(events)
    assert verify(tmp_path / "out")


# ------------------------------------------------------------------------------------------------ called wrongly


@pytest.mark.parametrize(
    "options",
    [{"max_length": 0}, {"max_length": 2}, {"max_length": -1}, {"truncation": "cut"}, {"limit": -1}, {"labels": ()}],
)
def test_options_that_cannot_be(options: dict[str, Any], reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        make(reviews, tmp_path / "out", tokenizer_folder, **options)
    assert not (tmp_path / "out").exists()


def test_no_room_for_pairs(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no room"):
        make(reviews, tmp_path / "out", tokenizer_folder, max_length=3)


def test_a_shard_folder_is_no_data_set(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    make(reviews, tmp_path / "out", tokenizer_folder)
    with pytest.raises(FolderError, match="expected 'dataset'"):
        make(tmp_path / "out", tmp_path / "more", tokenizer_folder)


def test_a_task_without_shards_yet(tokenizer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "TASKS", ("regression",))
    write_dataset(tmp_path / "d", "classification", {"train": [[]]})
    with pytest.raises(UsageError, match="cannot be tokenized yet"):
        make(tmp_path / "d", tmp_path / "out", tokenizer_folder)


def test_no_padding_token(reviews: Path, tmp_path: Path) -> None:
    tokenizer = byte_pairs()
    spec = json.loads(tokenizer.to_str().replace("<pad>", "<nothing>"))
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(spec))
    with pytest.raises(ModelError, match="no padding token"):
        make(reviews, tmp_path / "out", folder)


def test_default_max_length(reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    assert make(reviews, tmp_path / "out", tokenizer_folder)[-1].manifest["max_length"] == 16
    unlimited = save(tmp_path / "u", word_piece())
    assert make(reviews, tmp_path / "more", unlimited)[-1].manifest["max_length"] == 512
    options = TokenizeOptions(str(unlimited))
    assert plan_report(reviews, replace(options, max_length=4)).cut == 2
