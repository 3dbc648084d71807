"""Cells of CSV and TSV: a blank one where a value is wanted is a finding on its row, and a text is never JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.dataset.build import convert, diagnose
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.formats import csvrow
from sftformat.layouts.text_spans import NAMES
from tests.conftest import Call

TABLES = {
    "score": (["text", "score"], ["good", "0.5"]),
    "weight": (["text", "label", "weight"], ["good", "pos", "0.5"]),
    "ner_tags": (["tokens", "ner_tags"], ['["a", "b"]', '["O", "O"]']),
    "spans": (["text", "spans"], ["Anna left.", '[[0, 4, "PER"]]']),
}


def encoded(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.parametrize("column", TABLES)
@pytest.mark.parametrize("ending", ["csv", "tsv"])
@settings(max_examples=10)
@given(blank=st.text(st.sampled_from(" \n\t\r"), min_size=1, max_size=3))
def test_a_blank_cell_is_a_finding_on_its_row(
    tmp_path_factory: pytest.TempPathFactory, column: str, ending: str, blank: str
) -> None:
    names, cells = TABLES[column]
    odd = [blank if name == column else cell for name, cell in zip(names, cells, strict=True)]
    path = tmp_path_factory.mktemp("cells") / f"a.{ending}"
    mark = "," if ending == "csv" else "\t"
    rows = [[encoded(cell) for cell in row] for row in (names, cells, odd, cells)]
    path.write_text("".join(mark.join(row) + "\n" for row in rows), newline="")
    events = list(diagnose([str(path)], DatasetOptions()))
    wrong = [event for event in events if isinstance(event, Diagnostic) and event.code.startswith("SFT1")]
    assert [(each.code, each.line, each.path) for each in wrong] == [("SFT104", 3, f"/{column}")]
    assert isinstance(events[-1], Finished)
    assert events[-1].manifest["ledger"]["written"] == 2


JSON_LIKE = st.sampled_from(["42", "true", "null", "1e5", "-0", "1.10", '"x"', "[1]", "{}", "007"])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10)
@given(texts=st.lists(JSON_LIKE, min_size=1, max_size=5))
def test_a_text_with_spans_beside_it_keeps_its_text(
    tmp_path_factory: pytest.TempPathFactory, name: str, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("spans")
    rows = [["text", name], ["Anna left.", '[[0, 4, "PER"]]'], *([text, '[[0, 1, "X"]]'] for text in texts)]
    (folder / "a.csv").write_bytes(b"".join(csvrow.written(row, ",") for row in rows))
    last = list(convert([str(folder / "a.csv")], folder / "out", DatasetOptions()))[-1]
    assert isinstance(last, Finished)
    made = pq.read_table(folder / "out" / last.manifest["splits"]["train"]["files"][0]).to_pylist()
    assert [row["text"] for row in made] == ["Anna left.", *texts]
    assert all(row["target"][0] in ("B-PER", "B-X") for row in made)


def test_scores_that_no_float_holds_are_left_out_of_the_bars(call_here: Call, tmp_path: Path) -> None:
    rows = [{"text": f"t{n}", "score": score} for n, score in enumerate([0.5, 1.7e308, -1.7e308, int("9" * 400)])]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = call_here("inspect", "a.jsonl", "--output-format", "json")
    scores = json.loads(done.out)["sections"][0]["scores"]
    assert (done.code, scores["rows"], scores["max"]) == (0, 1, 0.5)
