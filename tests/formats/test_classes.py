"""Class labels of Hugging Face `datasets`: names for ids, and only where the metadata really says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftformat import formats
from sftformat.formats.classes import class_names
from sftformat.formats.source import ReadOptions
from tests.conftest import Call

NAMES = {"names": ["neg", "pos"], "_type": "ClassLabel"}


def table(values: list[Any], feature: Any, kind: pa.DataType | None = None) -> pa.Table:
    made = pa.table({"text": ["t"] * len(values), "label": pa.array(values, kind or pa.int64())})
    return made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": {"label": feature}}})})


def labels_of(path: Path) -> tuple[list[Any], list[int]]:
    source = formats.sniff(path, path.name, ReadOptions())
    batches = list(formats.read(source))
    return (
        [record["label"] for batch in batches for record in batch.records],
        [reject.line for batch in batches for reject in batch.rejects],
    )


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_ids_become_names_and_minus_one_is_null(tmp_path: Path, name: str) -> None:
    made = table([0, 1, -1, None, 7, 1], NAMES)
    if name.endswith("parquet"):
        pq.write_table(made, tmp_path / name)
    else:
        with pa.ipc.new_stream(tmp_path / name, made.schema) as writer:
            writer.write_table(made)
    assert labels_of(tmp_path / name) == (["neg", "pos", None, None, "pos"], [5])


@pytest.mark.parametrize(
    "spelling", [{"feature": NAMES, "_type": "List"}, {"feature": NAMES, "_type": "Sequence"}, [NAMES]]
)
def test_lists_of_ids(tmp_path: Path, spelling: Any) -> None:
    pq.write_table(table([[0, 1], [], None], spelling, pa.list_(pa.int64())), tmp_path / "a.parquet")
    assert labels_of(tmp_path / "a.parquet") == ([["neg", "pos"], [], None], [])


@pytest.mark.parametrize(
    "feature",
    [
        None,
        3,
        {"_type": "Value", "dtype": "int64"},
        {"_type": "ClassLabel"},
        {"_type": "ClassLabel", "names": "neg"},
        {"_type": "ClassLabel", "names": [1, 2]},
        {"_type": "ClassLabel", "names": []},
        [NAMES, NAMES],
        [[[[]]]],
    ],
)
def test_other_metadata_changes_nothing(feature: Any) -> None:
    assert class_names(table([0, 1], feature).schema) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"info": 1}', "[" * 5000, "\xff"])
def test_metadata_that_is_none_is_ignored(text: str) -> None:
    schema = pa.schema([("label", pa.int64())], metadata={"huggingface": text})
    assert class_names(schema) == {}


def test_text_labels_stay_what_they_are() -> None:
    assert class_names(table(["0", "1"], NAMES, pa.string()).schema) == {}


def test_a_folder_of_datasets_is_an_input(call: Call, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    rows = {"text": [f"text {n}" for n in range(20)], "label": [n % 2 for n in range(20)]}
    train = datasets.Dataset.from_dict(rows, features=features)
    test = datasets.Dataset.from_dict({"text": ["x", "y"], "label": [-1, 1]}, features=features)
    datasets.DatasetDict({"train": train, "test": test}).save_to_disk(tmp_path / "hf")
    done = call("convert", "hf", "-o", "out.jsonl")
    assert done.code == 0, done.err
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["label"] for row in written] == ["neg", "pos"] * 10 + [None, "pos"]
    assert [row["split"] for row in written] == ["train"] * 20 + ["test"] * 2
