r"""Flag a text with what a prompt template should have replaced or added: `{{name}}`, `<|im_start|>`, `### Response:`.

Placeholders in double braces, turn marks of chat formats (`<|…|>`, `[INST]`, `<<SYS>>`, `<start_of_turn>`,
`### Human:`), `<bos>`, `<eos>`, `<s>` and `</s>` where they begin and end the text or stand without the other (a pair
inside it strikes words out), and the headings of the Alpaca prompt on a line of their own. A record that speaks of
templates, code or tokenizers (in any of its texts) is left alone, as is the result of a tool; what only sounds so is
none: rectangular, the helm, a liquid.

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

Breaks it:
    {"id": "1", "input": "Dear {{first_name}}, for more information call us.", "target": "pos"}

Breaks it:
    {"id": "1", "input": "good film </s>", "target": "pos"}

Keeps it:
    {"id": "1", "input": "{\"a\": {\"b\": 1}}, x_{{i}}, f <| g |> h, ### Notes", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.signs import MARKUP, Signs, pair_table
from sftformat.rules.subjects import html, marks, templates
from sftformat.rules.texts import Indices
from sftformat.rules.view import View

# A name of several words is one in capitals: {{Order Number}}, not {{citation needed}}, nor a title of BibTeX.
PLACEHOLDER = re.compile(
    r"(?<![\\$A-Za-z0-9_^{}])\{\{ ?"
    r"(?:(?!hugs?\b)[A-Za-z_][A-Za-z0-9_.-]{1,40}"
    r"|(?<!=\{\{)(?<!= \{\{)[A-Z][A-Za-z0-9]{0,20}(?: [A-Z][A-Za-z0-9]{0,20}){1,4})"
    r" ?\}\}(?!\})"
)
MARK = re.compile(
    r"<\|[A-Za-z][A-Za-z0-9_▁]{2,40}\|>|<｜[^｜<>\n]{2,40}｜>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
    r"|<(?:bos|eos)>|(?<!#)### (?:Human|Assistant):|^### (?:Instruction|Response):[ \t]*$",
    re.MULTILINE,
)
_BOUND = re.compile(r"<(/?)s>")
#: What every mark and placeholder has of these, and more has: a first look at texts of which few hold any.
_SUSPECT = re.compile(
    r"\{\{ ?[A-Za-z_]|<\|[A-Za-z]|<｜|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<[be]os>|</?s>"
    r"|### (?:Human|Assistant|Instruction|Response):"
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold marks or placeholders, in rows that do not speak of them."""
    for text in view.texts:
        for index, value in text.some(_candidates(text.signs)):
            if not _SUSPECT.search(value):
                continue
            row, path = text.place(index)
            if not view.of_tool(text, index) and (found := _found(value, view, row)):
                more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
                message = f"{quoted(found[0].strip())}{more} of a prompt template left in the text"
                yield Finding(row, message, path, "text without marks of a template", clip(found[0].strip()))


def _found(text: str, view: View, row: int) -> list[str]:
    turns, bounds, places = MARK.findall(text), stray_bounds(text), PLACEHOLDER.findall(text)
    if not turns and not bounds and not places:
        return []
    whole = view.whole(row)
    of_marks = marks().search(whole)
    found = [] if of_marks else turns
    found += [] if of_marks or html().search(whole) else bounds
    found += [] if templates().search(whole) else places
    return sorted(found, key=text.index)


def stray_bounds(text: str) -> list[str]:
    """Return the `<s>` and `</s>` of a text that are no pair inside it: these are marks of a tokenizer.

    One that ends nothing is, and so is a `<s>` with which the text begins and that ends with it or never.
    """
    found, begun = [], None
    around = len(text) - len(text.lstrip()), len(text.rstrip())
    for match in _BOUND.finditer(text):
        if not match[1]:
            begun = match
        elif begun is None:
            found.append(match)
        else:
            found += [begun, match] if (begun.start(), match.end()) == around else []
            begun = None
    found += [begun] if begun is not None and begun.start() == around[0] else []
    return [match.group() for match in found]


_STARTS = pair_table(start.encode() for start in ("{{", "<|", "<｜", "[I", "[/", "<<", "<s", "<e", "##", "</"))
_BOS = int.from_bytes(b"<b")  # alone it is every line break of HTML


def _candidates(signs: Signs) -> Indices:
    """The texts with the first two bytes of a mark."""
    at, two = signs.at(MARKUP), signs.codes(MARKUP, 2)
    begun = at[two == _BOS]
    return signs.owners(at[_STARTS.take(two)], begun[signs.ahead(begun, 2) == ord("o")])
