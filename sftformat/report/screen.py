"""The two consoles, and the one way in which text reaches them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sftformat.diagnostics import Severity, visible

#: How a severity looks.
STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "cyan", Severity.OFF: ""}
#: Columns assumed where there is no terminal to ask.
PIPE_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Screen:
    """Where results (`out`) and progress (`err`) go; `quiet` keeps progress and notes away, never results or errors.

    `streams` says that results come while the work goes on: where both are one terminal, no bar is drawn into them.
    """

    out: Console
    err: Console
    quiet: bool = False
    streams: bool = False

    def note(self, text: str, style: str = "") -> None:
        """Say on stderr how the work goes."""
        if not self.quiet:
            self.err.print(line(text, style), soft_wrap=not self.err.is_terminal)

    def warn(self, text: str) -> None:
        """Say on stderr what a person should look at."""
        self.err.print(Text.assemble(("warning: ", "yellow"), visible(text)), soft_wrap=not self.err.is_terminal)

    def say(self, text: str = "", style: str = "") -> None:
        """Print one line of the result."""
        self.out.print(line(text, style), soft_wrap=True)

    def show(self, what: Table | Text) -> None:
        """Print a table, or a text whose parts were made visible already."""
        self.out.print(what)

    def aside(self) -> Screen:
        """Return this with its results on stderr: stdout belongs to something else."""
        return Screen(self.err, self.err, self.quiet, self.streams)


def screen(quiet: bool = False, streams: bool = False) -> Screen:
    """Return a Screen on the process's stdout and stderr."""
    return Screen(_console(sys.stdout), _console(sys.stderr), quiet, streams)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the command line decide how to leave; rich would say that the data has errors."""
        raise BrokenPipeError


def _console(file: IO[str]) -> Console:
    width = None if file.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return _Console(file=file, highlight=False, markup=False, emoji=False, width=width, legacy_windows=False)


def line(text: str, style: str = "") -> Text:
    """Return text that is safe to show; line feeds stay."""
    return Text("\n".join(visible(part) for part in text.split("\n")), style)


def table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """Return an empty table in the one style that all of ours have; columns named in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title=title, title_justify="left", header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return made


def add(made: Table, *cells: object, style: str = "") -> None:
    """Add a row; every cell is made safe."""
    made.add_row(*(cell if isinstance(cell, Text) else Text(visible(str(cell))) for cell in cells), style=style)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return `1 row`, `2 rows`, `10,605 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


#: Seconds between two lines of progress where there is no terminal.
LINE_SECONDS = 10.0
#: Say that `done` of `total` is done, with a few words more.
Advance = Callable[[int, int, str], None]


@contextmanager
def bar(where: Screen, title: str, first: int = 0) -> Iterator[Advance]:
    """Give a function that draws progress: a bar on a terminal, a line now and then elsewhere, nothing when quiet.

    There is no bar either on a terminal on which results come at the same time. `first` is what was done before; it
    says nothing about the pace.
    """
    if where.quiet:
        yield lambda _done, _total, _words: None
    elif not where.err.is_terminal or (where.streams and where.out.is_terminal):
        yield _lines(where, title, first)
    else:
        yield from _drawn(where, title)


def _drawn(where: Screen, title: str) -> Iterator[Advance]:
    """Draw a bar; what draws it is imported here, since most runs draw none."""
    from rich import progress as drawn

    columns = (
        drawn.TextColumn("{task.description}"),
        drawn.BarColumn(30),
        drawn.MofNCompleteColumn(),
        drawn.TimeElapsedColumn(),
        drawn.TimeRemainingColumn(),
        drawn.TextColumn("{task.fields[words]}"),
    )
    with drawn.Progress(*columns, console=where.err, transient=True) as progress:
        task = progress.add_task(title, total=None, words="")
        yield lambda done, total, words: progress.update(task, completed=done, total=total, words=words)


def _left(seconds: float, done: int, total: int) -> str:
    """Return how long the rest takes if it goes on like this."""
    left = round(seconds * (total - done) / max(done, 1))
    return f" · {left // 60}:{left % 60:02} left" if 0 < done < total else ""


def _lines(where: Screen, title: str, first: int) -> Advance:
    began = said = time.monotonic()

    def advance(done: int, total: int, words: str) -> None:
        nonlocal said
        if time.monotonic() - said >= LINE_SECONDS:
            said = time.monotonic()
            where.note(f"{title}: {done:,} of {total:,} · {words}{_left(said - began, done - first, total - first)}")

    return advance
