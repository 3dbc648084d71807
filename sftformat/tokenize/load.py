"""Load a tokenizer from a folder or from the hub, with the files it was made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from sftformat.diagnostics import clip
from sftformat.errors import ModelError
from sftformat.folder.files import dump_json
from sftformat.tokenize import hub, wordpiece
from sftformat.tokenize.template import Template, probe

#: What is copied into the shards and hashed. `tokenizer.json` or `vocab.txt` must be there.
FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "chat_template.jinja")
#: A larger `model_max_length` means "not known" (transformers writes 1e30).
_NO_LIMIT = 1_000_000
_MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Reference:
    """A tokenizer of the reference library without padding and truncation, and what shards must know of it.

    `name` is the base name of the folder or the name on the hub, never a path. `files` holds what is copied into the
    shards. `vocab_size` is the largest id plus one. `max_seq_length` is what sentence-transformers was trained with:
    information only. `single` and `pair` are None where the layout of special tokens follows no template.
    """

    name: str
    tokenizer: Tokenizer
    files: Mapping[str, bytes]
    vocab_size: int
    pad_id: int | None
    unk_id: int | None
    model_max_length: int | None
    max_seq_length: int | None
    side: str
    single: Template | None
    pair: Template | None

    def __reduce__(self) -> tuple[Any, ...]:
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "tokenizer"}
        return _received, (given,)

    def to_manifest(self) -> dict[str, Any]:
        """Return what the manifest of a shard folder says of the tokenizer; the same content, the same values."""
        files = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(self.files.items())}
        return {
            "name": self.name,
            "files": files,
            "sha256": hashlib.sha256(dump_json(files)).hexdigest(),
            "vocab_size": self.vocab_size,
            "pad_id": self.pad_id,
            "unk_id": self.unk_id,
            "model_max_length": self.model_max_length,
        }


def load_tokenizer(name: str) -> Reference:
    """Load `tokenizer.json`, or a BERT `vocab.txt`, from a folder or from the hub (HF_HUB_OFFLINE, HF_TOKEN honoured).

    Raises:
        ModelError: no such folder or name, not reachable, or files that are damaged or contradict each other.
    """
    folder = Path(name)
    if folder.is_dir():
        found, short = _read_folder(folder), folder.resolve().name
    elif hub.is_name(name):
        found, short = hub.fetch(name, (*FILES, "sentence_bert_config.json"), required=(FILES[0], FILES[3])), name
    else:
        raise ModelError(f"{name}: no such folder, and not a name on the hub")
    return make_reference(short, found)


def _read_folder(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in (*FILES, "sentence_bert_config.json"):
        path = folder / name
        try:
            if path.is_file():
                if path.stat().st_size > _MAX_BYTES:
                    raise ModelError(f"{path}: over {_MAX_BYTES >> 20} MiB: not a tokenizer")
                found[name] = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    return found


def make_reference(name: str, found: Mapping[str, bytes]) -> Reference:
    """Build the Reference from the contents of the files, `FILES` and sentence_bert_config.json.

    Raises:
        ModelError: neither `tokenizer.json` nor `vocab.txt`, or one that is damaged.
    """
    return _made(name, tuple(found.items()))


@lru_cache(maxsize=2)
def _made(name: str, given: tuple[tuple[str, bytes], ...]) -> Reference:
    """As `make_reference`; what was built once of the same files is there in this process."""
    found = dict(given)
    config = _object(name, found, "tokenizer_config.json")
    special = _object(name, found, "special_tokens_map.json")
    files = {file: found[file] for file in FILES if file in found}
    if "tokenizer.json" not in found:
        if "vocab.txt" not in found:
            raise ModelError(f"{name}: has neither tokenizer.json nor vocab.txt")
        files |= wordpiece.complete(name, found["vocab.txt"], config, with_config="tokenizer_config.json" not in found)
    tokenizer, spec = _parse(name, files["tokenizer.json"])
    _agree(name, spec, config)
    top = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    names = {**special, **{key: value for key, value in config.items() if key.endswith("_token")}}
    sentence = _object(name, found, "sentence_bert_config.json")
    reference = Reference(
        name=name,
        tokenizer=tokenizer,
        files=files,
        vocab_size=top + 1,
        pad_id=_token_id(tokenizer, names.get("pad_token"), _at(spec, "padding", "pad_token"), "[PAD]", "<pad>"),
        unk_id=_unknown(tokenizer, spec, names.get("unk_token")),
        model_max_length=_limit(config.get("model_max_length")),
        max_seq_length=_limit(sentence.get("max_seq_length")),
        side="left" if config.get("truncation_side") == "left" else "right",
        single=probe(tokenizer, pair=False),
        pair=probe(tokenizer, pair=True),
    )
    _fits(reference)
    return reference


def _parse(name: str, content: bytes) -> tuple[Tokenizer, dict[str, Any]]:
    try:
        spec = json.loads(content)
        tokenizer = _tokenizer(content)
    except BaseException as error:  # a bad file makes the library raise bare Exception, or its PanicException
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        words = " ".join(str(error).split())
        raise ModelError(f"{name}/tokenizer.json: damaged or not a tokenizer: {clip(words, 160)}") from None
    return tokenizer, spec


@lru_cache(maxsize=2)
def _tokenizer(content: bytes) -> Tokenizer:
    """Return the tokenizer of a definition, which is read once in a process; copies of the process have it too."""
    tokenizer = Tokenizer.from_buffer(content)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _received(given: Mapping[str, Any]) -> Reference:
    return Reference(tokenizer=_tokenizer(given["files"]["tokenizer.json"]), **given)


def _object(name: str, found: Mapping[str, bytes], file: str) -> dict[str, Any]:
    try:
        value = json.loads(found.get(file, b"{}"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{name}/{file}: not JSON: {clip(str(error), 120)}") from None
    if not isinstance(value, dict):
        raise ModelError(f"{name}/{file}: not a JSON object")
    return value


def _agree(name: str, spec: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuse a BERT tokenizer whose two files differ on case: transformers would follow the other one than we do."""
    normalizer = spec.get("normalizer") or {}
    lower, wanted = normalizer.get("lowercase"), config.get("do_lower_case")
    if normalizer.get("type") == "BertNormalizer" and isinstance(wanted, bool) and lower != wanted:
        raise ModelError(
            f"{name}: tokenizer.json has lowercase {str(lower).lower()}, tokenizer_config.json do_lower_case "
            f"{str(wanted).lower()}: make them agree"
        )


def _fits(reference: Reference) -> None:
    for template in (reference.single, reference.pair):
        for part in template.parts if template else ():
            if part.token >= reference.vocab_size:
                raise ModelError(f"{reference.name}: the special token {part.token} is not in the vocabulary")


def _at(spec: Mapping[str, Any], *keys: str) -> Any:
    value: Any = spec
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _token_id(tokenizer: Tokenizer, *candidates: Any) -> int | None:
    """Return the id of the first candidate in the vocabulary; a candidate may be an AddedToken object."""
    for candidate in candidates:
        content = candidate.get("content") if isinstance(candidate, dict) else candidate
        if isinstance(content, str) and (number := tokenizer.token_to_id(content)) is not None:
            return int(number)
    return None


def _unknown(tokenizer: Tokenizer, spec: Mapping[str, Any], configured: Any) -> int | None:
    number = _at(spec, "model", "unk_id")  # Unigram
    if isinstance(number, int):
        return number
    return _token_id(tokenizer, _at(spec, "model", "unk_token"), configured)


def _limit(value: Any) -> int | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _NO_LIMIT
    return int(value) if good else None
