"""Blocks of a report: a bold title, and under it what belongs to it, set in."""

from __future__ import annotations

import json
import re
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sftformat.diagnostics import visible
from sftformat.record import encode_json
from sftformat.report.screen import Screen


def json_text(value: Any) -> str:
    """Return JSON in ASCII, so that nothing in it can reach a terminal as a command; numbers keep their text."""
    written = encode_json(value).decode()
    return re.sub(r"[^ -~]", lambda match: json.dumps(match.group())[1:-1], written)


def heading(where: Screen, title: str, *words: str) -> None:
    """Print the title of a block, and what is said of it in one line."""
    parts = Text.assemble((title, "bold"), *(f"  {visible(each)}" for each in words if each))
    where.out.print(parts, soft_wrap=True)


def indent(where: Screen, made: Table | Text) -> None:
    """Print a table or text as part of a block."""
    where.out.print(Padding(made, (0, 0, 0, 2), expand=False))


def indented(where: Screen, text: str, style: str = "") -> None:
    """Print one line as part of a block."""
    where.out.print(Text(f"  {visible(text)}", style), soft_wrap=True)


def rest(where: Screen, left: int, what: str) -> None:
    """Say that the terminal does not show all."""
    if left > 0:
        indented(where, f"… and {left:,} {what} (--output-format json has all)", "dim")
