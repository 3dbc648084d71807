"""Compare: exact and drawn tests against SciPy's, on rows that are matched one by one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF
from scipy import stats

from sftformat.compare import _Row, _statistics, compare, mcnemar, permutation_p
from sftformat.errors import UsageError
from sftformat.evaluate import evaluate
from sftformat.grid import fit
from sftformat.train import TrainOptions
from tests.conftest import Call

from .toys import read_lines, sentences, write_shards

QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=2, batch_size=16)


@pytest.fixture(scope="module")
def runs(shards: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run that learned nothing and one that learned; both evaluated on test."""
    root = tmp_path_factory.mktemp("compare")
    for name, rate in (("poor", 1e-6), ("sound", 5e-3)):
        list(fit(shards, root / name, str(model), replace(QUICK, learning_rate=rate, epochs=8)))
        evaluate(root / name, shards, "test")
    return root / "poor", root / "sound"


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_binomial_test(only_a: int, only_b: int) -> None:
    expected = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(only_a, only_b) == mcnemar(only_b, only_a)


def test_the_permutation_test_is_scipys() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=60), random.normal(0.25, 1, size=60)
    both = np.concatenate([a, b])
    ours = permutation_p(lambda rows: both[rows].mean(-1), 60, float(b.mean() - a.mean()), resamples=20_000, seed=0)
    theirs = stats.permutation_test(
        (a, b), lambda x, y, axis: y.mean(axis) - x.mean(axis), permutation_type="samples", n_resamples=20_000
    )
    assert ours == pytest.approx(theirs.pvalue, abs=0.01)


def test_the_numbers_are_those_of_the_evaluations(runs: tuple[Path, Path], shards: Path) -> None:
    found = compare(*runs, "test")
    a, b = (read_lines(run / "evaluations/shards-test/predictions.jsonl") for run in runs)
    only_a = sum(x["correct"] and not y["correct"] for x, y in zip(a, b, strict=True))
    only_b = sum(y["correct"] and not x["correct"] for x, y in zip(a, b, strict=True))
    assert (found.n, found.only_a, found.only_b) == (40, only_a, only_b)
    for each in found.differences:
        here, there = (evaluate(run, shards, "test").metrics[each.metric] for run in runs)
        assert (each.a, each.b) == (pytest.approx(here), pytest.approx(there))
        assert each.difference == pytest.approx(there - here)  # type: ignore[operator]
        assert each.interval[0] <= each.difference <= each.interval[1]  # type: ignore[operator]
    by_name = {each.metric: each for each in found.differences}
    assert by_name["accuracy"].p == mcnemar(only_a, only_b) < 0.001
    assert [each.test for each in found.differences] == ["mcnemar", "permutation", "permutation"]


def test_a_run_against_itself_is_no_difference(runs: tuple[Path, Path]) -> None:
    found = compare(runs[0], runs[0], "test")
    assert {(each.difference, each.p) for each in found.differences} == {(0.0, 1.0)}


def test_changing_sides_changes_the_sign_alone(runs: tuple[Path, Path]) -> None:
    there, back = compare(*runs, "test"), compare(*runs[::-1], "test")
    for x, y in zip(there.differences, back.differences, strict=True):
        assert x.difference == -y.difference  # type: ignore[operator]
        assert x.p == pytest.approx(y.p, abs=0.03)


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_other_tasks_are_compared(task: str, model: Path, tmp_path: Path) -> None:
    rows = {name: sentences(60, seed, task) for seed, name in enumerate(("train", "test"))}
    shards = write_shards(tmp_path / "shards", task, ["good", "odd"] if task == "multilabel" else None, rows)
    for name, rate in (("a", 1e-6), ("b", 5e-3)):
        list(fit(shards, tmp_path / name, str(model), replace(QUICK, learning_rate=rate, epochs=8)))
        evaluate(tmp_path / name, shards, "test")
    found = compare(tmp_path / "a", tmp_path / "b", "test")
    for each in found.differences:
        sides = [evaluate(tmp_path / name, shards, "test").metrics[each.metric] for name in ("a", "b")]
        assert [each.a, each.b] == [pytest.approx(side) for side in sides]
    assert found.differences[0].p < 0.01  # type: ignore[operator]


