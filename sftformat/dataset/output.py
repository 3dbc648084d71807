"""What a unit writes: its files, filled batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa

from sftformat.dataset.parts import Parts
from sftformat.diagnostics import Diagnostic, Severity
from sftformat.record import Batch, ReadAs, Reject, encode_json, reject_line
from sftformat.repairs.repair import Repaired
from sftformat.schema.arrow import arrow_schema

#: The column of `rows.arrow` that keeps the source text of each row, for rows that are dropped later.
RAW = "raw"
#: The file of a unit that holds its rows in order.
ROWS = "rows.arrow"


@dataclass(frozen=True, slots=True)
class Step:
    """A batch on its way: the records that fit, the canonical row of each, and what is known about the others so far.

    `repaired` holds what was repaired, by index of the row.
    """

    batch: Batch
    rows: pa.RecordBatch
    rejects: list[Reject]
    findings: list[Diagnostic]
    repaired: dict[int, list[Repaired]]


class Output:
    """The files of a unit, written as its batches come.

    Of the rows that are kept these are one of each split, as the data set will have them. With `in_order` rows are
    looked at again when all units are done: they stand in `rows.arrow`, in their order, with `keep_raw` their source
    text beside.
    """

    def __init__(
        self, folder: Path, task: str, read_as: ReadAs, *, kept: bool, in_order: bool, keep_raw: bool = False
    ) -> None:
        self.keep_raw, self.read_as = keep_raw, read_as
        schema = arrow_schema(task)
        self.schema = schema.append(pa.field(RAW, pa.binary())) if self.keep_raw else schema
        self.parts = Parts(folder, task) if kept and not in_order else None
        self.rows = pa.ipc.new_stream(str(folder / ROWS), self.schema) if kept and in_order else None
        self.rejects: BinaryIO = open(folder / "rejects.jsonl", "wb")  # noqa: SIM115 - closed by __exit__
        self.diagnostics: BinaryIO = open(folder / "diagnostics.jsonl", "wb")  # noqa: SIM115
        self.repairs: BinaryIO = open(folder / "repairs.jsonl", "wb")  # noqa: SIM115
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.rows is not None:
            self.rows.close()
        if self.parts is not None:
            self.parts.close()
        self.rejects.close()
        self.diagnostics.close()
        self.repairs.close()

    def write(self, rows: pa.RecordBatch, kept: Sequence[int], step: Step) -> None:
        if rows.num_rows and self.rows is not None:
            self.rows.write_batch(self._with_raw(rows, kept, step.batch) if self.keep_raw else rows)
        if rows.num_rows and self.parts is not None:
            self.parts.write(rows)
        self.rejects.writelines(reject_line(reject, self.read_as) for reject in step.rejects)
        self.diagnostics.writelines(encode_json(found.to_json()) + b"\n" for found in step.findings)
        for number, index in enumerate(kept if step.repaired else (), self.count):
            for each in step.repaired.get(index, ()):
                self.repairs.write(encode_json({"row": number, **each.to_json()}) + b"\n")
        self.count += rows.num_rows

    def _with_raw(self, rows: pa.RecordBatch, kept: Sequence[int], batch: Batch) -> pa.RecordBatch:
        raws = pa.array([batch.raw[index] for index in kept], pa.binary())
        return pa.RecordBatch.from_arrays([*rows.columns, raws], schema=self.schema)


def read_diagnostics(path: Path) -> Iterator[Diagnostic]:
    """Read back the findings of a unit."""
    import msgspec

    with open(path, "rb") as file:
        for line in file:
            fields: Mapping[str, Any] = msgspec.json.decode(line)
            yield Diagnostic(**{**fields, "severity": Severity(fields["severity"])})
