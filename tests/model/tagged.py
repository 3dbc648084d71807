"""Small shard folders of tagged words, made by the tokenize stage from rows that are made here."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sftformat.shards import TokenizeOptions, tokenize
from tests.tokenize.shard_samples import write_dataset

from .toys import WORDS, write_tokenizer

ENTITIES = ["O", "B-BAD", "B-GOOD", "I-BAD", "I-GOOD"]
Rows = Sequence[tuple[list[str], list[str] | None]]


def tagged(rows: int, seed: int) -> list[tuple[list[str], list[str] | None]]:
    """Return rows in which the first four words are GOOD, the next four BAD; neighbours of a kind are one entity."""
    random, made = np.random.default_rng(seed), []
    for _ in range(rows):
        words = [
            WORDS[n] for n in np.where(random.random(9) < 0.5, random.integers(0, 8, 9), random.integers(8, 20, 9))
        ]
        words = words[: int(random.integers(2, 10))]
        kinds = ["" if WORDS.index(word) > 7 else "GOOD" if WORDS.index(word) < 4 else "BAD" for word in words]
        pairs = itertools.pairwise(["", *kinds])
        tags = [f"{'I' if kind == last else 'B'}-{kind}" if kind else "O" for last, kind in pairs]
        made.append((words, tags))
    return made


def write_tagged(out: Path, splits: Mapping[str, Rows], weights: Sequence[float] | None = None, **options: Any) -> Path:
    """Write a shard folder `out` of rows of words and tags."""
    parts: dict[str, list[list[dict[str, Any]]]] = {}
    for split, rows in splits.items():
        parts[split] = [[{"input": words, "target": tags} for words, tags in rows]]
        if weights is not None and split == "train":
            for row, weight in zip(parts[split][0], weights, strict=True):
                row["weight"] = weight
    write_dataset(out.parent / f"{out.name}-dataset", "token-classification", parts)
    write_tokenizer(out.parent / f"{out.name}-tokenizer")
    how = TokenizeOptions(str(out.parent / f"{out.name}-tokenizer"), **{"max_length": 32, **options})
    for _ in tokenize(out.parent / f"{out.name}-dataset", out, how):
        pass
    return out


def rewrite(shards: Path, split: str, column: str, values: pa.Array) -> None:
    """Put another column into the only file of a split, whatever the manifest says of its bytes."""
    path = shards / split / "data-00000-of-00001.arrow"
    table = pa.ipc.open_stream(path.read_bytes()).read_all()
    place = table.schema.get_field_index(column)
    table = table.set_column(place, table.schema.field(place), values)
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)
