"""A row as a model sees it: every token with its id, what a limit cuts, and the ids of the labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sftformat.errors import UsageError
from sftformat.folder.manifest import open_folder
from sftformat.inspect.lengths import LABELLED, encoder_for
from sftformat.rules.view import View
from sftformat.tokenize.columns import columns_of
from sftformat.tokenize.conversation import TEXT_TASKS
from sftformat.tokenize.encode import truncate
from sftformat.tokenize.labels import label_arrays
from sftformat.tokenize.load import Reference, load_tokenizer
from sftformat.tokenize.made import lists
from sftformat.tokenize.maker import WORD_TASKS
from sftformat.tokenize.request import DEFAULT_MAX_LENGTH
from sftformat.tokenize.tags import tagged
from sftformat.tokenize.windows import NO_LIMIT
from sftformat.tokenize.words import words_checked


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its id, its text in the vocabulary, its type id, and whether the limit keeps it.

    `trained` says of a row of text whether the token is learned; None where a label is, or what an encoder reads.
    `label` is the tag of the word that begins with it; None where none begins, or where words have no tags.
    """

    id: int
    text: str
    type_id: int
    kept: bool
    label: str | None = None
    trained: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields under names; those that say nothing are left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class TokenRun:
    """The tokens of a row, or of one text of it (`path`, a JSON Pointer into the canonical row)."""

    path: str
    tokens: tuple[Token, ...]

    @property
    def lost(self) -> int:
        """How many tokens the limit cuts."""
        return sum(not token.kept for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Stored:
    """The row in the shards: its split, file and 1-based row there, and whether it holds the tokens told here."""

    split: str
    file: str
    row: int
    same: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """A row in tokens. `max_length` is None where the fields stand by themselves: tasks that are no encoder's.

    labels  the label ids, the multi-hot list or the score, as the shards hold it; None without a label map
    stored  where shards were given: the row there, None when they do not hold it
    """

    tokenizer: str
    max_length: int | None
    sequences: tuple[TokenRun, ...]
    label_map: tuple[str, ...] | None
    labels: Any
    shards: bool = False
    stored: Stored | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields under names."""
        sequences = [
            {"path": each.path, "tokens": [token.to_json() for token in each.tokens], "lost": each.lost}
            for each in self.sequences
        ]
        made = {"tokenizer": self.tokenizer, "max_length": self.max_length, "sequences": sequences}
        labels = {"label_map": list(self.label_map) if self.label_map is not None else None, "labels": self.labels}
        stored = {"stored": asdict(self.stored) if self.stored else None} if self.shards else {}
        return {**made, **labels, **stored}


@dataclass(frozen=True, slots=True)
class Tokenizing:
    """What makes tokens: a tokenizer, the longest row, the label map; perhaps the shard folder that all came from."""

    reference: Reference
    max_length: int
    labels: tuple[str, ...] | None
    shards: Path | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)


def from_tokenizer(name: str, max_length: int | None, labels: tuple[str, ...] | None) -> Tokenizing:
    """Take a tokenizer from a folder or the hub, as `tokenize` would.

    Raises:
        ModelError: it cannot be loaded.
    """
    reference = load_tokenizer(name)
    usual = min(reference.model_max_length or DEFAULT_MAX_LENGTH, DEFAULT_MAX_LENGTH)
    return Tokenizing(reference, max_length or usual, labels)


def from_shards(folder: Path) -> Tokenizing:
    """Take tokenizer, longest row and label map from a shard folder.

    Raises:
        FolderError: it is damaged, or no shard folder.
    """
    manifest = open_folder(folder, "shards")
    labels = manifest["labels"]
    reference = replace(load_tokenizer(str(folder / "tokenizer")), name=manifest["tokenizer"]["name"])
    most = NO_LIMIT if "stride" in manifest else manifest["max_length"]
    return Tokenizing(reference, most, tuple(labels) if labels is not None else None, folder, manifest)


def tokens_of(rows: pa.RecordBatch, task: str, how: Tokenizing, sha256: str, line: int) -> Tokens:
    """Return one canonical row in tokens; `sha256` of its file and `line` find it in the shards.

    Raises:
        UsageError: the limit leaves no room beside the special tokens.
    """
    name, reference = how.reference.name, how.reference
    if task in TEXT_TASKS and "template" in how.manifest:
        return _with_texts(rows, task, how, sha256, line)
    if task not in LABELLED:
        return Tokens(name, None, tuple(_fields(rows, task, reference)), None, None)
    if task in WORD_TASKS:
        row = _word_row(rows, reference, how.max_length)
    else:
        columns = columns_of(rows)
        row = encoder_row(columns.texts.to_pylist(), columns.pairs, reference, how.max_length)
    labels, known = _labels(rows, task, how)
    own = str(rows.column("id")[0].as_py())
    stored = _stored(how.shards, how.manifest, sha256, (line, own), row) if how.shards else None
    return Tokens(name, how.max_length, (row,), how.labels, labels if known else None, how.shards is not None, stored)


def _fields(rows: pa.RecordBatch, task: str, reference: Reference) -> Iterator[TokenRun]:
    """Yield each text of a row by itself, without special tokens."""
    for text in View(rows, task).texts:
        for index, value in enumerate(text.values.to_pylist()):
            if value is not None:
                made = reference.tokenizer.encode(value, add_special_tokens=False)
                pairs = zip(made.ids, made.tokens, strict=True)
                tokens = tuple(Token(number, shown, 0, True) for number, shown in pairs)
                yield TokenRun(text.place(index)[1], tokens)


def _with_texts(rows: pa.RecordBatch, task: str, how: Tokenizing, sha256: str, line: int) -> Tokens:
    from sftformat.explain.texts import text_runs

    runs = text_runs(rows, task, how.reference, how.manifest)
    place = line, str(rows.column("id")[0].as_py())
    stored = _stored(how.shards, how.manifest, sha256, place, runs[0]) if how.shards else None
    return Tokens(how.reference.name, how.max_length, runs, None, None, how.shards is not None, stored)


def encoder_row(
    texts: Sequence[str], pairs: Sequence[str | None] | None, reference: Reference, max_length: int
) -> TokenRun:
    """Return the tokens of one text, or of a pair, as an encoder reads them."""
    encode = encoder_for(reference)
    whole, cut = (encode(reference, texts, pairs, limit) for limit in (NO_LIMIT, max_length))
    kept = _kept(texts[0], pairs[0] if pairs else None, reference, max_length)
    ids, types = whole.input_ids.tolist(), whole.token_type_ids.tolist()
    if kept is None or [number for number, keep in zip(ids, kept, strict=True) if keep] != cut.input_ids.tolist():
        # No template to say which were cut: those that are kept, as the reference library gives them.
        ids, types, kept = cut.input_ids.tolist(), cut.token_type_ids.tolist(), [True] * len(cut.input_ids)
    shown = [reference.tokenizer.id_to_token(number) or "" for number in ids]
    return TokenRun("", tuple(map(Token, ids, shown, types, kept)))


def _word_row(rows: pa.RecordBatch, reference: Reference, max_length: int) -> TokenRun:
    words = rows.column("input")
    whole, cut = (words_checked(reference, words, limit) for limit in (NO_LIMIT, max_length))
    content, lost = int(whole.encoded.content[0]), int(cut.encoded.lost[0])
    kept: list[bool] = []
    for part in reference.single.parts if reference.single is not None else ():
        own = [True] * (content - lost) + [False] * lost
        kept += [True] if part.sequence is None else own[::-1] if reference.side == "left" else own
    if not kept:  # no template to say which were cut: those that are kept, as the reference library gives them
        whole, kept = cut, [True] * len(cut.begins)
    tags = rows.column("target")[0].as_py() or []
    labels = [tags[number] if 0 <= number < len(tags) else None for number in whole.begins.tolist()]
    ids, types = whole.encoded.input_ids.tolist(), whole.encoded.token_type_ids.tolist()
    shown = [reference.tokenizer.id_to_token(number) or "" for number in ids]
    parts = zip(ids, shown, types, kept, labels, strict=True)
    return TokenRun("", tuple(Token(*each[:4], label=each[4]) for each in parts))


def _kept(text: str, pair: str | None, reference: Reference, max_length: int) -> list[bool] | None:
    """Return for each token of a row, special tokens included, whether the limit keeps it."""
    template = reference.single if pair is None else reference.pair
    if template is None or reference.single is None or reference.pair is None:
        return None
    texts = [text] if pair is None else [text, pair]
    counts = [len(reference.tokenizer.encode(each, add_special_tokens=False).ids) for each in texts] + [0]
    room = np.array([max_length - template.special])
    keep = truncate(np.array(counts[:1]), np.array(counts[1:2]), room, np.array([pair is not None]))
    marks: list[bool] = []
    for part in template.parts:
        if part.sequence is None:
            marks.append(True)
            continue
        count, left = counts[part.sequence], int(keep[part.sequence][0])
        own = [True] * left + [False] * (count - left)
        marks += own[::-1] if reference.side == "left" else own
    return marks


def _labels(rows: pa.RecordBatch, task: str, how: Tokenizing) -> tuple[Any, bool]:
    """Return the labels of the row as shards hold them, and whether the label map knows them all."""
    target, names = rows.column("target"), how.labels
    if task == "regression":
        return label_arrays(task, target, None).array[0].as_py(), True
    if names is None:
        return None, False
    held: Any = pc.list_flatten(target) if pa.types.is_list(target.type) else target
    if any(name is not None and name not in names for name in held.to_pylist()):
        return None, False
    if task in WORD_TASKS:
        encode = partial(words_checked, how.reference, max_length=how.max_length)
        made = tagged(rows.column("input"), target, names, encode, how.max_length)
        return made.labels.array[0].as_py(), True
    return label_arrays(task, target, names).array[0].as_py(), True


def _stored(
    folder: Path, manifest: Mapping[str, Any], sha256: str, place: tuple[int, str], row: TokenRun
) -> Stored | None:
    """Find a row in the shards by the content of its file, its line and its id.

    Raises:
        UsageError: the shards were made of other files.
    """
    inputs = [number for number, each in enumerate(manifest["inputs"]) if each["sha256"] == sha256]
    if not inputs:
        raise UsageError(f"{folder}: was not made of this file, or of another state of it")
    wanted = [token.id for token in row.tokens if token.kept]
    for split, part in manifest["splits"].items():
        for name in part["files"]:
            number, ids = _in_file(folder / name, inputs, place)
            if number:
                first = "stride" in manifest and ids[:-1] == wanted[: len(ids) - 1]  # of its windows
                return Stored(split, name, number, ids == wanted or first)
    return None


def _in_file(path: Path, inputs: Sequence[int], place: tuple[int, str]) -> tuple[int, list[int]]:
    """Return the 1-based row of an Arrow file that came from a place, and its tokens; 0 when there is none.

    Of rows that are packed it is the row that holds them, and the tokens are those of the one that is looked for.
    """
    before = 0
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        for batch in stream:
            packs, tokens = _rows_of(batch)
            files, lines, ids = (np.asarray(_flat(batch.column(name))) for name in ("file", "line", "id"))
            rows = np.flatnonzero(np.isin(files, inputs) & (lines == place[0]) & (ids == place[1])).tolist()
            if rows:
                return before + packs[rows[0]] + 1, tokens[rows[0]].as_py()
            before += len(batch)
    return 0, []


def _rows_of(batch: pa.RecordBatch) -> tuple[list[int], Any]:
    """Return for each row of a batch of shards, packed or not, where it stands, and the tokens of all."""
    tokens: Any = batch.column("input_ids")
    if "seq_lengths" not in batch.schema.names:
        return list(range(len(batch))), tokens
    packed: Any = batch.column("seq_lengths")
    bounds = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.asarray(packed.flatten()))))
    return pc.list_parent_indices(packed).to_pylist(), lists(bounds, tokens.flatten())


def _flat(values: Any) -> Any:
    return values.flatten() if pa.types.is_list(values.type) else values
