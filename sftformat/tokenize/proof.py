"""Where a tokenizer always cuts, whatever stands around: proved from its own definition, or not claimed at all.

Two kinds of tokenizers have such places.

BERT (BertNormalizer or none, BertPreTokenizer, WordPiece). All its steps look at one character at a time, but for the
canonical order of combining marks, and marks never move over a base character. So its words end at ASCII blanks, at
ASCII punctuation and, where the normalizer sets them apart, at ideographs, and what is between is tokenized by itself.

Byte-level BPE and Metaspace. Their words may begin with a blank and never hold one further on. So they end in front of
a space that follows a character which is no blank. Normalization does not reach over that place: a space composes with
nothing in front of it and begins a grapheme of its own.

Added tokens are found in the text before all that; `added.py` keeps the cuts away from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Bytes = npt.NDArray[np.uint8]

#: What a byte is to the cutter. Bytes of a piece, blanks, and those that are a piece by themselves: CLOSED follows a
#: lead in an ideograph.
WORD, CLOSED, BLANK, ALONE, IDEOGRAPH = range(5)
BLANKS = b" \t\n\r"
#: More added tokens than this are not looked for.
_MAX_ADDED = 1000

_PUNCTUATION = bytes(byte for byte in range(0x21, 0x7F) if not chr(byte).isalnum())
_LETTERS = r"'s|'t|'re|'ve|'m|'ll|'d"
_END = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
#: Splitting patterns in which no match holds a space behind a character that is no blank.
_PATTERNS = tuple(
    rf"(?i:{_LETTERS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}{_END}" for digits in (r"\p{N}{1,3}", r"\p{N}")
)
#: Normalizers that let nothing pass over a space behind an ASCII character.
_STEPS = {"NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Precompiled"}
_PROCESSORS = {"BertProcessing", "RobertaProcessing", "TemplateProcessing", "ByteLevel"}


@dataclass(frozen=True, slots=True)
class Cutting:
    """How the UTF-8 bytes of texts may be cut.

    `words` says that it is BERT's way: blanks go, and pieces end at punctuation too; else a piece begins with the
    blanks in front of it. `table` (256) maps bytes to those that stand for them in a piece (lower case), `kinds` (256)
    says what they are. `patterns` are the added tokens that a cut could tear, as they look after `table`. `closed` says
    that text which the normalizer could change is cut at blanks alone, since an added token may appear in it. `longest`
    is the number of characters that a word may have before it is unknown; None outside BERT. `marks` are how the tokens
    begin that continue a word, and the token of an unknown word; None outside BERT, and where an added token could
    stand in a word of ASCII letters and digits. `wide` says that characters beyond ASCII, blanks aside, may stand in
    front of a cut.
    """

    words: bool
    table: Bytes
    kinds: Bytes
    patterns: tuple[bytes, ...]
    closed: bool
    longest: int | None
    marks: tuple[str, str] | None
    wide: bool


class _Added(msgspec.Struct):
    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = True


class _Definition(msgspec.Struct):
    model: dict[str, Any]
    normalizer: dict[str, Any] | None = None
    pre_tokenizer: dict[str, Any] | None = None
    post_processor: dict[str, Any] | None = None
    added_tokens: list[_Added] = []


def prove(content: bytes, tokenizer: Tokenizer) -> Cutting | None:
    """Return how texts may be cut for the tokenizer whose `tokenizer.json` holds `content`; None: not at all."""
    try:
        found = msgspec.json.decode(content, type=_Definition)
    except msgspec.MsgspecError:
        return None
    added = found.added_tokens
    if len(added) > _MAX_ADDED or not all(token.content for token in added) or not _keeps(found.post_processor):
        return None
    bert = (found.pre_tokenizer or {}).get("type") == "BertPreTokenizer"
    cutting = _bert(found, tokenizer) if bert else _blank(found, tokenizer)
    return cutting if cutting is not None and not tokenizer.encode("", add_special_tokens=False).ids else None


def _keeps(processor: Mapping[str, Any] | None) -> bool:
    """Whether a post-processor, asked for no special tokens, leaves the tokens of a text as they are."""
    if processor is None:
        return True
    if processor["type"] == "Sequence":
        return all(_keeps(each) for each in processor["processors"])
    if processor["type"] == "TemplateProcessing":
        return sum("Sequence" in part for part in processor["single"]) == 1
    return processor["type"] in _PROCESSORS


def _bert(found: _Definition, tokenizer: Tokenizer) -> Cutting | None:
    normalizer, model = found.normalizer or {}, found.model
    if normalizer.get("type", "BertNormalizer") != "BertNormalizer" or model.get("type") != "WordPiece":
        return None
    table = np.arange(256, dtype=np.uint8)
    if normalizer.get("lowercase"):
        table[ord("A") : ord("Z") + 1] += 32
    kinds = np.full(256, WORD, np.uint8)
    kinds[list(BLANKS)], kinds[list(_PUNCTUATION)] = BLANK, ALONE
    if normalizer.get("handle_chinese_chars"):
        kinds[0xE4:0xEA] = IDEOGRAPH
    contents, closed = [token.content for token in found.added_tokens], False
    for token in found.added_tokens:
        if token.normalized and normalizer:
            contents.append(tokenizer.normalizer.normalize_str(token.content))
            closed = True
            if not contents[-1] or any(character.isspace() for character in contents[-1]):
                return None
    patterns = tuple(sorted({table[list(content.encode())].tobytes() for content in contents}))
    longest = model.get("max_input_chars_per_word", 100)
    inner, unknown, marks = model.get("continuing_subword_prefix", "##"), model.get("unk_token", "[UNK]"), None
    if unknown in model.get("vocab", ()) and not any(pattern.isalnum() for pattern in patterns):
        marks = inner, unknown
    return Cutting(True, table, kinds, patterns, closed, longest, marks, wide=False)


def _blank(found: _Definition, tokenizer: Tokenizer) -> Cutting | None:
    if not _alone_by_word(found.model) or not _stops_at_blanks(found.normalizer, tokenizer):
        return None
    steps = _steps(found.pre_tokenizer, "pretokenizers")
    bytewise = _byte_level(steps)
    if not bytewise and not _metaspace(steps):
        return None
    torn = [token for token in found.added_tokens if token.rstrip or any(each.isspace() for each in token.content)]
    if found.normalizer and any(token.normalized for token in torn):
        return None
    table, kinds = np.arange(256, dtype=np.uint8), np.full(256, WORD, np.uint8)
    kinds[ord(" ")] = BLANK
    wide = bytewise and (found.normalizer or {"type": "NFC"})["type"] == "NFC"
    patterns = tuple(sorted({token.content.encode() for token in torn}))
    return Cutting(False, table, kinds, patterns, False, None, None, wide)


def _alone_by_word(model: Mapping[str, Any]) -> bool:
    """Whether a model tokenizes each word by itself, and always in the same way."""
    if model.get("type") == "BPE":
        return not model.get("dropout")
    return model.get("type") == "Unigram" and not model.get("alpha") and not model.get("nbest_size")


def _steps(part: Mapping[str, Any] | None, key: str) -> list[Mapping[str, Any]]:
    if part is None:
        return []
    return [step for each in part[key] for step in _steps(each, key)] if part["type"] == "Sequence" else [part]


def _byte_level(steps: list[Mapping[str, Any]]) -> bool:
    match [step["type"] for step in steps]:
        case ["ByteLevel"]:
            return bool(steps[0].get("use_regex", True))
        case ["Split", "ByteLevel"]:
            first, second = steps
            known = first["pattern"].get("Regex") in _PATTERNS and first["behavior"] == "Isolated"
            plain = not second.get("use_regex", True) and not second.get("add_prefix_space", True)
            return known and not first.get("invert") and plain
    return False


def _metaspace(steps: list[Mapping[str, Any]]) -> bool:
    kinds = [step["type"] for step in steps]
    return kinds in (["Metaspace"], ["WhitespaceSplit", "Metaspace"]) and bool(steps[-1].get("split", True))


def _stops_at_blanks(normalizer: Mapping[str, Any] | None, tokenizer: Tokenizer) -> bool:
    """Whether a normalizer works on both sides of a space, behind an ASCII character, as if the other were not there.

    A table of characters (`Precompiled`) is asked what it makes of each ASCII character.
    """
    if normalizer is None:
        return True
    if not all(_stops(step) for step in _steps(normalizer, "normalizers")):
        return False
    ask = tokenizer.normalizer.normalize_str
    graphic = map(chr, range(0x21, 0x7F))
    return ask("a b") == "a b" and all(ask(each).strip() == ask(each) != "" for each in graphic)


def _stops(step: Mapping[str, Any]) -> bool:
    if step["type"] != "Replace":
        return step["type"] in _STEPS
    pattern, content = step["pattern"], step["content"]
    if pattern.get("Regex") == " {2,}":
        return bool(content == " ")
    return "String" in pattern and bool(content) and not any(each.isspace() for each in pattern["String"] + content)
