"""The data half for a person: what was detected, the ledger, the columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftformat.dataset.options import Detected
from sftformat.layouts.detect import confidence
from sftformat.layouts.layout import render
from sftformat.record import SPLITS
from sftformat.report.screen import Screen, add, count, table

#: A layout that is meant with less confidence is not named.
_LEAST = 0.005


def show_detected(where: Screen, found: Detected) -> None:
    """Say on stderr how an input is read and why."""
    source, binding = found.source, found.binding
    how = [source.kind] if source.origin is None else [f"rows rejected from {source.origin.file}", source.kind]
    if source.compression:
        how.append(source.compression)
    if source.encoding.lower() != "utf-8":
        how.append(source.encoding)
    if source.delimiter and source.format == "csv" and source.delimiter != ",":
        how.append(f"delimiter {source.delimiter!r}")
    fields = ", ".join(f"{key} ← {_shown(pointer)}" for key, pointer in binding.at.items())
    layout = f"layout {binding.layout.name} ({binding.layout.task})"
    where.note(f"{source.name}: {', '.join(how)}; {layout}{_confidence(found)}")
    if fields:
        where.note(f"  {fields}", "dim")


def _shown(pointer: tuple[str, ...]) -> str:
    return pointer[0] if len(pointer) == 1 else render(pointer)


def _confidence(found: Detected) -> str:
    if found.given:
        return ", as told"
    if not found.candidates:
        return ", like the other inputs"
    sure = [confidence(found.candidates, index) for index in range(len(found.candidates))]
    others = [
        (each.name, share) for each, share in zip(found.candidates[1:4], sure[1:], strict=False) if share >= _LEAST
    ]
    runners = ", ".join(f"{name} {share:.0%}" for name, share in others)
    reasons = "; ".join(found.candidates[0].reasons)
    return f", confidence {sure[0]:.0%}: {reasons}" + (f"; next: {runners}" if runners else "")


def show_ledger(where: Screen, ledger: Mapping[str, Any]) -> None:
    """Print the closed account of rows in one line, and the splits in another."""
    parts = " + ".join(f"{key} {ledger[key]:,}" for key in ("written", "rejected", "duplicate", "filtered"))
    blank = f"  ({count(ledger['blank_lines'], 'blank line')})" if ledger.get("blank_lines") else ""
    where.say(f"read {ledger['read']:,} = {parts}{blank}")
    splits = ledger.get("splits") or {}
    if splits:
        where.say("  ".join(f"{split} {splits[split]:,}" for split in SPLITS if split in splits))


def show_inputs(where: Screen, manifest: Mapping[str, Any]) -> None:
    """Print one line an input, when there are several."""
    accounts = manifest["ledger"].get("inputs", ())
    if len(accounts) < 2:
        return
    made = table(
        "input", "read", "written", "rejected", "duplicate", right=("read", "written", "rejected", "duplicate")
    )
    origins = [each.get("rejected_from") for each in manifest["inputs"]]
    for index, each in enumerate(accounts[:50]):
        origin = origins[index] if len(origins) == len(accounts) else None
        numbers = [f"{each[key]:,}" for key in ("read", "written", "rejected", "duplicate")]
        add(made, f"{each['file']} (rows of {origin})" if origin else each["file"], *numbers)
    where.show(made)
