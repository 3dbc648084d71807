"""Run the command on a file as users do, and count again what it says in plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..conftest import Call

#: The codes that are counted here: those of other text rules and near duplicates are a matter of their own tests.
COUNTED = (
    *(f"SFT0{n:02}" for n in range(1, 19)),
    "SFT1",
    *(f"SFT20{n}" for n in range(1, 7)),
    "SFT22",
    "SFT3",
    *(f"SFT40{n}" for n in (1, 2, 3, 6, 7, 8, 9)),
)


@dataclass(frozen=True)
class Found:
    """What `sftformat validate` found: how often each code, each finding, and the ledger."""

    counts: Counter[str]
    findings: list[dict[str, Any]]
    ledger: dict[str, Any]

    def lines(self, code: str) -> list[int]:
        """Return the lines of the findings of a code, in their order."""
        return [each["line"] for each in self.findings if each["code"] == code]


def validate(call: Call, path: Path, *arguments: str) -> Found:
    """Validate a file with the rules that are counted."""
    every = path.with_suffix(".findings.jsonl")
    chosen = [option for code in COUNTED for option in ("--select", code)]
    done = call(
        "validate", path.name, *chosen, *arguments, "--output-format", "json", "-o", str(every), cwd=path.parent
    )
    report = json.loads(done.out)
    findings = [json.loads(line) for line in every.read_text("utf-8").splitlines()]
    assert done.code == int(any(each["severity"] == "error" for each in findings))
    return Found(Counter(each["code"] for each in findings), findings, report["ledger"])


def repeats(keys: Iterable[Hashable]) -> int:
    """Count the keys that stood before."""
    return sum(count - 1 for count in Counter(keys).values())


def conflicts(pairs: Iterable[tuple[Hashable, Hashable]]) -> tuple[int, int]:
    """Count the inputs with more than one target, and the rows whose target is not that of the first such row."""
    targets: dict[Hashable, list[Hashable]] = defaultdict(list)
    for given, target in pairs:
        targets[given].append(target)
    torn = [held for held in targets.values() if len(set(held)) > 1]
    return len(torn), sum(target != held[0] for held in torn for target in held)
