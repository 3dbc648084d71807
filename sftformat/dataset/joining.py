"""What is found in files that are joined, when all inputs are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sftformat.dataset.options import DatasetOptions
from sftformat.diagnostics import Diagnostic
from sftformat.formats import partners, read
from sftformat.formats.source import Join, Source
from sftformat.plan import Plan


def join_findings(plan: Plan, options: DatasetOptions) -> Iterator[Diagnostic]:
    """Yield how many rows of each file that is joined no record asks for (SFT021); for it the keys are read again."""
    joins: dict[Join, list[Source]] = {}
    for source in plan.sources if options.limit is None else ():
        join = options.read.of(source.path).join
        if join is not None:
            joins.setdefault(join, []).append(source.rows or source)
    for join, sources in joins.items():
        from sftformat.formats.joined import unasked

        bare = [(source, replace(options.read.of(source.path), join=None)) for source in sources]
        found = unasked(partners(join), (batch for source, how in bare for batch in read(source, how)))
        if found is not None:
            yield found
