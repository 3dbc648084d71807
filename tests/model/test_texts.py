"""Texts: the loss is transformers' own, a killed run goes on to the same bits, and the numbers are the libraries'."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, EncoderDecoderModel

from sftformat import decoder
from sftformat.decoder import Decoding, decoding_of, write_texts
from sftformat.errors import FolderError, ModelError, UsageError
from sftformat.evaluate import evaluate
from sftformat.folder.manifest import open_folder
from sftformat.grid import fit
from sftformat.loader import gather, open_split
from sftformat.models import forward, infer, load_model
from sftformat.predict import predict
from sftformat.shards import TokenizeOptions, tokenize
from sftformat.tasks import overlap, texts
from sftformat.tasks.task import Answers, Sides, intervals, measure
from sftformat.train import EpochDone, Finished, StepDone, TrainOptions, train
from tests.conftest import Call
from tests.tokenize.text_samples import chat, turn
from tests.tokenize.text_samples import write_texts as write_dataset

from .toys import TELLING, WORDS, read_lines

QUICK = TrainOptions(learning_rate=5e-3, epochs=2, batch_size=8, checkpoint_every=2)


def pairs(count: int, seed: int) -> list[dict[str, Any]]:
    """Return rows whose target is their source backwards."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        words = [WORDS[n] for n in random.integers(0, len(WORDS), random.integers(1, 6))]
        rows.append({"input": " ".join(words), "target": " ".join(reversed(words))})
    return rows


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    root = tmp_path_factory.mktemp("texts")
    odd = [{"input": "the film", "target": None}, {"input": "a plot", "target": "it", "weight": 0.0}]
    rows = {"train": [[*pairs(30, 0), *odd]], "validation": [pairs(9, 1)], "test": [pairs(9, 2)]}
    rows["test"][0][0]["references"] = ["very good"]
    write_dataset(root / "d", "text-to-text", rows)
    list(tokenize(root / "d", root / "shards", TokenizeOptions(str(model))))
    return root / "shards"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, shards: Path, model: Path) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    list(fit(shards, out, str(model), replace(QUICK, epochs=3)))
    return out


# ---------------------------------------------------------------------------------------------------- the model


def test_both_sides_begin_with_the_checkpoint(model: Path) -> None:
    made = load_model(str(model), "text-to-text", None)
    assert isinstance(made, EncoderDecoderModel)
    first = dict(made.encoder.named_parameters())
    second = {name.removeprefix("bert."): value for name, value in made.decoder.named_parameters()}
    common = set(first) & set(second)
    assert len(common) > 30
    assert all(torch.equal(first[name], second[name]) for name in common)
    new = {name for name in second if name not in first}
    assert {name.split(".")[3] for name in new if name.startswith("encoder")} == {"crossattention"}
    head = made.decoder.get_output_embeddings().weight
    assert head is made.decoder.get_input_embeddings().weight
    assert head is not made.encoder.get_input_embeddings().weight
    assert made.config.decoder.is_decoder


def test_the_loss_is_that_of_transformers(shards: Path, model: Path) -> None:
    split = open_split(shards, open_folder(shards, "shards"), "train")
    made = load_model(str(model), "text-to-text", None).eval()
    batch = gather(split, np.arange(12))
    assert batch.decoder_input_ids is not None
    logits, targets = forward(made, batch, False, torch.device("cpu")), torch.from_numpy(batch.targets)
    each, counts = texts.loss(logits, targets).detach(), texts.asked(batch.targets)
    ours = float((each * torch.from_numpy(counts)).sum() / counts.sum())
    inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask, "labels": batch.targets}
    inputs["decoder_input_ids"] = batch.decoder_input_ids
    theirs = made(**{name: torch.from_numpy(array) for name, array in inputs.items()}).loss
    assert ours == pytest.approx(float(theirs), rel=1e-6)
    marked = infer(made, split, np.arange(12), 5)  # other batches, the same numbers
    assert marked[:, 0].sum() / marked[:, 1].sum() == pytest.approx(ours, rel=1e-5)
    assert marked[:, 1].tolist() == counts.tolist()


