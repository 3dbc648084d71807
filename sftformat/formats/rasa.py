"""Training data of Rasa NLU in YAML: an intent with its examples, a record each: `{"text", "intent", "entities"?}`.

The text is what a user would write, without the marks of entities, which stand beside it as in Rasa's JSON. Lookup
tables, synonyms, regular expressions, stories and the like are no examples: they are named and not read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from sftformat.diagnostics import Diagnostic, clip
from sftformat.errors import UsageError
from sftformat.formats import annotated, container, rows, yamltext
from sftformat.formats.itemized import Itemized
from sftformat.formats.shape import Batches, Columns
from sftformat.formats.source import ReadOptions, Source
from sftformat.formats.yamltext import Node, Unfit, value_of
from sftformat.record import Batch, Record, encode_json

#: What ends and begins a text for Rasa, and is no part of it.
BLANK = "\n\r "
_BULLET = "expected '- ' and a text, got"


def read(source: Source, options: ReadOptions) -> Iterator[Batch]:  # noqa: ARG001 - every reader is called alike
    """Yield the examples of the intents of a file; `line` is that of the example itself.

    A line that is no example, or marks an entity wrongly, is a reject.

    Raises:
        UsageError: PyYAML is missing.
        InputError: the file is no YAML.
    """
    text = yamltext.text_of(source)
    batch = Itemized(source, text)
    aside: Counter[str] = Counter()
    marked = 0
    for top in yamltext.documents(source, text):
        aside.update(key.text or "" for key, _ in top.pairs or () if key.text not in ("nlu", "version"))
        for section in (top.get("nlu") or Node(top.line)).items or ():
            for record, line in _examples(batch, section, aside):
                marked += "entities" in record
                batch.add(record, line)
                if batch.full:
                    yield batch.flush()
    batch.notes += aside_notes(source, aside, marked)
    yield batch.flush()


def aside_notes(source: Source, aside: Mapping[str, int], marked: int) -> list[Diagnostic]:
    """Return what is said of the parts of a file that hold no examples, and of what is not learned of examples."""
    found = []
    if aside:
        named = ", ".join(f"{count} × {clip(name, 40)}" for name, count in sorted(aside.items()))
        found.append(rows.finding(source, "SFT021", f"no examples, so not read: {named}", 1, 0))
    if marked:
        many = f"{marked:,} example{'s' * (marked != 1)} with entities"
        found.append(rows.finding(source, "SFT021", f"{many}: the intent is learned, these are kept in meta", 1, 0))
    return found


def _examples(batch: Itemized, section: Node, aside: Counter[str]) -> Iterator[tuple[Record, int]]:
    intent, examples = section.get("intent"), section.get("examples")
    if section.pairs is None or intent is None:
        aside[next((key.text or "" for key, _ in section.pairs or ()), "a list")] += 1
        return
    if not intent.text or examples is None or examples.pairs is not None:
        missing = "an intent without a name" if not intent.text else "an intent without examples"
        batch.reject(
            section.line, batch.finding("SFT019", missing, section.line, hint="intent: NAME, examples: | - TEXT")
        )
        return
    beside: Record = {}
    if (more := section.get("metadata")) is not None:
        beside = {"intent_metadata": value_of(more)}
    for text, line, own in _texts(batch, examples):
        found = annotated.read(text)
        if isinstance(found, str):
            batch.reject(line, batch.finding("SFT019", found, line, hint='[text](entity) or [text]{"entity": "…"}'))
            continue
        plain, entities = found
        yield (
            {"text": plain, "intent": intent.text, **({"entities": entities} if entities else {}), **own, **beside},
            line,
        )


def _texts(batch: Itemized, examples: Node) -> Iterator[tuple[str, int, Record]]:
    """Yield each example as it stands, with its line and what else is said of it."""
    if examples.items is None:
        for number, line in enumerate((examples.text or "").split("\n")):
            at = _line_of(batch, examples, number, line)
            if line.startswith("-") and line[1:].strip(BLANK):
                yield line[1:].strip(BLANK), at, {}
            elif line.strip(BLANK):
                batch.reject(at, batch.finding("SFT019", f"{_BULLET} {clip(line, 40)!r}", at, hint=""))
        return
    for item in examples.items:
        text = item if item.pairs is None else item.get("text")
        try:
            own = value_of(Node(item.line, pairs=[each for each in item.pairs or () if each[1] is not text]))
        except Unfit as wrong:
            batch.reject(item.line, batch.finding(wrong.code, str(wrong), item.line))
            continue
        if text is None or text.text is None:
            batch.reject(item.line, batch.finding("SFT019", "an example without a text", item.line, hint=""))
        else:
            yield (text.text if text.style in ("'", '"') else text.text.strip(BLANK)), item.line, own


def _line_of(batch: Itemized, examples: Node, number: int, line: str) -> int:
    """Return the physical line of a line of examples: in a block they stand as they are, elsewhere they are folded."""
    at = examples.line + 1 + number
    same = at <= len(batch.physical) and batch.physical[at - 1].strip() == line.strip()
    return at if same else examples.line


# ---------------------------------------------------------------------------------------------------- writing


def held(names: Sequence[str]) -> list[str]:
    """Return the columns that Rasa has a place for."""
    return [name for name in names if name in ("text", "intent", "label", "entities", "metadata")]


def write(path: Path, compression: str | None, batches: Batches, columns: Columns) -> int:  # noqa: ARG001 - as others
    """Write examples under their intents, in their order; return how many.

    Raises:
        UsageError: a record is no text with one intent, or its text means something else to Rasa.
    """
    count = 0
    with container.create(path, compression) as file:
        file.write(b'version: "3.1"\n\nnlu:\n')
        records = (each for batch in batches() for each in batch)
        for intent, group in groupby(records, intent_of):
            run = list(group)
            file.write(f"- intent: {_scalar(intent)}\n  examples:{_block(run) or _list(run)}\n".encode())
            count += len(run)
    return count


def intent_of(record: Record) -> str:
    """Return the intent of a record.

    Raises:
        UsageError: it is no text with one intent.
    """
    intent = record.get("intent", record.get("label"))
    if not isinstance(record.get("text"), str) or isinstance(intent, list | dict):
        raise UsageError("Rasa holds texts with one intent each: say --to rasa, or write another format")
    if intent is None or intent == "":
        raise UsageError(f"Rasa cannot hold a text without an intent {where(record)}: leave these rows out")
    return intent if isinstance(intent, str) else encode_json(intent).decode()


def where(record: Record) -> str:
    """Say which record is meant."""
    return f"(first at {clip(str(record.get('id') or record['text']), 60)!r})"


def marked_text(record: Record) -> str:
    """Return the text of a record with its entities marked.

    Raises:
        UsageError: there are no marks for them, or the text would be read as if it had some.
    """
    marked = annotated.write(record["text"], record.get("entities") or ())
    if marked is None:
        raise UsageError(f"Rasa has no marks for the entities, or sees some in the text, of a row {where(record)}")
    return marked


def one_line(text: str) -> bool:
    """Whether a text may be an example of one line: nothing of it is lost when it is read."""
    return yamltext.printable(text) and text == text.strip() != ""


def _block(run: Sequence[Record]) -> str:
    texts = [marked_text(record) for record in run]
    if not all(map(one_line, texts)) or any("metadata" in record for record in run):
        return ""
    return " |\n" + "".join(f"    - {text}\n" for text in texts)


def _list(run: Sequence[Record]) -> str:
    return "\n" + "".join(map(_item, run))


def _item(record: Record) -> str:
    more = f"    metadata: {_json(record['metadata'])}\n" if "metadata" in record else ""
    return f"  - text: {_json(marked_text(record))}\n{more}"


def _scalar(text: str) -> str:
    plain = text.replace("_", "").replace("/", "").isalpha() and text.isascii()
    return (
        text
        if plain and text.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
        else _json(text)
    )


def _json(value: Any) -> str:
    return yamltext.escaped(encode_json(value).decode())
