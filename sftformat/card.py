"""The model card: README.md of a run folder, with the front matter that the hub reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sftformat.diagnostics import clip, visible

_PIPELINES = {
    "classification": "text-classification",
    "multilabel": "text-classification",
    "regression": "text-classification",
    "token-classification": "token-classification",
    "text-to-text": "text2text-generation",
    "chat": "text2text-generation",
}
#: Labels that the card lists.
SHOWN_LABELS = 50


def model_card(run: Mapping[str, Any], manifest: Mapping[str, Any], licence: str | None = None) -> str:
    """Return the card of a run: what it was trained on and how, its labels, validation, and fields for the licence."""
    name, trial = run["model"]["name"], run["trial"]
    matter = [f"license: {licence or 'unknown'}", "library_name: transformers"]
    matter += [f"pipeline_tag: {_PIPELINES.get(run['task'], 'other')}", "tags:", "- sftformat"]
    if name.count("/") == 1:
        matter.append(f"base_model: {json.dumps(name)}")
    matter += _results(run)
    lines = ["---", *matter, "---", "", f"# {_plain(name)} for {run['task']}", ""]
    lines += [f"Fine-tuned from `{_plain(name)}` (sha256 `{run['model']['sha256'][:16]}…`) with sftformat.", ""]
    lines += ["## Data", "", "| split | rows | longest, in tokens | rows cut |", "|---|---|---|---|"]
    for split, part in manifest["splits"].items():
        longest = (part.get("length") or {}).get("max", "")
        lines.append(f"| {split} | {part['rows']:,} | {longest} | {part.get('truncated_rows') or 0:,} |")
    files = ", ".join(f"`{_plain(each['file'])}`" for each in manifest["inputs"][:20])
    lines += ["", f"From {files}, as shards `{run['shards'][:16]}…`; at most {run['max_length']} tokens a row.", ""]
    if "stride" in run:
        apart = f"A longer text is windows that begin {run['stride']} tokens apart"
        lines += [f"{apart}; its answer is the mean of the logits of all of them.", ""]
    lines += _labels(run["labels"])
    lines += ["## Training", "", "| option | value |", "|---|---|"]
    options = {key: value for key, value in sorted(run["options"].items()) if value is not None}
    lines += [f"| {key.replace('_', ' ')} | {value} |" for key, value in options.items()]
    lines += ["", f"{trial['steps']:,} steps; kept are the {trial['kept']} weights, of epoch {trial['epoch']}.", ""]
    if trial["validation"]:
        lines += ["## Validation", "", "| metric | value |", "|---|---|"]
        lines += [f"| {key} | {_number(value)} |" for key, value in sorted(trial["validation"].items())]
        if len(run["trials"]) > 1:
            lines += ["", f"The best of {len(run['trials'])} trials, which were chosen by these rows."]
        lines += ["", "Test was not opened here; evaluations, if there are any, stand in `evaluations/`.", ""]
    lines += ["## Licence", "", _licence(licence), ""]
    return "\n".join(lines)


def _results(run: Mapping[str, Any]) -> list[str]:
    """The validation metrics as the hub's `model-index`."""
    found = {key: value for key, value in sorted((run["trial"]["validation"] or {}).items()) if value is not None}
    if not found:
        return []
    lines = ["model-index:", f"- name: {json.dumps(_plain(run['model']['name']))}", "  results:", "  - task:"]
    lines += [f"      type: {_PIPELINES.get(run['task'], 'other')}", "    dataset:", "      name: own data"]
    lines += ["      type: sftformat", "      split: validation", "    metrics:"]
    for key, value in found.items():
        lines += [f"    - type: {key}", f"      value: {value:.6g}"]
    return lines


def _labels(labels: Sequence[str] | None) -> list[str]:
    if not labels:
        return []
    more = [f"… and {len(labels) - SHOWN_LABELS:,} more, in `config.json`"] if len(labels) > SHOWN_LABELS else []
    shown = [f"{number}. `{_plain(label)}`" for number, label in enumerate(labels[:SHOWN_LABELS])]
    return ["## Labels", "", "By id:", "", *shown, *more, ""]


def _plain(text: str) -> str:
    """Return text of the data as it may stand in a table or between backticks."""
    return visible(clip(text, 80)).replace("`", "'").replace("|", "/")


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.4f}"


def _licence(licence: str | None) -> str:
    if licence:
        return f"`{_plain(licence)}`, as given with `--license`."
    return "Unknown: that of the data and that of the model it was made from decide. Give it with `--license`."
