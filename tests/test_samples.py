"""The samples: clean, recognized without a hint, there and back the same, and opened by `datasets` once tokenized."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from sftformat.dataset.build import convert
from sftformat.dataset.export import export
from sftformat.dataset.options import DatasetOptions, Detected, Finished
from sftformat.diagnostics import Diagnostic, Severity
from sftformat.formats import ReadOptions, read, sniff
from sftformat.layouts import LAYOUTS
from sftformat.layouts.layout import layout
from sftformat.record import Record
from sftformat.schema.store import load_user, schema_folder
from sftformat.shards import TokenizeOptions, tokenize

from .conftest import Call

SAMPLES = schema_folder().parent / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="not a checkout")


@dataclass(frozen=True)
class Sample:
    name: str
    layout: str
    schema: str | None = None
    preference: str | None = None
    to: str | None = None

    @property
    def path(self) -> Path:
        return SAMPLES / self.name

    @property
    def ending(self) -> str:
        return self.name[self.name.index(".") :]

    def options(self) -> DatasetOptions:
        schema = load_user(SAMPLES / self.schema) if self.schema else None
        return DatasetOptions(schema=schema, schema_name=self.schema or "", preference=self.preference)


TEXT_LABEL = [f"text-label{ending}" for ending in (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".arrow", ".xlsx")]
CLEAN = [
    *(Sample(name, "text-label") for name in [*TEXT_LABEL, "text-label.csv.gz", "text-label.jsonl.zst"]),
    Sample("intents.json", "text-label"),
    Sample("sentence-pair.jsonl", "sentence-pair"),
    Sample("text-labels.jsonl", "text-labels"),
    Sample("text-score.csv", "text-score"),
    Sample("sentence-pair-score.tsv", "sentence-pair-score"),
    *(Sample(f"{name}.csv", name) for name in ("text-labels-joined", "one-hot")),
    *(Sample(f"{name}.txt", name) for name in ("fasttext", "fasttext-labels")),
    *(Sample(f"{name}.jsonl", name) for name in ("spacy-cats", "spacy-cats-labels")),
    *(Sample(f"{name}.jsonl", name) for name in ("prodigy-label", "prodigy-choice", "prodigy-choices")),
    *(Sample(f"{name}.json", name) for name in ("label-studio", "label-studio-labels")),
    Sample("label-studio-min.csv", "label-studio-min"),
    Sample("label-studio-min-labels.json", "label-studio-min-labels"),
    Sample("label-studio-min-spans.csv", "label-studio-min-spans"),
    *(Sample(f"{name}.jsonl", name) for name in ("augmented-manifest", "augmented-manifest-labels")),
    *(Sample(f"{name}.jsonl", name) for name in ("swift-label", "swift-labels", "swift-score")),
    Sample("token-tags.conll", "token-tags"),
    Sample("token-tags.jsonl", "token-tags"),
    Sample("text-spans.jsonl", "text-spans"),
    Sample("prodigy-spans.jsonl", "prodigy-spans"),
    Sample("label-studio-spans.json", "label-studio-spans"),
    Sample("alpaca.json", "alpaca"),
    Sample("prompt-completion.jsonl", "prompt-completion"),
    Sample("translation.jsonl", "translation"),
    *(Sample(f"parallel-text{ending}", "parallel-text") for ending in (".jsonl", ".po", ".tmx")),
    Sample("context-question.jsonl", "context-question"),
    Sample("squad.jsonl", "squad"),
    Sample("multiple-choice.jsonl", "multiple-choice"),
    Sample("preference.jsonl", "preference", preference="chosen"),
    Sample("preference-unpaired.jsonl", "preference-unpaired", preference="chosen"),
    Sample("preference-chat.jsonl", "preference-chat", preference="chosen"),
    Sample("preference-unpaired-chat.jsonl", "preference-unpaired-chat", preference="chosen"),
    Sample("openai-chat.jsonl", "openai-chat"),
    Sample("sharegpt.json", "sharegpt"),
    Sample("prompt-completion-chat.jsonl", "prompt-completion-chat"),
    Sample("mistral.jsonl", "mistral"),
    Sample("history.jsonl", "history"),
    Sample("swift-sharegpt.jsonl", "swift-sharegpt"),
    Sample("turns.jsonl", "turns"),
    Sample("linked.csv", "linked"),
    *(Sample(f"rasa{ending}", "text-label") for ending in (".yml", ".md", ".json")),
    Sample("vertex.csv", "text-label", to="vertex"),
    Sample("vertex-labels.csv", "text-labels", to="vertex-labels"),
    Sample("reviews.jsonl", "reviews.schema.json", "reviews.schema.json"),
]
#: Files beside the clean samples, each for its own reason.
OTHERS = {"broken.jsonl", "broken.csv", "textbook.jsonl", "reviews.schema.json", "config.toml"}
OTHERS |= {
    "chatterbot.schema.json",
    "quickstart.sh",
    "movies.py",
    "baseline.py",
    "README.md",
    "pre-commit-config.yaml",
    "github-workflow.yml",
}
each_clean = pytest.mark.parametrize("sample", CLEAN, ids=lambda sample: sample.name)


def records_of(path: Path) -> list[Record]:
    """Return the records of a file as read: CSV cells as text, JSON numbers with their text."""
    return [record for batch in read(sniff(path, path.name, ReadOptions())) for record in batch.records]


def made(sample: Sample, out: Path) -> tuple[list[Any], dict[str, Any]]:
    """Make the data set folder of a sample and return the events and the manifest."""
    events = list(convert([str(sample.path)], out, sample.options()))
    assert isinstance(events[-1], Finished)
    return events, dict(events[-1].manifest)


def test_no_sample_is_forgotten() -> None:
    assert {path.name for path in SAMPLES.iterdir() if path.is_file()} == {sample.name for sample in CLEAN} | OTHERS
    assert {sample.layout for sample in CLEAN if sample.schema is None} == set(LAYOUTS)


@each_clean
def test_detected_without_a_hint_and_nothing_found(sample: Sample, tmp_path: Path) -> None:
    events, _ = made(sample, tmp_path / "out")
    detected = [event for event in events if isinstance(event, Detected)]
    assert [event.binding.layout.name for event in detected] == [sample.layout]
    assert [event.given for event in detected] == [sample.schema is not None]
    if sample.schema is None:
        assert detected[0].candidates[0].fit == 1
        assert detected[0].binding.layout.task == layout(sample.layout).task
    found = [event for event in events if isinstance(event, Diagnostic)]
    assert [each for each in found if each.severity is not Severity.INFORMATION] == []


@each_clean
def test_there_and_back(sample: Sample, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    made(sample, tmp_path / "out")
    back = tmp_path / f"back{sample.ending}"
    lost = [event for event in export(tmp_path / "out", back, sample.to) if isinstance(event, Diagnostic)]
    assert lost == []
    assert records_of(back) == records_of(sample.path)


@each_clean
def test_the_ledger_closes_and_nothing_is_rejected(sample: Sample, tmp_path: Path) -> None:
    _, manifest = made(sample, tmp_path / "out")
    ledger = manifest["ledger"]
    assert ledger["read"] == len(records_of(sample.path)) == ledger["written"]
    assert ledger["read"] >= 8
    for account in (ledger, *ledger["inputs"]):
        parts = ("written", "rejected", "duplicate", "filtered")
        assert account["read"] == sum(account[part] for part in parts)
    assert not (tmp_path / "out/rejects.jsonl").exists()


def test_all_formats_hold_the_same_records() -> None:
    names = [sample.name for sample in CLEAN if sample.name.startswith("text-label.")]
    first, *others = [[dict(sorted(record.items())) for record in records_of(SAMPLES / name)] for name in names]
    assert all(other == first for other in others)


# ---------------------------------------------------------------------------------------------------- tokenized


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    return word_piece(tmp_path / "tokenizer")


def word_piece(folder: Path) -> Path:
    """Make a folder with a WordPiece tokenizer of every letter and every other word of the samples."""
    files = ("text-label.csv", "sentence-pair.jsonl", "text-labels.jsonl", "text-score.csv", "sentence-pair-score.tsv")
    texts = " ".join((SAMPLES / name).read_text("utf-8") for name in files)
    splitter = pre_tokenizers.BertPreTokenizer()
    words = sorted({word.lower() for word, _ in splitter.pre_tokenize_str(texts) if word.isalpha()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words[::2], *map(chr, range(33, 127))]
    pieces = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    for letter in "abcdefghijklmnopqrstuvwxyz":
        pieces[f"##{letter}"] = len(pieces)
    made = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = splitter
    made.add_special_tokens(vocabulary[:5])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    folder.mkdir()
    (folder / "tokenizer.json").write_text(made.to_str(), encoding="utf-8")
    return folder


def opened(sample: Sample, tokenizer: Path, folder: Path) -> Any:
    """Return the train split of a sample's shards as `datasets` opens it."""
    datasets = pytest.importorskip("datasets")
    made(sample, folder / "dataset")
    list(tokenize(folder / "dataset", folder / "shards", TokenizeOptions(str(tokenizer), max_length=128)))
    return datasets.load_from_disk(str(folder / "shards"))["train"]


