"""What lies beside the weights for people: plots that any browser shows, scalars for TensorBoard, the model card."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sftformat.calibration import calibrate
from sftformat.grid import fit
from sftformat.plots import (
    MOST_POINTS,
    Chart,
    Plot,
    Series,
    confusion_plot,
    grid_plot,
    reliability_plot,
    thinned,
    training_plots,
)
from sftformat.png import png
from sftformat.svg import svg
from sftformat.tfevents import EVENTS
from sftformat.train import TrainOptions, Trial
from tests.conftest import Call

from .toys import read_lines

SVG = "{http://www.w3.org/2000/svg}"
QUICK = TrainOptions(learning_rate=5e-3, warmup=0.3, epochs=2, batch_size=16)


@pytest.fixture(scope="module")
def run(shards: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plots") / "run"
    list(fit(shards, out, str(model), QUICK, [1e-3, 5e-3], [0, 1], licence="cc-by-4.0"))
    return out


def of(plot: Plot | None) -> str:
    assert plot is not None
    return svg(plot)


finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(finite, finite), max_size=30), st.text(max_size=10))
def test_every_point_is_on_the_paper(points: list[tuple[float, float]], name: str) -> None:
    safe = "".join(char for char in name if char.isprintable())
    drawn = svg(Chart("a < b & c", "x", "y", [Series(safe, points)]))
    root = ET.fromstring(drawn)
    assert root.find(f"{SVG}title").text == "a < b & c"  # type: ignore[union-attr]
    assert not root.findall(f".//{SVG}script")
    for line in root.iter(f"{SVG}polyline"):
        for pair in line.attrib["points"].split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= 640
            assert 0 <= y <= 360
    assert drawn == svg(Chart("a < b & c", "x", "y", [Series(safe, points)]))


@given(st.floats(1e-3, 1e3), st.floats(1.5, 100), st.floats(1.5, 100))
def test_equal_factors_are_equal_steps_on_both_axes(low: float, across: float, up: float) -> None:
    points = [(low * across**number, low * up**number) for number in range(3)]
    drawn = ET.fromstring(svg(Chart("", "", "", [Series("", points, dots=True)], log_x=True, log_y=True)))
    for name in ("cx", "cy"):
        first, middle, last = (float(dot.attrib[name]) for dot in drawn.iter(f"{SVG}circle"))
        assert middle == pytest.approx((first + last) / 2, abs=0.02)


def test_long_histories_are_thinned_to_means() -> None:
    points = [(float(n), float(n % 7)) for n in range(10 * MOST_POINTS)]
    found = thinned(points)
    assert len(found) == MOST_POINTS
    assert np.mean([y for _, y in found]) == pytest.approx(np.mean([y for _, y in points]))
    assert thinned(points[:5]) == points[:5]


def test_hostile_labels_are_shown_and_not_run() -> None:
    labels = ["<script>alert(1)</script>", "\x1b[31m\x00", "a" * 500, "\u202eabc"]
    drawn = of(confusion_plot(labels, [[1, 0, 0, 0]] * 4, "t"))
    assert not ET.fromstring(drawn).findall(f".//{SVG}script")
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert confusion_plot(["a"] * 41, [[0] * 41] * 41, "t") is None


def test_confusion_and_reliability_hold_their_numbers() -> None:
    root = ET.fromstring(of(confusion_plot(["a", "b"], [[30, 2], [5, 7]], "t")))
    assert [each.text for each in root.iter(f"{SVG}text")][-4:] == ["30", "2", "5", "7"]
    found = calibrate(np.array([0.95, 0.9, 0.3]), np.array([True, False, False]))
    root = ET.fromstring(of(reliability_plot(found, "t")))
    assert len(root.findall(f"{SVG}rect")) == 1 + sum(each.rows > 0 for each in found.bins)


def test_a_grid_has_a_dot_a_trial() -> None:
    trials = [
        Trial(rate, seed, 1, 1, 1, "accuracy", rate * 100 + seed / 10) for rate in (1e-3, 1e-2) for seed in (0, 1)
    ]
    root = ET.fromstring(of(grid_plot(trials)))
    assert len(root.findall(f"{SVG}circle")) == 2 + 4
    assert names_in(root) == ["mean", "seed 0", "seed 1"]
    assert names_in(ET.fromstring(of(grid_plot(trials[::2])))) == ["seed 0"]
    assert grid_plot(trials[:2]) is None
    assert grid_plot([*trials[:2], replace(trials[2], value=None), replace(trials[3], value=None)]) is None


def names_in(root: ET.Element) -> list[str]:
    """Return what the legend of a plot says."""
    return [str(each.text) for each in root.iter(f"{SVG}text") if each.attrib.get("fill")]


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_steps_are_whole(first: int, count: int) -> None:
    points = [(float(first), 1.0), (float(first + count), 2.0)]
    root = ET.fromstring(svg(Chart("", "step", "", [Series("", points)], whole_x=True)))
    below = [each for each in root.iter(f"{SVG}text") if each.attrib["y"] == "324"]
    assert below
    assert all(str(each.text).isdecimal() for each in below)


def test_pngs_are_drawn_on_request_and_the_same_each_time(
    call_here: Call, shards: Path, model: Path, tmp_path: Path
) -> None:
    quick = ("--model", model, "--epochs", "1", "--png", "--quiet")
    assert call_here("train", shards, "-o", "run", *quick, "--learning-rate", "1e-3,5e-3").code == 0
    assert call_here("evaluate", "run", shards, "--png", "--quiet").code == 0
    plots = training_plots(read_lines(tmp_path / "run/history.jsonl"))
    assert (tmp_path / "run/plots/loss.png").read_bytes() == png(plots["loss"])
    drawn = sorted(path.relative_to(tmp_path / "run").as_posix() for path in tmp_path.rglob("*.png"))
    ours = [f"plots/{name}.png" for name in ("grid", "learning-rate", "loss")]
    assert drawn == [f"evaluations/shards-test/plots/{name}.png" for name in ("confusion", "reliability")] + ours
    assert all((tmp_path / "run" / name).read_bytes().startswith(b"\x89PNG") for name in drawn)


def test_a_png_takes_any_label() -> None:
    plot = confusion_plot(["$x^{", "\x00", "中文"], [[1, 2, 3]] * 3, "$")
    assert plot is not None
    assert png(plot) == png(plot)


def test_without_matplotlib_one_line_says_so(
    call_here: Call, shards: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftformat.png.find_spec", lambda name: None)
    done = call_here("train", shards, "-o", "run", "--model", model, "--png")
    assert (done.code, done.err) == (2, "error: --png needs matplotlib: pip install 'sftformat[plots]'\n")


def test_a_run_has_its_plots(run: Path) -> None:
    assert sorted(path.name for path in (run / "plots").iterdir()) == ["grid.svg", "learning-rate.svg", "loss.svg"]
    assert (run / "plots/loss.svg").read_text() == svg(training_plots(read_lines(run / "history.jsonl"))["loss"])


def test_tensorboard_reads_the_history_as_it_is(run: Path) -> None:
    reader = EventAccumulator(str(run / EVENTS))
    reader.Reload()
    history = read_lines(run / "history.jsonl")
    steps = [line for line in history if "step" in line]
    for name in ("loss", "learning_rate", "grad_norm"):
        read = [(event.step, event.value) for event in reader.Scalars(f"train/{name}")]
        assert read == [(line["step"], pytest.approx(line[name], rel=1e-6)) for line in steps]
    read = [(event.step, event.value) for event in reader.Scalars("validation/accuracy")]
    expected = [line["validation"]["accuracy"] for line in history if "validation" in line]
    assert read == [(10, pytest.approx(expected[0])), (20, pytest.approx(expected[1]))]


def test_the_card_has_front_matter_that_the_hub_reads(run: Path) -> None:
    text = (run / "README.md").read_text(encoding="utf-8")
    _, matter, body = text.split("---\n", 2)
    found, held = yaml.safe_load(matter), json.loads((run / "run.json").read_text())
    assert (found["license"], found["library_name"], found["pipeline_tag"]) == (
        "cc-by-4.0",
        "transformers",
        "text-classification",
    )
    values = {each["type"]: each["value"] for each in found["model-index"][0]["results"][0]["metrics"]}
    assert values["accuracy"] == pytest.approx(held["trial"]["validation"]["accuracy"], rel=1e-5)
    assert "| train | 160 |" in body
    assert "0. `pos`" in body
    assert f"| learning rate | {held['trial']['learning_rate']} |" in body
    assert "The best of 4 trials" in body


def test_the_licence_is_an_identifier(call_here: Call, shards: Path, model: Path) -> None:
    done = call_here("train", shards, "-o", "run", "--model", model, "--license", "mine\nbase_model: evil")
    assert done.code == 2
    assert "give an identifier of the hub" in done.err
