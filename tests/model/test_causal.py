"""Causal shards are trained by transformers' Trainer and by TRL's SFTTrainer as they are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from sftformat.shards import TokenizeOptions, tokenize
from tests.tokenize.text_samples import TEMPLATES, byte_level, chat, turn, write_texts

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow


@pytest.fixture
def shards(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """Return shards of short conversations, opened by `datasets`, and the folder of their tokenizer.

    With the parameter `packed` there are several conversations in a row.
    """
    datasets = pytest.importorskip("datasets")
    answers = {"one": "uno", "two": "due", "three": "tre", "four": "quattro"}
    rows = [chat(turn("user", question), turn("assistant", answer)) for question, answer in answers.items()] * 8
    write_texts(tmp_path / "d", "chat", {"train": [rows]})
    folder = byte_level(tmp_path / "tokenizer", TEMPLATES["generation"])
    packed = getattr(request, "param", "") == "packed"
    how = TokenizeOptions(str(folder), 128, objective="causal", pack=packed)
    list(tokenize(tmp_path / "d", tmp_path / "shards", how))
    return datasets.load_from_disk(str(tmp_path / "shards"))["train"], tmp_path / "shards/tokenizer"


def model_of(kind: str, vocabulary: int) -> Any:
    import transformers

    torch.manual_seed(0)
    if kind == "gpt2":
        sizes = {"n_embd": 64, "n_layer": 2, "n_head": 2, "n_positions": 128, "resid_pdrop": 0.0, "embd_pdrop": 0.0}
        return transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=vocabulary, attn_pdrop=0.0, **sizes))
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=vocabulary, **sizes))


def answers_of(model: Any, tokenizer: Any) -> str:
    """Return what a model says to the third question."""
    given = tokenizer.apply_chat_template([turn("user", "three")], add_generation_prompt=True, return_tensors="pt")
    ids = given["input_ids"]
    made = model.eval().generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False)
    return str(tokenizer.decode(made[0, ids.shape[1] :]))


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_trainer(kind: str, shards: Any, tmp_path: Path) -> None:
    import transformers

    rows, folder = shards
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = model_of(kind, len(tokenizer))
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"), num_train_epochs=12, per_device_train_batch_size=8, learning_rate=5e-3,
        report_to="none", save_strategy="no", use_cpu=True, disable_tqdm=True, logging_strategy="no",
    )  # fmt: skip
    collator = transformers.DataCollatorForSeq2Seq(tokenizer)
    trainer = transformers.Trainer(model, arguments, train_dataset=rows, data_collator=collator)
    done = trainer.train()
    assert done.training_loss < 0.5 * math.log(len(tokenizer))
    assert answers_of(model, tokenizer) == "tre<|im_end|>" + answers_of(model, tokenizer)[len("tre<|im_end|>") :]


@pytest.mark.parametrize("shards", ["packed"], indirect=True)
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_trainer_of_packs(kind: str, shards: Any, tmp_path: Path) -> None:
    """One pack a step, with the default collator: rows of different lengths are not padded."""
    import transformers

    rows, folder = shards
    assert len(rows) < 32 / 3
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = model_of(kind, len(tokenizer))
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"), num_train_epochs=12, per_device_train_batch_size=1, learning_rate=5e-3,
        report_to="none", save_strategy="no", use_cpu=True, disable_tqdm=True, logging_strategy="no",
    )  # fmt: skip
    trainer = transformers.Trainer(model, arguments, train_dataset=rows)
    batch = next(iter(trainer.get_train_dataloader()))
    assert sorted(batch) == ["input_ids", "labels", "position_ids"]
    assert (batch["labels"][batch["position_ids"] == 0] == -100).all()
    trainer.train()
    assert answers_of(model, tokenizer).startswith("tre<|im_end|>")


def trl_trainer(model: Any, tokenizer: Any, rows: Any, folder: Path, **how: Any) -> Any:
    """Return TRL's trainer of a model on shards as they are."""
    trl = pytest.importorskip("trl")
    arguments = trl.SFTConfig(
        output_dir=str(folder), num_train_epochs=12, learning_rate=5e-3, report_to="none", save_strategy="no",
        use_cpu=True, disable_tqdm=True, logging_strategy="no", bf16=False, **how,
    )  # fmt: skip
    return trl.SFTTrainer(model, args=arguments, train_dataset=rows, processing_class=tokenizer)


@pytest.mark.parametrize("shards", ["packed"], indirect=True)
def test_trl_of_packs(shards: Any, tmp_path: Path) -> None:
    """Without padding TRL lays the packs of a batch end to end and finds the rows in them by `seq_lengths`."""
    import transformers

    rows, folder = shards
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = model_of("llama", len(tokenizer))
    how = {"per_device_train_batch_size": 2, "padding_free": True, "max_length": None}
    trainer = trl_trainer(model, tokenizer, rows, tmp_path / "out", **how)
    batch = next(iter(trainer.get_train_dataloader()))
    assert "attention_mask" not in batch
    assert int((batch["position_ids"] == 0).sum()) > 2 * 2
    starts = (batch["input_ids"] == tokenizer.convert_tokens_to_ids("<|im_start|>")) & (batch["position_ids"] == 0)
    assert int(starts.sum()) == int((batch["position_ids"] == 0).sum())
    trainer.train()
    assert answers_of(trainer.model, tokenizer).startswith("tre<|im_end|>")


def test_trl(shards: Any, tmp_path: Path) -> None:
    import transformers

    rows, folder = shards
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = model_of("llama", len(tokenizer))
    trainer = trl_trainer(model, tokenizer, rows, tmp_path / "out", per_device_train_batch_size=8)
    batch = next(iter(trainer.get_train_dataloader()))
    learned = batch["labels"][batch["labels"] != -100]
    said = tokenizer.decode(learned)
    assert set(said.replace("<|im_end|>", " ").split()) <= {"uno", "due", "tre", "quattro"}
    trainer.train()
    assert answers_of(trainer.model, tokenizer).startswith("tre<|im_end|>")
