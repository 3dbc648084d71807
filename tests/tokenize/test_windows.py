"""Windows of long texts: those of the reference library, and no token of a record is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sftformat.errors import FolderError, UsageError
from sftformat.folder.manifest import open_folder
from sftformat.loader import gather, open_split
from sftformat.shards import Progress, TokenizeOptions, tokenize
from tests.conftest import Call
from tests.tokenize.shard_samples import save, word_piece, write_dataset
from tests.tokenize.test_shards import make, read, tree

WORDS = ("good", "bad", "film", "the", "not", "very", "unheard-of")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join)
PAIRS = st.none() | TEXTS


def overflowing(tokenizer: Tokenizer, text: str, pair: str | None, most: int, stride: int) -> list[list[int]]:
    """Return the windows of the reference library, which is told how much two of them have in common."""
    special = tokenizer.num_special_tokens_to_add(pair is not None)
    first = len(tokenizer.encode(text, add_special_tokens=False)) if pair is not None else 0
    room = most - special - first
    tokenizer.enable_truncation(
        most, stride=room - stride, strategy="only_second" if pair is not None else "only_first"
    )
    made = tokenizer.encode(text, pair) if pair is not None else tokenizer.encode(text)
    tokenizer.no_truncation()
    return [made.ids, *(each.ids for each in made.overflowing)]


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(TEXTS, PAIRS), min_size=1, max_size=8), most=st.integers(8, 30), data=st.data())
def test_windows_are_those_of_the_reference_library(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str | None]], most: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(1, most - 2))
    folder = tmp_path_factory.mktemp("law")
    tokenizer = save(folder / "tiny", word_piece())
    records = [
        {"input": text, "target": "pos", **({} if pair is None else {"input_pair": pair})} for text, pair in rows
    ]
    dataset = write_dataset(folder / "dataset", "classification", {"train": [records]})
    *_, end = make(dataset, folder / "out", tokenizer, window=most, stride=stride)
    reference = word_piece()
    reference.no_padding()
    reference.no_truncation()
    expected, left_out = [], 0
    for text, pair in rows:
        first = len(reference.encode(text, add_special_tokens=False)) if pair is not None else 0
        room = most - reference.num_special_tokens_to_add(pair is not None) - first
        whole = reference.encode(text, pair) if pair is not None else reference.encode(text)
        if len(whole) <= most:
            expected.append([whole.ids])
        elif room < stride:
            left_out += 1
        else:
            expected.append(overflowing(reference, text, pair, most, stride))
    made = read(folder / "out", "train")
    assert [row["input_ids"] for row in made] == [ids for windows in expected for ids in windows]
    assert [row["window"] for row in made] == [number for windows in expected for number in range(len(windows))]
    assert all(row["length"] == len(row["input_ids"]) == len(row["token_type_ids"]) for row in made)
    assert not any(row["truncated"] for row in made)
    assert end.manifest["ledger"]["train"]["rejected"] == left_out
    assert end.manifest["splits"]["train"]["windows"] == len(made)
    assert end.manifest["splits"]["train"]["rows"] == len(rows) - left_out


@pytest.fixture
def long_reviews(tmp_path: Path) -> Path:
    """Three train files with rows of 2 to 60 words, two of them unlabelled, and one of pairs."""
    random = np.random.default_rng(0)

    def row(number: int) -> dict[str, Any]:
        words = " ".join(random.choice(WORDS[:6], int(random.integers(2, 60))))
        return {"input": words, "target": (None, "pos", "neg")[min(number, 2 - number % 2)], "weight": 1 + number % 3}

    files = [[row(number) for number in range(9)] for _ in range(3)]
    pairs = [{"input": "good film", "input_pair": row(1)["input"], "target": "pos"} for _ in range(5)]
    return write_dataset(tmp_path / "dataset", "classification", {"train": files, "test": [pairs]})


def test_the_folder_is_one_of_records(long_reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    *_, end = make(long_reviews, tmp_path / "out", tokenizer_folder, window=12, stride=5)
    manifest = open_folder(tmp_path / "out", "shards")
    assert (manifest["max_length"], manifest["stride"]) == (12, 5)
    assert end.diagnostics == ()
    split = open_split(tmp_path / "out", manifest, "train")
    rows = read(tmp_path / "out", "train")
    assert len(split) == len(rows) == manifest["splits"]["train"]["windows"]
    assert len(split.firsts) == 27 == manifest["splits"]["train"]["rows"] == manifest["ledger"]["train"]["written"]
    assert manifest["splits"]["train"]["unlabelled"] == 3
    assert max(row["length"] for row in rows) == 12
    records = np.split(np.array([row["id"] for row in rows]), split.firsts[1:])
    assert [len(set(ids)) for ids in records] == [1] * 27
    every, counts = split.rows_of(split.firsts[::-1])
    assert sorted(every.tolist()) == list(range(len(split)))
    assert counts.tolist() == split.windows[::-1].tolist()
    assert np.isclose(np.add.reduceat(split.shares(), split.firsts), 1).all()
    assert gather(split, np.arange(len(split))).input_ids.shape == (len(split), 12)


def test_labels_are_those_of_the_record(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"input": "good film " * 9, "target": ["a", "b"]}, {"input": "bad", "target": []}]
    tags = write_dataset(tmp_path / "tags", "multilabel", {"train": [rows]})
    make(tags, tmp_path / "out", tokenizer_folder, window=8)
    made = [row["labels"] for row in read(tmp_path / "out", "train")]
    assert made[-1] == [0.0, 0.0]
    assert made[:-1] == [[1.0, 1.0]] * (len(made) - 1)
    numbers = [{"input": "good film " * 9, "target": 0.5}, {"input": "bad", "target": None}]
    scores = write_dataset(tmp_path / "scores", "regression", {"train": [numbers]})
    make(scores, tmp_path / "other", tokenizer_folder, window=8)
    assert [row["labels"] for row in read(tmp_path / "other", "train")] == [*[0.5] * (len(made) - 1), None]


def test_same_bytes_with_workers_and_after_a_stop(long_reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    make(long_reviews, tmp_path / "one", tokenizer_folder, window=12)
    make(long_reviews, tmp_path / "two", tokenizer_folder, workers=2, window=12)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    for event in tokenize(long_reviews, tmp_path / "three", TokenizeOptions(str(tokenizer_folder), window=12)):
        if isinstance(event, Progress) and event.done == 2:
            break
    make(long_reviews, tmp_path / "three", tokenizer_folder, window=12)
    assert tree(tmp_path / "one") == tree(tmp_path / "three")
    with pytest.raises(UsageError, match="already holds something else"):
        make(long_reviews, tmp_path / "one", tokenizer_folder, window=12, stride=3)


def test_datasets_opens_windows(long_reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    make(long_reviews, tmp_path / "out", tokenizer_folder, window=12)
    train = datasets.load_from_disk(str(tmp_path / "out"))["train"]
    assert train["window"] == [row["window"] for row in read(tmp_path / "out", "train")]
    assert max(train["window"]) > 2


def test_a_window_out_of_place_is_refused(long_reviews: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    make(long_reviews, tmp_path / "out", tokenizer_folder, window=12)
    manifest = open_folder(tmp_path / "out", "shards")
    files = manifest["splits"]["train"]["files"]
    manifest["splits"]["train"]["files"] = files[::-1]
    open_split(tmp_path / "out", manifest, "train")  # whole records, in another order
    manifest["splits"]["train"]["rows"] += 1
    with pytest.raises(FolderError, match="rows"):
        open_split(tmp_path / "out", manifest, "train")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stride": 4}, "--stride 4: is for windows; give --window too"),
        ({"window": 8, "max_length": 8}, "--window and --max-length both say how long a row is: give one of them"),
        ({"window": 8, "stride": 7}, "--stride 7: at most 6 with --window 8, or what stands between two windows"),
        ({"window": 8, "truncation": "drop"}, "--truncation drop: with --window no row is too long"),
        ({"window": 2}, "--window 2: leaves no room beside the special tokens"),
    ],
)
def test_refusals(reviews: Path, tokenizer_folder: Path, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        make(reviews, tmp_path / "out", tokenizer_folder, **options)
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"tokens": ["good", "film"], "ner_tags": ["O", "B-X"]}, "in token-classification each word has a label"),
        ({"prompt": "good film", "completion": "bad film"}, "a row of text-to-text is read as one"),
    ],
)
def test_tasks_without_windows(
    call_here: Call, tokenizer_folder: Path, tmp_path: Path, record: dict[str, Any], said: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    options = ("-o", "out", "--tokenizer", str(tokenizer_folder), "--window", "8")
    done = call_here("tokenize", "a.jsonl", *options)
    assert done.code == 2
    assert said in done.err


def test_a_first_text_that_leaves_no_room_is_named(call_here: Call, tokenizer_folder: Path, tmp_path: Path) -> None:
    long, short = " ".join(["good"] * 9), " ".join(["bad film"] * 9)
    pairs = [(long, short), ("good", short), (long, "bad")]
    rows = ({"premise": one, "hypothesis": two, "label": "pos"} for one, two in pairs)
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("-o", "out", "--tokenizer", str(tokenizer_folder), "--window", "14", "--stride", "4")
    done = call_here("tokenize", "a.jsonl", *options, "--ignore", "SFT3", "--ignore", "SFT4")
    assert done.code == 1
    assert "a.jsonl:1" in done.out + done.err
    said = "the first text has 9 tokens, which leaves 2 of --window 14 to the second one: fewer than --stride 4"
    assert said in " ".join((done.out + done.err).split())
    assert "windows of 14" in done.out
    told = call_here("explain", "a.jsonl:2", "--shards", "out")
    assert told.code == 0
    assert "cut" not in told.out
