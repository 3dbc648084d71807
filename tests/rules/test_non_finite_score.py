"""SFT234 non-finite-score."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings as Chosen
from sftformat.check import View, active, check_rows

from .conftest import batch

CODE = "SFT234"
LARGEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize("score", [None, 0.0, -0.0, 1e-300, LARGEST, -LARGEST, 3.8])
def test_noop(found, score):
    assert found(CODE, [{"input": "x", "target": score}], "regression") == []


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, 1e39, -1.7e308])
def test_finds(found, score):
    (finding,) = found(CODE, [{"input": "x", "target": 1.0}, {"input": "x", "target": score}], "regression")
    assert (finding.line, finding.path, finding.got) == (2, "/target", repr(score))


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=8))
def test_finds_just_those_that_the_shards_cannot_hold(scores):
    rows = batch([{"input": "x", "target": score} for score in scores], "regression")
    with np.errstate(over="ignore"):
        wanted = [i for i, score in enumerate(scores) if score is not None and not np.isfinite(np.float32(score))]
    assert [row for row, _ in check_rows(View(rows, "regression"), active(Chosen((CODE,)), "regression"))] == wanted


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_the_command_line_rejects_the_row(call, tmp_path, ending):
    rows = [(f"text {number}", 1.5 + number) for number in range(20)] + [("too much", 1e39)]
    lines = [json.dumps({"text": text, "score": score}) for text, score in rows]
    if ending == "csv":
        lines = ["text,score", *(f"{text},{score}" for text, score in rows)]
    (tmp_path / f"a.{ending}").write_text("\n".join(lines) + "\n")
    done = call("validate", f"a.{ending}", "--output-format", "json")
    said = json.loads(done.out)
    assert (done.code, said["codes"].get(CODE), said["ledger"]["rejected"]) == (1, 1, 1)
