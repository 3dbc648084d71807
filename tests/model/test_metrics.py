"""Metrics against scikit-learn and SciPy, on whatever hypothesis finds."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat import metrics
from sftformat.tasks import TASKS
from sftformat.tasks.task import Answers, Sides, intervals, measure, one_class_warning

CLASSES = 4
pairs = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=60)
numbers = st.floats(-1e6, 1e6, width=32)


@given(pairs)
@settings(deadline=None, max_examples=60)
def test_classification_equals_scikit_learn(rows: list[tuple[int, int]]) -> None:
    targets, predictions = np.array(rows).T
    confusion = metrics.confusion_matrix(targets, predictions, CLASSES)
    every = list(range(CLASSES))
    assert (confusion == oracle.confusion_matrix(targets, predictions, labels=every)).all()
    assert metrics.accuracy(targets, predictions) == oracle.accuracy_score(targets, predictions)
    p, r, f, _ = oracle.precision_recall_fscore_support(targets, predictions, labels=every, zero_division=0)
    for ours, theirs in zip(metrics.precision_recall_f1(confusion), (p, r, f), strict=True):
        assert ours == pytest.approx(theirs)
    assert metrics.macro_f1(confusion) == pytest.approx(
        oracle.f1_score(targets, predictions, average="macro", zero_division=0)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = oracle.matthews_corrcoef(targets, predictions)
    assert metrics.matthews(confusion) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=40))
@settings(deadline=None, max_examples=60)
def test_correlations_equal_scipy(rows: list[tuple[float, float]]) -> None:
    x, y = np.array(rows, np.float64).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = scipy.stats.spearmanr(x, y).statistic
        linear = scipy.stats.pearsonr(x, y).statistic
    assert metrics.average_ranks(x).tolist() == scipy.stats.rankdata(x).tolist()
    assert metrics.spearman(x, y) == pytest.approx(expected, abs=1e-9, nan_ok=True)
    if np.ptp(x) > 1e-3 * np.abs(x).max() and np.ptp(y) > 1e-3 * np.abs(y).max():
        assert metrics.pearson(x, y) == pytest.approx(linear, abs=1e-9, nan_ok=True)
    assert metrics.mse(x, y) == pytest.approx(oracle.mean_squared_error(x, y))
    assert metrics.mae(x, y) == pytest.approx(oracle.mean_absolute_error(x, y))


def test_a_correlation_with_a_constant_is_not_defined() -> None:
    assert math.isnan(metrics.pearson(np.array([1.0, 2.0]), np.array([3.0, 3.0])))
    assert math.isnan(metrics.pearson(np.array([1.0]), np.array([3.0])))
    assert math.isnan(metrics.spearman(np.array([1.0, 2.0]), np.array([3.0, 3.0])))


@given(st.integers(1, 30).flatmap(lambda n: st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=n)))
@settings(deadline=None, max_examples=40)
def test_multilabel_equals_scikit_learn(rows: list[list[bool]]) -> None:
    table = np.array(rows, np.float32)
    targets, predictions = table[:, :3], table[:, 3:]
    found = measure(TASKS["multilabel"], Answers(np.where(predictions > 0, 2.0, -2.0), targets))
    assert found["micro_f1"] == pytest.approx(oracle.f1_score(targets, predictions, average="micro", zero_division=0))
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(targets, predictions, average="macro", zero_division=0))
    assert found["exact_match"] == pytest.approx(oracle.accuracy_score(targets, predictions))
    assert found["hamming_loss"] == pytest.approx(oracle.hamming_loss(targets, predictions))


@given(st.lists(st.lists(st.floats(-80, 80, width=32), min_size=3, max_size=3), min_size=1, max_size=20), st.data())
@settings(deadline=None, max_examples=40)
def test_losses_equal_softmax_against_one_hot(rows: list[list[float]], data: st.DataObject) -> None:
    logits = np.array(rows)
    targets = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))
    assert metrics.softmax(logits) == pytest.approx(scipy.special.softmax(logits, axis=1))
    assert metrics.sigmoid(logits) == pytest.approx(scipy.special.expit(logits))
    one_hot = np.eye(3)[targets]
    expected = -(one_hot * scipy.special.log_softmax(logits, axis=1)).sum(1)
    assert TASKS["classification"].losses(Answers(logits, targets)) == pytest.approx(expected)
    p = scipy.special.expit(logits)
    expected = -(one_hot * np.log(np.maximum(p, 1e-300)) + (1 - one_hot) * scipy.special.log_expit(-logits)).mean(1)
    assert TASKS["multilabel"].losses(Answers(logits, one_hot)) == pytest.approx(expected, abs=1e-6)


def test_functions_on_confusions_take_many_at_once() -> None:
    random = np.random.default_rng(0)
    many = random.integers(0, 5, (7, 3, 3))
    assert metrics.macro_f1(many).tolist() == [float(metrics.macro_f1(one)) for one in many]
    assert metrics.matthews(many).tolist() == [float(metrics.matthews(one)) for one in many]


def test_the_bootstrap_interval_covers_as_often_as_it_says() -> None:
    random, covered = np.random.default_rng(0), 0
    for trial in range(200):
        right = random.random(150) < 0.7
        low, high = metrics.bootstrap_interval(lambda drawn, right=right: right[drawn].mean(1), 150, seed=trial)
        covered += low <= 0.7 <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_the_bootstrap_depends_on_the_seed_alone() -> None:
    right = np.arange(100) % 3 == 0
    first, again = (metrics.bootstrap_interval(lambda drawn: right[drawn].mean(1), 100, seed=5) for _ in range(2))
    other = metrics.bootstrap_interval(lambda drawn: right[drawn].mean(1), 100, seed=6)
    assert first == again != other


def test_intervals_hold_the_score() -> None:
    random = np.random.default_rng(1)
    targets = random.integers(0, 3, 200)
    logits = np.eye(3)[targets] + random.normal(0, 1.0, (200, 3))
    task, answers = TASKS["classification"], Answers(logits, targets)
    scores, found = measure(task, answers), intervals(task, answers)
    assert set(found) == {"accuracy", "macro_f1"}
    assert all(low < scores[name] < high for name, (low, high) in found.items())


def test_rank_prefers_what_is_better_and_defined() -> None:
    assert metrics.rank("accuracy", {"accuracy": 0.9}) > metrics.rank("accuracy", {"accuracy": 0.8})
    assert metrics.rank("loss", {"loss": 0.1}) > metrics.rank("loss", {"loss": 0.2})
    undefined = {"pearson": math.nan, "loss": 0.1}
    assert metrics.rank("pearson", {"pearson": -0.5, "loss": 9.0}) > metrics.rank("pearson", undefined)
    assert metrics.rank("pearson", undefined) > metrics.rank("pearson", {**undefined, "loss": 0.2})


def test_the_majority_baseline_is_the_first_of_equals() -> None:
    assert metrics.majority_baseline(np.array([2, 1, 1, 2]), 3) == (1, 0.5)


def told(name: str, logits: list[list[float]], targets: object, written: list[str] | None = None) -> str | None:
    labels = ["a", "b"] if name in ("classification", "multilabel") else []
    sides = Sides([""] * len(logits), [[]] * len(logits), written) if name == "chat" else None
    given_ = targets if name == "chat" else np.array(targets)
    return one_class_warning(TASKS[name], Answers(np.array(logits), given_, labels, 0.5, sides), "test", 1e-5)


def test_a_model_that_always_says_the_same_is_told_of_in_every_task() -> None:
    end = ": the learning rate (1e-05) is likely too low, or there were too few steps"
    same, other = [[1.0, -1.0]] * 3, [[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]
    one = "test: every one of 3 rows is predicted 'a'; always answering 'b' is right for 66.7%"
    assert told("classification", same, [0, 1, 1]) == one + end
    assert told("multilabel", same, [[1, 0], [0, 0], [1, 1]]) == "test: every one of 3 rows is predicted ['a']" + end
    assert told("regression", [[2.5], [2.5001], [2.5]], [0.0, 5.0, 2.0]) == (
        "test: every one of 3 rows is predicted 2.5" + end
    )
    assert (
        told("chat", [[0, 1, 0]] * 3, ["x", "y", "x"], ["z"] * 3) == "test: every one of 3 texts is predicted 'z'" + end
    )
    for name, logits, targets in (
        ("classification", other, [0, 1, 1]),
        ("classification", same, [0, 0, 0]),
        ("multilabel", other, [[1, 0], [0, 0], [1, 1]]),
        ("multilabel", same, [[1, 0]] * 3),
        ("regression", [[2.5], [2.6], [2.5]], [0.0, 5.0, 2.0]),
        ("regression", [[2.5]] * 3, [1.0] * 3),
        ("chat", [[0, 1, 0]] * 3, ["x", "y", "x"]),
    ):
        assert told(name, logits, targets) is None
    assert told("chat", [[0, 1, 0]] * 3, ["x", "y", "x"], ["z", "z", "y"]) is None
