"""A folder as the Hugging Face hub has it: `data/SPLIT-00000-of-00001.parquet`, and a README.md with the splits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sftformat.diagnostics import clip, visible
from sftformat.formats import write
from sftformat.formats.shape import Shape
from sftformat.record import Record

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


def write_hub(
    folder: Path,
    exporter: _Exporter,
    splits: Mapping[str, Sequence[Path]],
    columns: Mapping[str, Shape],
    manifest: Mapping[str, Any],
) -> None:
    """Make the folder: of each split its rows in the layout of the exporter, all with the same columns.

    Raises:
        UsageError: as the exporter does.
        OSError: a file cannot be written.
    """
    (folder / "data").mkdir(parents=True)
    counts = {}
    for split, files in splits.items():
        path = folder / "data" / f"{split}-00000-of-00001.parquet"
        counts[split] = write(path, "parquet", None, partial(exporter.written, files), columns)
    (folder / "README.md").write_text(_card(counts, exporter.name, manifest), encoding="utf-8")


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
