"""Chat templates: found, compiled and rendered as transformers does it, in jinja2's sandbox.

What a template sees is what `apply_chat_template` of transformers 5 shows it (utils/chat_template_utils.py): messages
without their null keys, `tools`, `add_generation_prompt`, the special tokens by name, and `raise_exception`,
`strftime_now`, `tojson`, `dict`, `namespace`, loop controls and `{% generation %}`. Two things differ on purpose: the
day is an option and not the clock's, and a row of text-to-text shows its fields by name too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.utils import Namespace

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.tokenize.sandbox import Budget, RunawayError, Sandbox

#: Start and end of a stretch of a rendered text, in characters.
Span = tuple[int, int]
#: Names under which transformers finds what a model thought; all are filled from the first that is there.
_REASONING = ("reasoning_content", "thinking", "reasoning")


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A Jinja template. `tools_text` is taken for rows with tools; `tokens` are the special tokens by their names.

    `name` is that of a built-in one, the base name of a file, or `chat_template` for the tokenizer's own. `day` is
    what `strftime_now` tells; None where the template does not ask.
    """

    name: str
    text: str
    tools_text: str | None
    tokens: Mapping[str, str]
    day: date | None

    def to_manifest(self) -> dict[str, Any]:
        """Return what the manifest of a shard folder says of the template: enough to render again."""
        made = {"name": self.name, "text": self.text, "tools_text": self.tools_text}
        return {**made, "day": self.day.isoformat() if self.day is not None else None}


@dataclass(frozen=True, slots=True)
class Marked:
    """A rendered text, and what stood between `{% generation %}` and `{% endgeneration %}`, in order."""

    text: str
    spans: tuple[Span, ...]


class _Tracked:
    """What one rendering has put out so far, and the stretches that were generated."""

    def __init__(self) -> None:
        self.length = 0
        self.spans: list[Span] = []


class _Generation(Extension):
    """The tag `{% generation %}`: its body is rendered as it stands, and its place noted."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)
    #: One process renders one text at a time.
    now: _Tracked | None = None

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("note"), [], [], body).set_lineno(line)

    def note(self, caller: Any) -> str:
        """Return the body, and note where it will stand."""
        text = str(caller())
        if _Generation.now is not None:
            start = _Generation.now.length
            _Generation.now.spans.append((start, start + len(text)))
        return text


class _Namespace(Namespace):
    """A namespace that takes no name with an underscore in front: those lead out of the sandbox."""

    def __setitem__(self, name: str, value: Any) -> None:
        if str(name).startswith("_"):
            raise TemplateError(f"a namespace takes no name with an underscore in front: {name}")
        super().__setitem__(name, value)


class _Dict:
    """`dict(…)` and nothing else of it."""

    def __call__(self, *args: Any, **named: Any) -> dict[Any, Any]:
        return dict(*args, **named)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """Return `dict.fromkeys(…)`."""
        return dict.fromkeys(*args)


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


@lru_cache(maxsize=16)
def _compiled(text: str, day: date | None) -> Any:
    made = Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    made.filters["tojson"] = _tojson
    shown: dict[str, Any] = {"raise_exception": _refuse, "dict": _Dict(), "namespace": _Namespace}
    made.globals.update({**shown, "strftime_now": (day or date.min).strftime})
    return made.from_string(text)


def checked(template: ChatTemplate) -> ChatTemplate:
    """Return a template that compiles, knows its day, and comes to an end with two turns of nothing much.

    Raises:
        UsageError: it is no Jinja, asks for the day and none is given, or has no end.
    """
    for text in (template.text, template.tools_text):
        if text is None:
            continue
        try:
            asks = "strftime_now" in _names(text)
        except TemplateSyntaxError as error:
            words = clip(" ".join(str(error.message).split()), 120)
            raise UsageError(f"--template {template.name}: line {error.lineno}: {words}") from None
        if asks and template.day is None:
            raise UsageError(
                f"--template {template.name}: writes the day: give --template-day 2026-01-31, "
                "so that the same rows give the same shards"
            )
    try:
        render(template, ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}))
    except RunawayError as error:
        raise UsageError(f"--template {template.name}: {error.message}") from None
    except Exception:  # a template may refuse what rows do not hold
        return template
    return template


@lru_cache(maxsize=16)
def _names(text: str) -> frozenset[str]:
    """Return the names that a template reads."""
    parsed = _compiled(text, None).environment.parse(text)
    return frozenset(each.name for each in parsed.find_all(nodes.Name) if each.ctx == "load")


def needs(template: ChatTemplate, name: str) -> bool:
    """Tell whether a template reads a variable."""
    return name in _names(template.text)


def render(
    template: ChatTemplate,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Any] | None = None,
    fields: Mapping[str, Any] | None = None,
    *,
    add_generation_prompt: bool = False,
) -> Marked:
    """Render a conversation.

    Raises:
        jinja2.TemplateError, or whatever else a template runs into: the conversation is not one that it takes.
    """
    text = template.tools_text if tools is not None and template.tools_text is not None else template.text
    shown = {**template.tokens, **(fields or {}), "messages": [_aliased(each) for each in messages]}
    offered = list(tools) if tools is not None else None
    compiled, budget, parts = _compiled(text, template.day), Budget((shown, offered)), list[str]()
    compiled.environment.budget = budget
    with _tracking() as tracked:
        for part in compiled.generate(
            **shown, tools=offered, documents=None, add_generation_prompt=add_generation_prompt
        ):
            parts.append(part)
            tracked.length += len(part)
            budget.check(tracked.length)
    return Marked("".join(parts), tuple(tracked.spans))


@contextmanager
def _tracking() -> Iterator[_Tracked]:
    _Generation.now = tracked = _Tracked()
    try:
        yield tracked
    finally:
        _Generation.now = None


def _aliased(message: Mapping[str, Any]) -> Mapping[str, Any]:
    thought = next((message[key] for key in _REASONING if message.get(key) is not None), None)
    return message if thought is None else {"thinking": thought, **message, "reasoning_content": thought}