def targets(sample: Sample) -> Iterator[tuple[int, Any]]:
    for line, record in enumerate(records_of(sample.path), 1):
        yield line, next(record[key] for key in ("label", "labels", "score") if key in record)


@pytest.mark.parametrize("sample", [CLEAN[0], CLEAN[8]], ids=lambda sample: sample.name)
def test_classification_shards_open_with_label_names(sample: Sample, tokenizer: Path, tmp_path: Path) -> None:
    rows = opened(sample, tokenizer, tmp_path)
    feature = rows.features["labels"]
    assert type(feature).__name__ == "ClassLabel"
    assert feature.names == sorted({target for _, target in targets(sample)})
    assert [feature.int2str(row["labels"]) for row in rows] == [target for _, target in targets(sample)]
    assert all(row["input_ids"][0] == 2 and len(row["input_ids"]) == row["length"] for row in rows)
    assert {len(set(row["token_type_ids"])) for row in rows} == ({2} if sample.layout == "sentence-pair" else {1})


def test_multilabel_shards_open_as_multi_hot(tokenizer: Path, tmp_path: Path) -> None:
    sample = next(each for each in CLEAN if each.layout == "text-labels")
    rows = opened(sample, tokenizer, tmp_path)
    names = json.loads((tmp_path / "shards/manifest.json").read_text())["labels"]
    assert names == ["battery", "price", "screen", "speed"]
    shown = [{name for name, hot in zip(names, row["labels"], strict=True) if hot == 1.0} for row in rows]
    assert shown == [set(target) for _, target in targets(sample)]
    assert rows.features["labels"].feature.dtype == "float32"


