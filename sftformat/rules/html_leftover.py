r"""Flag a text with pieces of HTML that were never turned into text: `&amp;`, `&#39;`, `<br />`, `<b>…</b>`.

Only names that HTML knows count, and a tag that is not empty needs its attribute or its end. A record that speaks of
HTML, CSS or code (in any of its texts) is left alone: there they are what the text is about.

Why it matters: the model learns markup as if it were words, and writes it; `&#39;` is five tokens instead of one.

What to do: turn the HTML into text first; `--unsafe-fixes` turns the entities.

Breaks it:
    {"id": "1", "input": "Great movie!<br /><br />Loved it.", "target": "pos"}

Breaks it:
    {"id": "1", "input": "It&#39;s fun &amp; short.", "target": "pos"}

Keeps it:
    {"id": "1", "input": "a < b, x<y>z, AT&T, R&D; <3 <user> &c.", "target": "pos"}

Keeps it (text-to-text):
    {"id": "1", "instruction": "Show a line break in HTML.", "input": "", "target": "a<br />b"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_letters

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.signs import MARKUP, Signs, pair_table
from sftformat.rules.texts import Indices
from sftformat.rules.view import View

_ACCENTED = "[AEIOUYaeiouy](?:acute|grave|circ|uml)|[ANOano]tilde|[Cc]cedil|[Aa]ring|[Oo]slash|AElig|aelig|szlig"
_SIGNS = (
    "amp|lt|gt|quot|apos|nbsp|hellip|[mn]dash|[lr][sd]quo|[bs]bquo|[lr]aquo|[lr]saquo|middot|bull|trade|euro"
    "|frac1[24]|frac34|sup[123]|iexcl|iquest|[em][mn]sp|thinsp|shy|zwn?j|[lr]{1,2}m"
)
#: An entity: of the named ones those that are no names of variables (`&num;` and `&copy;` are C).
ENTITY = re.compile(rf"&(?:#[0-9]{{2,7}}|#[xX][0-9A-Fa-f]{{2,6}}|{_SIGNS}|{_ACCENTED});")
_PAIRED = (
    "a|abbr|b|big|blockquote|center|code|del|div|em|font|h[1-6]|i|iframe|ins|li|ol|p|pre|small|span|strike|strong|sub"
    "|sup|table|tbody|td|th|tr|u|ul"
)
_ATTRIBUTE = r"""(?:\s+[a-zA-Z-]+=(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))"""
TAG = re.compile(rf"<(?:(?:br|hr)\s?/?>|img{_ATTRIBUTE}+\s*/?>|(?P<name>{_PAIRED})(?P<given>{_ATTRIBUTE}*)\s*>)", re.I)
_SPEAKS_OF_IT = re.compile(
    r"(?<![./\w])(?:x?html?5?|xml|css|svg|[jt]sx|dom|php|vue|react|angular|django|jinja2?|bbcode|wiki ?text)\b"
    r"|\b(?:javascript|typescript|markup|tags?|web ?pages?)\b|```|<!doctype|<\?(?:xml|php)"
    r"|</?(?:html|head|body|script)\b"
    r"|网页|代码|标签|コード|タグ",
    re.I,
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold HTML, in rows that do not speak of it."""
    for text in view.texts:
        for index, value in text.some(_candidates(text.signs)):
            found = leftovers(value)
            row, path = text.place(index)
            if found and not _SPEAKS_OF_IT.search(view.whole(row)):
                message = f"{_counted(len(found))} left in the text, the first {quoted(found[0])}"
                yield Finding(row, message, path, "text without HTML", clip(found[0]))


def leftovers(text: str) -> list[str]:
    """Return the entities and tags of a text, in order."""
    found = [(match.start(), match.group()) for match in ENTITY.finditer(text)]
    found += [(match.start(), match.group()) for match in TAG.finditer(text) if _is_tag(match, text)]
    return [piece for _, piece in sorted(found)]


def _is_tag(match: re.Match[str], text: str) -> bool:
    name = match["name"]
    return name is None or bool(match["given"]) or f"</{name.lower()}>" in text[match.end() :].lower()


_STARTS = pair_table(f"{one}{two}".encode() for one in "<&" for two in f"{ascii_letters}#")


def _candidates(signs: Signs) -> Indices:
    """The texts with `<` or `&` before a letter or `#`."""
    return signs.owners(signs.at(MARKUP)[_STARTS.take(signs.codes(MARKUP) >> 8)])


def _counted(count: int) -> str:
    return "a piece of HTML" if count == 1 else f"{count:,} pieces of HTML"
