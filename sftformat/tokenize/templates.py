"""Which template renders the rows: the tokenizer's own, a built-in one, or a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sftformat.diagnostics import clip
from sftformat.errors import ModelError, UsageError
from sftformat.tokenize.chat_template import ChatTemplate, checked, needs
from sftformat.tokenize.load import Reference

#: The name of the tokenizer's own template; also the stem of the file that holds it.
OWN = "chat_template"
#: A larger file is no template.
_MAX_BYTES = 1 << 20
#: The special tokens that a template sees by name, as in transformers.
_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")

_PLAIN = """\
{%- for message in messages -%}
    {%- if message.role == "assistant" -%}
        {%- generation %}{{ message.content or "" }}{% if message.tool_calls %}{{ message.tool_calls | tojson }}\
{% endif %}{{ eos_token }}{% endgeneration -%}
        {%- if not loop.last %}{{ "\\n" }}{% endif -%}
    {%- else -%}
        {{- (message.content or "") + "\\n" -}}
    {%- endif -%}
{%- endfor -%}
"""
_CHATML = """\
{%- for message in messages -%}
    {{- "<|im_start|>" + message.role + "\\n" -}}
    {%- if message.role == "assistant" -%}
        {%- generation %}{{ message.content or "" }}{% if message.tool_calls %}{{ message.tool_calls | tojson }}\
{% endif %}{{ "<|im_end|>" }}{% endgeneration -%}
        {{- "\\n" -}}
    {%- else -%}
        {{- (message.content or "") + "<|im_end|>\\n" -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}{{ "<|im_start|>assistant\\n" }}{% endif -%}
"""
_ALPACA = """\
{%- for message in messages -%}
    {%- if message.role == "assistant" -%}
        {{- "### Response:\\n" -}}
        {%- generation %}{{ message.content or "" }}{% if message.tool_calls %}{{ message.tool_calls | tojson }}\
{% endif %}{{ eos_token }}{% endgeneration -%}
        {%- if not loop.last %}{{ "\\n\\n" }}{% endif -%}
    {%- elif message.role == "system" -%}
        {{- (message.content or "") + "\\n\\n" -}}
    {%- elif message.role == "user" and instruction is defined and input is defined -%}
        {{- "### Instruction:\\n" + instruction + "\\n\\n### Input:\\n" + input + "\\n\\n" -}}
    {%- elif message.role == "user" -%}
        {{- "### Instruction:\\n" + (message.content or "") + "\\n\\n" -}}
    {%- else -%}
        {{- "### Input:\\n" + (message.content or "") + "\\n\\n" -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}{{ "### Response:\\n" }}{% endif -%}
"""
#: What an encoder-decoder needs no template for: line feeds between the texts.
PLAIN = "plain"
BUILT_IN: Mapping[str, str] = {PLAIN: _PLAIN, "chatml": _CHATML, "alpaca": _ALPACA}


#: Tokens that built-in templates write.
_MARKS: Mapping[str, tuple[str, ...]] = {"chatml": ("<|im_start|>", "<|im_end|>")}


def find_template(reference: Reference, wanted: str | None, day: date | None) -> ChatTemplate:
    """Return the template that `--template` names, else the tokenizer's own.

    Raises:
        UsageError: no such template, or a file that is none; the tokenizer has none and none is named.
        ModelError: the tokenizer's files are damaged, or lack a special token that a built-in template writes.
    """
    tokens = named_tokens(reference)
    if wanted is None:
        return checked(_own(reference, tokens, day))
    if wanted not in BUILT_IN:
        return checked(ChatTemplate(Path(wanted).name, _read(wanted), None, tokens, day))
    template = checked(ChatTemplate(wanted, BUILT_IN[wanted], None, tokens, day))
    if needs(template, "eos_token") and "eos_token" not in tokens:
        raise ModelError(
            f"{reference.name}: names no eos_token in tokenizer_config.json, which the template {wanted} ends answers "
            "with: a model would not learn to stop"
        )
    for mark in _MARKS.get(wanted, ()):
        if reference.tokenizer.token_to_id(mark) is None:
            raise ModelError(
                f"{reference.name}: has no token {mark}, which the template {wanted} writes: it would be cut into "
                "pieces; choose another --template, or add it to the tokenizer"
            )
    return template


def from_manifest(reference: Reference, said: Mapping[str, Any]) -> ChatTemplate:
    """Return the template that a manifest tells."""
    day = date.fromisoformat(said["day"]) if said["day"] is not None else None
    return ChatTemplate(said["name"], said["text"], said["tools_text"], named_tokens(reference), day)


def named_tokens(reference: Reference) -> dict[str, str]:
    """Return the special tokens that the tokenizer's files name, as templates see them."""
    named = {**_json(reference, "special_tokens_map.json"), **_json(reference, "tokenizer_config.json")}
    found = {name: named.get(name) for name in _NAMED}
    texts = {name: value.get("content") if isinstance(value, dict) else value for name, value in found.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _own(reference: Reference, tokens: Mapping[str, str], day: date | None) -> ChatTemplate:
    made = ChatTemplate(OWN, "", None, tokens, day)
    if f"{OWN}.jinja" in reference.files:
        return replace(made, text=_text(f"{reference.name}/{OWN}.jinja", reference.files[f"{OWN}.jinja"]))
    held = _json(reference, "tokenizer_config.json").get(OWN)
    if isinstance(held, list):
        held = {each.get("name"): each.get("template") for each in held if isinstance(each, dict)}
    if isinstance(held, dict) and isinstance(held.get("default"), str):
        tools = held.get("tool_use")
        return replace(made, text=held["default"], tools_text=tools if isinstance(tools, str) else None)
    if isinstance(held, str):
        return replace(made, text=held)
    what = "has several chat templates and none called default" if held else "has no chat template"
    raise UsageError(f"{reference.name}: {what}: give --template {', '.join(BUILT_IN)}, or a file")


def _read(wanted: str) -> str:
    path = Path(wanted)
    if not path.is_file():
        raise UsageError(f"--template {clip(wanted)}: no such file; {', '.join(BUILT_IN)} are built in")
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--template {wanted}: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise UsageError(f"--template {wanted}: over {_MAX_BYTES >> 20} MiB: not a template")
    return _text(f"--template {wanted}", content)


def _text(where: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{where}: not UTF-8 at byte {error.start}") from None


def _json(reference: Reference, name: str) -> dict[str, Any]:
    """Read a file of the tokenizer, which `load` has parsed before."""
    value = json.loads(reference.files.get(name, b"{}"))
    return value if isinstance(value, dict) else {}
