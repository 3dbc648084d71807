"""One Parquet file of canonical rows to one Arrow file of tokenized rows, with its counts and the rows left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sftformat.errors import FolderError
from sftformat.folder.files import link, sha256_file, write_file
from sftformat.record import Reject
from sftformat.tokenize.chat_template import ChatTemplate
from sftformat.tokenize.columns import Columns, bytes_of, columns_of, findings
from sftformat.tokenize.conversation import TEXT_TASKS
from sftformat.tokenize.counting import label_bounds, measured, pairs, written
from sftformat.tokenize.encode import Encoded, encode
from sftformat.tokenize.exact import by_reference, differing
from sftformat.tokenize.features import schema
from sftformat.tokenize.ids import Texts, listed
from sftformat.tokenize.labels import Column
from sftformat.tokenize.load import Reference
from sftformat.tokenize.made import Made
from sftformat.tokenize.maker import WORD_TASKS, make
from sftformat.tokenize.outcome import Counts, Outcome, add
from sftformat.tokenize.packed import Packer
from sftformat.tokenize.rejects import reject_row
from sftformat.tokenize.standing import arrow, keep, kept
from sftformat.tokenize.windows import NO_LIMIT, cut
from sftformat.tokenize.words import Words, choose_words

#: At most so many rows, bytes of text and label cells are worked on at once: they bound the memory.
MAX_ROWS, MAX_BYTES, MAX_CELLS = 32 << 10, 1 << 20, 4 << 20
#: So many bytes of a column of a row group say nothing of its texts: its headers, and the least and the greatest value.
_PAGE_BYTES = 512

Encoder = Callable[[Reference, Texts, Sequence[str | None] | None, int], Encoded]
#: Fields whose texts are tokenized.
_SIZED = frozenset({"input", "input_pair", "instruction", "system", "target", "tools"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What all units of a run share. `inputs` are the names of the manifest's inputs; their order gives `file`.

    `template` renders rows of text; None where there is none, or where lines are joined. Longer rows are made windows
    that begin `stride` tokens apart, if that is not 0. `pack` puts several rows of a causal model into one.
    """

    reference: Reference
    task: str
    labels: tuple[str, ...] | None
    max_length: int
    truncation: str
    inputs: tuple[str, ...]
    objective: str = "encoder"
    template: ChatTemplate | None = None
    max_target_length: int = 0
    stride: int = 0
    pack: bool = False

    @property
    def limit(self) -> int:
        """How long a row may be before it is cut: of one that is made windows nothing is cut off."""
        return NO_LIMIT if self.stride else self.max_length

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the shards."""
        return schema(self.task, self.labels, self.objective, packed=self.pack, windows=self.stride > 0)


@dataclass(frozen=True, slots=True)
class Unit:
    """Part `index` (from 0) of the `count` parts of a split: the first `rows` rows of a Parquet file (None: all).

    `key` says what its Arrow file is made from, but for the numbers of the inputs, which the outcome tells.
    """

    path: Path
    split: str
    index: int
    count: int
    rows: int | None = None
    key: str = ""

    @property
    def shard(self) -> str:
        """The path of the Arrow file below the shard folder."""
        return f"{self.split}/data-{self.index:05d}-of-{self.count:05d}.arrow"


def tokenize_unit(unit: Unit, setting: Setting, staging: Path | None, stores: Sequence[Path] = ()) -> Outcome:
    """Write the Arrow file of a unit below `staging`, or take it over from the first of `stores` that has it sound.

    The first store then has it, with its outcome. With `staging` None nothing is written: the outcome alone is worked
    out.

    Raises:
        FolderError: the Parquet file is not what the manifest of the data set promises.
        OSError: the disk did not take it.
    """
    if staging is None:
        return _convert(unit, setting, lambda _: None)
    shard, first = staging / unit.shard, stores[0]
    for store in stores:
        known = kept(unit.key, store, lambda name: _number(name, setting))
        if known is not None:
            shard.parent.mkdir(parents=True, exist_ok=True)
            shard.unlink(missing_ok=True)
            link(arrow(unit.key, store), shard)
            if store != first:
                keep(unit.key, known, shard, first)
            return replace(known, taken=True)
    made: list[Outcome] = []
    write_file(shard, lambda path: made.append(_write(path, unit, setting)))
    outcome = replace(made[0], sha256=sha256_file(shard))
    keep(unit.key, outcome, shard, first)
    return outcome


def _number(name: str, setting: Setting) -> int:
    return setting.inputs.index(name) if name in setting.inputs else -1


def _write(path: Path, unit: Unit, setting: Setting) -> Outcome:
    with open(path, "xb") as file, pa.ipc.new_stream(file, setting.schema) as writer:
        return _convert(unit, setting, writer.write_batch)


def _convert(unit: Unit, setting: Setting, write: Callable[[pa.RecordBatch], None]) -> Outcome:
    counts, rejects = Counts(), []
    files: set[str] = set()
    packer = Packer(setting.max_length, schema(setting.task, None, setting.objective, packed=True), write)
    put = packer.add if setting.pack else write
    chosen: list[tuple[Any, str]] = []  # by the first rows

    def encode_texts(texts: Texts, pairs: Sequence[str | None] | None) -> Encoded:
        if not chosen:
            encoder, why, encoded = _choose(texts, pairs, setting)
            chosen.append((encoder, why))
            return encoded
        made: Encoded = chosen[0][0](setting.reference, texts, pairs, setting.limit)
        return made

    def encode_words(words: Column) -> Words:
        if not chosen:
            encoder, why, encoded = choose_words(setting.reference, words, setting.max_length)
            chosen.append((encoder, why))
            return encoded
        made: Words = chosen[0][0](setting.reference, words, setting.max_length)
        return made

    for batch in _batches(unit, setting):
        columns = columns_of(batch, as_text=setting.task not in TEXT_TASKS | WORD_TASKS)
        made = make(batch, columns, setting, encode_texts, encode_words)
        parts, more, left_out = _finish(batch, columns, made, setting)
        rejects += left_out
        files.update(pc.unique(columns.files.drop_null()).to_pylist())
        for rows in parts:
            more = add((more, Counts(windows=len(rows), **written(rows, setting.reference, setting.objective))))
            if len(rows):
                put(rows)
        counts = add((counts, more))
    packer.close()
    counts = replace(counts, packs=packer.packs)
    numbers = tuple((name, _number(name, setting)) for name in sorted(files))
    return Outcome("", counts, tuple(rejects), chosen[0][1] if chosen else "", numbers)


def _batches(unit: Unit, setting: Setting) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a unit in batches that are small in rows, bytes of text and label cells."""
    left = unit.rows
    most = min(MAX_ROWS, MAX_CELLS // max(1, len(setting.labels or ())))
    try:
        with pq.ParquetFile(unit.path, pre_buffer=False) as file:
            for batch in file.iter_batches(max(1, min(most, _rows_of(file.metadata, MAX_BYTES)))):
                batch = batch if left is None else batch.slice(0, left)
                left = None if left is None else left - len(batch)
                yield from _by_bytes(batch)
                if left == 0:
                    return
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, KeyError) as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FolderError(f"{unit.path}: not canonical rows: {words}") from None


