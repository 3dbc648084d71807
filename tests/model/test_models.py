"""Models from anywhere: safetensors only, no code of theirs, and one clear line for each refusal."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertModel,
    RobertaConfig,
    RobertaModel,
)

from sftformat.errors import ModelError
from sftformat.grid import fit
from sftformat.models import check_vocabulary, load_model, model_hash, position_limit, resolve, takes_token_types
from sftformat.train import Finished, TrainOptions

from .toys import VOCABULARY, write_model

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def test_the_label_map_and_the_problem_stand_in_the_configuration(model: Path) -> None:
    for task, labels, problem in (
        ("classification", ["a", "b", "c"], "single_label_classification"),
        ("multilabel", ["a", "b", "c"], "multi_label_classification"),
        ("regression", None, "regression"),
    ):
        config = load_model(str(model), task, labels).config
        assert config.problem_type == problem
        assert list(config.id2label.values()) == (labels or ["score"])
        assert config.num_labels == len(labels or ["score"])


def test_the_head_is_drawn_from_the_seed(model: Path) -> None:
    def head(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return load_model(str(model), "classification", ["a", "b"]).classifier.weight.detach()

    assert torch.equal(head(1), head(1))
    assert not torch.equal(head(1), head(2))


def test_a_head_of_another_size_is_replaced_and_half_floats_widened(tmp_path: Path) -> None:
    config = BertConfig(vocab_size=25, num_labels=5, max_position_embeddings=32, **SIZES)
    BertForSequenceClassification(config).half().save_pretrained(tmp_path)
    loaded = load_model(str(tmp_path), "classification", ["a", "b"])
    assert loaded.classifier.weight.shape == (2, 32)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _bin_only(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"x": print}))


def _config(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return change


def _empty_encoder(folder: Path) -> None:
    from safetensors.torch import save_file

    save_file({"unrelated": torch.ones(2)}, folder / "model.safetensors", {"format": "pt"})


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "pickle only": (_bin_only, "has no model.safetensors; pytorch_model.bin is pickle, which is never opened"),
    "no weights": (_remove("model.safetensors"), "has no model.safetensors$"),
    "no config": (_remove("config.json"), "no config.json"),
    "weights cut": (lambda folder: (folder / "model.safetensors").write_bytes(b"1234"), "cannot be loaded"),
    "not json": (lambda folder: (folder / "config.json").write_text("{"), "cannot be loaded"),
    "unknown type": (_config(model_type="nonsense"), "cannot be loaded"),
    "wants its code": (
        _config(model_type="custom", auto_map={"AutoConfig": "evil.C", "AutoModelForSequenceClassification": "evil.M"}),
        "cannot be loaded",
    ),
    "no encoder": (_empty_encoder, "weights are missing or do not fit, bert.embeddings"),
    "another width": (_config(hidden_size=64), "weights are missing or do not fit"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_folder_that_is_no_sound_model_is_refused(model: Path, tmp_path: Path, how: str) -> None:
    breaks, message = BROKEN[how]
    shutil.copytree(model, tmp_path / "m")
    breaks(tmp_path / "m")
    (tmp_path / "m" / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass C: pass\nM = C\n")
    with pytest.raises(ModelError, match=message) as caught:
        load_model(str(tmp_path / "m"), "classification", ["a", "b"])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_loading_prints_nothing(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_model(str(model), "classification", ["a", "b"])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/model", "a/b/c", "nowhere/"])
def test_a_path_that_is_not_there_never_asks_the_hub(name: str) -> None:
    with pytest.raises(ModelError, match="no such model folder"):
        resolve(name)


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="bert-nowhere: no such folder, and the hub did not give") as caught:
        resolve("nobody/bert-nowhere")
    assert "\n" not in str(caught.value)


def test_a_name_on_the_hub_is_a_folder_from_its_cache(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetched(name: str, **_: Any) -> str:
        asked.append(name)
        return str(model)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    assert resolve("somebody/tiny") == model
    assert asked == ["somebody/tiny"]


def test_the_hash_of_a_model_is_its_content(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "copy")
    assert model_hash(model) == model_hash(tmp_path / "copy")
    write_model(tmp_path / "other", seed=1)
    assert model_hash(model) != model_hash(tmp_path / "other")


def test_another_vocabulary_is_refused(shards: Path, model: Path, tmp_path: Path) -> None:
    assert check_vocabulary(model, shards) is None
    assert check_vocabulary(tmp_path, shards) is None
    shutil.copytree(model, tmp_path / "m")
    text = (tmp_path / "m/tokenizer.json").read_text()
    (tmp_path / "m/tokenizer.json").write_text(text.replace('"good"', '"gut"'))
    assert "another vocabulary" in str(check_vocabulary(tmp_path / "m", shards))
    (tmp_path / "m/tokenizer.json").unlink()
    (tmp_path / "m/vocab.txt").write_text("\n".join(VOCABULARY))
    assert check_vocabulary(tmp_path / "m", shards) is None


@pytest.mark.parametrize("kind", ["distilbert", "roberta"])
def test_other_families_train_too(shards: Path, tmp_path: Path, kind: str) -> None:
    torch.manual_seed(0)
    if kind == "distilbert":
        config = DistilBertConfig(
            vocab_size=25, max_position_embeddings=32, dim=32, n_layers=2, n_heads=2, hidden_dim=64
        )
        DistilBertModel(config).save_pretrained(tmp_path / "m")
    else:
        config = RobertaConfig(vocab_size=25, max_position_embeddings=34, type_vocab_size=1, pad_token_id=0, **SIZES)
        RobertaModel(config).save_pretrained(tmp_path / "m")
    loaded = load_model(str(tmp_path / "m"), "classification", ["pos", "neg"])
    assert not takes_token_types(loaded)
    assert position_limit(loaded) == (32 if kind == "distilbert" else 33)
    options = TrainOptions(learning_rate=3e-3, epochs=1, batch_size=32)
    assert isinstance(list(fit(shards, tmp_path / "run", str(tmp_path / "m"), options))[-1], Finished)
