"""Token classification: scored as seqeval and scikit-learn do, trained on first tokens alone, tied to its words."""

from __future__ import annotations

import itertools
import math
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import seqeval.metrics.sequence_labeling
import seqeval.metrics.v1
import sklearn.metrics as oracle
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.scheme import BILOU, IOB2, IOBES

from sftformat.compare import compare
from sftformat.errors import FolderError, ModelError, TrainingError, UsageError
from sftformat.evaluate import evaluate
from sftformat.events import EpochDone, Finished, TrainOptions
from sftformat.folder.manifest import open_folder, read_manifest
from sftformat.grid import fit
from sftformat.loader import Split, gather, open_split
from sftformat.metrics import label_scores, micro_f1
from sftformat.models import forward, infer, load_model
from sftformat.predict import predict
from sftformat.tasks import TASKS, task_of
from sftformat.tasks.entities import matches, scheme_of
from sftformat.tasks.ragged import Ragged
from sftformat.tasks.task import Answers, intervals, measure, one_class_warning
from sftformat.train import train

from .tagged import ENTITIES, rewrite, tagged, write_tagged
from .toys import read_lines, write_model

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=3, batch_size=16, checkpoint_every=3)
SCHEMES = {
    "IOB2": (["O", "B-A", "I-A", "B-B", "I-B"], IOB2),
    "BIOES": (["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in ("A", "B-C"))], IOBES),
    "BILOU": (["O", *(f"{letter}-{kind}" for letter in "BILU" for kind in ("A", "B"))], BILOU),
}


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    splits = {"train": tagged(120, 0), "validation": tagged(40, 1), "test": tagged(40, 2)}
    return write_tagged(tmp_path_factory.mktemp("tags") / "shards", splits)


@pytest.fixture(scope="module")
def run(shards: Path, model: Path) -> Path:
    list(fit(shards, shards.parent / "model", str(model), replace(QUICK, epochs=8)))
    return shards.parent / "model"


@pytest.fixture(scope="module")
def test_split(shards: Path) -> Split:
    return open_split(shards, open_folder(shards, "shards"), "test")


def ragged(rows: Sequence[Sequence[Any]]) -> Ragged:
    flat = np.array([value for row in rows for value in row], np.int64)
    return Ragged(flat, np.cumsum([0, *map(len, rows)]))


def logits_of(labels: Sequence[str], rows: Sequence[Sequence[str]]) -> np.ndarray[Any, Any]:
    return np.eye(len(labels))[[labels.index(tag) for row in rows for tag in row]] * 3.0


# ------------------------------------------------------------------------------------------------------- the oracles


@pytest.mark.parametrize("name", SCHEMES)
def test_entities_are_those_of_seqeval(name: str) -> None:
    labels, scheme = SCHEMES[name]
    tag = st.sampled_from(labels)
    sentences = st.lists(st.lists(st.tuples(tag, tag | st.none()), min_size=1, max_size=8), min_size=1, max_size=5)
    own = scheme_of(labels)
    assert own is not None

    @settings(max_examples=200, deadline=None)
    @given(sentences)
    def law(rows: list[list[tuple[str, str | None]]]) -> None:
        true = [[tag for tag, _ in row] for row in rows]
        guess = [[other or tag for tag, other in row] for row in rows]
        ids = [ragged([[labels.index(tag) for tag in row] for row in side]) for side in (true, guess)]
        for strict in (False, True):
            by_row, by_type = matches(own, *ids, strict=strict)
            assert by_row.sum(0).tolist() == by_type.sum(0).tolist()
            if name == "BILOU" and not strict:
                continue  # seqeval's default mode knows no L and U
            expected = seqeval_scores(true, guess, scheme if strict else None)
            assert label_scores(by_type.sum(0)) == pytest.approx(expected["micro"])
            seen = by_type.sum(1) > 0
            for ours, theirs in zip(label_scores(by_type), expected["each"], strict=True):
                assert ours[seen] == pytest.approx(theirs)

    law()


def seqeval_scores(true: list[list[str]], guess: list[list[str]], scheme: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        how: dict[str, Any] = {"zero_division": 0}
        if scheme is None:
            score = seqeval.metrics.sequence_labeling.precision_recall_fscore_support
        else:
            score, how["scheme"] = seqeval.metrics.v1.precision_recall_fscore_support, scheme
        if scheme is not None and not any(scheme_of_seqeval(side, scheme) for side in (true, guess)):
            return {"micro": (0.0, 0.0, 0.0), "each": ([], [], [])}
        return {"micro": score(true, guess, average="micro", **how)[:3], "each": score(true, guess, **how)[:3]}


def scheme_of_seqeval(rows: list[list[str]], scheme: Any) -> bool:
    return bool(seqeval.scheme.Entities(rows, scheme).unique_tags)


def test_a_scheme_is_told_from_the_labels() -> None:
    assert scheme_of(["O", "B-PER", "L-PER"]) is not None
    assert scheme_of(["I-A"]) is not None
    behind = scheme_of(["O", "PER-B", "PER-I", "LOC-S"])
    assert behind is not None
    assert (behind.letters.tolist(), behind.names) == ([0, 1, 2, 4], ("LOC", "PER"))
    assert scheme_of(["O", "PER-B", "B-PER"]) is None
    for labels in (["NOUN", "VERB"], ["O"], [], ["O", "B-A", "X"], ["B", "I", "O"]):
        assert scheme_of(labels) is None
        assert task_of("token-classification", labels).metric == "accuracy"
    assert task_of("token-classification", ["O", "B-A"]).metric == "f1"
    found = list(TASKS["token-classification"].warnings(ragged([[0, 1]]), ["O", "B-A", "I-A", "_"]))  # type: ignore[misc]
    assert found == ["tags are scored one by one, not as entities: '_' belongs to no scheme of B-, I- and O"]


@given(
    st.lists(st.lists(st.tuples(st.sampled_from("NVA"), st.sampled_from("NVA")), min_size=1), min_size=1, max_size=9)
)
@settings(deadline=None, max_examples=50)
def test_other_tags_are_scored_as_scikit_learn_does(rows: list[list[tuple[str, str]]]) -> None:
    labels = ["A", "N", "V"]
    true, guess = ([[pair[side] for pair in row] for row in rows] for side in (0, 1))
    targets = ragged([[labels.index(tag) for tag in row] for row in true])
    task, answers = task_of("token-classification", labels), Answers(logits_of(labels, guess), targets, labels)
    found = measure(task, answers)
    flat = [list(itertools.chain(*side)) for side in (true, guess)]
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(*flat))
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(*flat, average="macro", zero_division=0))
    assert task.per_class is not None
    table, confusion = task.per_class(answers, task.decide(answers))
    assert np.array(confusion).tolist() == oracle.confusion_matrix(*flat, labels=labels).tolist()
    assert [each.support for each in table] == [flat[0].count(label) for label in labels]


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=8), st.data())
@settings(deadline=None, max_examples=60)
def test_rows_of_different_lengths(rows: list[list[int]], data: st.DataObject) -> None:
    made = ragged(rows)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8))
    assert [row.tolist() for row in made[np.array(chosen, np.int64)]] == [rows[place] for place in chosen]
    assert [row.tolist() for row in made] == rows
    for mean, row in zip(made.means().tolist(), rows, strict=True):
        assert mean == pytest.approx(np.mean(row)) if row else math.isnan(mean)


