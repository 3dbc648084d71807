"""Snippets of film reviews, each with the mean of what ten people felt: positive above 0, negative below."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from sftformat.dataset.build import convert
from sftformat.dataset.options import DatasetOptions
from sftformat.record import encode_json
from sftformat.shards import TokenizeOptions, tokenize

from .archives import member

#: How many different snippets are told positive or negative.
SNIPPETS = 10_566
TRAINED = 2000


def rated(name: str) -> list[tuple[str, float]]:
    """Return the texts of a file of the archive, each with what people felt in the mean, from -4 to 4."""
    inside = member("vaderSentiment-3.3.2", "additional_resources/hutto_ICWSM_2014.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(inside)) as opened:
        file = opened.extractfile(f"hutto_ICWSM_2014/{name}_GroundTruth.txt")
        assert file is not None
        rows = [line.split("\t") for line in file.read().decode("cp1252").splitlines()]
    return [(text.strip(), float(felt)) for _, felt, text in rows]


def snippets() -> list[tuple[str, str]]:
    """Return different texts with their labels, in an order that has nothing to do with where they stood."""
    found = {text: "positive" if felt > 0 else "negative" for text, felt in rated("movieReviewSnippets") if felt}
    return sorted(found.items(), key=lambda row: hashlib.sha256(row[0].encode()).digest())


def write_shards(folder: Path, model: Path, validation: int, test: int | None = None, trained: int = TRAINED) -> Path:
    """Write shards of the first snippets to train on, then those of validation, and of test all others or so many."""
    rows, first = snippets(), trained + validation
    parts = {"train": rows[:trained], "validation": rows[trained:first], "test": rows[first:][:test]}
    given = []
    for name, part in parts.items():
        lines = [encode_json({"text": text, "label": label}) for text, label in part]
        if lines:
            (folder / f"{name}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
            given.append(f"{name}={folder / name}.jsonl")
    for _ in convert(given, folder / "dataset", DatasetOptions()):
        pass
    for _ in tokenize(folder / "dataset", folder / "shards", TokenizeOptions(str(model), 128)):
        pass
    return folder / "shards"
