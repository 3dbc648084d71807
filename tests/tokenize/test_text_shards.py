"""Shards of texts: what is trained on is the target and nothing else, nothing is lost unsaid, and others open them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat.diagnostics import Diagnostic
from sftformat.errors import DataError, ModelError, UsageError
from sftformat.folder.manifest import open_folder, verify
from sftformat.schema.store import load
from sftformat.shards import TokenizeOptions, tokenize
from sftformat.tokenize import unit as unit_module
from tests.conftest import Call
from tests.tokenize.shard_samples import VOCABULARY, save, word_piece, write_dataset
from tests.tokenize.test_shards import make, read, tree
from tests.tokenize.text_samples import TEMPLATES, byte_level, chat, turn, write_texts

IDS = {token: number for number, token in enumerate(VOCABULARY)}
CLS, SEP = IDS["[CLS]"], IDS["[SEP]"]


def words(text: str) -> list[int]:
    return [IDS[word] for word in text.split()]


def pair(source: str, target: str | None, **more: Any) -> dict[str, Any]:
    return {"input": source, "target": target, **more}


@pytest.fixture
def pieces(tmp_path: Path) -> Path:
    """A BERT tokenizer of a few words."""
    return save(tmp_path / "tiny", word_piece(), model_max_length=16, do_lower_case=True)


@pytest.fixture
def bytes_(tmp_path: Path) -> Path:
    """A byte-level tokenizer with a chat template that has no `{% generation %}`."""
    return byte_level(tmp_path / "bytes", TEMPLATES["chatml"])


# --------------------------------------------------------------------------------------------- encoder-decoder


def test_encoder_decoder(pieces: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [
        pair("good film", "bad film", references=["not good"], weight=0.5),
        pair("the film", None),
        {"instruction": "not", "input": "good", "system": "very", "target": "bad"},
    ]
    write_texts(tmp_path / "d", "text-to-text", {"train": [rows]})
    manifest = make(tmp_path / "d", tmp_path / "out", pieces)[-1].manifest
    found = datasets.load_from_disk(str(tmp_path / "out"))["train"]
    assert found["input_ids"][0] == [CLS, *words("good film"), SEP]
    assert found["decoder_input_ids"] == [[CLS, *words("bad film")], [CLS], [CLS, *words("bad")]]
    assert found["labels"] == [[*words("bad film"), SEP], [-100], [*words("bad"), SEP]]
    assert found["input_ids"][2] == [CLS, *words("very not good"), SEP]
    assert found["target_text"] == ["bad film", None, "bad"]
    assert found["source_text"] == ["good film", "the film", "good"]
    assert found["references"] == [["not good"], [], []]
    assert found["weight"] == [0.5, 1.0, 1.0]
    assert (manifest["objective"], manifest["template"], manifest["max_target_length"]) == ("encoder-decoder", None, 16)
    assert manifest["labels"] is None
    part = manifest["splits"]["train"]
    assert part["targets"] == {"tokens": 5, "max": 3}
    assert (part["unlabelled"], part["labels"]) == (1, {"min": SEP, "max": IDS["film"]})
    jsonschema.validate(json.loads((tmp_path / "out/manifest.json").read_text()) | {"inputs": []}, load("manifest"))


def test_a_conversation_is_read_and_its_answers_written(pieces: Path, tmp_path: Path) -> None:
    row = chat(
        turn("user", "good"), turn("assistant", "bad"), turn("user", "ok"), turn("assistant", "not", weight=0.0),
        turn("user", "a"), turn("assistant", "very ok"),
    )  # fmt: skip
    write_texts(tmp_path / "d", "chat", {"train": [[row]]})
    make(tmp_path / "d", tmp_path / "out", pieces, max_length=40)
    (found,) = read(tmp_path / "out", "train")
    colon = IDS["[UNK]"]  # the words `user` and `:` are not known
    assert found["input_ids"] == [CLS, colon, colon, *words("good"), SEP]
    read_ = [*words("bad"), SEP, colon, colon, *words("ok"), SEP, *words("not"), SEP, colon, colon, *words("a"), SEP]
    written = [*read_, *words("very ok"), SEP]
    assert found["decoder_input_ids"] == [CLS, *written[:-1]]
    learned = [0, 1, len(written) - 3, len(written) - 2, len(written) - 1]
    assert found["labels"] == [token if n in learned else -100 for n, token in enumerate(written)]
    assert (found["source_text"], found["target_text"]) == ("good", "bad")


def test_a_long_target_loses_its_end_and_is_reported(pieces: Path, tmp_path: Path) -> None:
    rows = [pair("good", "bad film"), pair("good", "the good the bad")]
    write_texts(tmp_path / "d", "text-to-text", {"train": [rows]})
    end = make(tmp_path / "d", tmp_path / "out", pieces, max_target_length=3)[-1]
    assert [row["labels"] for row in read(tmp_path / "out", "train")] == [
        [*words("bad film"), SEP],
        words("the good the"),
    ]
    assert [row["truncated"] for row in read(tmp_path / "out", "train")] == [0, 2]
    (said,) = end.diagnostics
    assert (said.code, said.hint) == (
        "SFT501",
        "--max-target-length 5 would cut no target; --truncation drop leaves such rows out",
    )
    assert "1 of 2 rows lose part of their target: 2 of 8 tokens" in said.message
    end = make(tmp_path / "d", tmp_path / "drop", pieces, max_target_length=3, truncation="drop")[-1]
    assert end.manifest["ledger"]["train"] == {
        "read": 2, "written": 1, "rejected": 0, "duplicate": 0, "filtered": 1, "codes": {"SFT501": 1},
    }  # fmt: skip
    (reject,) = map(json.loads, (tmp_path / "drop/rejects.jsonl").read_text().splitlines())
    assert reject["diagnostics"][0]["path"] == "/target"
    with pytest.raises(DataError, match="1 targets are too long; --max-target-length 5 would cut none"):
        make(tmp_path / "d", tmp_path / "error", pieces, max_target_length=3, truncation="error")


def test_a_target_without_a_token_is_rejected(pieces: Path, tmp_path: Path) -> None:
    write_texts(tmp_path / "d", "text-to-text", {"train": [[pair("good", "\u200b"), pair("\u200b", "good")]]})
    events = make(tmp_path / "d", tmp_path / "out", pieces)
    found = [event for event in events if isinstance(event, Diagnostic)]
    assert [(each.code, each.line, each.path) for each in found] == [("SFT504", 1, "/target"), ("SFT503", 2, "/input")]
    assert events[-1].rejected == 2


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["good", "bad", "zzz"]), min_size=1, max_size=9),
            st.one_of(st.none(), st.lists(st.sampled_from(["film", "ok", "zzz"]), max_size=9)),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(2, 8),
)
@settings(max_examples=40)
def test_the_decoder_reads_what_it_wrote(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[list[str], list[str] | None]], most: int
) -> None:
    root = tmp_path_factory.mktemp("law")
    tokenizer = save(root / "tiny", word_piece(), model_max_length=16)
    rows = [pair(" ".join(source), None if target is None else " ".join(target)) for source, target in drawn]
    write_texts(root / "d", "text-to-text", {"train": [rows]})
    manifest = make(root / "d", root / "out", tokenizer, max_target_length=most)[-1].manifest
    kept = {row["id"]: row for row in read(root / "out", "train")}
    for number, (_, target) in enumerate(drawn, 1):
        row = kept.get(f"train{number}")
        assert (row is None) == (target == [])
        if row is None:
            continue
        wanted = [*[IDS.get(word, 1) for word in target], SEP][:most] if target is not None else [-100]
        assert row["labels"] == wanted
        assert row["decoder_input_ids"] == [CLS, *wanted[:-1]]
    ledger = manifest["ledger"]["train"]
    assert ledger["read"] == len(rows) == ledger["written"] + ledger["rejected"]


def test_a_template_for_the_source(pieces: Path, tmp_path: Path) -> None:
    (tmp_path / "t.jinja").write_text("{% for m in messages %}{{ m.role and m.content }} . {% endfor %}")
    write_texts(tmp_path / "d", "text-to-text", {"train": [[pair("good", "bad")]]})
    make(tmp_path / "d", tmp_path / "out", pieces, template=str(tmp_path / "t.jinja"))
    (found,) = read(tmp_path / "out", "train")
    assert found["input_ids"] == [CLS, *words("good ."), SEP]
    assert found["labels"] == [*words("bad"), SEP]
    assert (found["source_text"], found["target_text"]) == ("good", "bad")


# ------------------------------------------------------------------------------------------------------ causal


def learned(tokenizer: Path, row: dict[str, Any]) -> str:
    from tokenizers import Tokenizer

    tokens = [label for label in row["labels"] if label != -100]
    return str(Tokenizer.from_file(str(tokenizer / "tokenizer.json")).decode(tokens, skip_special_tokens=False))


def test_causal(bytes_: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [
        chat(turn("user", "a?"), turn("assistant", "no", weight=0.0), turn("user", "b?"), turn("assistant", "yes 👍")),
        chat(turn("user", "c?")),
    ]
    write_texts(tmp_path / "d", "chat", {"train": [rows]})
    manifest = make(tmp_path / "d", tmp_path / "out", bytes_, objective="causal")[-1].manifest
    found = datasets.load_from_disk(str(tmp_path / "out"))["train"]
    assert "token_type_ids" not in found.column_names
    assert learned(bytes_, found[0]) == "yes 👍<|im_end|>\n"
    assert set(found[1]["labels"]) == {-100}
    for row in found:
        assert all(label in (-100, token) for label, token in zip(row["labels"], row["input_ids"], strict=True))
    assert (manifest["objective"], manifest["template"]["name"]) == ("causal", "chat_template")
    assert manifest["template"]["text"] == TEMPLATES["chatml"]
    assert "max_target_length" not in manifest
    assert manifest["splits"]["train"]["unlabelled"] == 1
    assert not (tmp_path / "out/tokenizer/chat_template.jinja").exists()
    jsonschema.validate(json.loads((tmp_path / "out/manifest.json").read_text()) | {"inputs": []}, load("manifest"))


def test_another_template_goes_with_the_tokenizer(bytes_: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_texts(tmp_path / "d", "text-to-text", {"train": [[pair("a", "b")]]})
    make(tmp_path / "d", tmp_path / "out", bytes_, objective="causal", template="alpaca")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "out/tokenizer")
    messages = [turn("user", "a"), turn("assistant", "b")]
    (row,) = read(tmp_path / "out", "train")
    assert theirs.apply_chat_template(messages)["input_ids"] == row["input_ids"]


def test_a_target_cut_off_is_rejected_and_a_part_of_it_reported(bytes_: Path, tmp_path: Path) -> None:
    rows = [pair("q", "answer"), pair("q" * 9, "answer"), pair("q" * 40, "answer"), pair("q", "")]
    write_texts(tmp_path / "d", "text-to-text", {"train": [rows]})
    for side, kept in (("right", [1, 2, 4]), ("left", [1, 2, 3, 4])):
        folder = byte_level(tmp_path / side, TEMPLATES["generation"], truncation_side=side)
        events = make(tmp_path / "d", tmp_path / f"out-{side}", folder, objective="causal", max_length=35)
        found = [event for event in events if isinstance(event, Diagnostic)]
        assert [(each.code, each.line) for each in found] == [("SFT504", 3)] * (side == "right")
        shards = read(tmp_path / f"out-{side}", "train")
        assert [int(row["id"].removeprefix("train")) for row in shards] == kept
        assert all(any(label >= 0 for label in row["labels"]) for row in shards)
    (reject,) = map(json.loads, (tmp_path / "out-right/rejects.jsonl").read_text().splitlines())
    assert "all 6 tokens that are trained on lie beyond --max-length 35" in reject["diagnostics"][0]["message"]
    end = make(tmp_path / "d", tmp_path / "part", tmp_path / "right", objective="causal", max_length=29)[-1]
    assert [each.code for each in end.diagnostics] == ["SFT501", "SFT501"]
    assert "lose part of their target" in end.diagnostics[1].message
    dropped = make(
        tmp_path / "d", tmp_path / "drop", tmp_path / "right", objective="causal", max_length=35, truncation="drop"
    )[-1]
    assert dropped.manifest["ledger"]["train"]["codes"] == {"SFT501": 1}


@pytest.mark.parametrize("pack", [False, True])
def test_weights_that_no_trainer_of_causal_models_reads_are_told(bytes_: Path, tmp_path: Path, pack: bool) -> None:
    weights = [1.0, 0.0, None, 2.5, 1.0]
    rows = [pair("a", "b" * n, weight=weight) for n, weight in enumerate(weights, 1)]
    write_texts(tmp_path / "d", "text-to-text", {"train": [rows[:2], rows[2:]], "test": [[rows[0]]]})
    end = make(tmp_path / "d", tmp_path / "out", bytes_, objective="causal", pack=pack)[-1]
    (found,) = (each for each in end.diagnostics if each.code == "SFT508")
    assert (found.severity, found.split) == ("warning", "train")
    assert found.message.startswith("2 of 5 rows have a weight other than 1")


def test_a_row_that_the_template_refuses(tmp_path: Path) -> None:
    folder = byte_level(tmp_path / "llama", TEMPLATES["llama"])
    good = chat(turn("user", "a"), turn("assistant", "b"))
    bad = chat(turn("assistant", "b"), turn("user", "a"))
    write_texts(tmp_path / "d", "chat", {"train": [[good, bad, good]]})
    events = make(tmp_path / "d", tmp_path / "out", folder, objective="causal")
    (found,) = [event for event in events if isinstance(event, Diagnostic)]
    assert (found.code, found.file, found.line, found.byte) == ("SFT506", "train.jsonl", 2, 20)
    assert "roles must alternate" in found.message
    assert events[-1].manifest["ledger"]["train"]["codes"] == {"SFT506": 1}
    assert [row["line"] for row in read(tmp_path / "out", "train")] == [1, 3]


# ------------------------------------------------------------------------------------------- laws of all shards


@pytest.fixture
def many(tmp_path: Path) -> Path:
    rows = []
    for number in range(90):
        turns = [turn("user", "the " * (number % 7)), turn("assistant", "é" * (number % 11), weight=float(number % 3))]
        rows.append(chat(*turns, turn("user", "b?"), turn("assistant", "user" * (number % 5))))
    return write_texts(tmp_path / "many", "chat", {"train": [rows[:40], rows[40:]], "validation": [rows[:9]]})


@pytest.mark.parametrize("objective", ["causal", "encoder-decoder"])
def test_workers_and_batches_do_not_matter(
    objective: str, many: Path, bytes_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = bytes_ if objective == "causal" else save(tmp_path / "tiny", word_piece(), eos_token="[SEP]")
    options = {"objective": objective, "max_length": 60, "template": "alpaca"}
    one = make(many, tmp_path / "one", tokenizer, **options)
    make(many, tmp_path / "two", tokenizer, workers=2, **options)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert verify(tmp_path / "one", "shards") == []
    monkeypatch.setattr(unit_module, "MAX_ROWS", 7)
    monkeypatch.setattr(unit_module, "MAX_BYTES", 90)
    small = make(many, tmp_path / "small", tokenizer, **options)
    assert read(tmp_path / "small", "train") == read(tmp_path / "one", "train")
    for name in ("splits", "ledger", "report"):
        assert small[-1].manifest[name] == one[-1].manifest[name]
    for split in ("train", "validation"):
        ledger = one[-1].manifest["ledger"][split]
        assert ledger["read"] == ledger["written"] + ledger["rejected"] + ledger["filtered"]
        assert ledger["written"] == len(read(tmp_path / "one", split))


def test_other_options_are_other_shards(many: Path, bytes_: Path, tmp_path: Path) -> None:
    make(many, tmp_path / "out", bytes_, objective="causal")
    assert make(many, tmp_path / "out", bytes_, objective="causal")[-1].nothing_to_do
    for other in ({"template": "chatml"}, {"template": "plain"}):
        with pytest.raises(UsageError, match="--overwrite"):
            make(many, tmp_path / "out", bytes_, objective="causal", **other)


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("classification", {"objective": "causal"}, "tokenized for encoder"),
        ("classification", {"template": "plain"}, "--template"),
        ("classification", {"max_target_length": 9}, "--max-target-length"),
        ("chat", {"objective": "encoder"}, "encoder-decoder or causal"),
        ("chat", {"objective": "causal", "max_target_length": 9, "template": "chatml"}, "--max-target-length"),
        ("chat", {"objective": "causal"}, "has no chat template: give --template plain, chatml, alpaca, or a file"),
        ("chat", {"max_target_length": 1}, "at least 2"),
    ],
)
def test_options_that_do_not_go_together(
    task: str, options: dict[str, Any], said: str, pieces: Path, tmp_path: Path
) -> None:
    if task == "classification":
        write_dataset(tmp_path / "d", task, {"train": [[{"input": "a", "target": "x"}]]})
    else:
        write_texts(tmp_path / "d", task, {"train": [[chat(turn("user", "a"), turn("assistant", "b"))]]})
    with pytest.raises(UsageError, match=said):
        list(tokenize(tmp_path / "d", tmp_path / "out", TokenizeOptions(str(pieces), **options)))
    assert not (tmp_path / "out").exists()


def test_a_tokenizer_that_closes_no_text(bytes_: Path, many: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no token before and behind a text"):
        make(many, tmp_path / "out", bytes_)


def test_the_command_line(call_here: Call, bytes_: Path, tmp_path: Path) -> None:
    record = {"messages": [turn("user", "a?"), turn("assistant", "b")]}
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for _ in range(3)))
    call: Sequence[str] = ("tokenize", "a.jsonl", "-o", "out", "--tokenizer", str(bytes_), "--ignore", "SFT4")
    done = call_here(*call, "--for", "causal")
    assert done.code == 0, done.err
    assert "trained on" in done.out
    assert open_folder(tmp_path / "out", "shards")["objective"] == "causal"
    done = call_here(*call, "--for", "causal", "--template-day", "tomorrow")
    assert (done.code, done.err.strip()) == (2, "error: --template-day tomorrow: write it as 2026-01-31")
    done = call_here(*call, "--for", "causal", "--max-length", "9", "--overwrite")
    assert done.code == 1
    assert "SFT504 target-lost" in done.out


def test_a_tokenizer_without_a_template_is_refused_before_a_row_is_read(call_here: Call, tmp_path: Path) -> None:
    folder = byte_level(tmp_path / "bytes")
    how = ("-o", "out", "--for", "causal")
    done = call_here("tokenize", "not-there.jsonl", *how, "--tokenizer", str(folder))
    assert (done.code, done.err.strip()) == (
        2,
        "error: bytes: has no chat template: give --template plain, chatml, alpaca, or a file",
    )
    done = call_here("tokenize", "not-there.jsonl", *how, "--tokenizer", "./nowhere")
    assert done.code == 2
    assert "not-there" not in done.err