def test_greedy_decoding_is_a_plain_loop(run: Path, shards: Path) -> None:
    manifest = open_folder(shards, "shards")
    split, made = open_split(shards, manifest, "test"), load_model(str(run), "text-to-text", None, trained=True).eval()
    how = decoding_of(manifest)
    assert how == Decoding(2, 3, 0, 32)
    rows, expected = np.arange(len(split)), []
    for row in rows:
        batch, written = gather(split, rows[row : row + 1]), [how.start]
        while len(written) <= how.max_length and written[-1] != how.stop:
            with torch.inference_mode():
                logits = made(torch.from_numpy(batch.input_ids), decoder_input_ids=torch.tensor([written])).logits
            written.append(int(logits[0, -1].argmax()))
        expected.append(split.tokenizer.decode(written[1:-1] if written[-1] == how.stop else written[1:]))
    assert write_texts(made, split, rows, how, 4) == expected
    assert write_texts(made, split, rows[::-1], replace(how, max_length=2), 2) == [
        " ".join(text.split()[:2]) for text in expected[::-1]
    ]


def test_beams_find_no_less_likely_texts(run: Path, shards: Path) -> None:
    manifest = open_folder(shards, "shards")
    split, made = open_split(shards, manifest, "test"), load_model(str(run), "text-to-text", None, trained=True)
    how = decoding_of(manifest, beams=4)
    assert how is not None
    written = write_texts(made, split, np.arange(9), how)
    assert len(written) == 9
    assert written != write_texts(made, split, np.arange(9), replace(how, beams=1)) or all(written)


# ------------------------------------------------------------------------------------------------------ training


