"""Packs: every row is in one of them whole, no token is predicted across a border, and none attends across one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.errors import UsageError
from sftformat.folder.manifest import verify
from sftformat.schema.store import load
from sftformat.tokenize import packed
from sftformat.tokenize import unit as unit_module
from tests.conftest import Call
from tests.tokenize.test_shards import make, read, tree
from tests.tokenize.text_samples import TEMPLATES, byte_level, chat, turn, write_texts

#: A template that begins with what is trained on, so that the border of a row would be learned.
BARE = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}</s>{% endgeneration %}"
    "{% endif %}{% endfor %}"
)


@given(st.integers(1, 40).flatmap(lambda room: st.tuples(st.just(room), st.lists(st.integers(1, room), min_size=1))))
def test_packs_hold_every_row_once_and_no_more_than_their_room(drawn: tuple[int, list[int]]) -> None:
    room, lengths = drawn
    packs = packed.packs_of(np.array(lengths), room)
    sums = np.bincount(packs, lengths)
    assert sums.min() > 0  # no number is left out
    assert sums.max() <= room
    assert np.count_nonzero(2 * sums <= room) <= 1  # two that are half empty would be one
    _, first = np.unique(packs, return_index=True)
    assert first.tolist() == sorted(first.tolist())


def test_many_rows_are_packed_well() -> None:
    random = np.random.default_rng(0)
    lengths = np.minimum(random.lognormal(5, 0.8, 16_384).astype(int) + 1, 2048)
    packs = packed.packs_of(lengths, 2048)
    assert lengths.sum() / (2048 * (packs.max() + 1)) > 0.995


@pytest.fixture
def many(tmp_path: Path) -> Path:
    rows = [
        chat(turn("user", "the " * (n % 7)), turn("assistant", "é" * (n % 11) + "a", weight=float(n % 3 > 0)))
        for n in range(90)
    ]  # fmt: skip
    rows = [row for row in rows if row["target"]]
    return write_texts(tmp_path / "many", "chat", {"train": [rows[:40], rows[40:]], "validation": [rows[:9]]})


def unpacked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows in packs, taken out again."""
    found = []
    for pack in rows:
        assert pack["length"] == len(pack["input_ids"]) == len(pack["labels"]) == sum(pack["seq_lengths"])
        assert pack["position_ids"] == [place for length in pack["seq_lengths"] for place in range(length)]
        ends = np.cumsum(pack["seq_lengths"]).tolist()
        for number, (end, length) in enumerate(zip(ends, pack["seq_lengths"], strict=True)):
            row = {name: pack[name][end - length : end] for name in ("input_ids", "labels")}
            found.append(
                {**row, **{name: pack[name][number] for name in ("id", "file", "line", "weight", "truncated")}}
            )
    return found


