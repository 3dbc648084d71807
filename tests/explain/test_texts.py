"""A row of text explained: the tokens of its shards, and which of them are learned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sftformat.dataset.build import convert
from sftformat.dataset.options import DatasetOptions
from sftformat.explain.build import explain
from sftformat.explain.tokens import from_shards
from sftformat.shards import TokenizeOptions, tokenize
from tests.conftest import Call
from tests.tokenize.shard_samples import save, word_piece
from tests.tokenize.test_shards import read
from tests.tokenize.text_samples import TEMPLATES, byte_level, turn


@pytest.mark.parametrize(("objective", "limits"), [("causal", (16, None)), ("encoder-decoder", (6, 3))])
def test_what_is_learned(objective: str, limits: tuple[int, int | None], call_here: Call, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    records = [
        [turn("user", "good"), turn("assistant", "bad"), turn("user", "ok"), turn("assistant", "film film film")],
        [turn("user", "the film not the good film"), turn("assistant", "not ok")],
    ]
    path.write_text("".join(json.dumps({"messages": record}) + "\n" for record in records))
    bert = save(tmp_path / "tiny", word_piece(), model_max_length=64)
    tokenizer = bert if objective != "causal" else byte_level(tmp_path / "bytes", TEMPLATES["chatml"])
    how = TokenizeOptions(str(tokenizer), limits[0] * (2 if objective == "causal" else 1), objective=objective)
    how = TokenizeOptions(how.tokenizer, how.max_length, objective=objective, max_target_length=limits[1])
    list(convert([str(path)], tmp_path / "d", DatasetOptions()))
    list(tokenize(tmp_path / "d", tmp_path / "out", how))
    rows = {row["line"]: row for row in read(tmp_path / "out", "train")}
    for line in (1, 2):
        tokens = explain(f"{path}:{line}", DatasetOptions(), from_shards(tmp_path / "out")).tokens
        assert tokens is not None
        if line not in rows:
            assert tokens.stored is None
            continue
        assert tokens.stored is not None
        assert tokens.stored.same
        learned = [token.id for token in tokens.sequences[-1].tokens if token.trained and token.kept]
        assert learned == [label for label in rows[line]["labels"] if label >= 0]
        kept = [token.id for token in tokens.sequences[0].tokens if token.kept]
        assert kept == rows[line]["input_ids"]
    done = call_here("explain", f"{path}:1", "--shards", str(tmp_path / "out"))
    assert "trained on: » «" in done.out
    assert "no ids without a label map" not in done.out
