"""Training data of Rasa NLU in JSON, as it was before YAML: what stands under `rasa_nlu_data` and `common_examples`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sftformat.errors import UsageError
from sftformat.formats import jsonl, jsonplaces, jsontext, yamltext
from sftformat.formats.itemized import Itemized
from sftformat.formats.rasa import aside_notes
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source, fault
from sftformat.record import Batch

_PATH = ("rasa_nlu_data", "common_examples")


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:  # noqa: ARG001 - every reader is called alike
    """Yield the examples of a file as they stand; an element that is no record is a reject.

    Raises:
        InputError: the file is no JSON, or there are no examples in it.
    """
    text = yamltext.text_of(source)
    batch = Itemized(source, text)
    aside: Counter[str] = Counter()
    marked, line, seen = 0, 1, 0
    for start, stop in _elements(source, text, aside):
        line, seen = line + text.count("\r" if source.line_end == "\r" else "\n", seen, start), start
        value, wrong = jsontext.value(text[start:stop].encode("utf-8", "surrogatepass"))
        if wrong is not None or type(value) is not dict:
            found = jsonl.explain(source, wrong, value, line, batch.byte(line))
            batch.reject(line, found)
        else:
            marked += bool(value.get("entities"))
            batch.add(value, line)
        if batch.full:
            yield batch.flush()
    batch.notes += aside_notes(source, {name: count for name, count in aside.items() if count}, marked)
    yield batch.flush()


def _elements(source: Source, text: str, aside: Counter[str]) -> Iterator[tuple[int, int]]:
    """Yield where each example begins and ends."""
    try:
        at = _under(text, 0, _PATH[0], aside)
        at = _under(text, at, _PATH[1], aside)
        yield from list(jsonplaces.items(text, at))
    except (ValueError, RecursionError) as error:
        message = f"no JSON of Rasa: {error}"
        raise fault("SFT016", source.name, message, hint="mend it there; nothing was read") from None


def _under(text: str, at: int, wanted: str, aside: Counter[str]) -> int:
    """Return where the value of a name begins in the object at a place; other lists of it are counted."""
    found = -1
    for name, start, value in jsonplaces.members(text, at):
        if name == wanted and found >= 0:
            raise ValueError(f"{wanted!r} stands twice")
        if name == wanted:
            found = start
        elif isinstance(value, list):
            aside[name] += len(value)
    if found < 0:
        raise ValueError(f"no {wanted!r}")
    return found


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Refuse: Rasa itself has left this form.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{path.name}: Rasa's JSON is not written; write .yml, or .md for the older versions")
