"""Tokenization for a person: what the length limit costs, before anything is written for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sftformat.diagnostics import Diagnostic
from sftformat.plan import Progress
from sftformat.report.pace import bars
from sftformat.report.screen import Screen, add, table
from sftformat.shards import Event, FellBack, Reported, Tokenized, Uncut
from sftformat.tokenize.report import Report


def follow(
    where: Screen, events: Iterable[Event], take: Callable[[Diagnostic], None], quiet: bool = False
) -> Tokenized:
    """Consume the events of `tokenize` and return how it ended; `quiet` keeps the table away from stdout."""
    done: Tokenized | None = None
    with bars(where) as advance:
        for event in events:
            if isinstance(event, Diagnostic):
                take(event)
            elif isinstance(event, Progress):
                advance(event)
            elif isinstance(event, FellBack):
                where.note(f"{event.file}: tokenized row by row with the reference library: {event.reason}")
            elif isinstance(event, Uncut):
                where.note(
                    f"{event.name}: where this tokenizer cuts is not proved, so whole texts go to the reference "
                    "library: the same ids, but slower"
                )
            elif isinstance(event, Reported):
                if not quiet:
                    show_report(where, event.report)
            else:
                done = event
    assert done is not None
    return done


def show_report(where: Screen, report: Report) -> None:
    """Print, for each split, lengths in tokens, and rows cut and tokens lost, or the windows that lose none."""
    numbers: tuple[str, ...] = ("rows", "tokens", "median", "99 %", "longest")
    if report.stride:
        numbers = (*numbers, f"windows of {report.max_length}")
    else:
        numbers = (*numbers, f"longer than {report.max_length}", "tokens beyond")
    aimed = ("trained on", "of these cut") if any(part.longest_aim for part in report.splits.values()) else ()
    made = table("split", *numbers, *aimed, right=(*numbers, *aimed))
    for split, part in report.splits.items():
        at = dict(part.percentiles)
        values: tuple[int, ...] = (
            part.rows,
            part.tokens,
            at.get(50, 0),
            at.get(99, 0),
            at.get(100, 0),
        )
        values = (*values, part.windows) if report.stride else (*values, part.cut, part.lost)
        if aimed:
            values = (*values, part.aimed, part.aimed_lost)
        add(made, split, *(f"{value:,}" for value in values))
    where.show(made)
    for split, part in report.splits.items():
        if part.packs:
            rows = f"packed into {part.packs:,} of up to {report.max_length:,} tokens, {part.full:.1%} full"
            where.say(f"{split}: {rows}")
