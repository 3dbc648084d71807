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
        r"|liquid (?:filters?|snippets?|syntax|tags?)|postman|grafana|n8n|retool|nunjucks|jekyll|anki|bibtex"
        r"|merge (?:fields?|tags?|variables?)"
    )
    + f"|{_names('angular|django|handlebars|mustache|react|vue')}"
    + r"|\\(?:begin|frac|text)|```|\$\{\{|\{%|\{\{[#/^>]|模板|占位符|テンプレート"
)


def _spoken_of(piece: str) -> str:
    """A piece that a sentence is about: one alone in quotes or backticks, asked for, or that somebody is to use.

    A quote that opens has nothing before it, so what stands between two that somebody says is none.
    """
    named = rf"(?:(?:an?|the) )?[`'\"“‘«]?{piece}[`'\"”’»]?"
    return (
        rf"(?<![^\s(\[])(?:`{piece}`|'{piece}'|\"{piece}\"|[“‘«]{piece}[”’»])(?=[\s.,;:?!)\]]|\Z)"
        rf"|\bwhat(?:'s| is| are| does| do) {named}(?= (?:do|does|for|in|mean|stand|used)\b|\s*[?\n]|\s*\Z)"
        rf"|\b(?:explain|insert|type|us(?:e|ing)) {named}(?= (?:as|between|for|in|instead|to|when)\b|[.,;:?!]|\s*\Z)"
    )


_MARKS = (
    r"chatml|tokeni[sz]|(?:chat|prompt)[ _](?:template|format)|```"
    r"|\b(?:begin(?:ning)?|bos|control|end(?:ing)?|eos|pad(?:ding)?|sentence|separator|sequence|special|start|stop|turn)"
    r"[ -]tokens?\b"
    r"|\b(?:alpaca|gemma|llama|mistral|qwen|vicuna|zephyr)[- ]?[\d.]*(?:[- ](?:chat|instruct))?['’]?s?"
    r" (?:formats?|markup|prompts?|syntax|templates?)\b|"
    + _spoken_of(r"(?:<\|[a-z][a-z0-9_▁]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>)")
)

_TAG_OF = (
    "anchor|body|bold|closing|div|empty|end|head|header|heading|image|img|link|meta|nested|opening|paragraph|script"
    "|self-closing|span|start|style|template|title|void"
)
_BARE = r"(?:</?[a-z][a-z0-9]{0,11} ?/?>|&#?[a-z0-9]{2,9};)"
#: What is done to the looks of a text, with words for it.
_LOOKS = (
    r"\b(?:mak|set|turn|writ|display|show)(?:es?|ing)?\b[^.\n]{0,20}\b(?:fonts?|letters?|links?|text|titles?|words?)\b"
    r"[^.\n]{0,12}\b(?:bold|italics?|underlined?|clickable|cent(?:er|re)d)\b"
)
_HTML = (
    r"(?<![./_])"
    + _words(
        r"x?html5?|xml|css3?|svg|[jt]sx|php|jinja2?|bbcode|wiki ?text|javascript|typescript|mark(?:up|down)"
        r"|regex(?:es|p)?|regular expressions?|beautiful ?soup|bs4|lxml|jquery|ssml|xpath|(?:inner|outer)HTML"
        r"|hyperlinks?|(?:sub|super)scripts?|line breaks?|(?:character|named|numeric) entit(?:y|ies)"
        r"|(?:delet|escap|ignor|keep|preserv|remov|retain|stripp?)(?:e|ing)? (?:all |any |its |the )*(?:tags|markup)"
        rf"|(?:{_TAG_OF}) tags?|(?:the|virtual|shadow) (?-i:DOM)|(?-i:DOM)[ -](?:elements?|nodes?|trees?|API)"
    )
    + f"|{_names('angular|django|react|vue')}|(?-i:Angular|React|Svelte|Vue): |{_LOOKS}|{_spoken_of(_BARE)}"
    + r"|>\s*\{[^{}\n]{1,60}\}\s*</"
    + r"""|\b(?:an?|the) [`'"“«]?&#?[a-z0-9]{2,9};[`'"”»]? (?:character|entity|sign|symbol)\b"""
    + r"""|(?:>|&gt;)[`'"”»]? ?(?:tags?|elements?)\b|\b(?:an?|the|use|with) (?:tag|element) [`'"“«]?(?:<|&lt;)"""
    r"|`[^`\n]{0,80}(?:&#?\w{2,9};|</?[a-z])[^`\n]{0,80}`|```|<!doctype|<\?(?:xml|php)|</?(?:html|head|body|script)\b"
    r"|\bclassName=|\bfunction \w*\("
    r"|\b(?:build|cod|creat|design|develop|generat|mak|pars|render|scrap|writ)(?:e[ds]?|ing|s)?\b[^.\n]{0,40}"
    r"\b(?:web ?(?:pages?|sites?|forms?)|nav(?:igation )?bars?|drop-?down|check ?box(?:es)?|radio buttons?"
    r"|submit button|text ?box(?:es)?|input fields?|(?:contact|login|registration|sign-?up) (?:forms?|pages?)"
    r"|(?:un)?ordered lists?|landing pages?)\b"
    r"|网页|代码|标签|コード|タグ"
)


# They take long to compile, and most data has no text for which they are asked.
@cache
def templates() -> re.Pattern[str]:
    """Return what a record holds that is about placeholders in double braces."""
    return re.compile(_TEMPLATES, re.I)


@cache
def marks() -> re.Pattern[str]:
    """Return what a record holds that is about the marks of chat templates and tokenizers."""
    return re.compile(_MARKS, re.I)


@cache
def html() -> re.Pattern[str]:
    """Return what a record holds that is about tags and entities."""
    return re.compile(_HTML, re.I)
