"""`run` from raw rows to an evaluated model, on a tiny random BERT: every task, the textbook case, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Call, call_command

torch = pytest.importorskip("torch")


@pytest.fixture
def call(call_here: Call) -> Call:
    """Call the command line in this process, where torch is loaded once for all tests."""
    return call_here


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny BERT with random weights and a WordPiece tokenizer of its own."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny") / "model"
    words = [
        "i",
        "love",
        "this",
        "movie",
        "terrible",
        "is",
        "good",
        "bad",
        "film",
        "number",
        "a",
        "cat",
        "sits",
        "man",
        "sleeps",
        "cheap",
        "fast",
        "the",
        "it",
        "!",
        ".",
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
    ]
    letters = [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
    vocabulary = {
        word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters])
    }
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    kinds = {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "model_max_length": 64, "do_lower_case": True, **kinds})
    )
    return folder


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def split_of(number: int) -> str:
    return ("train", "train", "train", "validation", "test")[number % 5]


def sentiment(count: int = 60) -> list[dict[str, Any]]:
    words = (("good", "love"), ("bad", "terrible"))
    return [
        {
            "text": f"film number {number} is {words[number // 5 % 2][number % 2]}",
            "label": ("positive", "negative")[number // 5 % 2],
            "split": split_of(number),
        }
        for number in range(count)
    ]


TASKS: dict[str, list[dict[str, Any]]] = {
    "classification": sentiment(),
    "pair": [
        {
            "sentence1": row["text"],
            "sentence2": "a cat sits",
            "label": int(row["label"] == "positive"),
            "split": row["split"],
        }
        for row in sentiment()
    ],
    "multilabel": [
        {"text": row["text"], "labels": [row["label"], "film"][: 1 + number % 2], "split": row["split"]}
        for number, row in enumerate(sentiment())
    ],
    "regression": [
        {"text": row["text"], "score": 4.5 if row["label"] == "positive" else 1.25, "split": row["split"]}
        for row in sentiment()
    ],
}
OPTIONS = ("--epochs", "2", "--batch-size", "8", "--learning-rate", "1e-3", "--quiet")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_runs_whole(call: Call, model: Path, tmp_path: Path, task: str) -> None:
    write(tmp_path / "data.jsonl", TASKS[task])
    done = call("run", "data.jsonl", "-o", "out", "--model", str(model), *OPTIONS)
    assert done.code == 0, done.err
    assert "sftformat predict out/model new.csv" in done.out
    metrics = json.loads((tmp_path / "out/model/evaluations/shards-test/metrics.json").read_text())
    assert metrics["n"] == 12
    predictions = [
        json.loads(line)
        for line in (tmp_path / "out/model/evaluations/shards-test/predictions.jsonl").read_text().splitlines()
    ]
    assert [each["line"] for each in predictions] == [number + 1 for number in range(60) if split_of(number) == "test"]
    assert {each["file"] for each in predictions} == {"data.jsonl"}
    assert call("verify", "out/dataset", "out/shards", "out/model").code == 0
    assert str(tmp_path) not in "".join(path.read_text("utf-8", "ignore") for path in tmp_path.rglob("*.json*"))
    again = call("run", "data.jsonl", "-o", "out", "--model", str(model), *OPTIONS)
    assert again.code == 0
    assert again.out.count("up to date, nothing to do") == 2
    assert (
        json.loads((tmp_path / "out/model/evaluations/openings.jsonl").read_text().splitlines()[-1])["split"] == "test"
    )

    from transformers import pipeline

    if task == "classification":
        said = pipeline("text-classification", model=str(tmp_path / "out/model"))([TASKS[task][4]["text"]])
        assert said[0]["label"] == predictions[0]["prediction"]


def test_stdout_of_a_run_for_machines_holds_the_findings_alone(call: Call, model: Path, tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", [*sentiment(), {"text": "", "label": "positive", "split": "train"}])
    done = call("run", "data.jsonl", "-o", "out", "--model", str(model), *OPTIONS, "--output-format", "jsonl")
    assert done.code == 1
    assert [json.loads(line).get("code") for line in done.out.splitlines()] == ["SFT201"]
    assert "accuracy" in done.err


def test_predict_ties_each_prediction_to_its_line(call: Call, model: Path, tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", sentiment())
    assert call("run", "data.jsonl", "-o", "out", "--model", str(model), *OPTIONS).code == 0
    (tmp_path / "new.csv").write_text('text\nthis film is good\n\n"two\nlines"\n,\nbad\n')
    done = call("predict", "out/model", "new.csv", "-o", "p.jsonl")
    assert done.code == 1  # one ragged row
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [(row["file"], row["line"]) for row in rows] == [("new.csv", 2), ("new.csv", 4), ("new.csv", 7)]
    assert all(
        row["prediction"] in ("positive", "negative") and set(row["scores"]) == {"positive", "negative"} for row in rows
    )
    assert json.loads((tmp_path / "p.jsonl.rejects.jsonl").read_text())["line"] == 6
    (tmp_path / "odd.csv").write_text("text\nsee AK-mine-\a\n")
    shown = call("predict", "out/model", "odd.csv", "-o", "r.jsonl", "--redact", "--select", "SFT205")
    assert "SFT205" in shown.out
    assert "U+0007" not in shown.out
    write(tmp_path / "labelled.jsonl", [{"text": "good", "label": "never seen"}])
    assert call("predict", "out/model", "labelled.jsonl", "-o", "q.csv").code == 0
    assert (tmp_path / "q.csv").read_text().splitlines()[0] == "id,file,line,prediction,scores"


def test_predict_leaves_no_row_out_in_silence(call: Call, model: Path, tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", sentiment())
    assert call("run", "data.jsonl", "-o", "out", "--model", str(model), "--epochs", "1").code == 0
    (tmp_path / "new.jsonl").write_text('{"text": "good film"}\n{\n{"text": "\\ufffd\\ufffd"}\n{"text": "bad"}\n')
    done = call("predict", "out/model", "new.jsonl", "-o", "p.jsonl")
    assert done.code == 1
    assert {"SFT001", "SFT503"} <= set(done.out.split()), done.out
    predicted = [json.loads(line)["line"] for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    left = [json.loads(line)["line"] for line in (tmp_path / "p.jsonl.rejects.jsonl").read_text().splitlines()]
    assert (predicted, left) == ([1, 4], [2, 3])
    (tmp_path / "p.jsonl").unlink()
    assert call("predict", "out/model", "new.jsonl", "-o", "p.jsonl").code == 2  # the rejects would be replaced
    (tmp_path / "long.jsonl").write_text(json.dumps({"text": "good film " * 60}) + "\n")
    assert "SFT501" in call("predict", "out/model", "long.jsonl", "-o", "q.jsonl").out


def test_the_textbook_case(call: Call, model: Path, tmp_path: Path) -> None:
    write(
        tmp_path / "two.jsonl",
        [
            {"text": "I love this movie!", "label": "positive"},
            {"text": "This movie is terrible...", "label": "negative"},
        ],
    )
    arguments = (
        "run",
        "two.jsonl",
        "-o",
        "out",
        "--model",
        str(model),
        "--optimizer",
        "adam",
        "--learning-rate",
        "1e-5",
        "--epochs",
        "10",
    )
    done = call(*arguments, "--eval-split", "train")
    assert done.code == 0, done.err
    assert "epoch 10 of 10" in done.err
    assert "warning" in done.err  # no validation split: the last weights are kept
    assert "train of shards: 2 rows" in done.out
    assert call(*arguments).code == 2  # no test split to evaluate on


def test_a_grid_is_chosen_on_validation_and_needs_one(call: Call, model: Path, tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", sentiment())
    done = call(
        "run", "data.jsonl", "-o", "out", "--model", str(model), "--epochs", "1", "--learning-rate", "1e-6,1e-3", "-q"
    )
    assert done.code == 0
    assert "← kept" in done.out
    write(
        tmp_path / "train.jsonl", [{key: value for key, value in row.items() if key != "split"} for row in sentiment()]
    )
    assert call("convert", "train.jsonl", "-o", "d").code == 0
    assert call("tokenize", "d", "-o", "s", "--tokenizer", str(model)).code == 0
    done = call("train", "s", "-o", "r", "--model", str(model), "--learning-rate", "1e-5..1e-3")
    assert done.code == 2
    assert "validation" in done.err


@pytest.mark.parametrize("fault", ["leakage", "one class", "unseen label"])
def test_run_stops_before_training_on_errors_of_the_data_set(
    call: Call, model: Path, tmp_path: Path, fault: str
) -> None:
    rows = sentiment()
    if fault == "leakage":
        rows.append({**rows[0], "text": rows[0]["text"].upper(), "split": "test"})
    elif fault == "one class":
        rows = [{**row, "label": "positive"} for row in rows]
    else:
        rows[4] = {**rows[4], "label": "mixed"}
    write(tmp_path / "data.jsonl", rows)
    done = call("run", "data.jsonl", "-o", "out", "--model", str(model), *OPTIONS)
    assert done.code == 1
    assert {"leakage": "SFT403", "one class": "SFT308", "unseen label": "SFT303"}[fault] in done.err
    assert not (tmp_path / "out/model").exists()


def test_a_flipped_bit_is_refused_by_name(call: Call, model: Path, tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", sentiment())
    assert call("run", "data.jsonl", "-o", "out", "--model", str(model), *OPTIONS).code == 0
    shards = tmp_path / "out/shards"
    for path in sorted(path for path in shards.rglob("*") if path.is_file() and ".kept" not in path.parts):
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        name = path.relative_to(tmp_path / "out/shards").as_posix()
        done = call("verify", "out/shards")
        assert (done.code, name in done.out) == (2, True)
        if path.suffix in (".arrow", ""):
            for arguments in (
                ("train", "out/shards", "-o", "again", "--model", str(model)),
                ("evaluate", "out/model", "out/shards"),
            ):
                done = call(*arguments)
                assert (done.code, name in done.err) == (2, True), done.err
        path.write_bytes(whole)
    assert call("verify", "out/shards").code == 0


def test_a_model_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    write(tmp_path / "data.jsonl", sentiment())
    arguments = ("run", "data.jsonl", "-o", "out", "--model", "nobody/no-such-model", "-q")
    done = call_command(arguments, tmp_path, HF_HUB_OFFLINE="1")
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1
    assert "nobody/no-such-model" in done.err