@pytest.mark.parametrize("stop", [2, 7])
def test_a_killed_run_goes_on_to_the_same_bits(stop: int, shards: Path, model: Path, tmp_path: Path) -> None:
    options = replace(QUICK, metric="chrf")
    events = list(train(shards, str(model), options, tmp_path / "whole"))
    for times in (stop, 4):
        cut = train(shards, str(model), options, tmp_path / "cut")
        list(itertools.islice(cut, times))
        cut.close()
        torch.rand(3)
    list(train(shards, str(model), options, tmp_path / "cut"))
    for name in ("model.safetensors", "history.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    finished = events[-1]
    assert isinstance(finished, Finished)
    done = [event for event in events if isinstance(event, EpochDone)]
    assert finished.trial.metric == "chrf"
    assert finished.trial.value == max(each.validation["chrf"] for each in done if each.validation)
    assert all(each.validation and each.validation["perplexity"] > 1 for each in done)


def test_without_a_metric_of_texts_nothing_is_decoded(
    shards: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftformat.together.write_texts", lambda *_: pytest.fail("decoded"))
    events = list(train(shards, str(model), replace(QUICK, epochs=1, label_smoothing=0.1), tmp_path))
    (done,) = [event for event in events if isinstance(event, EpochDone)]
    assert done.validation is not None
    assert done.validation["chrf"] is None
    assert len([event for event in events if isinstance(event, StepDone)]) == 4  # 30 rows: two are left out


def test_causal_shards_are_trained_elsewhere(shards: Path, model: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", "text-to-text", {"train": [pairs(3, 0)]})
    (tmp_path / "t.jinja").write_text("{% for m in messages %}{{ m.content }} {% endfor %}")
    how = TokenizeOptions(str(model), objective="causal", template=str(tmp_path / "t.jinja"))
    list(tokenize(tmp_path / "d", tmp_path / "causal", how))
    with pytest.raises(UsageError, match="causal model: train that with transformers or TRL"):
        list(train(tmp_path / "causal", str(model), QUICK, tmp_path / "run"))


def test_a_target_longer_than_the_model(model: Path, tmp_path: Path) -> None:
    rows = [{"input": "good", "target": "good " * 40}]
    write_dataset(tmp_path / "d", "text-to-text", {"train": [rows]})
    list(tokenize(tmp_path / "d", tmp_path / "s", TokenizeOptions(str(model), max_target_length=64)))
    with pytest.raises(ModelError, match="the longest target has 41 tokens, the model takes 32"):
        list(train(tmp_path / "s", str(model), QUICK, tmp_path / "run"))


# ------------------------------------------------------------------------------------- evaluation and prediction


def test_evaluation(run: Path, shards: Path) -> None:
    found = evaluate(run, shards, "test", bootstrap=50, beams=2)
    assert (found.metric, found.n, found.opened) == ("chrf", 9, 1)
    assert set(found.metrics) == set(texts.TEXT.metrics)
    assert set(found.intervals) == {"chrf", "bleu", "rouge_l", "exact_match", "loss"}
    assert set(found.baselines) == {"copy of the source", "most frequent target"}  # every target can be written
    rows = read_lines(found.folder / "predictions.jsonl")
    expected = pairs(9, 2)
    assert [row["target"] for row in rows] == [row["target"] for row in expected]
    assert all(row["file"] == "test.jsonl" and row["line"] == n for n, row in enumerate(rows, 1))
    import sacrebleu

    refs = [[row["target"] for row in expected], ["very good", *[None] * 8]]
    written = [row["prediction"] for row in rows]
    lower = sacrebleu.CHRF(lowercase=True).corpus_score(written, refs)  # the tokenizer knows no capitals
    assert found.metrics["chrf"] == pytest.approx(lower.score)
    assert found.warnings[-1] == "the tokenizer knows no capitals: texts are compared without them"
    copied = sacrebleu.CHRF(lowercase=True).corpus_score([row["input"] for row in expected], refs)
    assert found.baselines["copy of the source"]["chrf"] == pytest.approx(copied.score)


def test_the_extra_is_named(run: Path, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "find_spec", lambda name: None if name == "sacrebleu" else name)
    said = r"sacrebleu not installed: pip install 'sftformat\[text\]'"
    with pytest.raises(ModelError, match=said):
        evaluate(run, shards, "validation")
    with pytest.raises(ModelError, match=said):
        next(iter(train(shards, str(run), replace(QUICK, metric="bleu"), run.parent / "other")))


def test_the_run_opens_in_transformers(run: Path, shards: Path) -> None:
    made, tokenizer = EncoderDecoderModel.from_pretrained(run), AutoTokenizer.from_pretrained(run)
    texts_ = [row["input"] for row in pairs(9, 2)]
    given = tokenizer(texts_, padding=True, return_tensors="pt")
    ids = made.generate(given["input_ids"], attention_mask=given["attention_mask"], max_new_tokens=32, do_sample=False)
    ours = [row["prediction"] for row in predict(run, shards, "test")]
    assert tokenizer.batch_decode(ids, skip_special_tokens=True) == ours


@pytest.mark.parametrize("task", ["text-to-text", "chat"])
def test_from_records_to_predictions(task: str, call_here: Call, model: Path, tmp_path: Path) -> None:
    rows = [(f"{first} film", f"{second} plot") for first in TELLING[:4] for second in TELLING[4:]]
    if task == "chat":
        records = [{"messages": [turn("user", a), turn("assistant", b)]} for a, b in rows]
        new = [{"messages": [turn("user", a)]} for a, _ in rows[:2]]
    else:
        records = [{"prompt": a, "completion": b} for a, b in rows]
        new = [{"prompt": a} for a, _ in rows[:2]]
    for name, lines in (("train", records), ("test", records[:3]), ("new", new)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = call_here(
        *("run", "train.jsonl", "test.jsonl", "-o", "out", "--model", str(model), "--ignore", "SFT4"),
        *("--epochs", "1", "--template", "plain", "--max-target-length", "6", "--beams", "2"),
    )
    assert done.code == 0, done.err
    for words in ("chrf", "chrf of the copy of the source", "EncoderDecoderModel.from_pretrained"):
        assert words in done.out
    done = call_here("predict", "out/model", "new.jsonl", "-o", "p.jsonl", "--max-target-length", "2")
    assert done.code == 0, done.err
    found = read_lines(tmp_path / "p.jsonl")
    assert [row["line"] for row in found] == [1, 2]
    assert all(len(row["prediction"].split()) <= 2 for row in found)


def test_run_trains_no_causal_model(call_here: Call, model: Path) -> None:
    done = call_here("run", "a.jsonl", "-o", "out", "--model", str(model), "--for", "causal")
    assert done.code == 2
    assert "make them with 'sftformat tokenize'" in done.err


def test_a_conversation_is_held_against_its_first_answer(model: Path, tmp_path: Path) -> None:
    row = chat(turn("user", "good"), turn("assistant", "bad film"), turn("user", "fine"), turn("assistant", "poor"))
    write_dataset(tmp_path / "d", "chat", {"train": [[row] * 3]})
    list(tokenize(tmp_path / "d", tmp_path / "s", TokenizeOptions(str(model))))
    list(fit(tmp_path / "s", tmp_path / "run", str(model), replace(QUICK, epochs=1)))
    found = evaluate(tmp_path / "run", tmp_path / "s", "train", bootstrap=10)
    assert [each["target"] for each in read_lines(found.folder / "predictions.jsonl")] == ["bad film"] * 3


def test_damaged_texts_are_refused(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = open_folder(shards, "shards")
    small = {**manifest, "tokenizer": {**manifest["tokenizer"], "vocab_size": 9}}
    with pytest.raises(FolderError, match=r"row \d+ \(train\.jsonl:\d+\): a target with a token that is none"):
        open_split(shards, small, "train")
    assert decoder.decoding_of({"task": "classification"}) is None
    with pytest.raises(UsageError, match="--beams 0"):
        decoding_of(manifest, beams=0)


def test_the_most_that_can_be_written_is_told() -> None:
    """What WordPiece forgets no model knows; where it forgets nothing there is nothing to tell."""
    sides = Sides(["say no"], [[]], ["I don ' t"], False, ["I don ' t"])
    answers = Answers(np.array([[1.0, 2.0, 1.0]]), ["I don't"], (), 0.5, sides)
    found = texts.baselines(answers)
    assert found[texts.BEST]["bleu"] == measure(texts.TEXT, answers)["bleu"] < 100
    assert texts.BEST not in texts.baselines(replace(answers, sides=replace(sides, best=["I don't"])))


# ------------------------------------------------------------------------------------------------------- metrics

SENTENCES = st.text("ab c.é你", max_size=12)


@given(
    st.lists(st.tuples(SENTENCES, st.lists(SENTENCES, min_size=1, max_size=3)), min_size=1, max_size=6), st.booleans()
)
@settings(max_examples=40)
def test_the_numbers_are_those_of_the_libraries(rows: list[tuple[str, list[str]]], lowercase: bool) -> None:
    import sacrebleu
    from rouge_score.rouge_scorer import RougeScorer

    written, wanted = [text for text, _ in rows], [refs for _, refs in rows]
    streams = [[refs[place] if place < len(refs) else None for refs in wanted] for place in range(3)]
    sides = Sides(written, [refs[1:] for refs in wanted], written, lowercase)
    answers = Answers(np.ones((len(rows), 3)), [refs[0] for refs in wanted], sides=sides)
    found = measure(texts.TEXT, answers)
    bleu = sacrebleu.BLEU(lowercase=lowercase, force=True).corpus_score(written, streams).score
    chrf = sacrebleu.CHRF(lowercase=lowercase).corpus_score(written, streams).score
    assert found["bleu"] == pytest.approx(bleu)
    assert found["chrf"] == pytest.approx(chrf)
    if all(text.isascii() for text, refs in rows for text in (text, *refs)):
        scorer = RougeScorer(["rougeL"])
        each = [max(scorer.score(ref, text)["rougeL"].fmeasure for ref in refs) for text, refs in rows]
        assert found["rouge_l"] == pytest.approx(100 * float(np.mean(each)))
    assert found["perplexity"] == pytest.approx(np.exp(found["loss"]))
    drawn = np.random.default_rng(0).integers(0, len(rows), (4, len(rows)))
    statistics = texts.statistics(answers, texts.decide(answers))
    for sample, value in zip(drawn, statistics["chrf"](drawn), strict=True):
        again = [[stream[n] for n in sample] for stream in streams]
        theirs = sacrebleu.CHRF(lowercase=lowercase).corpus_score([written[n] for n in sample], again).score
        assert value == pytest.approx(theirs)
    for low, high in intervals(texts.TEXT, answers, resamples=20).values():
        assert low <= high
