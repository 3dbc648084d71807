"""One row on the whole straight line: bytes, record, canonical row, findings, tokens."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from sftformat.check import View, active, check_rows
from sftformat.dataset.bindings import Settled, settle
from sftformat.dataset.options import DatasetOptions
from sftformat.dataset.rejected import canonical_rows
from sftformat.dataset.unit import Job, canonical_batches
from sftformat.diagnostics import Diagnostic, Severity
from sftformat.errors import InputError, UsageError
from sftformat.explain.caret import caret
from sftformat.explain.place import Found, Place, exists, find, notes_on, parse_place
from sftformat.explain.tokens import Tokenizing, Tokens, tokens_of
from sftformat.folder.manifest import MANIFEST, read_manifest
from sftformat.formats import Range, by_name, class_tree, rejects, scan, sniff
from sftformat.formats.source import Source
from sftformat.inputs import Input, resolve
from sftformat.inspect.section import present
from sftformat.layouts.layout import MISSING, Binding, get, render
from sftformat.layouts.reader import reader_of, source_pointer
from sftformat.normalize import normalize
from sftformat.plan import Plan, Unit, of_origin, unit_bytes
from sftformat.record import JSON_TYPES, Batch, Record, encode_json
from sftformat.split import with_split
from sftformat.validate import validate


@dataclass(frozen=True, slots=True)
class Explained:
    """One row.

    found     what stands at the place, with its bytes
    line      the line that was asked for
    record    as parsed; None when there is none
    settled   its layout, or the candidates; None without a record
    row       the canonical row; None when the record does not fit
    origins   for each field of the row where it came from, in words
    findings  what is found on this row, each with the character of the row where it is (None: all of it)
    """

    source: Source
    found: Found
    line: int
    record: Record | None = None
    settled: Settled | None = None
    row: Mapping[str, Any] | None = None
    origins: Mapping[str, str] | None = None
    findings: tuple[tuple[Diagnostic, int | None], ...] = ()
    tokens: Tokens | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything as `schemas/explain.schema.json` says."""
        found = self.found
        layout = self.settled.detected.binding.to_json() if self.settled and self.settled.detected else None
        return {
            "version": 1,
            "file": self.source.name,
            "format": self.source.format,
            "compression": self.source.compression,
            "encoding": self.source.encoding,
            "asked_line": self.line,
            "kind": found.kind,
            "line": found.line,
            "last_line": found.last,
            "byte": found.byte,
            "length": found.length,
            **_raw(found.raw),
            "record": self.record,
            "types": {key: JSON_TYPES[type(value)] for key, value in self.record.items()} if self.record else None,
            "layout": layout,
            "undecided": self.settled.why if self.settled and self.settled.detected is None else None,
            "row": dict(self.row) if self.row is not None else None,
            "origins": dict(self.origins) if self.origins is not None else None,
            "findings": [{**each.to_json(), **_at(at)} for each, at in self.findings],
            "tokens": self.tokens.to_json() if self.tokens else None,
        }

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding."""
        order = list(Severity)
        return min((each.severity for each, _ in self.findings), key=order.index, default=None)


def _raw(raw: bytes) -> dict[str, str]:
    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(raw).decode()}


def _at(at: int | None) -> dict[str, int]:
    return {"character": at} if at is not None else {}


def explain(place: str, options: DatasetOptions, tokenizing: Tokenizing | None = None) -> Explained:
    """Follow the row at FILE:LINE from its bytes to its tokens; nothing is written.

    A record over several lines is meant by each of them. The layout is detected on the whole file, as ever.

    Raises:
        UsageError: no such file or line, several files, or options that contradict each other.
        InputError: the file cannot be read.
    """
    where = parse_place(place)
    with TemporaryDirectory(prefix="sftformat-") as spool:
        own, where = _in_class_folder(_input(where.file, Path(spool)), where, options)
        options = options.of(own.path)
        source = sniff(own.path, own.name, options.read, texts=own.texts)
        scanned = scan(source, unit_bytes(own.size))
        if own.canonical:
            return _canonical(own, source, where.line, options, tokenizing)
        runs, ranges, number = rejects.runs(source, options.read), scanned.ranges, 0
        if runs:
            number = max(index for index, each in enumerate(runs) if each.first_line <= where.line)
            source = runs[number]
            ranges = (Range(source.start, source.stop, source.first_line),)
        found = find(source, ranges, options.read, where)
        notes = tuple(notes_on(found))
        if found.batch is None:
            return _finished(Explained(source, found, where.line), notes)
        planned = _plan(own, runs or (source,), scanned.sha256, scanned.size)
        settled, own = settle(planned, options)[number], planned.inputs[number]
        begun = Explained(source, found, where.line, found.batch.records[0], settled)
        if settled.detected is None:
            return _finished(begun, notes)
        return _followed(begun, settled.detected.binding, own, notes, options, tokenizing, scanned.sha256)


def _input(file: str, spool: Path) -> Input:
    if file == "stdin" and not exists(file):  # as findings name it
        file = "-"
    inputs, _ = resolve([file], spool)
    path = Path(file)
    if path.is_dir() or len(inputs) != 1:
        raise UsageError(f"{file}: {len(inputs)} files; name one of them")
    own = inputs[0]
    if (own.path.parent / MANIFEST).is_file() and own.path.suffix == ".parquet":
        manifest = read_manifest(own.path.parent)
        files = [name for part in manifest.get("splits", {}).values() for name in part["files"]]
        return replace(own, canonical=manifest["kind"] == "dataset" and own.path.name in files)
    return own


def _in_class_folder(own: Input, where: Place, options: DatasetOptions) -> tuple[Input, Place]:
    """Take a text for what it is where class folders lie about it, unless it is a file of lines or records."""
    if own.canonical or own.name == "stdin" or by_name(own.name) is not None:
        return own, where
    try:
        told = sniff(own.path, own.name, options.read).format not in ("csv", "tsv", "conll")
    except InputError:
        told = False
    found = None if told else class_tree.around(own.path)
    if found is None:
        return own, where
    root, text = found
    return replace(own, path=root, name=root.name, texts=(text,), split=text.split), replace(where, line=1)


def _plan(own: Input, sources: Sequence[Source], sha256: str, size: int) -> Plan:
    """Return the plan for one file, of rejects for all its runs: they are read alike where they can be."""
    inputs = tuple(of_origin(own, each.origin) if each.origin else own for each in sources)
    units = tuple(Unit(number, number, each) for number, each in enumerate(sources))
    return Plan(inputs, tuple(sources), (sha256,) * len(units), (size,) * len(units), units)


def _finished(explained: Explained, findings: Sequence[Diagnostic]) -> Explained:
    """Add what was found, each with its character."""
    placed = tuple((each, caret(explained.source, explained.found, each)) for each in findings)
    return replace(explained, findings=placed)


def _followed(
    begun: Explained,
    binding: Binding,
    own: Input,
    notes: tuple[Diagnostic, ...],
    options: DatasetOptions,
    tokenizing: Tokenizing | None,
    sha256: str,
) -> Explained:
    """Take a record through validate, normalize, check and tokenize."""
    assert begun.found.batch is not None
    if begun.source.origin is not None and begun.source.origin.task is not None:
        _, rows, unfit = canonical_rows(begun.found.batch, binding.layout.task)
    else:
        fitting, unfit = validate(begun.found.batch, binding)
        rows = normalize(fitting, binding, own.split)
        notes += tuple(each for each in fitting.diagnostics if each not in begun.found.batch.diagnostics)
    if unfit:
        return _finished(begun, (*notes, *unfit[0].diagnostics))
    given = rows.column("split").to_pylist()[0]
    rows = with_split(rows, [given or "train"])
    task = binding.layout.task

    def locate(path: str, canonical: Callable[[], Mapping[str, Any]]) -> str:
        return source_pointer(path, binding, canonical)

    found = check_rows(View(rows, task), active(options.settings, task), locate)
    row = present(rows.to_pylist()[0])
    whole = replace(begun, row=row, origins=_origins(row, binding, own, begun.record or {}))
    if tokenizing is not None:
        whole = replace(whole, tokens=tokens_of(rows, task, tokenizing, sha256, begun.found.line))
    return _finished(whole, (*notes, *(each for _, each in found)))


def _origins(row: Mapping[str, Any], binding: Binding, own: Input, record: Record) -> dict[str, str]:
    """Say in words where each field of a canonical row came from."""
    if binding.layout.name == "canonical":
        return dict.fromkeys(row, "canonical already")
    made: dict[str, str] = {}
    keys = reader_of(binding).keys if binding.layout.module else ()
    for key in row:
        pointer = binding.at.get(key)
        if key in binding.captures:
            made[key] = f"the key {binding.captures[key]!r}"
        elif key == "source":
            made[key] = "where the record stands"
        elif key == "meta":
            made[key] = "everything else in the record"
        elif pointer is not None and (key not in ("id", "split") or get(record, pointer) not in (MISSING, None, "")):
            made[key] = render(pointer)
        elif key == "split":
            made[key] = "the name of the file" if own.split else "no split is named: train"
        elif key == "id":
            made[key] = "none given: the hash of what is learned"
        else:
            made[key] = ", ".join(f"/{name}" for name in keys if name in record) or "the layout"
    return made


def _canonical(
    own: Input, source: Source, line: int, options: DatasetOptions, tokenizing: Tokenizing | None
) -> Explained:
    """Explain a row of a data set folder of ours, which is canonical already."""
    task = read_manifest(own.path.parent)["task"]
    settled = settle(_plan(own, (source,), "", 0), options)[0]
    assert settled.detected is not None
    before = 0
    for step in canonical_batches(Job(options, Unit(0, 0, source), own, settled.detected.binding, Path())):
        batch, rows = step.batch, step.rows
        if line <= before + len(rows):
            return _canonical_row(
                source, line, batch, rows[line - before - 1 : line - before], task, settled, options, tokenizing
            )
        before += len(rows)
    raise UsageError(f"{source.name}: has {before:,} rows; there is no row {line:,}")


def _canonical_row(
    source: Source,
    line: int,
    batch: Batch,
    rows: pa.RecordBatch,
    task: str,
    settled: Settled,
    options: DatasetOptions,
    tokenizing: Tokenizing | None,
) -> Explained:
    row = present(rows.to_pylist()[0])
    raw = encode_json(row)
    found = Found("record", line, line, None, raw, len(raw), batch)
    findings = [each for _, each in check_rows(View(rows, task), active(options.settings, task))]
    place = row["source"]
    inputs = read_manifest(source.path.parent)["inputs"]
    sha256 = next((each["sha256"] for each in inputs if each["file"] == place["file"]), "")
    tokens = tokens_of(rows, task, tokenizing, sha256, place["line"]) if tokenizing else None
    origins = dict.fromkeys(row, "canonical already")
    return _finished(Explained(source, found, line, row, settled, row, origins, (), tokens), findings)
