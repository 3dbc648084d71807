"""Make the tokenizer that a BERT `vocab.txt` stands for, when there is no `tokenizer.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from sftformat.errors import ModelError
from sftformat.folder.files import dump_json

_SPECIAL = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


def complete(name: str, vocabulary: bytes, config: Mapping[str, Any], *, with_config: bool) -> dict[str, bytes]:
    """Return the `tokenizer.json` (and with `with_config` the `tokenizer_config.json`) that belong to a `vocab.txt`.

    Built as transformers' BertTokenizer builds it: lower case unless `do_lower_case` says no.

    Raises:
        ModelError: not UTF-8, or a special token is missing.
    """
    lower = config.get("do_lower_case", True) is not False
    special = {key: _content(config.get(key, token)) for key, token in _SPECIAL.items()}
    tokens = _tokens(name, vocabulary)
    for key in ("unk_token", "sep_token", "cls_token", "pad_token"):
        if special[key] not in tokens:
            raise ModelError(f"{name}/vocab.txt: has no {special[key]}")
    tokenizer = Tokenizer(models.WordPiece(tokens, unk_token=special["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=config.get("tokenize_chinese_chars", True) is not False,
        strip_accents=config.get("strip_accents"),
        lowercase=lower,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens([token for token in special.values() if token in tokens])
    first, last = special["cls_token"], special["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first}:0 $A:0 {last}:0",
        pair=f"{first}:0 $A:0 {last}:0 $B:1 {last}:1",
        special_tokens=[(first, tokens[first]), (last, tokens[last])],
    )
    made = {"tokenizer.json": tokenizer.to_str().encode()}
    if with_config:
        made["tokenizer_config.json"] = dump_json(
            {"tokenizer_class": "BertTokenizer", "do_lower_case": lower, **special}
        )
    return made


def _tokens(name: str, vocabulary: bytes) -> dict[str, int]:
    """Return token -> id; the line is the id, a token that stands twice has the later one."""
    try:
        lines = vocabulary.decode().replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise ModelError(f"{name}/vocab.txt: not UTF-8 at byte {error.start}") from None
    if lines and not lines[-1]:
        lines.pop()
    return {token: number for number, token in enumerate(lines)}


def _content(token: Any) -> str:
    return str(token.get("content") if isinstance(token, dict) else token)