def test_texts_are_compared_as_sacrebleu_scores_them() -> None:
    wanted = ["the film was good", "we saw it", "a very dull plot", "it is"]
    written = [
        ["the film was bad", "we saw it", "a dull plot", "is it"],
        ["film", "we saw", "a very dull plot", "it is"],
    ]
    rows = [
        _Row("x", "a", 1, target, text, text == target, 1.0)
        for side in written
        for target, text in zip(wanted, side, strict=True)
    ]
    found = _statistics("text-to-text", rows, [])
    assert list(found) == ["chrf_of_target", "bleu_of_target", "exact_match", "loss_of_rows"]
    for side, texts in enumerate(written):
        own = np.arange(4)[None, :] + 4 * side
        assert found["chrf_of_target"](own)[0] == pytest.approx(CHRF().corpus_score(texts, [wanted]).score)
        assert found["bleu_of_target"](own)[0] == pytest.approx(BLEU(force=True).corpus_score(texts, [wanted]).score)
        assert found["exact_match"](own)[0] == sum(a == b for a, b in zip(texts, wanted, strict=True)) / 4


def test_other_rows_are_refused_and_named(runs: tuple[Path, Path], tmp_path: Path, model: Path) -> None:
    fewer = write_shards(
        tmp_path / "shards", "classification", ["pos", "neg"], {"train": sentences(20, 0), "test": sentences(30, 2)}
    )
    list(fit(fewer, tmp_path / "run", str(model), replace(QUICK, epochs=1)))
    evaluate(tmp_path / "run", fewer, "test")
    with pytest.raises(UsageError, match=r"10 of .*poor \(toy.csv:32, id test-30, first\) are not among"):
        compare(runs[0], tmp_path / "run", "test")
    with pytest.raises(UsageError, match=r"different rows: 10 of .*poor"):
        compare(tmp_path / "run", runs[0], "test")
    other = write_shards(
        tmp_path / "other", "classification", ["pos", "neg"], {"train": sentences(20, 0), "test": sentences(40, 9)}
    )
    evaluate(tmp_path / "run", other, "test", name="shards", overwrite=True)
    with pytest.raises(UsageError, match=r"toy.csv:\d+ \(id test-\d+\): the target is '(pos|neg)' in .* and"):
        compare(runs[0], tmp_path / "run", "test")


def test_what_is_not_there_is_said(runs: tuple[Path, Path], shards: Path, call_here: Call, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="was not evaluated on validation: sftformat evaluate"):
        compare(*runs, "validation")
    with pytest.raises(UsageError, match="has no evaluation 'other' on test"):
        compare(*runs, "test", name="other")
    for run, name in zip(runs, ("a", "b"), strict=True):
        shutil.copytree(run, tmp_path / name)
    evaluate(tmp_path / "a", shards, "test", name="again")
    assert compare(tmp_path / "a", tmp_path / "b", "test").name == "shards"
    evaluate(tmp_path / "b", shards, "test", name="again")
    done = call_here("compare", tmp_path / "a", tmp_path / "b")
    assert done.code == 2
    assert "say --name again or shards" in done.err


def test_the_command_says_which_is_better(runs: tuple[Path, Path], call_here: Call) -> None:
    done = call_here("compare", *runs)
    assert done.code == 0
    assert "accuracy: B is better by more than chance" in done.out
    assert "exact McNemar" in done.out
    found = json.loads(call_here("compare", *runs, "--output-format", "json").out)
    assert found["n"] == 40
    assert [each["metric"] for each in found["differences"]] == ["accuracy", "macro_f1", "loss"]


def test_a_damaged_evaluation_is_refused(runs: tuple[Path, Path], call_here: Call, tmp_path: Path) -> None:
    shutil.copytree(runs[0], tmp_path / "a")
    path = tmp_path / "a/evaluations/shards-test/predictions.jsonl"
    path.write_bytes(path.read_bytes().replace(b"true", b"True", 1))
    done = call_here("compare", tmp_path / "a", runs[1])
    assert done.code == 2
    assert "predictions.jsonl" in done.err
