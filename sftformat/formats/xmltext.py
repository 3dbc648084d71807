"""Text for XML, as xml.sax.saxutils writes it; that would import a client for the web with it."""

from __future__ import annotations

import html

_BLANKS = {ord("\n"): "&#10;", ord("\r"): "&#13;", ord("\t"): "&#9;"}


def escaped(text: str) -> str:
    """Return text as the content of an element."""
    return html.escape(text, quote=False)


def quoted(text: str) -> str:
    """Return text as the value of an attribute, in quotes."""
    said = escaped(text).translate(_BLANKS)
    return f"'{said}'" if '"' in said and "'" not in said else '"{}"'.format(said.replace('"', "&quot;"))