def _rows_of(metadata: pq.FileMetaData, size: int) -> int:
    """Return how many rows of a file have about so many bytes of text, where they are the largest."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return min((size * group.num_rows // max(1, _text_bytes(group)) for group in groups), default=1)


def _text_bytes(group: pq.RowGroupMetaData) -> int:
    columns = [group.column(number) for number in range(group.num_columns)]
    sized = [each for each in columns if each.path_in_schema.partition(".")[0] in _SIZED]
    return sum(max(0, each.total_uncompressed_size - _PAGE_BYTES) for each in sized)


def _by_bytes(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    sizes = np.zeros(len(batch), np.int64)
    for name in _SIZED & set(batch.schema.names):
        sizes += bytes_of(batch.column(name))
    ends, start = np.cumsum(sizes), 0
    while start < len(batch):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + MAX_BYTES, side="right")))
        yield batch.slice(start, stop - start)
        start = stop


def _choose(texts: Texts, pairs: Sequence[str | None] | None, setting: Setting) -> tuple[Encoder, str, Encoded]:
    """Return `encode` if it agrees with the reference library on the first rows, else the reference library and why.

    With it comes what it makes of these rows.
    """
    reference, why = setting.reference, "its special tokens follow no template"
    if reference.single is not None and reference.pair is not None:
        encoded = encode(reference, texts, pairs, setting.limit)
        row = differing(reference, encoded, listed(texts), pairs, setting.limit)
        if row is None:
            return encode, "", encoded
        why = f"row {row + 1} came out differently"
    return by_reference, why, by_reference(reference, texts, pairs, setting.limit)


def _finish(
    batch: pa.RecordBatch, columns: Columns, made: Made, setting: Setting
) -> tuple[Iterable[pa.RecordBatch], Counts, list[Reject]]:
    """Put a batch together, and take out the rows that are rejected or, with `drop`, too long.

    With it come the counts of its rows, those of the tokens that are written aside, and what is taken out.
    """
    encoded, labels, lost = made.encoded, made.labels, made.lost
    lost_target = made.lost_target(setting.truncation)
    unfit = (encoded.content == 0) | labels.unfit | ~columns.weighs | made.faulty()
    rejected = unfit | lost_target
    filtered = ~rejected & (lost > 0) & (setting.truncation == "drop")
    kept = ~(rejected | filtered)
    limits = setting.max_length, setting.max_target_length
    rejects = [
        reject_row(batch, row, "rejected" if rejected[row] else "filtered", found)
        for row, found in findings(batch, np.flatnonzero(~kept), made, columns, lost_target, limits)
    ]
    whole = _assemble(columns, made, setting)
    rows = whole if kept.all() else whole.filter(pa.array(kept))
    codes = Counter(found.code for reject in rejects for found in reject.diagnostics)
    counts = replace(
        measured(made, ~unfit),
        read=len(batch),
        written=len(rows),
        rejected=int(rejected.sum()),
        filtered=int(filtered.sum()),
        unlabelled=int((kept & ~labels.labelled).sum()),
        pairs=pairs(columns, kept),
        truncated=int((lost[kept] > 0).sum()),
        tokens_lost=int(lost[kept].sum()),
        labels=label_bounds(rows, labels.labelled[kept]),
        codes=tuple(sorted(codes.items())),
    )
    windows = None if made.frame is None else cut(rows, made.frame.of(kept), setting.max_length, setting.stride)
    return windows or (rows,), counts, rejects


def _assemble(columns: Columns, made: Made, setting: Setting) -> pa.RecordBatch:
    encoded = made.encoded
    offsets: Column = pa.array(encoded.offsets.astype(np.int32))
    length = np.diff(encoded.offsets).astype(np.int32)
    known: Column = pc.index_in(columns.files, value_set=pa.array(setting.inputs, pa.string()))

    def lists(values: Any) -> Column:
        return pa.ListArray.from_arrays(offsets, pa.array(values))

    arrays: dict[str, Column] = {
        "input_ids": lists(encoded.input_ids),
        "attention_mask": lists(np.ones(len(encoded.input_ids), np.int8)),
        "token_type_ids": lists(encoded.token_type_ids),
        "labels": made.labels.array,
        "length": pa.array(length),
        "truncated": pa.array(made.lost.astype(np.int32)),
        "weight": pa.array(columns.weights),
        "id": columns.ids,
        "file": pc.fill_null(known, -1),
        "line": columns.lines,
        "window": pa.array(np.zeros(len(length), np.int32)),
        **made.more,
    }
    shape = schema(setting.task, setting.labels, setting.objective, windows=setting.stride > 0)
    return pa.RecordBatch.from_arrays([arrays[name] for name in shape.names], schema=shape)