@pytest.mark.parametrize("name", ["text-score.csv", "sentence-pair-score.tsv"])
def test_regression_shards_open_as_numbers(name: str, tokenizer: Path, tmp_path: Path) -> None:
    sample = next(each for each in CLEAN if each.name == name)
    rows = opened(sample, tokenizer, tmp_path)
    wanted = [float(target) for _, target in targets(sample)]
    assert [row["labels"] for row in rows] == pytest.approx(wanted)
    assert [row["line"] for row in rows] == [line + 1 for line, _ in targets(sample)]  # the header is line 1


# ---------------------------------------------------------------------------------------------------- the others


def test_broken_samples_show_the_typical_faults(call: Call, tmp_path: Path) -> None:
    wanted = {
        "broken.jsonl": "001 002 003 004 005 006 011 104 201 301 302 305 401 402 407",
        "broken.csv": "006 012 013 201 302 305 407",
    }
    for name, codes in wanted.items():
        done = call("validate", "--output-format", "json", str(SAMPLES / name))
        assert done.code == 1
        assert set(json.loads(done.out)["codes"]) == {f"SFT{code}" for code in codes.split()}


def test_the_textbook_sample_has_two_sentences() -> None:
    assert records_of(SAMPLES / "textbook.jsonl") == [
        {"text": "I love this movie!", "label": "positive"},
        {"text": "This movie is terrible...", "label": "negative"},
    ]


def test_the_config_sample_works(call: Call, tmp_path: Path) -> None:
    options = ("--config", str(SAMPLES / "config.toml"))
    done = call("convert", str(SAMPLES / "text-label.csv"), "-o", "out", *options)
    assert (done.code, done.out.splitlines()[-1]) == (0, "No errors and no warnings in 28 rows.")


def test_the_quickstart_is_sound_bash() -> None:
    script = SAMPLES / "quickstart.sh"
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert "set -euo pipefail" in script.read_text("utf-8")
    assert os.stat(script).st_mode & stat.S_IXUSR
    done = subprocess.run(
        ["bash", script, "x"],
        env={"PATH": os.environ["PATH"], "PYTHON": "no-such-python"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (
        2,
        "error: no no-such-python here; install Python 3.11 or newer, or set PYTHON\n",
    )


def test_movies_are_cut_into_three_files_and_equal_texts_stay_together(tmp_path: Path) -> None:
    import io
    import sys
    import tarfile

    lines = (
        "".join(f"{n}\t{1.5 if n % 2 else -0.5}\tsnippet {n // 2 if n < 6 else n}\r\n" for n in range(1, 41))
        + "99\t0\tnone\n"
    )
    inner, content = io.BytesIO(), lines.encode()
    with tarfile.open(fileobj=inner, mode="w:gz") as file:
        info = tarfile.TarInfo("hutto/movieReviewSnippets_GroundTruth.txt")
        info.size = len(content)
        file.addfile(info, io.BytesIO(content))
    with tarfile.open(tmp_path / "outer.tar.gz", "w:gz") as file:
        info = tarfile.TarInfo("pkg/hutto_ICWSM_2014.tar.gz")
        info.size = len(inner.getvalue())
        file.addfile(info, io.BytesIO(inner.getvalue()))
    command = [sys.executable, SAMPLES / "movies.py", tmp_path / "outer.tar.gz", tmp_path / "out"]
    subprocess.run([*command, "--train", "20", "--validation", "10"], check=True, capture_output=True)
    texts = [[r["text"] for r in records_of(tmp_path / f"out/{s}.csv")] for s in ("train", "validation", "test")]
    assert sum(map(len, texts)) == 40
    assert not set(texts[0]) & set(texts[1])
    assert not set(texts[1]) & set(texts[2])
    assert not set(texts[0]) & set(texts[2])
