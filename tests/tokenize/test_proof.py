"""A tokenizer is cut only where its definition proves it; any other goes whole to the reference library."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tokenizers import Tokenizer

from sftformat.tokenize.load import make_reference
from sftformat.tokenize.pieces import _pieces, ids_of
from sftformat.tokenize.proof import prove

from .definitions import CUT, TRAINED_ON

Definition = dict[str, Any]
Change = Callable[[Definition], object]


def token(**fields: Any) -> Change:
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False, **fields}
    return lambda made: made["added_tokens"].append({"id": 90_000, **added})


def put(key: str, value: Any) -> Change:
    return lambda made: made.update({key: value})


def model(**fields: Any) -> Change:
    return lambda made: made["model"].update(fields)


def steps(*normalizers: Definition) -> Change:
    return put("normalizer", {"type": "Sequence", "normalizers": list(normalizers)})


TWICE = {
    "type": "TemplateProcessing",
    "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {},
}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
OTHER = {"type": "Split", "pattern": {"Regex": r"\w+ \w+|\W"}, "behavior": "Isolated", "invert": False}
SPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}

#: What is done to a definition that can be cut, and must make it one that is not.
UNPROVED: dict[str, tuple[str, Change]] = {
    "another normalizer": ("bert", put("normalizer", {"type": "Lowercase"})),
    "another splitter": ("bert", put("pre_tokenizer", {"type": "Whitespace"})),
    "no splitter": ("bert", put("pre_tokenizer", None)),
    "a token that changes and holds a blank": ("bert", token(content="good film")),
    "a text twice": ("bert", put("post_processor", TWICE)),
    "too many tokens": ("bert", lambda made: [token(content=f"t{n}")(made) for n in range(1001)]),
    "dropout": ("gpt2", model(dropout=0.5)),
    "no words": ("gpt2", put("pre_tokenizer", {**BYTES, "use_regex": False})),
    "an unknown pattern": ("llama3", put("pre_tokenizer", {"type": "Sequence", "pretokenizers": [OTHER, BYTES]})),
    "a normalizer that strips": (
        "gpt2",
        put("normalizer", {"type": "Strip", "strip_left": True, "strip_right": False}),
    ),
    "a token that changes and takes blanks": ("llama3", token(content="<r>", rstrip=True)),
    "no cut at blanks": ("unigram", put("pre_tokenizer", {**SPACE, "split": False})),
    "blanks that vanish": ("unigram", steps({"type": "Replace", "pattern": {"String": " "}, "content": ""})),
    "blanks that appear": ("unigram", steps({"type": "Replace", "pattern": {"String": "x"}, "content": " "})),
    "letters that vanish": ("unigram", steps({"type": "Replace", "pattern": {"String": "x"}, "content": ""})),
    "a pattern over blanks": ("unigram", steps({"type": "Replace", "pattern": {"Regex": "a b"}, "content": "c"})),
}


@pytest.mark.parametrize("name", UNPROVED)
def test_what_cannot_be_proved_goes_whole(name: str) -> None:
    """Each is one change away from a definition that is cut, and still gives the ids of the library."""
    start, change = UNPROVED[name]
    definition = json.loads(CUT[start]().to_str())
    assert prove(json.dumps(definition).encode(), Tokenizer.from_str(json.dumps(definition))) is not None
    change(definition)
    content = json.dumps(definition).encode()
    found = make_reference(name, {"tokenizer.json": content})
    assert prove(content, found.tokenizer) is None
    if name != "dropout":
        assert _pieces(found) is None
        wanted = [found.tokenizer.encode(text, add_special_tokens=False).ids for text in TRAINED_ON]
        listed: Any = ids_of(found, TRAINED_ON).to_arrow()
        assert listed.to_pylist() == wanted


def test_what_is_no_definition_is_not_cut() -> None:
    for content in (b"", b"[]", b"{}", b'{"model": 1}'):
        assert prove(content, CUT["bert"]()) is None
