"""Folders of rows in a layout for Hugging Face `datasets`, as the hub has them or as `save_to_disk` writes them.

The hub's: `data/SPLIT-00000-of-00001.parquet`, and a README.md with the splits. The other: see `folder.saved`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from sftformat.dataset.written import SAVED
from sftformat.diagnostics import clip, visible
from sftformat.folder.files import sha256_file
from sftformat.folder.saved import dataset_dict, dataset_info, state
from sftformat.formats import write
from sftformat.formats.shape import Shape, schema_of, to_table
from sftformat.record import Record

#: Types of which `datasets` has another name than Arrow.
_NAMES = {"double": "float64"}
_CATEGORIES = {
    "classification": "text-classification",
    "multilabel": "text-classification",
    "regression": "text-classification",
    "token-classification": "token-classification",
    "text-to-text": "text-generation",
    "chat": "text-generation",
}


class _Exporter(Protocol):
    name: str

    def written(self, files: Sequence[Path]) -> Iterator[list[Record]]: ...


def write_splits(
    kind: str,
    folder: Path,
    exporter: _Exporter,
    splits: Mapping[str, Sequence[Path]],
    columns: Mapping[str, Shape],
    manifest: Mapping[str, Any],
) -> None:
    """Make a folder, `hub` or `datasets`: of each split its rows in the layout of the exporter, all with equal columns.

    Raises:
        UsageError: as the exporter does.
        OSError: a file cannot be written.
    """
    if kind == SAVED:
        _write_saved(folder, exporter, splits, columns)
        return
    (folder / "data").mkdir(parents=True)
    counts = {}
    for split, files in splits.items():
        path = folder / "data" / f"{split}-00000-of-00001.parquet"
        counts[split] = write(path, "parquet", None, partial(exporter.written, files), columns)
    (folder / "README.md").write_text(_card(counts, exporter.name, manifest), encoding="utf-8")


def _write_saved(
    folder: Path, exporter: _Exporter, splits: Mapping[str, Sequence[Path]], columns: Mapping[str, Shape]
) -> None:
    name, schema = "data-00000-of-00001.arrow", schema_of(columns)
    described = dataset_info({field.name: _feature(field.type) for field in schema})
    for split, files in splits.items():
        (folder / split).mkdir(parents=True)
        with pa.ipc.new_stream(str(folder / split / name), schema) as stream:
            for records in exporter.written(files):
                stream.write_batch(to_table(records, schema))
        (folder / split / "dataset_info.json").write_bytes(described)
        made = sha256_file(folder / split / name)[:16]
        (folder / split / "state.json").write_bytes(state(split, [name], made))
    (folder / "dataset_dict.json").write_bytes(dataset_dict(list(splits)))


def _feature(kind: pa.DataType) -> Any:
    """Return the feature of a type as `dataset_info.json` spells it: a list is a list of one."""
    if isinstance(kind, pa.StructType):
        return {field.name: _feature(field.type) for field in kind}
    if isinstance(kind, pa.ListType):
        return [_feature(kind.value_type)]
    return {"dtype": _NAMES.get(str(kind), str(kind)), "_type": "Value"}


def _card(counts: Mapping[str, int], layout: str, manifest: Mapping[str, Any]) -> str:
    matter = ["configs:", "- config_name: default", "  data_files:"]
    for split in counts:
        matter += [f"  - split: {split}", f"    path: {json.dumps(f'data/{split}-*')}"]
    matter += ["task_categories:", f"- {_CATEGORIES[manifest['task']]}", "tags:", "- sftformat"]
    files = ", ".join(f"`{_plain(each['file'])}`" for each in manifest["inputs"][:20])
    lines = ["---", *matter, "---", "", f"# {manifest['task'].capitalize()} data", ""]
    lines += [f"Rows in the layout `{_plain(layout)}`, made from {files} with sftformat.", ""]
    lines += ["| split | rows |", "|---|---|", *(f"| {split} | {count:,} |" for split, count in counts.items()), ""]
    ledger = manifest["ledger"]
    parts = " + ".join(f"{key} {ledger[key]:,}" for key in ("written", "rejected", "duplicate", "filtered"))
    return "\n".join([*lines, f"Of the rows of the inputs: read {ledger['read']:,} = {parts}.", ""])


def _plain(text: str) -> str:
    """Return text of the data as it may stand between backticks."""
    return visible(clip(text, 80)).replace("`", "'")
