"""Ids of labels beside their names (SetFit's `label` and `label_text`): each id means one name, each name one id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sftformat.diagnostics import Diagnostic, clip, diagnostic
from sftformat.layouts.cells import scalar_text
from sftformat.layouts.layout import Binding
from sftformat.record import Batch

#: The column with the name of the label, which is read, and the one with its id.
NAME, ID = "label_text", "label"
#: So many pairs of one unit are remembered; classes are few, and a column of more ids holds something else.
MOST = 100_000
#: Name -> id -> the first line that holds both.
Pairs = dict[str, dict[str, int]]


def count_names(batch: Batch, found: Pairs, binding: Binding) -> None:
    """Add the pairs of name and id in the records of a batch that fit to `found`, where an input has both."""
    if binding.at.get("target") != (NAME,) or sum(map(len, found.values())) > MOST:
        return
    for record, line in zip(batch.records, batch.lines, strict=True):
        name, number = record.get(NAME), record.get(ID)
        if name is not None and number is not None:
            found.setdefault(scalar_text(name), {}).setdefault(scalar_text(number), line)


def name_findings(inputs: Sequence[tuple[str, Mapping[str, Mapping[str, int]]]]) -> Iterator[Diagnostic]:
    """Yield SFT113 for each name that stands beside another id, and each id beside another name, than before.

    `inputs` are the names of inputs with their pairs, in order; all of them count together.
    """
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    for file, pairs in inputs:
        flat = sorted((line, name, number) for name, held in pairs.items() for number, line in held.items())
        for line, name, number in flat:
            one, other = ids.setdefault(name, number), names.setdefault(number, name)
            if one != number:
                message = f"the label {clip(name, 40)!r} has the id {clip(number, 20)}, elsewhere {clip(one, 20)}"
            elif other != name:
                message = f"the id {clip(number, 20)} is called {clip(name, 40)!r}, elsewhere {clip(other, 40)!r}"
            else:
                continue
            yield diagnostic("SFT113", message, file=file, line=line, path=f"/{NAME}")
