r"""Flag a text with pieces of HTML that were never turned into text: `&amp;`, `&#39;`, `<br />`, `<b>…</b>`.

Only names that HTML knows count, and a tag that is not empty needs its attribute or its end. A record that speaks of
HTML, CSS or code, or of the very tag (in any of its texts) is left alone: there they are what the text is about. Words
that are also those of other things (to react, a price tag, la vue) say nothing. A label is judged by itself; the
results of tools in a conversation may hold what they like.

Why it matters: the model learns markup as if it were words, and writes it; `&#39;` is five tokens instead of one.

What to do: turn the HTML into text first; `--unsafe-fixes` turns the entities, but no tags, and no tokens with offsets.

Breaks it:
    {"id": "1", "input": "Great movie!<br /><br />Loved it.", "target": "pos"}

Breaks it:
    {"id": "1", "input": "It&#39;s fun &amp; short.", "target": "pos"}

Breaks it:
    {"id": "1", "input": "People react to this &amp; that.", "target": "pos"}

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
from sftformat.rules.rule import LABEL_TASKS, Finding, Thresholds, quoted
from sftformat.rules.signs import MARKUP, Signs, pair_table
from sftformat.rules.subjects import html
from sftformat.rules.texts import Indices
from sftformat.rules.view import Text, View

_ACCENTED = "[AEIOUYaeiouy](?:acute|grave|circ|uml)|[ANOano]tilde|[Cc]cedil|[Aa]ring|[Oo]slash|AElig|aelig|szlig"
_SIGNS = (
    "amp|lt|gt|quot|apos|nbsp|hellip|[mn]dash|[lr][sd]quo|[bs]bquo|[lr]aquo|[lr]saquo|middot|bull|trade|euro"
    "|frac1[24]|frac34|sup[123]|iexcl|iquest|[em][mn]sp|thinsp|shy|zwn?j|[lr]{1,2}m"
)
#: Those that are also names of variables, as in `p = &copy;`: an entity only between words.
_AMBIGUOUS = "cent|copy|deg|divide|hearts|infin|para|plusmn|pound|[lr]arr|reg|sect|times|yen"
_IN_WORDS = rf"(?<![=(,&|!{{]&)(?<![=(,&|!{{;]\s&)(?<!return\s&)(?:{_AMBIGUOUS});(?= ?[\w(])"
#: An entity: of the named ones those that are no names of variables (`&num;` is C).
ENTITY = re.compile(rf"&(?:(?:#[0-9]{{2,7}}|#[xX][0-9A-Fa-f]{{2,6}}|{_SIGNS}|{_ACCENTED});|{_IN_WORDS})")
_PAIRED = (
    "a|abbr|b|big|blockquote|center|code|del|div|em|font|h[1-6]|i|iframe|ins|li|ol|p|pre|small|span|strike|strong|sub"
    "|sup|table|tbody|td|th|tr|u|ul"
)
_ATTRIBUTE = r"""(?:\s+[a-zA-Z-]+=(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))"""
TAG = re.compile(
    rf"<(?:/?br\s?/?>|(?:br|hr){_ATTRIBUTE}*\s*/?>|img{_ATTRIBUTE}+\s*/?>"
    rf"|(?P<name>{_PAIRED})(?P<given>{_ATTRIBUTE}*)\s*>)",
    re.I,
)
#: RE2: what every entity and tag has of these, and more has: a first look at texts of which few hold any.
_SUSPECT = rf"&#?[0-9A-Za-z]{{2,9}};|<(?i:/?(?:br|hr|img|{_PAIRED})(?:[^a-z0-9]|\z))"


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold HTML, in rows that do not speak of it."""
    for text in view.texts:
        for index, value in unwanted(text, view):
            found = leftovers(value)
            row, path = text.place(index)
            message = f"{_counted(len(found))} left in the text, the first {quoted(found[0])}"
            yield Finding(row, message, path, "text without HTML", clip(found[0]))


def unwanted(text: Text, view: View) -> Iterator[tuple[int, str]]:
    """Yield the texts of a field that hold HTML, with their indexes, but for those whose row speaks of it.

    A label is judged by itself: what one row says makes no other name of it.
    """
    alone = text.field == "target" and view.task in LABEL_TASKS
    for index, value in text.some(_candidates(text.signs), _SUSPECT):
        if view.of_tool(text, index):
            continue
        if leftovers(value) and not html().search(value if alone else view.whole(text.place(index)[0])):
            yield index, value


def leftovers(text: str) -> list[str]:
    """Return the entities and tags of a text, in order."""
    found = [(match.start(), match.group()) for match in ENTITY.finditer(text)]
    found += [(match.start(), match.group()) for match in TAG.finditer(text) if _is_tag(match, text)]
    return [piece for _, piece in sorted(found)]


def _is_tag(match: re.Match[str], text: str) -> bool:
    name = match["name"]
    return name is None or bool(match["given"]) or f"</{name.lower()}>" in text[match.end() :].lower()


_STARTS = pair_table(f"{one}{two}".encode() for one in "<&" for two in f"{ascii_letters}#/")


def _candidates(signs: Signs) -> Indices:
    """The texts with `<` or `&` before a letter or `#`."""
    return signs.owners(signs.at(MARKUP)[_STARTS.take(signs.codes(MARKUP, 2))])


def _counted(count: int) -> str:
    return "a piece of HTML" if count == 1 else f"{count:,} pieces of HTML"
