"""What a record speaks of: one about code, HTML or chat templates holds their marks because it is about them.

Only what is surely about them counts. A word that is also one of other things - to react, the French vue, a price tag,
the Dom of Cologne, at the helm - needs beside it what makes it the name of a tool.
"""

from __future__ import annotations

import re
from functools import cache

# Letters of European scripts; a Chinese or Japanese one may stand right beside a word in Latin letters.
_LETTER = "A-Za-z0-9\u00c0-\u024f"


def _words(words: str) -> str:
    return rf"(?<![{_LETTER}])(?:{words})(?![{_LETTER}])"


def _names(words: str) -> str:
    """Names of tools that are also other words: with `js`, before what they consist of, or as names in a sentence."""
    parts = "apps?|applications?|components?|directives?|helpers?|hooks?|loops?|projects?|router|syntax|views?"
    capital = "|".join(word.capitalize() for word in words.split("|"))
    before = "an?|and|avec|com|con|en|for|in|like|mit|of|or|plain|the|to|use|using|with"
    return (
        rf"{_words(rf'(?:{words})(?:[.]?js|[ -](?:{parts}))')}"
        rf"|{_words(rf'(?:{before}) (?-i:{capital})')}(?! to )"
        rf"|[\u3040-\u9fff] ?(?-i:{capital})|(?-i:{capital}) ?[\u3040-\u9fff]"
    )


_TEMPLATES = (
    _words(
        r"jinja2?|ansible|dbt|x?html5?|latex|templat(?:e[drs]?|ing)|placeholders?|f-strings?"
        r"|(?:an?|the|this|that|these|following|given|same|exact|output|required|expected|string) formats?"
        r"|format(?:ted|ting)? (?:strings?|specifiers?|as|like)|formatters?"
        r"|(?:double|curly) braces|helm (?:charts?|install|upgrade|values)"
        r"|liquid (?:filters?|snippets?|syntax|tags?)"
    )
    + f"|{_names('angular|django|handlebars|mustache|react|vue')}"
    + r"|\\(?:begin|frac|text)|```|\$\{\{|\{%|\{\{[#/^>]|模板|占位符|テンプレート"
)
#: In a record with this, the marks of chat templates and tokenizers are what it is about.
MARKS = re.compile(r"chatml|tokeni[sz]|special tokens?|(?:chat|prompt)[ _](?:template|format)|```", re.I)

_TAG_OF = (
    "anchor|body|bold|closing|div|empty|end|head|header|heading|image|img|link|meta|nested|opening|paragraph|script"
    "|self-closing|span|start|style|template|title|void"
)
_HTML = (
    r"(?<![./_])"
    + _words(
        r"x?html5?|xml|css3?|svg|[jt]sx|php|jinja2?|bbcode|wiki ?text|javascript|typescript|mark(?:up|down)"
        rf"|(?:{_TAG_OF}) tags?|(?:the|virtual|shadow) (?-i:DOM)|(?-i:DOM)[ -](?:elements?|nodes?|trees?|API)"
    )
    + f"|{_names('angular|django|react|vue')}"
    + r"""|(?:>|&gt;)[`'"”»]? ?(?:tags?|elements?)\b|\b(?:an?|the|use|with) (?:tag|element) [`'"“«]?(?:<|&lt;)"""
    r"|`[^`\n]{0,80}(?:&#?\w{2,9};|</?[a-z])[^`\n]{0,80}`|```|<!doctype|<\?(?:xml|php)|</?(?:html|head|body|script)\b"
    r"|\bclassName=|\bfunction \w*\("
    r"|\b(?:build|cod|creat|design|develop|generat|mak|pars|render|scrap|writ)(?:e[ds]?|ing|s)?\b[^.\n]{0,40}"
    r"\bweb ?(?:pages?|sites?)\b"
    r"|网页|代码|标签|コード|タグ"
)


# Both take long to compile, and most data has no text for which they are asked.
@cache
def templates() -> re.Pattern[str]:
    """Return what a record holds that is about placeholders in double braces."""
    return re.compile(_TEMPLATES, re.I)


@cache
def html() -> re.Pattern[str]:
    """Return what a record holds that is about tags and entities."""
    return re.compile(_HTML, re.I)
