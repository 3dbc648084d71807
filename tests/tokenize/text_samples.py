"""Tokenizers with chat templates and data set folders of text, made here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from sftformat.schema.arrow import arrow_schema

from .shard_samples import write_dataset

SPECIAL = ["<s>", "</s>", "<pad>", "<unk>", "[INST]", "[/INST]", "<|im_start|>", "<|im_end|>"]

#: Templates as they are met: with and without `{% generation %}`, refusing, trimming, with tools and calls.
TEMPLATES = {
    "chatml": (
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' "
        "+ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "generation": (
        "{% for message in messages %}\n"
        "    {%- if message.role == 'assistant' %}\n"
        "<|im_start|>assistant\n"
        "{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}\n\n"
        "    {%- else %}\n"
        "<|im_start|>{{ message.role }}\n{{ message.content | trim }}<|im_end|>\n"
        "    {%- endif %}\n"
        "{% endfor %}\n"
        "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "llama": (
        "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}"
        "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
        "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
    ),
    "tools": (
        "{%- if tools %}{{- '<|im_start|>system\n# Tools' }}{%- for tool in tools %}{{- '\n' }}{{- tool | tojson }}"
        "{%- endfor %}{{- '<|im_end|>\n' }}{%- endif %}"
        "{%- set ns = namespace(last=-1) %}"
        "{%- for message in messages %}{%- if message.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}"
        "{{- '<|im_start|>' + message.role + '\n' + (message.content or '') }}"
        "{%- for call in message.tool_calls or [] %}{{- '\n<call>' + call.function.name + ' ' }}"
        "{{- call.function.arguments | tojson(indent=None) }}{{- '</call>' }}{%- endfor %}{{- '<|im_end|>\n' }}"
        "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
    ),
}


def byte_level(folder: Path, template: str | None = None, **config: Any) -> Path:
    """Write a byte-level BPE tokenizer of single bytes and a few merges, with special tokens that chats use."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "a"), ("t", "h"), ("th", "e"), ("Ġ", "the"), ("e", "r"), ("u", "s"), ("us", "er")]
    names = [*SPECIAL, *alphabet, *dict.fromkeys("".join(merge) for merge in merges)]
    made = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    said: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, **named, **config}
    if template is not None:
        said["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def turn(role: str, content: str | None, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def chat(*turns: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a canonical row of a conversation."""
    trained = [n for n, each in enumerate(turns) if each["role"] == "assistant" and each.get("weight") != 0]
    first = trained[0] if trained else len(turns)
    return {"input": list(turns[:first]), "target": list(turns[first:]) if trained else None, **more}


def write_texts(folder: Path, task: str, parts: dict[str, Sequence[Sequence[dict[str, Any]]]]) -> Path:
    """Commit a data set folder; `parts` is split -> files -> rows. Ids and sources are made up from their places."""
    return write_dataset(folder, task, parts, schema=arrow_schema(task))
