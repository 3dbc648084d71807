r"""Flag a turn of the user or of the trained assistant in which nothing is said.

Empty is null, "", blanks, and characters of no width. A turn that calls tools is not empty, nor is one that holds a
refusal, reasoning, images, audio or video under a key of its own. System turns and results of tools may be empty, and
so may an assistant's turn of weight 0.

Why it matters: an empty answer teaches the model to say nothing; an empty question makes it answer out of nothing.

What to do: find out why the text was lost, or remove the turns.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Hi"}], "target": [{"role": "assistant", "content": ""}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": " \n"}], "target": [{"role": "assistant", "content": "Hello!"}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"name\": \"greet\"}]"}, {"role": "tool", "content": ""}]}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.turns import ASSISTANT, USER, Turns
from sftformat.rules.view import View, blank

#: Other keys of a turn that say something or show something.
SAYING = (
    *("refusal", "reasoning_content", "reasoning", "thinking", "parts"),
    *("audio", "audios", "image", "images", "video", "videos", "media"),
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the empty turns."""
    turns = view.turns
    empty = blank(turns.field("content")) & ~turns.calls
    empty &= (turns.kinds == USER) | (turns.kinds == ASSISTANT)
    for turn in np.flatnonzero(empty).tolist():
        if not _harmless(turns, turn):
            who = "user" if turns.kinds[turn] == USER else "assistant"
            got = clip(repr(turns.field("content")[turn].as_py()))
            yield Finding(int(turns.owners[turn]), f"the {who} says nothing", turns.path(turn, "/content"), "text", got)


def _harmless(turns: Turns, turn: int) -> bool:
    untrained = turns.kinds[turn] == ASSISTANT and turns.field("weight")[turn].as_py() == 0
    return untrained or any(turns.extra(turn).get(key) for key in SAYING)
