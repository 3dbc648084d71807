"""Real clients take what is written: TRL trains a step on conversations, `datasets` opens tags and spans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Call
from ..test_samples import SAMPLES

pytestmark = pytest.mark.slow

TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)


def tiny(folder: Path) -> tuple[Any, Any]:
    """Return a random causal model and its tokenizer of characters."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    letters = ["[PAD]", "[UNK]", "[EOS]", *map(chr, range(32, 127))]
    plain = Tokenizer(models.WordLevel({letter: number for number, letter in enumerate(letters)}, "[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="[PAD]", eos_token="[EOS]", unk_token="[UNK]"
    )
    tokenizer.chat_template = TEMPLATE
    config = transformers.GPT2Config(
        vocab_size=len(letters), n_positions=2048, n_embd=16, n_layer=1, n_head=2, bos_token_id=2, eos_token_id=2
    )
    return transformers.GPT2LMHeadModel(config), tokenizer


@pytest.mark.parametrize(
    ("sample", "layout"),
    [
        ("swift-sharegpt.jsonl", "openai-chat"),
        ("swift-sharegpt.jsonl", "prompt-completion-chat"),
        ("prompt-completion.jsonl", "prompt-completion"),
    ],
)
def test_trl_takes_a_step(call_here: Call, tmp_path: Path, sample: str, layout: str) -> None:
    trl, datasets = pytest.importorskip("trl"), pytest.importorskip("datasets")
    call_here("convert", str(SAMPLES / sample), "-o", "a.jsonl", "--to", layout)
    rows = datasets.load_dataset("json", data_files=str(tmp_path / "a.jsonl"), split="train", cache_dir=tmp_path)
    model, tokenizer = tiny(tmp_path)
    arguments = trl.SFTConfig(
        output_dir=str(tmp_path / "run"),
        max_steps=1,
        per_device_train_batch_size=2,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        max_length=512,
        bf16=False,
    )
    trainer = trl.SFTTrainer(model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    done = trainer.train()
    assert done.global_step == 1
    assert 0 < done.training_loss < 20


def test_datasets_opens_tags(call_here: Call, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    call_here("convert", str(SAMPLES / "token-tags.conll"), "-o", "a.parquet")
    rows = datasets.load_dataset("parquet", data_files=str(tmp_path / "a.parquet"), split="train", cache_dir=tmp_path)
    assert len(rows) == 22
    assert all(len(row["tokens"]) == len(row["ner_tags"]) for row in rows)


def test_datasets_opens_the_folder_for_the_hub(call_here: Call, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    for split, count in (("train", 30), ("test", 8)):
        rows = [{"text": f"{split} {n}", "label": "ab"[n % 2], "page": n} for n in range(count)]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = call_here("convert", "train.jsonl", "test.jsonl", "-o", "hub", "--to", "text-label")
    assert done.code == 0, done.err
    opened = datasets.load_dataset(str(tmp_path / "hub"), cache_dir=tmp_path / "cache")
    assert {split: len(rows) for split, rows in opened.items()} == {"train": 30, "test": 8}
    assert opened["test"][7] == {"text": "test 7", "label": "b", "page": 7}
    assert "read 38 = written 38" in call_here("validate", "hub").out
    assert "a folder is only written where nothing is" in call_here("convert", "hub", "-o", "hub", "--to", "setfit").err
