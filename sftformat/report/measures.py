"""What inspection counted, for a person: labels as bars, lengths, and what a limit would cut."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from sftformat.diagnostics import clip
from sftformat.inspect.lengths import RANKS, ROW, Advice, Lengths
from sftformat.inspect.section import Section
from sftformat.report.blocks import heading, indent, rest
from sftformat.report.screen import Screen, add, count, table

#: Labels that the terminal shows; the JSON holds all.
SHOWN_LABELS = 20


def show_labels(where: Screen, section: Section) -> None:
    """Print how often each label occurs, or how the targets of regression lie."""
    if section.too_many:
        heading(where, "labels", "too many to count: is another column the target?")
    elif section.labels:
        words = section.detected is not None and section.detected.binding.layout.task == "token-classification"
        _show_label_table(where, section.labels, "words" if words else "rows")
    if section.scores:
        found = section.scores
        heading(where, "targets", f"{found.least:g} to {found.most:g}, mean {found.mean:.4g}")
        made = table("from", "rows", "", right=("from", "rows"))
        step = (found.most - found.least) / len(found.bins)
        for number, rows in enumerate(found.bins):
            if step or rows:
                add(made, f"{found.least + number * step:.4g}", f"{rows:,}", _bar(where, rows, max(found.bins)))
        indent(where, made)


def _show_label_table(where: Screen, labels: Mapping[str, Mapping[str, int]], counted: str) -> None:
    total: dict[str, int] = {}
    for own in labels.values():
        for label, rows in own.items():
            total[label] = total.get(label, 0) + rows
    ordered = sorted(total, key=lambda label: (-total[label], label))
    heading(where, "labels", count(len(ordered), "label"))
    splits = [split for split in labels if len(labels) > 1]
    made = table("label", *splits, counted, "share", "", right=(*splits, counted, "share"))
    whole = sum(total.values())
    for label in ordered[:SHOWN_LABELS]:
        by_split = [f"{labels[split].get(label, 0):,}" for split in splits]
        drawn = _bar(where, total[label], total[ordered[0]])
        add(made, clip(label, 40), *by_split, f"{total[label]:,}", f"{total[label] / whole:.1%}", drawn)
    indent(where, made)
    rest(where, len(ordered) - SHOWN_LABELS, "more labels")


def _bar(where: Screen, value: int, most: int) -> Text:
    """Return a bar in the measure of the longest one; a value above 0 is always seen."""
    width = max(8, min(40, where.out.width - 60))
    mark = "#" if where.out.encoding.lower().replace("-", "") not in ("utf8", "utf16", "utf32") else "█"
    return Text(mark * max(int(value > 0), round(width * value / most)) if most else "", "cyan")


def show_lengths(where: Screen, section: Section) -> None:
    """Print how long rows are in characters and tokens, and what a limit in tokens would cut."""
    parts = [("characters", section.characters), ("tokens", section.tokens)]
    if not any(found for _, found in parts):
        return
    heading(where, "lengths")
    ranks = [("max" if rank == 100 else f"p{rank}") for rank in RANKS]
    made = table("of", "in", "rows", *ranks, "total", right=("rows", *ranks, "total"))
    for unit, found in parts:
        for field, each in found.items():
            add(
                made,
                field,
                unit,
                f"{each.rows:,}",
                *(f"{length:,}" for length in each.ranks.values()),
                f"{each.total:,}",
            )
    indent(where, made)
    if section.advice:
        _show_advice(where, section.advice, section.tokens[ROW])


def _show_advice(where: Screen, advice: Advice, lengths: Lengths) -> None:
    long = lengths.ranks[99] > advice.proposed
    why = f"as long as this tokenizer allows; {lengths.ranks[99]} would be needed for 99 % of the rows"
    words = f"{advice.proposed} is proposed: " + (why if long else "it cuts at most 1 % of the rows")
    heading(where, "--max-length", words)
    made = table(
        "limit", "rows cut", "share", "tokens cut", "share", "", right=("limit", "rows cut", "tokens cut", "share")
    )
    for each in advice.limits:
        mark = "← proposed" if each.max_length == advice.proposed else ""
        rows, tokens = each.rows / max(1, lengths.rows), each.tokens / max(1, lengths.total)
        add(made, f"{each.max_length}", f"{each.rows:,}", f"{rows:.1%}", f"{each.tokens:,}", f"{tokens:.1%}", mark)
    indent(where, made)