# ------------------------------------------------------------------------------------------------- batches and losses


def test_labels_are_padded_as_a_plain_loop_does(test_split: Split, shards: Path) -> None:
    rows = np.array([5, 0, 17, 0])
    with pa.memory_map(str(shards / "test/data-00000-of-00001.arrow")) as source:
        table = pa.ipc.open_stream(source).read_all().to_pylist()
    batch = gather(test_split, rows)
    longest = max(table[row]["length"] for row in rows)
    assert batch.begins is not None
    for place, row in enumerate(rows):
        labels, numbers = table[row]["labels"], table[row]["word_index"]
        assert batch.targets[place].tolist() == labels + [-100] * (longest - len(labels))
        assert batch.begins[place].tolist() == [number >= 0 for number in numbers] + [False] * (longest - len(labels))
        assert test_split.targets[int(row)].tolist() == [label for label in labels if label != -100]


def test_the_loss_is_the_models_own_and_weights_count(test_split: Split, model: Path) -> None:
    torch.manual_seed(0)
    loaded = load_model(str(model), "token-classification", ENTITIES).eval()
    batch = gather(test_split, np.arange(6))
    task, targets = task_of("token-classification", ENTITIES), torch.from_numpy(batch.targets)
    with torch.no_grad():
        logits = forward(loaded, batch, True, torch.device("cpu"))
        ids, mask = torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)
        theirs = loaded(input_ids=ids, attention_mask=mask, labels=targets).loss.item()
    each, asked = task.loss(logits, targets).numpy(), task.asked(batch.targets)
    assert (each * asked).sum() / asked.sum() == pytest.approx(theirs, rel=1e-5)
    flat = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none").numpy()
    expected = [row[labels != -100].mean() for row, labels in zip(flat, batch.targets, strict=True)]
    assert each == pytest.approx(expected, rel=1e-5)
    numpy = task.losses(Answers(infer(loaded, test_split, np.arange(6)), test_split.targets[np.arange(6)], ENTITIES))
    assert numpy == pytest.approx(expected, rel=1e-4)


