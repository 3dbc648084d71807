"""A tokenizer is loaded whole or refused in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sftformat.errors import ModelError
from sftformat.tokenize.load import load_tokenizer
from tests.tokenize.shard_samples import VOCABULARY, save, word_piece


def test_folder(tokenizer_folder: Path) -> None:
    found = load_tokenizer(str(tokenizer_folder))
    assert (found.name, found.pad_id, found.unk_id, found.vocab_size) == ("tiny", 0, 1, len(VOCABULARY))
    assert (found.model_max_length, found.side) == (16, "right")
    assert found.tokenizer.truncation is None
    assert found.tokenizer.padding is None
    assert set(found.to_manifest()["files"]) == {"tokenizer.json", "tokenizer_config.json"}


def test_relative_name_is_the_folders_own(tokenizer_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tokenizer_folder)
    assert load_tokenizer(".").name == "tiny"


@pytest.mark.parametrize(
    ("limit", "expected"), [(1e30, None), (int(1e30), None), (None, None), ("512", None), (512, 512)]
)
def test_model_max_length(tmp_path: Path, limit: object, expected: int | None) -> None:
    found = load_tokenizer(str(save(tmp_path / "t", word_piece(), model_max_length=limit)))
    assert found.model_max_length == expected


def test_special_tokens_may_be_objects(tmp_path: Path) -> None:
    folder = save(tmp_path / "t", word_piece(), pad_token={"content": "[MASK]", "special": True})
    assert load_tokenizer(str(folder)).pad_id == 4


@pytest.mark.parametrize("lower", [True, False, None])
def test_vocab_only_is_what_transformers_makes_of_it(tmp_path: Path, lower: bool | None) -> None:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path / "old-bert"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    if lower is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}))
    ours, theirs = load_tokenizer(str(folder)), transformers.BertTokenizer.from_pretrained(folder)
    for text in ("good films", "É é Ü ü 你好!", "GOOD [SEP] bad", "a\u0000b \u200b", ""):
        assert ours.tokenizer.encode(text, "ok").ids == theirs(text, "ok")["input_ids"]
    assert {"vocab.txt", "tokenizer.json", "tokenizer_config.json"} == set(ours.files)
    again = transformers.AutoTokenizer.from_pretrained(_copy(tmp_path / "copy", ours.files))
    assert again("good films É", "ok")["input_ids"] == theirs("good films É", "ok")["input_ids"]


def _copy(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_damaged_files_are_refused_in_one_line(tokenizer_folder: Path) -> None:
    good = (tokenizer_folder / "tokenizer.json").read_text()
    for bad in (good[: len(good) // 2], "", "[]", "null", '{"version": "1.0"}', "\ufeff{}", "[" * 100_000):
        (tokenizer_folder / "tokenizer.json").write_text(bad)
        with pytest.raises(ModelError) as caught:
            load_tokenizer(str(tokenizer_folder))
        assert "tiny/tokenizer.json" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_every_byte_may_be_cut_off(tokenizer_folder: Path) -> None:
    good = (tokenizer_folder / "tokenizer.json").read_bytes()
    for stop in range(0, len(good), 37):
        (tokenizer_folder / "tokenizer.json").write_bytes(good[:stop])
        with pytest.raises(ModelError):
            load_tokenizer(str(tokenizer_folder))


def test_files_that_contradict_each_other(tmp_path: Path) -> None:
    folder = save(tmp_path / "t", word_piece(), do_lower_case=False)
    with pytest.raises(ModelError, match="do_lower_case"):
        load_tokenizer(str(folder))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="neither"):
        load_tokenizer(str(tmp_path))
    with pytest.raises(ModelError, match="no such folder"):
        load_tokenizer(str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="no such folder"):
        load_tokenizer("../nowhere")


def test_hub_offline() -> None:
    pytest.importorskip("huggingface_hub")
    script = (
        "from sftformat.tokenize.load import load_tokenizer\n"
        "from sftformat.errors import ModelError\n"
        "try: load_tokenizer('sftformat-tests/not-there')\n"
        "except ModelError as error: print(error)\n"
    )
    environment = {"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin", "HF_HOME": "/nonexistent"}
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert made.stdout.count("\n") == 1
    assert "HF_HUB_OFFLINE" in made.stdout


def test_neither_torch_nor_transformers() -> None:
    script = (
        "import sys, sftformat.shards, sftformat.tokenize.hub\n"
        "print('torch' in sys.modules, 'transformers' in sys.modules)\n"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert made.stdout == "False False\n"
