"""What the manifest of a shard folder says: the numbers of each split, the ledger and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.tokenize.decoded import closing
from sftformat.tokenize.outcome import Bounds, Counts
from sftformat.tokenize.report import Report, SplitReport
from sftformat.tokenize.unit import Setting, Unit


def manifest_fields(
    dataset: Mapping[str, Any],
    setting: Setting,
    units: Sequence[Unit],
    counts: Mapping[str, Counts],
    report: Report,
) -> dict[str, Any]:
    """Return the fields of the manifest; `dataset` is the manifest of the data set."""
    return {
        "task": setting.task,
        "labels": list(setting.labels) if setting.labels is not None else None,
        "objective": setting.objective,
        "max_length": setting.max_length,
        "truncation": setting.truncation,
        **_of_texts(setting),
        **({"stride": setting.stride} if setting.stride else {}),
        "inputs": dataset["inputs"],
        "dataset": {"fingerprint": dataset["fingerprint"]},
        "splits": {split: _split(units, split, part, setting, report.splits[split]) for split, part in counts.items()},
        "tokenizer": setting.reference.to_manifest(),
        "ledger": {split: _ledger(part) for split, part in counts.items()},
        "report": report.to_json(),
    }


def _of_texts(setting: Setting) -> dict[str, Any]:
    """Return what is said only where targets are texts."""
    if setting.objective == "encoder":
        return {}
    template = setting.template.to_manifest() if setting.template is not None else None
    if setting.objective == "causal":
        return {"template": template}
    start, stop = closing(setting.reference)
    decoder = {"start_id": start, "stop_id": stop}
    return {"template": template, "max_target_length": setting.max_target_length, "decoder": decoder}


def _split(units: Sequence[Unit], split: str, counts: Counts, setting: Setting, report: SplitReport) -> dict[str, Any]:
    targets = {"targets": {"tokens": counts.trained, "max": counts.longest_target}}
    return {
        "rows": counts.written,
        **({"windows": counts.windows} if setting.stride else {}),
        "files": [unit.shard for unit in units if unit.split == split],
        "tokens": counts.tokens,
        "unlabelled": counts.unlabelled,
        "pairs": counts.pairs,
        "input_ids": _bounds(counts.input_ids),
        "labels": _bounds(counts.labels),
        "length": {"max": counts.longest},
        "truncated_rows": counts.truncated,
        "tokens_lost": counts.tokens_lost,
        **(targets if setting.objective != "encoder" else {}),
        **({"packed": {"rows": counts.packs, "full": round(report.full, 4)}} if setting.pack else {}),
    }


def _bounds(bounds: Bounds | None) -> dict[str, int | float] | None:
    return {"min": bounds.min, "max": bounds.max} if bounds is not None else None


def _ledger(counts: Counts) -> dict[str, Any]:
    return {
        "read": counts.read,
        "written": counts.written,
        "rejected": counts.rejected,
        "duplicate": 0,
        "filtered": counts.filtered,
        "codes": dict(counts.codes),
    }