def test_each_word_gets_the_logits_of_its_first_token(test_split: Split, model: Path) -> None:
    loaded = load_model(str(model), "token-classification", ENTITIES)
    rows = np.array([7, 3, 30, 12, 8])
    together = infer(loaded, test_split, rows, 2)
    alone = np.concatenate([infer(loaded, test_split, rows[place : place + 1]) for place in range(len(rows))])
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(together) == test_split.targets[rows].counts.sum()


def test_a_row_of_weight_two_is_a_row_twice(model: Path, tmp_path: Path) -> None:
    rows = tagged(3, 5)
    double = write_tagged(tmp_path / "double", {"train": [rows[0], *rows]})
    heavy = write_tagged(tmp_path / "heavy", {"train": rows}, weights=[2.0, 1.0, 1.0])
    still = write_model(tmp_path / "still", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    once = replace(QUICK, epochs=1, batch_size=4)
    losses = []
    for made in (double, heavy):
        list(train(made, str(still), once, made.parent / f"{made.name}-run"))
        losses.append(read_lines(made.parent / f"{made.name}-run/history.jsonl")[0]["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


# --------------------------------------------------------------------------------------------------- train, evaluate


def test_it_learns_and_is_scored_as_seqeval_does(run: Path, shards: Path) -> None:
    found = evaluate(run, shards, "test", bootstrap=200)
    lines = read_lines(found.folder / "predictions.jsonl")
    true, guess = [line["target"] for line in lines], [line["prediction"] for line in lines]
    micro = seqeval_scores(true, guess, None)["micro"]
    strict = seqeval_scores(true, guess, IOB2)["micro"]
    values = found.metrics
    assert [values[name] for name in ("precision", "recall", "f1")] == pytest.approx(list(micro))
    assert values["strict_f1"] == pytest.approx(strict[2])
    assert values["accuracy"] == pytest.approx(seqeval.metrics.accuracy_score(true, guess))
    assert values["macro_f1"] == pytest.approx(seqeval.metrics.f1_score(true, guess, average="macro"))
    assert values["f1"] is not None
    assert values["f1"] > max(0.7, found.baselines["most frequent tag of each word"]["f1"] or 0.0)
    low, high = found.interval
    assert low is not None
    assert high is not None
    assert low <= values["f1"] <= high
    assert [(line["file"], line["line"]) for line in lines] == [("test.jsonl", n) for n in range(1, 41)]
    assert [line["words"] for line in lines] == [words for words, _ in tagged(40, 2)]
    assert true == [tags for _, tags in tagged(40, 2)]
    assert (found.n, found.answers, found.cut) == (40, sum(map(len, true)), 0)
    assert {(each.label, each.support) for each in found.per_class} == {
        (kind, sum(tag == f"B-{kind}" for row in true for tag in row)) for kind in ("GOOD", "BAD")
    }
    assert [line["correct"] for line in lines] == [a == b for a, b in zip(true, guess, strict=True)]
    assert found.majority_label == "O"


def test_the_baseline_is_the_commonest_tag_of_each_word(run: Path, shards: Path) -> None:
    counts: dict[str, Counter[str]] = {}
    for words, tags in tagged(120, 0):
        for word, tag in zip(words, tags or (), strict=True):
            counts.setdefault(word, Counter())[tag] += 1
    order = ENTITIES.index
    best = {word: min(own, key=lambda tag: (-own[tag], order(tag))) for word, own in counts.items()}
    right = [best[word] == tag for words, tags in tagged(40, 2) for word, tag in zip(words, tags or (), strict=True)]
    found = evaluate(run, shards, "test", bootstrap=200).baselines["most frequent tag of each word"]
    assert found["accuracy"] == pytest.approx(np.mean(right))
    assert "loss" not in found


@pytest.mark.parametrize("stop", [2, 9, 20])
def test_a_killed_run_goes_on_to_the_same_bits(shards: Path, model: Path, tmp_path: Path, stop: int) -> None:
    list(train(shards, str(model), QUICK, tmp_path / "whole"))
    cut = train(shards, str(model), QUICK, tmp_path / "cut")
    list(itertools.islice(cut, stop))
    cut.close()
    list(train(shards, str(model), QUICK, tmp_path / "cut"))
    for name in ("model.safetensors", "history.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_grid_chooses_by_f1(shards: Path, model: Path, tmp_path: Path) -> None:
    *_, finished = fit(shards, tmp_path / "run", str(model), replace(QUICK, epochs=1), [1e-5, 5e-3])
    assert isinstance(finished, Finished)
    assert finished.trial.metric == "f1"
    assert finished.trial.learning_rate == 5e-3
    with pytest.raises(UsageError, match="metric"):
        list(fit(shards, tmp_path / "other", str(model), replace(QUICK, metric="matthews")))


def test_the_run_folder_opens_elsewhere(run: Path, shards: Path) -> None:
    transformers = pytest.importorskip("transformers")
    tagger = transformers.pipeline("token-classification", model=str(run), device="cpu")
    lines = read_lines(evaluate(run, shards, "test", bootstrap=200).folder / "predictions.jsonl")[:8]
    for line in lines:
        found = tagger(" ".join(line["words"]), ignore_labels=[])
        assert [each["entity"] for each in found] == line["prediction"]
        assert [each["score"] for each in found] == pytest.approx(line["scores"], abs=1e-4)
    opened = transformers.AutoModelForTokenClassification.from_pretrained(run)
    assert list(opened.config.id2label.values()) == ENTITIES


def test_words_that_were_cut_have_no_tag_and_are_counted(run: Path, tmp_path: Path) -> None:
    short = write_tagged(tmp_path / "short", {"train": tagged(9, 0), "test": tagged(30, 2)}, max_length=6)
    found = evaluate(run, short, "test", bootstrap=50)
    lines = read_lines(found.folder / "predictions.jsonl")
    assert found.cut == sum(max(0, len(words) - 4) for words, _ in tagged(30, 2)) > 0
    for line, (words, tags) in zip(lines, tagged(30, 2), strict=True):
        rest = [None] * (len(words) - 4)
        assert line["words"] == words
        assert line["target"] == [*(tags or ())[:4], *rest]
        assert line["prediction"][4:] == line["scores"][4:] == rest
        assert None not in line["prediction"][:4]


def test_prediction_needs_no_tags(run: Path, shards: Path, tmp_path: Path) -> None:
    bare = write_tagged(
        tmp_path / "bare", {"test": [(words, None) for words, _ in tagged(40, 2)]}, labels=tuple(ENTITIES)
    )
    said = list(predict(run, bare, "test", batch_size=7))
    lines = read_lines(evaluate(run, shards, "test", bootstrap=200).folder / "predictions.jsonl")
    assert [row["prediction"] for row in said] == [line["prediction"] for line in lines]
    assert [row["words"] for row in said] == [line["words"] for line in lines]
    with pytest.raises(UsageError, match="no row of split 'test' has a label"):
        evaluate(run, bare, "test")


def test_two_runs_are_compared_by_f1(run: Path, shards: Path, model: Path, tmp_path: Path) -> None:
    list(fit(shards, tmp_path / "poor", str(model), replace(QUICK, epochs=1, learning_rate=1e-4)))
    both = [evaluate(each, shards, "test", bootstrap=200) for each in (run, tmp_path / "poor")]
    found = {each.metric: each for each in compare(run, tmp_path / "poor", "test", resamples=200).differences}
    for name in ("f1", "precision", "recall", "accuracy"):
        assert [found[name].a, found[name].b] == pytest.approx([each.metrics[name] for each in both])
        assert found[name].test == "permutation"
    assert found["f1"].p is not None
    assert found["f1"].p < 0.05


def test_parts_of_speech_have_a_table_of_tags(model: Path, tmp_path: Path) -> None:
    simple = {
        split: [(w, ["X" if t == "O" else t[2:] for t in tags or ()]) for w, tags in tagged(n, seed)]
        for split, n, seed in (("train", 60, 0), ("test", 20, 1))
    }
    out = write_tagged(tmp_path / "shards", simple)
    events = list(fit(out, tmp_path / "run", str(model), replace(QUICK, epochs=2)))
    assert [event for event in events if isinstance(event, EpochDone)][-1].validation is None
    found = evaluate(tmp_path / "run", out, "test", bootstrap=50)
    assert [each.label for each in found.per_class] == ["BAD", "GOOD", "X"]
    assert np.array(found.confusion).sum() == found.answers
    assert (found.metric, found.classes, list(found.intervals)) == ("accuracy", "tag", ["accuracy"])


# ----------------------------------------------------------------------------------------------------------- guards


def refused(shards: Path, message: str) -> None:
    with pytest.raises((FolderError, UsageError), match=message) as caught:
        open_split(shards, read_manifest(shards, "shards"), "test")
    assert "\n" not in str(caught.value)


def test_nothing_labelled_is_nothing_to_train_on(model: Path, tmp_path: Path) -> None:
    rows = [(words, None) for words, _ in tagged(5, 0)]
    out = write_tagged(tmp_path / "shards", {"train": rows}, labels=("O", "B-A"))
    with pytest.raises(TrainingError, match="no row of train has a label and a weight above 0: nothing to train on"):
        list(train(out, str(model), QUICK, tmp_path / "run"))


def test_one_tag_is_nothing_to_tell_apart(model: Path, tmp_path: Path) -> None:
    out = write_tagged(tmp_path / "shards", {"train": [(["good", "film"], ["O", "O"])]})
    with pytest.raises(TrainingError, match="the label map has 1 label"):
        list(train(out, str(model), QUICK, tmp_path / "run"))


def test_rows_longer_than_the_model_are_refused(model: Path, tmp_path: Path) -> None:
    out = write_tagged(tmp_path / "shards", {"train": [(["good"] * 60, ["B-A"] * 60), (["a"], ["O"])]}, max_length=64)
    with pytest.raises(ModelError, match="the longest row has 62 tokens, the model takes 32"):
        list(train(out, str(model), QUICK, tmp_path / "run"))


def test_another_label_map_is_refused(run: Path, tmp_path: Path) -> None:
    out = write_tagged(tmp_path / "shards", {"train": [(["good"], ["B-X"]), (["film"], ["O"])]})
    with pytest.raises(UsageError, match="another label map than the run's"):
        evaluate(run, out, "train")


def test_one_tag_for_all_words_is_told() -> None:
    task, targets = task_of("token-classification", ENTITIES), ragged([[0, 1, 3], [0]])
    logits = np.tile(np.eye(5)[0], (4, 1))
    warning = one_class_warning(task, Answers(logits, targets, ENTITIES), "validation", 1e-3)
    assert warning == (
        "validation: every one of 4 words is predicted 'O'; always answering 'O' is right for 50.0%: "
        "the learning rate (0.001) is likely too high"
    )
    assert one_class_warning(task, Answers(logits, ragged([[0, 0], [0, 0]]), ENTITIES), "validation", 1e-3) is None


LABELS = [-100, 1, 0, -100]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("labels", [LABELS, [-100, 0, 5, -100]], r"test row 1 \(test.jsonl:2\): label id 5 is not one of the 5 labels"),
        ("labels", [[-100, -1, 0, -100], LABELS], r"test row 0 .*label id -1 is not one"),
        ("labels", [LABELS, [-100, 0, -100, -100]], "row 1 .*has words with a label and words without, words: 2"),
        ("labels", [LABELS, [2, 1, 0, -100]], "row 1 .*has a label where no word begins; tokens: 4"),
        ("labels", [LABELS, [-100, 1, 0]], "input_ids and labels differ in length"),
        ("labels", [LABELS, None], "null in column 'labels'"),
        ("word_index", [[-1, 0, 1, -1], [-1, 1, 0, -1]], "row 1 .*word_index does not count its words, .* 2"),
        ("word_index", [[-1, 0, 2, -1], [-1, 0, 1, -1]], "row 0 .*word_index does not count its words, .* 2"),
    ],
)
def test_labels_that_lie_are_named_by_place(column: str, values: list[Any], message: str, tmp_path: Path) -> None:
    rows = [(["good", "film"], ["B-GOOD", "O"]), (["bad", "plot"], ["B-BAD", "O"])]
    out = write_tagged(tmp_path / "shards", {"test": rows}, labels=tuple(ENTITIES))
    kind = pa.list_(pa.int64() if column == "labels" else pa.int32())
    rewrite(out, "test", column, pa.array(values, kind))
    refused(out, message)


def test_intervals_draw_sentences(run: Path, shards: Path) -> None:
    targets = ragged([[1, 3], [0, 2], [2, 4, 0]] * 20)
    guess = targets.of_values(np.where(np.arange(140) % 7 == 0, 0, targets.values))
    task, answers = task_of("token-classification", ENTITIES), Answers(np.eye(5)[guess.values], targets, ENTITIES)
    found, values = intervals(task, answers, resamples=300), measure(task, answers)
    assert set(found) == {"f1", "precision", "recall", "accuracy"}
    assert all(low < values[name] < high for name, (low, high) in found.items() if name != "precision")
    by_row, _ = matches(scheme_of(ENTITIES), targets, guess)  # type: ignore[arg-type]
    assert float(micro_f1(by_row.sum(0))) == values["f1"]
