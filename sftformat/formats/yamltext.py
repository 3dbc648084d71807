"""YAML as a tree of nodes, each with its line; nothing is made of them that YAML 1.1 would guess.

Numbers, `true`, `false` and null are what JSON writes so; everything else is the text that stands there: `no`, `1_000`
and `2024-01-01` are texts. Aliases are refused: a few lines of them stand for gigabytes. A file is read whole.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sftformat.errors import UsageError
from sftformat.formats import container
from sftformat.formats.source import Source, fault
from sftformat.record import decode_json

#: A node may stand so deep in others.
MAX_DEPTH = 512
#: Line breaks in YAML 1.1 that are characters of a text in YAML 1.2.
_OLD_BREAKS = "\x85\u2028\u2029"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_JSON = re.compile(r"true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_UNPRINTABLE = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TAGS = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Node:
    """One node: a text, a list of nodes or pairs of them; `line` is 1-based.

    `style` of a text is `|`, `>`, `'`, `"` or nothing, where it stands as it is; `whole` says that it is a text even
    where it looks like a number.
    """

    line: int
    text: str | None = None
    items: list[Node] | None = None
    pairs: list[tuple[Node, Node]] | None = None
    style: str = ""
    whole: bool = False

    def get(self, name: str) -> Node | None:
        """Return what stands under a name in a mapping."""
        return next((value for key, value in self.pairs or () if key.text == name), None)


def text_of(source: Source) -> str:
    """Return the text of a file.

    Raises:
        InputError: it cannot be read, or is no text in its encoding (SFT006).
    """
    data = b"".join(container.chunks(source))
    try:
        return data[source.bom :].decode(source.encoding)
    except UnicodeError as error:
        at = source.bom + getattr(error, "start", 0)
        line = data.count(b"\n", 0, at) + 1
        raise fault("SFT006", source.name, f"bytes that are not {source.encoding}", line=line, byte=at) from None


def documents(source: Source, text: str) -> list[Node]:
    """Return the documents of a YAML text.

    Raises:
        UsageError: PyYAML is missing.
        InputError: the text is no YAML, or has aliases, foreign tags, or nodes nested too deep.
    """
    try:
        import yaml
    except ImportError:
        raise UsageError(f"{source.name}: YAML needs PyYAML: pip install 'sftformat[yaml]'") from None
    breaks = [match.start() for match in re.finditer("\r" if source.line_end == "\r" else "\n", text)]
    stand_ins: dict[str, Any] = dict(
        zip(_OLD_BREAKS, (c for c in map(chr, range(0xF0000, 0xF1000)) if c not in text), strict=False)
    )
    building = _Building(source, breaks, {ord(other): old for old, other in stand_ins.items()})
    try:
        for event in yaml.parse(
            text.translate(str.maketrans(stand_ins)), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        ):
            building.take(event)
    except yaml.YAMLError as error:
        said = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        mark = getattr(error, "problem_mark", None)
        line = building.line_of(mark) if mark is not None else None
        where = f" at line {line}" if line else ""
        message = f"no YAML{where}: {said}"
        raise fault("SFT016", source.name, message, line=line, hint="mend it there; nothing was read") from None
    return building.documents


class _Building:
    """The nodes that are open while the events of a text go by; no recursion, as it may be deep."""

    def __init__(self, source: Source, breaks: list[int], restored: Mapping[int, str]) -> None:
        self.source, self.breaks, self.restored = source, breaks, restored
        self.documents: list[Node] = []
        self.open: list[Node] = []
        self.keys: list[Node | None] = []

    def line_of(self, mark: Any) -> int:
        """Return the physical line of a mark."""
        return bisect_left(self.breaks, mark.index) + 1

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "AliasEvent":
            raise self.refused(event, f"an alias (*{event.anchor}), which is not followed")
        if kind in ("SequenceEndEvent", "MappingEndEvent"):
            self.open.pop()
            self.keys.pop()
        elif kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent"):
            self.check_tag(event)
            self.add(self.node(event, kind))

    def node(self, event: Any, kind: str) -> Node:
        line = self.line_of(event.start_mark)
        if kind == "ScalarEvent":
            whole = bool(event.style) or event.tag == f"{_TAGS}str"
            return Node(line, event.value.translate(self.restored), style=event.style or "", whole=whole)
        made = Node(line, items=[]) if kind == "SequenceStartEvent" else Node(line, pairs=[])
        if len(self.open) >= MAX_DEPTH:
            raise self.refused(event, f"nested deeper than {MAX_DEPTH}")
        return made

    def add(self, node: Node) -> None:
        if not self.open:
            self.documents.append(node)
        elif self.open[-1].items is not None:
            self.open[-1].items.append(node)
        elif self.keys[-1] is None:
            self.keys[-1] = node
        else:
            pairs = self.open[-1].pairs
            assert pairs is not None
            pairs.append((self.keys[-1], node))
            self.keys[-1] = None
        if node.text is None:
            self.open.append(node)
            self.keys.append(None)

    def check_tag(self, event: Any) -> None:
        if event.tag not in (
            None,
            "!",
            *(_TAGS + name for name in ("str", "int", "float", "bool", "null", "seq", "map")),
        ):
            raise self.refused(event, f"the tag {event.tag}, which is not read")

    def refused(self, event: Any, message: str) -> Exception:
        line = self.line_of(event.start_mark)
        return fault("SFT016", self.source.name, f"line {line}: {message}", line=line, hint="write it out")


class Unfit(Exception):  # noqa: N818 - not an error of the run: what is wrong with one record
    """A node that is no JSON value: the code, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def value_of(node: Node) -> Any:
    """Return a node as a JSON value.

    Raises:
        Unfit: a key stands twice in one mapping, or is no text.
    """
    if node.items is not None:
        return [value_of(item) for item in node.items]
    if node.pairs is not None:
        return dict(_members(node))
    text = node.text or ""
    if node.whole:
        return text
    if text in _NULLS:
        return None
    if _JSON.fullmatch(text):
        try:
            return decode_json(text)
        except msgspec.DecodeError:
            return text
    return text


def _members(node: Node) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, value in node.pairs or ():
        if key.text is None:
            raise Unfit("SFT002", "a key that is a list or a mapping")
        if key.text in seen:
            raise Unfit("SFT003", f"the key {key.text!r} stands twice")
        seen.add(key.text)
        yield key.text, value_of(value)


# ---------------------------------------------------------------------------------------------------- writing


def printable(text: str) -> bool:
    """Whether a text may stand in a YAML file as it is, in one line."""
    return _UNPRINTABLE.search(text) is None


def escaped(json: str) -> str:
    """Return JSON text as YAML takes it, which knows no other characters than those it can show."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json)
