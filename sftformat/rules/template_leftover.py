r"""Flag a text with what a prompt template should have replaced or added: `{{name}}`, `<|im_start|>`, `### Response:`.

Placeholders in double braces, turn marks of chat formats (`<|…|>`, `[INST]`, `<<SYS>>`, `<start_of_turn>`, a stray
`</s>`), and the headings of the Alpaca prompt on a line of their own. A record that speaks of templates, code or
tokenizers (in any of its texts) is left alone.

Why it matters: the marks are added again when the conversation is rendered, so that one turn looks like several; and a
model that was shown `{{name}}` answers `{{name}}`.

What to do: fill the placeholders; store plain turns in `messages` or `instruction`, `input` and `output` instead of a
rendered prompt.

Breaks it:
    {"id": "1", "input": "Dear {{name}}, welcome!", "target": "pos"}

Breaks it (text-to-text):
    {"id": "1", "instruction": "Add 1 and 2.", "input": "", "target": "3<|im_end|>"}

Breaks it (text-to-text):
    {"id": "1", "input": "### Instruction:\nAdd 1 and 2.\n\n### Response:\n", "target": "3"}

Keeps it:
    {"id": "1", "input": "{\"a\": {\"b\": 1}}, x_{{i}}, f <| g |> h, ### Notes", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.signs import MARKUP, Signs, pair_table
from sftformat.rules.texts import Indices
from sftformat.rules.view import View

PLACEHOLDER = re.compile(r"(?<![\\$A-Za-z0-9_^{}])\{\{ ?(?!hugs?\b)[A-Za-z_][A-Za-z0-9_.-]{1,40} ?\}\}(?!\})")
MARK = re.compile(
    r"<\|[A-Za-z][A-Za-z0-9_▁]{2,40}\|>|<｜[^｜<>\n]{2,40}｜>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
    r"|^### (?:Instruction|Response|Human|Assistant):[ \t]*$|(?<=\S)</s>\s*\Z",
    re.MULTILINE,
)
_SPEAKS_OF_CODE = re.compile(
    r"jinja|mustache|handlebar|liquid|\bvue|angular|django|helm|ansible|\bdbt\b|template|placeholder|f-string|format"
    r"|latex|\\(?:begin|frac|text)|```|\$\{\{|\{%|html|模板|占位符|テンプレート",
    re.I,
)
_SPEAKS_OF_MARKS = re.compile(r"chatml|tokeni[sz]|special tokens?|(?:chat|prompt)[ _](?:template|format)|```", re.I)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold marks or placeholders, in rows that do not speak of them."""
    for text in view.texts:
        for index, value in text.some(_candidates(text.signs)):
            row, path = text.place(index)
            if found := _found(value, view, row):
                more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
                message = f"{quoted(found[0].strip())}{more} of a prompt template left in the text"
                yield Finding(row, message, path, "text without marks of a template", clip(found[0].strip()))


def _found(text: str, view: View, row: int) -> list[str]:
    marks, places = MARK.findall(text), PLACEHOLDER.findall(text)
    if not marks and not places:
        return []
    whole = view.whole(row)
    marks = [] if marks and _SPEAKS_OF_MARKS.search(whole) else marks
    places = [] if places and _SPEAKS_OF_CODE.search(whole) else places
    return sorted([*marks, *places], key=text.index)


_STARTS = pair_table(start.encode() for start in ("{{", "<|", "<｜", "[I", "[/", "<<", "<s", "<e", "##", "</"))


def _candidates(signs: Signs) -> Indices:
    """The texts with the first two bytes of a mark."""
    return signs.owners(signs.at(MARKUP)[_STARTS.take(signs.codes(MARKUP) >> 8)])
