r"""Flag a call of a tool that no result answers although the conversation goes on.

A call that ends its conversation is what is to be learned, and fine. Calls with ids need a result each, wherever it
stands; calls without need one result behind them.

Why it matters: the OpenAI API refuses such a conversation, and a model learns to answer without what it asked for.

What to do: add the result, or remove the call.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"name\": \"sky\"}]"}, {"role": "assistant", "content": "Yes."}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"id\": \"a\"}, {\"id\": \"b\"}]"}, {"role": "tool", "content": "no", "tool_call_id": "a"}, {"role": "assistant", "content": "Yes."}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"name\": \"sky\"}]"}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "Yes."}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"name\": \"sky\"}]"}]}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the turns with calls that have no result."""
    turns = view.turns
    for each in view.exchanges.unanswered:
        which = clip(", ".join(map(repr, each.missing)))
        message = f"no result for the call {which}" if which else "a call of a tool without a result"
        path = turns.path(each.turn, "/tool_calls")
        yield Finding(int(turns.owners[each.turn]), message, path, "a result", which or "none")