@pytest.mark.parametrize("template", [TEMPLATES["generation"], BARE])
def test_packs_are_the_rows(template: str, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = byte_level(tmp_path / "bytes", template)
    how = {"objective": "causal", "max_length": 70}
    plain = make(many, tmp_path / "plain", folder, **how)[-1].manifest
    one = make(many, tmp_path / "one", folder, pack=True, **how)[-1].manifest
    for split in ("train", "validation"):
        rows, packs = read(tmp_path / "plain", split), read(tmp_path / "one", split)
        assert sorted(unpacked(packs), key=lambda row: row["line"]) == [
            {name: row[name] for name in ("input_ids", "labels", "id", "file", "line", "weight", "truncated")}
            for row in rows
        ]
        assert all(
            pack["labels"][place] == -100 for pack in packs for place in np.cumsum([0, *pack["seq_lengths"]])[:-1]
        )
        assert all(pack["length"] <= 70 and pack["line"] == sorted(pack["line"]) for pack in packs)
        full = sum(row["length"] for row in rows) / (70 * len(packs))
        assert one["splits"][split].pop("packed") == {"rows": len(packs), "full": pytest.approx(full, abs=1e-4)}
    for name in ("splits", "ledger", "report"):
        assert one[name] == plain[name]
    assert "attention_mask" not in packs[0]
    jsonschema.validate(json.loads((tmp_path / "one/manifest.json").read_text()) | {"inputs": []}, load("manifest"))
    make(many, tmp_path / "two", folder, workers=2, pack=True, **how)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert verify(tmp_path / "one", "shards") == []


def test_batches_do_not_matter_and_windows_are_of_rows(
    many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = byte_level(tmp_path / "bytes", TEMPLATES["chatml"])
    how = {"objective": "causal", "max_length": 200, "pack": True}
    monkeypatch.setattr(packed, "WINDOW_ROWS", 13)
    monkeypatch.setattr(packed, "WINDOW_TOKENS", 500)
    make(many, tmp_path / "one", folder, **how)
    rows = read(tmp_path / "one", "train")
    monkeypatch.setattr(unit_module, "MAX_ROWS", 7)
    make(many, tmp_path / "small", folder, **how)
    assert read(tmp_path / "small", "train") == rows
    assert max(max(pack["line"]) - min(pack["line"]) for pack in rows) < 13 * 3 / 2


def test_no_token_sees_the_row_before(many: Path, tmp_path: Path) -> None:
    """What a model says of a row is the same in a pack and alone, whether positions are learned or turned."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = byte_level(tmp_path / "bytes", TEMPLATES["generation"])
    make(many, tmp_path / "out", folder, objective="causal", max_length=128, pack=True)
    packs = [pack for pack in read(tmp_path / "out", "train") if len(pack["seq_lengths"]) > 1][:2]
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    torch.manual_seed(0)
    llama = transformers.LlamaConfig(vocab_size=300, **sizes)
    gpt2 = transformers.GPT2Config(
        vocab_size=300, n_embd=16, n_layer=2, n_head=2, n_positions=128, bos_token_id=0, eos_token_id=1
    )
    for config, kind in ((llama, transformers.LlamaForCausalLM), (gpt2, transformers.GPT2LMHeadModel)):
        for attention in ("sdpa", "eager"):
            config._attn_implementation = attention
            model = kind(config).eval()
            for pack in packs:
                given = {name: torch.tensor([pack[name]]) for name in ("input_ids", "position_ids")}
                with torch.inference_mode():
                    whole = model(**given, use_cache=False).logits[0]  # as both trainers call it
                    alone = [model(torch.tensor([row["input_ids"]])).logits[0] for row in unpacked([pack])]
                assert torch.allclose(whole, torch.cat(alone), atol=1e-4)
                assert len(alone) > 1


def test_the_command_line(call_here: Call, tmp_path: Path) -> None:
    folder = byte_level(tmp_path / "bytes", TEMPLATES["chatml"])
    records = [{"messages": [turn("user", "a" * n), turn("assistant", "b")]} for n in range(1, 9)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    call = ("tokenize", "a.jsonl", "-o", "out", "--tokenizer", str(folder), "--ignore", "SFT4", "--max-length", "90")
    done = call_here(*call, "--for", "causal", "--pack")
    assert done.code == 0, done.err
    assert "train: packed into 3 of up to 90 tokens, 69.6% full" in done.out
    done = call_here("explain", "a.jsonl:8", "--shards", "out")
    assert "row 3 of train/data-00000-of-00001.arrow" in done.out, done.out
    done = call_here(*call, "--pack")
    assert (done.code, done.err.strip().splitlines()[-1]) == (
        2,
        "error: --pack: rows of task chat for encoder-decoder stay rows; --for causal packs them",
    )


def test_packing_is_of_causal_rows(many: Path, tmp_path: Path) -> None:
    folder = byte_level(tmp_path / "bytes", TEMPLATES["chatml"])
    with pytest.raises(UsageError, match="--for causal packs them"):
        make(many, tmp_path / "out", folder, pack=True)
    for objective in ("causal", None):
        with pytest.raises(UsageError, match=r"^--pack and --window: .*; give one$"):
            make(many, tmp_path / "out", folder, pack=True, window=32, objective=objective)
    assert not (tmp_path / "out").exists()
