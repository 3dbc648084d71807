"""One slip in a column is one finding: it neither hides the layout nor turns good rows into bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions, Detected
from sftformat.diagnostics import Diagnostic
from sftformat.errors import UsageError
from tests.conftest import Call

HUGE = 10**400


def looked_at(path: Path, values: list[Any], name: str, **options: Any) -> tuple[str, list[Diagnostic]]:
    rows = [{"text": f"Film number {n} was fine.", name: value} for n, value in enumerate(values)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    events = list(diagnose([str(path)], DatasetOptions(**options)))
    (detected,) = [each for each in events if isinstance(each, Detected)]
    found = [each for each in events if isinstance(each, Diagnostic) and each.code not in ("SFT305", "SFT105")]
    return detected.binding.layout.name, found


@pytest.mark.parametrize("slip", ["three", "", ["x"], {}, True])
@pytest.mark.parametrize("at", [0, 60, 119])
@pytest.mark.parametrize("name", ["score", "label"])
def test_one_value_that_is_no_number_among_scores(slip: Any, at: int, name: str, tmp_path: Path) -> None:
    values: list[Any] = [n % 5 + 0.5 for n in range(120)]
    values[at] = slip
    layout, found = looked_at(tmp_path / "a.jsonl", values, name)
    assert layout == "text-score"
    assert [(each.code, each.line) for each in found] == [("SFT104", at + 1)]


def test_a_fraction_among_the_ids_of_classes_is_asked_about(tmp_path: Path) -> None:
    values: list[Any] = [n % 2 for n in range(120)]
    values[60] = 1.5
    with pytest.raises(UsageError, match=r"--layout text-score .* or --layout text-label|text-label .* text-score"):
        looked_at(tmp_path / "a.jsonl", values, "label")


def test_scores_that_are_mostly_whole_stay_scores(tmp_path: Path) -> None:
    values: list[Any] = [n % 97 / 4 for n in range(120)]
    assert looked_at(tmp_path / "a.jsonl", values, "label")[0] == "text-score"


@pytest.mark.parametrize(("name", "task"), [("score", "text-score"), ("label", "text-label")])
def test_numbers_past_every_double_are_no_accident_of_ours(name: str, task: str, tmp_path: Path) -> None:
    values: list[Any] = [n % 3 + (0.5 if name == "score" else 0) for n in range(30)]
    layout, found = looked_at(tmp_path / "a.jsonl", [*values, HUGE], name)
    assert layout == task
    assert [(each.code, each.line) for each in found] == ([("SFT234", 31)] if name == "score" else [])


def test_a_weight_past_every_float_costs_its_row(tmp_path: Path) -> None:
    rows = [{"text": f"Film {n}", "label": "ab"[n % 2], "weight": 1} for n in range(10)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (*rows, {**rows[0], "weight": HUGE})))
    events = diagnose([str(tmp_path / "a.jsonl")], DatasetOptions())
    assert [(each.line, each.path) for each in events if isinstance(each, Diagnostic) and each.code == "SFT234"] == [
        (11, "/weight")
    ]


@pytest.mark.parametrize("cell", ["1e400", "1e309", "9" * 400, "nan"])
def test_a_cell_past_every_double(cell: str, call_here: Call, tmp_path: Path) -> None:
    rows = [f"Film number {n},{n % 5}.5" for n in range(30)]
    (tmp_path / "a.csv").write_text("\n".join(["text,score", *rows, f"odd,{cell}"]) + "\n")
    done = call_here("validate", "-q", "a.csv", "--output-format", "jsonl")
    assert done.code == 1, done.err
    assert [json.loads(line)["line"] for line in done.out.splitlines()] == [32]


def test_names_for_ids_are_a_label_map_too(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"Film {n}", "label": n % 2} for n in range(30)]
    rows += [{"text": "Film a", "label": "neg"}, {"text": "Film b", "label": 2}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "labels").write_text("0=neg\n1=pos\n")
    done = call_here(
        "validate", "-q", "a.jsonl", "--labels", "labels", "--output-format", "jsonl", "--ignore", "SFT105"
    )
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [(each["code"], each["line"]) for each in found if each["severity"] == "error"] == [("SFT304", 32)]
