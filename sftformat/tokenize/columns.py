"""The canonical columns that tokenization needs, and what is wrong with the rows that are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.diagnostics import Diagnostic, Severity, clip, diagnostic
from sftformat.tokenize.conversation import Fault
from sftformat.tokenize.labels import Column
from sftformat.tokenize.made import Aims, Made

_SOURCE = pa.struct([("file", pa.string()), ("line", pa.int64()), ("byte", pa.int64())])


@dataclass(frozen=True, slots=True)
class Columns:
    """N rows: texts without nulls, pairs (None when no row has one), float32 weights (1 where absent), whether the
    weight can be one (finite, 0 or more), ids, source files (null where unknown), int64 lines (-1 where unknown)."""

    texts: Column
    pairs: list[str | None] | None
    weights: npt.NDArray[np.float32]
    weighs: npt.NDArray[np.bool_]
    ids: Column
    files: Column
    lines: Column


def columns_of(batch: pa.RecordBatch, *, as_text: bool = True) -> Columns:
    """Take the columns out of a canonical batch; without `as_text` the texts are empty: the input is something else.

    Raises:
        KeyError, pa.ArrowTypeError, pa.ArrowInvalid: it is not canonical.
    """
    pairs = column(batch, "input_pair", pa.string())
    with np.errstate(over="ignore"):
        weights = np.asarray(pc.fill_null(column(batch, "weight", pa.float64()), 1.0)).astype(np.float32)
    source = column(batch, "source", _SOURCE)
    return Columns(
        texts=pc.fill_null(column(batch, "input", pa.string()), "") if as_text else pa.repeat("", len(batch)),
        pairs=pairs.to_pylist() if pairs.null_count < len(pairs) else None,
        weights=weights,
        weighs=np.isfinite(weights) & (weights >= 0),
        ids=pc.fill_null(column(batch, "id", pa.string()), ""),
        files=pc.struct_field(source, "file"),
        lines=pc.fill_null(pc.struct_field(source, "line"), -1),
    )


def column(batch: pa.RecordBatch, name: str, kind: Any) -> Column:
    """Return a column of a batch as `kind`; nulls where the batch has no such column."""
    return batch.column(name).cast(kind) if name in batch.schema.names else pa.nulls(len(batch), kind)


def bytes_of(values: Column) -> npt.NDArray[np.int64]:
    """Return how many bytes of text each row of a column holds, keys and marks left out: (N,)."""
    kind, lengths = values.type, np.zeros(len(values), np.int64)
    if pa.types.is_list(kind):
        inner: Column = pc.list_flatten(values)
        parents = np.asarray(pc.list_parent_indices(values))
        return np.bincount(parents, bytes_of(inner), len(values)).astype(np.int64)
    if pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            lengths += bytes_of(pc.struct_field(values, [number]))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        lengths += np.asarray(pc.fill_null(pc.binary_length(values), pa.scalar(0, pa.int32())))
    return lengths


def findings(
    batch: pa.RecordBatch,
    rows: npt.NDArray[np.int64],
    made: Made,
    columns: Columns,
    lost_target: npt.NDArray[np.bool_],
    limits: tuple[int, int],
) -> Iterator[tuple[int, tuple[Diagnostic, ...]]]:
    """Yield each of `rows`, which are not written, with the findings that cost it; `limits` are those of both sides."""
    encoded, labels = made.encoded, made.labels
    splits = column(batch, "split", pa.string())
    for row in rows.tolist():
        line = columns.lines[row].as_py()
        place: dict[str, Any] = {
            "file": columns.files[row].as_py() or "",
            "line": line if line > 0 else None,
            "byte": (batch.column("source")[row].as_py() or {}).get("byte"),
            "split": splits[row].as_py() or "",
        }
        found = []
        if row in made.faults:
            found.append(_of_fault(made.faults[row], place))
        elif encoded.content[row] == 0:
            said = "no token is left of the text but special ones"
            found.append(diagnostic("SFT503", said, path="/input", got=clip(repr(columns.texts[row].as_py())), **place))
        if labels.unfit[row]:
            got = clip(str(batch.column("target")[row].as_py()))
            said = "a score that is not finite as float32"
            found.append(
                Diagnostic("SFT234", "non-finite-score", Severity.ERROR, said, path="/target", got=got, **place)
            )
        if not columns.weighs[row]:
            got = clip(str(batch.column("weight")[row].as_py()))
            said = "a weight that is not a finite number of 0 or more as float32"
            found.append(diagnostic("SFT101", said, path="/weight", got=got, **place))
        if lost_target[row] and made.aims is not None and not found:
            found.append(diagnostic("SFT504", _target_words(made.aims, row, limits), path="/target", **place))
        if not found and made.aims is not None and made.aims.cut[row]:
            aims = made.aims
            said = (
                f"{aims.full[row]:,} tokens of the target, {aims.cut[row]:,} more than --max-target-length {limits[1]}"
            )
            found.append(diagnostic("SFT501", said, path="/target", **place))
        if not found:
            said = f"{encoded.full[row]:,} tokens, {encoded.lost[row]:,} more than --max-length {limits[0]}"
            found.append(diagnostic("SFT501", said, path="/input", **place))
        yield row, tuple(found)


def _of_fault(fault: Fault, place: Mapping[str, Any]) -> Diagnostic:
    fields = {"path": fault.path, "got": fault.got, **place}
    if fault.hint:
        fields["hint"] = fault.hint
    if fault.name:
        return Diagnostic(fault.code, fault.name, Severity.ERROR, fault.said, **fields)
    return diagnostic(fault.code, fault.said, **fields)


def _target_words(aims: Aims, row: int, limits: tuple[int, int]) -> str:
    if aims.empty[row]:
        return "no token of the target is trained on: it is empty, or the template leaves it out"
    return (
        f"all {aims.tokens[row]:,} tokens that are trained on lie beyond --max-length {limits[0]}: "
        f"the row has {aims.full[row]:,} tokens"
    )
