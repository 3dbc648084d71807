"""The loader: padding equals the plain one, orders are permutations, and rows that lie are refused by place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.errors import FolderError, UsageError
from sftformat.folder.manifest import open_folder
from sftformat.loader import Split, batches, epoch_order, gather, length_order, open_split

from .toys import WORDS, sentences, tokenizer, write_shards


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Split:
    rows = [((text, "good film"), target) for text, target in sentences(50, 3)]
    out = write_shards(tmp_path_factory.mktemp("pairs") / "shards", "classification", ["pos", "neg"], {"train": rows})
    return open_split(out, open_folder(out, "shards"), "train")


@given(st.lists(st.integers(0, 49), min_size=1, max_size=20))
@settings(deadline=None, max_examples=50)
def test_gather_equals_a_plain_pad(pairs: Split, rows: list[int]) -> None:
    encoded = [tokenizer().encode(text, "good film") for text, _ in sentences(50, 3)]
    longest = max(len(encoded[row].ids) for row in rows)
    batch = gather(pairs, np.array(rows))
    for place, row in enumerate(rows):
        spare = [0] * (longest - len(encoded[row].ids))
        assert batch.input_ids[place].tolist() == encoded[row].ids + spare
        assert batch.token_type_ids[place].tolist() == encoded[row].type_ids + spare
        assert batch.attention_mask[place].tolist() == [1] * len(encoded[row].ids) + spare
        assert batch.targets[place] == sentences(50, 3)[row][1]
    assert batch.input_ids.dtype == batch.attention_mask.dtype == batch.token_type_ids.dtype == np.int64


def test_compressed_files_are_gathered_too(tmp_path: Path) -> None:
    out = write_shards(tmp_path / "shards", "classification", ["pos", "neg"], {"train": sentences(50, 3)})
    manifest, rows = open_folder(out, "shards"), np.random.default_rng(0).permutation(50)
    before = gather(open_split(out, manifest, "train"), rows)
    for name in manifest["splits"]["train"]["files"]:
        table = pa.ipc.open_stream((out / name).read_bytes()).read_all()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(out / name, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=7)
    after = gather(open_split(out, manifest, "train"), rows)
    assert np.array_equal(before.input_ids, after.input_ids)
    assert np.array_equal(before.attention_mask, after.attention_mask)


def test_rows_keep_their_place(pairs: Split) -> None:
    assert pairs.place(4) == "toy.csv:6"
    assert pairs.ids[4].as_py() == "train-4"
    assert [len(batch.rows) for batch in batches(pairs, length_order(pairs.lengths, 20))] == [20, 20, 10]


@given(st.integers(0, 200), st.integers(1, 40), st.integers(0, 2**40), st.integers(0, 50))
@settings(deadline=None, max_examples=60)
def test_an_order_is_a_permutation_for_every_seed(rows: int, size: int, seed: int, epoch: int) -> None:
    lengths = np.random.default_rng(0).integers(2, 30, rows)
    order = epoch_order(lengths, size, seed, epoch)
    assert sorted(np.concatenate(order).tolist() if order else []) == list(range(rows))
    assert len(order) == -(-rows // size)
    assert all(len(cut) <= size for cut in order)
    again = epoch_order(lengths, size, seed, epoch)
    assert all((one == two).all() for one, two in zip(order, again, strict=True))


def test_orders_differ_by_seed_and_epoch_and_save_padding() -> None:
    lengths = np.random.default_rng(0).integers(2, 60, 2000)
    first, other, later = epoch_order(lengths, 32, 0, 0), epoch_order(lengths, 32, 1, 0), epoch_order(lengths, 32, 0, 1)
    assert not np.array_equal(np.concatenate(first), np.concatenate(other))
    assert not np.array_equal(np.concatenate(first), np.concatenate(later))
    padded = sum(len(cut) * int(lengths[cut].max()) for cut in first)
    assert padded < 1.1 * lengths.sum()


def refused(tmp_path: Path, message: str, task: str = "classification", split: str = "train", **fields: Any) -> None:
    labels = fields.pop("labels", ["pos", "neg"])
    rows = fields.pop("rows", [("good", 0), ("bad", 1)])
    out = write_shards(tmp_path / "shards", task, labels, {"train": rows}, **fields)
    with pytest.raises((FolderError, UsageError), match=message) as caught:
        open_split(out, open_folder(out, "shards"), split)
    assert "\n" not in str(caught.value)


def test_a_label_id_out_of_range_is_named_by_place(tmp_path: Path) -> None:
    refused(tmp_path, r"train row 1 \(toy.csv:3\): label id 2 is not one of the 2 labels", rows=[("a", 0), ("bad", 2)])


def test_a_token_id_out_of_range_is_named_by_place(tmp_path: Path) -> None:
    refused(tmp_path, r"row 1 \(toy.csv:3\): token id 99", ids={"train": [[2, 5, 3], [2, 99, 3]]})


def test_a_negative_token_id_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "token id -1", ids={"train": [[2, 5, 3], [2, -1, 3]]})


def test_a_row_without_tokens_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "no token", ids={"train": [[2, 5, 3], []]})


def test_a_weight_below_zero_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "weight -1.0", weights={"train": [1.0, -1.0]})


def test_a_target_that_is_no_number_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "target nan", "regression", labels=None, rows=[("a", 1.0), ("a", float("nan"))])


def test_multi_hot_of_another_width_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "should hold 2 numbers", "multilabel", rows=[("a", [1.0, 0.0]), ("a", [1.0])])


def test_a_split_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "no split 'test'; it has train", split="test")


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "'train' is empty", rows=[])


def test_a_row_count_that_lies_is_refused(tmp_path: Path) -> None:
    files = ["train/data-00000-of-00002.arrow", "train/data-00001-of-00002.arrow"]
    lie = {"train": {"rows": 3, "files": files, "pairs": 0, "unlabelled": 0}}
    refused(tmp_path, "has 2 rows, the manifest says 3", changes={"splits": lie})


def test_another_task_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "task 'ranking' cannot be trained", changes={"task": "ranking"})


@pytest.mark.parametrize("damage", [b"", b"not arrow", b"\xff\xff\xff\xff\x00\x00\x00\x80"])
def test_a_file_that_is_no_shard_is_refused(tmp_path: Path, damage: bytes) -> None:
    out = write_shards(tmp_path / "shards", "classification", ["pos", "neg"], {"train": [("good", 0), ("bad", 1)]})
    manifest = open_folder(out, "shards")
    (out / manifest["splits"]["train"]["files"][0]).write_bytes(damage)
    with pytest.raises(FolderError, match="not a shard"):
        open_split(out, manifest, "train")


def test_a_column_of_another_type_is_refused(tmp_path: Path) -> None:
    out = write_shards(tmp_path / "shards", "classification", ["pos", "neg"], {"train": [("good", 0), ("bad", 1)]})
    manifest = open_folder(out, "shards")
    with pytest.raises(FolderError, match="column 'labels' should be float"):
        open_split(out, {**manifest, "task": "regression", "labels": None}, "train")


def test_unlabelled_rows_are_known(tmp_path: Path) -> None:
    cases = {"classification": (["x", "y"], 1), "multilabel": (["x", "y"], [0.0, 1.0]), "regression": (None, 2.5)}
    for task, (labels, target) in cases.items():
        rows = [(WORDS[0], target), (WORDS[1], None)]
        out = write_shards(tmp_path / task, task, labels, {"test": rows})
        split = open_split(out, open_folder(out, "shards"), "test")
        assert split.labelled.tolist() == [True, False]
        assert np.asarray(split.targets[0]).tolist() == target
        assert isinstance(split.ids, pa.ChunkedArray)
