r"""Flag a result of a tool that no call asked for.

With `tool_call_id` some earlier call must have that id, and no result before; without, the assistant's turn before must call a tool - in
`tool_calls` or `function_call`, or in words that a template knows, such as <tool_call>.

Why it matters: a call was lost. Templates and the OpenAI API stop at such a turn; without the call the model never
learns to make one, and learns to answer from what it cannot know.

What to do: put the call back - mostly it stands in the text of the turn before - or mend the id; keep one result a call.

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}, {"role": "tool", "content": "rain"}], "target": [{"role": "assistant", "content": "Yes."}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"id\": \"a\"}]"}, {"role": "tool", "content": "rain", "tool_call_id": "b"}, {"role": "assistant", "content": "Yes."}]}

Breaks it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"id\": \"a\"}]"}, {"role": "tool", "content": "rain", "tool_call_id": "a"}, {"role": "tool", "content": "no", "tool_call_id": "a"}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": null, "tool_calls": "[{\"id\": \"a\"}]"}, {"role": "tool", "content": "rain", "tool_call_id": "a"}, {"role": "assistant", "content": "Yes."}]}

Keeps it (chat):
    {"id": "1", "input": [{"role": "user", "content": "Rain?"}], "target": [{"role": "assistant", "content": "<tool_call>{\"name\": \"sky\"}</tool_call>"}, {"role": "tool", "content": "rain"}]}
"""  # noqa: E501 - a record is one line

from __future__ import annotations

from collections.abc import Iterator

from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the results without a call."""
    turns = view.turns
    for turn in view.exchanges.uncalled:
        answers = turns.field("tool_call_id")[turn].as_py()
        inner, which = ("", "") if answers is None else ("/tool_call_id", f" {quoted(answers)}")
        again = turn in view.exchanges.repeated
        message = f"a second result of the call{which}" if again else f"the result of a call{which} that nobody made"
        expected = "one result for a call" if again else "a call before it"
        yield Finding(int(turns.owners[turn]), message, turns.path(turn, inner), expected, which.strip())
