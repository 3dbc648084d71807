"""Lengths, rows cut and tokens lost, before anything is committed: what `max_length` costs and what would keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sftformat.diagnostics import Diagnostic, diagnostic
from sftformat.tokenize.outcome import Counts

PERCENTILES = (50, 90, 95, 99, 100)
#: SFT502: the share of unknown tokens in a split from which on it is reported.
MAX_UNKNOWN = 0.10


@dataclass(frozen=True, slots=True)
class SplitReport:
    """One split under a `max_length`. Lengths are in tokens before truncation, special tokens included.

    `rows` have at least one token of their own; `cut` of them are longer than `max_length` and lose `lost` tokens
    of `tokens` in all. `percentiles` are nearest-rank: p % of the rows are no longer. `fits_all` and `fits_99` are
    the max_length that cuts no row, and at most 1 % of the rows. `unknown` counts unknown tokens, `all_unknown` rows
    that have nothing else. Where the target is text, `aimed_cut` rows lose `aimed_lost` of `aimed` tokens that are
    trained on; `longest_aim` is the longest target, or with a causal objective the longest row (0: no such target).
    `windows` counts the rows of the Arrow files.
    Where rows are packed, `packs` is what they come to and `full` which part of these is tokens of rows. `weighed` are
    the rows of a causal model whose weight is not 1.
    """

    rows: int
    cut: int
    tokens: int
    lost: int
    percentiles: tuple[tuple[int, int], ...]
    fits_all: int
    fits_99: int
    content: int
    unknown: int
    all_unknown: int
    aimed: int = 0
    aimed_lost: int = 0
    aimed_cut: int = 0
    longest_aim: int = 0
    windows: int = 0
    packs: int = 0
    full: float = 0.0
    weighed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the report as the manifest keeps it."""
        return {
            "rows": self.rows,
            "rows_cut": self.cut,
            "tokens": self.tokens,
            "tokens_lost": self.lost,
            "length_percentiles": {str(p): length for p, length in self.percentiles},
            "max_length_for": {"no_row_cut": self.fits_all, "one_percent_cut": self.fits_99},
            "text_tokens": self.content,
            "unknown_tokens": self.unknown,
            "rows_all_unknown": self.all_unknown,
            **(self._aims() if self.longest_aim else {}),
        }

    def _aims(self) -> dict[str, int]:
        made = {"target_tokens": self.aimed, "target_tokens_lost": self.aimed_lost, "rows_target_cut": self.aimed_cut}
        return {**made, "longest_target": self.longest_aim}


@dataclass(frozen=True, slots=True)
class Report:
    """What tokenization with `max_length` and `truncation` means for each split.

    `max_target_length` limits the targets of an encoder-decoder; 0 where they have no limit of their own. Longer rows
    are windows that begin `stride` tokens apart, if that is not 0.
    """

    max_length: int
    truncation: str
    splits: Mapping[str, SplitReport]
    max_target_length: int = 0
    stride: int = 0

    @property
    def cut(self) -> int:
        """Rows longer than `max_length`, in all splits."""
        return sum(split.cut for split in self.splits.values())

    @property
    def lost(self) -> int:
        """Tokens beyond `max_length`, in all splits."""
        return sum(split.lost for split in self.splits.values())

    def to_json(self) -> dict[str, Any]:
        """Return the report as the manifest keeps it."""
        return {split: part.to_json() for split, part in self.splits.items()}

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return SFT501 for each split with rows cut, SFT502 for each with many unknown tokens, SFT508 for weights."""
        found = []
        for split, part in self.splits.items():
            if part.cut:
                found.append(_cut(split, part, self))
            if part.aimed_cut:
                found.append(_target_cut(split, part, self))
            if part.unknown > MAX_UNKNOWN * part.content:
                found.append(_unknown(split, part))
            if part.weighed:
                found.append(_weighed(split, part))
        return tuple(found)


def split_report(counts: Counts, max_length: int) -> SplitReport:
    """Summarize the counts of a split."""
    ranks = tuple(zip(PERCENTILES, percentiles(counts.lengths, PERCENTILES), strict=True))
    at = dict(ranks)
    return SplitReport(
        rows=sum(rows for _, rows in counts.lengths),
        cut=counts.cut,
        tokens=sum(length * rows for length, rows in counts.lengths),
        lost=counts.lost,
        percentiles=ranks,
        fits_all=at[100],
        fits_99=at[99],
        content=counts.content,
        unknown=counts.unknown,
        all_unknown=counts.all_unknown,
        aimed=counts.aimed,
        aimed_lost=counts.aimed_lost,
        aimed_cut=counts.aimed_cut,
        longest_aim=counts.longest_aim,
        windows=counts.windows,
        packs=counts.packs,
        full=counts.tokens / (counts.packs * max_length) if counts.packs else 0.0,
        weighed=counts.weighed,
    )


def percentiles(histogram: Sequence[tuple[int, int]], wanted: Sequence[int]) -> list[int]:
    """Return nearest-rank percentiles of a histogram sorted by value; 0 for an empty one. `wanted` ascends."""
    total, below, found = sum(rows for _, rows in histogram), 0, []
    pending = list(wanted)
    for value, rows in histogram:
        below += rows
        while pending and below * 100 >= pending[0] * total:
            found.append(value)
            pending.pop(0)
    return found + [0] * len(pending)


def _cut(split: str, part: SplitReport, report: Report) -> Diagnostic:
    did = {"truncate": "cut", "drop": "left out", "error": "too long"}[report.truncation]
    share = f"{part.cut / part.rows:.1%}"
    return diagnostic(
        "SFT501",
        f"{part.cut:,} of {part.rows:,} rows ({share}) are longer than {report.max_length} tokens and {did}: "
        f"{part.lost:,} of {part.tokens:,} tokens ({part.lost / part.tokens:.1%}) are beyond it",
        hint=f"--max-length {part.fits_all} would cut no row, {part.fits_99} at most 1 % of them",
        split=split,
    )


def _target_cut(split: str, part: SplitReport, report: Report) -> Diagnostic:
    option = "--max-target-length" if report.max_target_length else "--max-length"
    return diagnostic(
        "SFT501",
        f"{part.aimed_cut:,} of {part.rows:,} rows lose part of their target: {part.aimed_lost:,} of {part.aimed:,} "
        f"tokens that are trained on ({part.aimed_lost / part.aimed:.1%}) are beyond {option} "
        f"{report.max_target_length or report.max_length}",
        hint=f"{option} {part.longest_aim} would cut no target; --truncation drop leaves such rows out",
        split=split,
    )


def _unknown(split: str, part: SplitReport) -> Diagnostic:
    return diagnostic(
        "SFT502",
        f"{part.unknown:,} of {part.content:,} tokens ({part.unknown / part.content:.1%}) are unknown to the "
        f"tokenizer; {part.all_unknown:,} rows hold nothing else",
        split=split,
    )


def _weighed(split: str, part: SplitReport) -> Diagnostic:
    return diagnostic(
        "SFT508",
        f"{part.weighed:,} of {part.rows:,} rows have a weight other than 1, which transformers' Trainer and TRL do "
        "not read: they train on these as on all others",
        split=split,
    )
