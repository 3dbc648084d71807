"""Conversations to texts, with the stretches of each text that are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sftformat.diagnostics import clip
from sftformat.tokenize.chat_template import ChatTemplate, Marked, Span, render
from sftformat.tokenize.conversation import Conversation, Fault


@dataclass(frozen=True, slots=True)
class Rendered:
    """One row as text, and what of it is trained on, in characters; with a `fault` it is empty."""

    text: str
    spans: tuple[Span, ...] = ()
    fault: Fault | None = None


def rendered(template: ChatTemplate, talk: Conversation) -> Rendered:
    """Render a row. One without a target ends where an answer would begin, and has nothing to train on.

    What is trained on are the trained turns: what the template marks with `{% generation %}`, else what a turn adds
    to the rendering of all before it, generation prompt included.
    """
    if talk.fault is not None:
        return Rendered("", (), talk.fault)
    try:
        if not talk.trained:
            return Rendered(_render(template, talk, len(talk.messages), True).text)
        whole = _render(template, talk, len(talk.messages), False)
        spans = _marked(talk, whole)
        return _by_prefix(template, talk, whole.text) if spans is None else Rendered(whole.text, spans)
    except Exception as error:  # whatever a foreign template runs into
        words = clip(" ".join(str(error).split()), 120) or type(error).__name__
        return Rendered("", (), Fault("SFT506", f"the template {template.name} refuses the row: {words}", ""))


def source_text(template: ChatTemplate, talk: Conversation) -> Rendered:
    """Render what stands before the target, generation prompt included: the source of an encoder-decoder."""
    if talk.fault is not None:
        return Rendered("", (), talk.fault)
    try:
        return Rendered(_render(template, talk, talk.first, True).text)
    except Exception as error:
        words = clip(" ".join(str(error).split()), 120) or type(error).__name__
        return Rendered("", (), Fault("SFT506", f"the template {template.name} refuses the row: {words}", ""))


def _render(template: ChatTemplate, talk: Conversation, stop: int, prompt: bool) -> Marked:
    return render(template, talk.messages[:stop], talk.tools, talk.fields, add_generation_prompt=prompt)


def _marked(talk: Conversation, whole: Marked) -> tuple[Span, ...] | None:
    """Return the stretches of the trained turns that the template marks; None where that does not tell them."""
    turns = [number for number, each in enumerate(talk.messages) if each["role"] == "assistant"]
    if not whole.spans:
        return None
    if len(whole.spans) == len(turns):
        return tuple(span for span, number in zip(whole.spans, turns, strict=True) if number in talk.trained)
    return whole.spans if len(turns) == len(talk.trained) else None


def _by_prefix(template: ChatTemplate, talk: Conversation, whole: str) -> Rendered:
    """Find each trained turn between the rendering of what is before it and that of what is up to it."""
    spans: list[Span] = []
    for number in talk.trained:
        last = number == len(talk.messages) - 1
        before = _render(template, talk, number, True).text
        after = whole if last else _render(template, talk, number + 1, False).text
        if not whole.startswith(before) or not whole.startswith(after) or len(after) < len(before):
            said = (
                f"the template {template.name} renders the turns up to message {number + 1} otherwise than within "
                "the whole conversation: where the answer begins and ends cannot be told"
            )
            return Rendered("", (), Fault("SFT506", said, talk.path(number)))
        spans.append((len(before), len(after)))
    return Rendered(whole, tuple(spans))


def all_rendered(template: ChatTemplate, talks: Sequence[Conversation]) -> list[Rendered]:
    """Render every row."""
    return [rendered(template, talk) for talk in talks]
