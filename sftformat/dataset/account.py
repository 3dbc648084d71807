"""The account of a data set: the ledger, which always closes, and what its manifest says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sftformat.dataset.options import DatasetOptions, Detected
from sftformat.dataset.repaired import inherited
from sftformat.dataset.standing import UnitResult
from sftformat.dataset.write import final_splits
from sftformat.folder.manifest import read_manifest
from sftformat.layouts.cells import TEXTUAL
from sftformat.normalize import ColumnTypes
from sftformat.plan import Plan

_Indexes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(slots=True)
class Survey:
    """What is known when all units and the global pass are done; `dropped` are rows by unit, `splits` new ones.

    `findings` counts findings by severity and code: `error SFT403`; `repairs` counts by code and name.
    """

    task: str
    plan: Plan
    detected: list[Detected]
    results: list[UnitResult]
    dropped: Mapping[int, _Indexes]
    splits: Mapping[int, Sequence[str]] | None
    findings: Counter[str]
    repairs: Counter[str]


def manifest_fields(survey: Survey, options: DatasetOptions, write_nothing: bool = False) -> dict[str, Any]:
    """Return what the manifest of the data set says besides its files."""
    ledger = _ledger(survey)
    found = survey.plan
    inputs = [
        {
            "file": each.name,
            "bytes": size,
            **({"sha256": digest} if digest else {}),
            "format": source.format,
            "compression": source.compression,
            "encoding": source.encoding,
            "split": each.split,
            "layout": detected.binding.layout.name,
            **({"beside": each.beside.name} if each.beside is not None else {}),
            **_own_join(options, each.path),
            **({"rejected_from": source.origin.file} if source.origin is not None else {}),
        }
        for each, source, size, digest, detected in zip(
            found.inputs, found.sources, found.sizes, found.hashes, survey.detected, strict=True
        )
    ]
    manifest = {
        "task": survey.task,
        "labels": list(options.settings.labels) if options.settings.labels is not None else None,
        "inputs": inputs,
        "mapping": [_mapping(detected, options) for detected in survey.detected],
        "columns": _columns(survey),
        "ledger": ledger,
        "findings": dict(sorted(survey.findings.items())),
        "splits": {split: {"rows": count, "files": []} for split, count in ledger["splits"].items()},
    }
    if options.read.join is not None:
        manifest["join"] = options.read.join.to_json()
    before = inherited(found)
    if options.fix or options.fixes or before:
        manifest["repairs"] = dict(sorted((survey.repairs + Counter(before)).items()))
    return {**manifest, **_inherited(found)} if not write_nothing else manifest


def _own_join(options: DatasetOptions, path: Path) -> dict[str, Any]:
    join = options.read.of(path).join
    return {"join": join.to_json()} if join is not None and join != options.read.join else {}


def _mapping(detected: Detected, options: DatasetOptions) -> dict[str, Any]:
    mapping = detected.binding.to_json()
    if options.label_names:
        mapping["values"] = dict(options.label_names)
    return {**mapping, "schema": options.schema} if options.schema is not None else mapping


def _inherited(found: Plan) -> dict[str, Any]:
    """A data set made from a data set keeps what the first one knew about its raw inputs."""
    first = found.inputs[0]
    if not first.canonical:
        return {}
    before = read_manifest(first.path.parent, "dataset")
    return {key: before[key] for key in ("inputs", "mapping", "columns", "join") if key in before}


def _columns(survey: Survey) -> list[dict[str, Any]]:
    """Return the types of each column; those of CSV and TSV, where all is text, only where no other input has it."""
    merged: ColumnTypes = {}
    typed: ColumnTypes = {}
    for result in survey.results:
        textual = survey.plan.sources[result.unit.input].format in TEXTUAL
        for name, counts in result.types.items():
            merged.setdefault(name, Counter()).update(counts)
            if not textual:
                typed.setdefault(name, Counter()).update(counts)
    held = {**merged, **typed}
    return [{"name": name, "types": dict(sorted(counts.items()))} for name, counts in held.items()]


def _ledger(survey: Survey) -> dict[str, Any]:
    """Close the account of rows.

    Raises:
        RuntimeError: it does not close: rows were lost, which is a bug of ours and must never be committed.
    """
    per_input: list[dict[str, Any]] = [
        {"file": each.name, "read": 0, "written": 0, "rejected": 0, "duplicate": 0, "filtered": 0, "blank_lines": 0}
        for each in survey.plan.inputs
    ]
    codes: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    for result in survey.results:
        dropped = len(survey.dropped.get(result.unit.index, ()))
        account = per_input[result.unit.input]
        account["read"] += result.read
        account["rejected"] += result.rejected
        account["filtered"] += result.filtered
        account["duplicate"] += dropped
        account["blank_lines"] += result.blank_lines
        codes.update(result.rejected_by_code)
        counts = final_splits(result, survey.dropped, survey.splits)
        splits.update(counts)
        account["written"] += sum(counts.values())
    total = {key: sum(account[key] for account in per_input) for key in per_input[0] if key != "file"}
    if any(
        account["read"] != account["written"] + account["rejected"] + account["duplicate"] + account["filtered"]
        for account in [*per_input, total]
    ):
        raise RuntimeError(f"the ledger does not close: {total}")
    order = {"train": 0, "validation": 1, "test": 2}
    return {
        **total,
        "inputs": per_input,
        "splits": {split: splits[split] for split in sorted(splits, key=lambda name: order[name])},
        "codes": dict(sorted(codes.items())),
    }
