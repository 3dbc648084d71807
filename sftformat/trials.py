"""Trials: the loop run once for each learning rate and seed, each resumable by itself, and which of them is kept.

The rate with the best mean over its seeds on validation is chosen, and of its trials the best. The test split is not
opened here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sftformat import checkpoint, metrics, ranks
from sftformat.errors import TrainingError, UsageError
from sftformat.events import Event, Finished, TrainOptions, Trial, Warned
from sftformat.folder.files import dump_json, remove, sha256_file, write_bytes
from sftformat.tasks import task_of
from sftformat.train import train

RESULT = "result.json"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Planned:
    """One trial to be run; it may be one of several."""

    shards: Path
    manifest: Mapping[str, Any]
    model: str
    options: TrainOptions
    folder: Path
    alone: bool
    force: bool = False


def parse_rates(text: str) -> list[float]:
    """Read `2e-5`, `1e-5,1e-4`, or the range `1e-5..1e-3`: five rates, log-spaced, to three digits.

    Raises:
        UsageError: not a number above 0, or a range that does not rise.
    """
    try:
        if ".." in text:
            low, high = (float(part) for part in text.split(".."))
            if not 0 < low < high < math.inf:
                raise ValueError
            return [float(f"{rate:.3g}") for rate in np.geomspace(low, high, 5)]
        rates = list(dict.fromkeys(float(part) for part in text.split(",")))
        if not all(0 < rate < math.inf for rate in rates):
            raise ValueError
    except ValueError:
        raise UsageError(
            f"--learning-rate {text!r}: should be a number above 0, several with commas, or a range like 1e-5..1e-3"
        ) from None
    return rates


def parse_seeds(text: str) -> list[int]:
    """Read `0,1,2`.

    Raises:
        UsageError: not numbers of 0 or more.
    """
    try:
        seeds = list(dict.fromkeys(int(part) for part in text.split(",")))
        if min(seeds) < 0:
            raise ValueError
    except ValueError:
        raise UsageError(f"--seeds {text!r}: should be numbers of 0 or more with commas, as in 0,1,2") from None
    return seeds


def trial_folder(staging: Path, rate: float, seed: int, trials: int) -> Path:
    """Return where a trial is run: the folder itself for a single one, else `trials/LR-SEED`."""
    return staging if trials == 1 else staging / "trials" / f"{rate!r}-{seed}"


def run_trial(planned: Planned) -> Iterator[Event]:
    """Run one trial; of several, its result is written down, and one in which training breaks is a trial that lost.

    The other processes are told to take their share of it.
    """
    ranks.agree(planned)
    try:
        for event in _train(planned):
            if isinstance(event, Finished) and not planned.alone:
                remove(planned.folder / checkpoint.FOLDER)
                result = {"trial": asdict(event.trial), "weights": sha256_file(planned.folder / WEIGHTS)}
                write_bytes(planned.folder / RESULT, dump_json(result))
            yield event
    except TrainingError as error:
        if not str(error).startswith("step "):
            raise
        if planned.alone:
            ranks.agree(None)
            raise
        yield from _lost(planned, str(error))


def _train(planned: Planned) -> Iterator[Event]:
    manifest, force = planned.manifest, planned.force
    return train(planned.shards, planned.model, planned.options, planned.folder, manifest=manifest, force=force)


def _lost(planned: Planned, error: str) -> Iterator[Event]:
    """Write down that a trial failed, and say so."""
    options, manifest, folder = planned.options, planned.manifest, planned.folder
    yield Warned(f"learning rate {options.learning_rate:.3g}, seed {options.seed}: {error}")
    metric = options.metric or task_of(manifest["task"], manifest["labels"]).metric
    lost = Trial(options.learning_rate, options.seed, options.epochs, 0, 0, metric, error=error)
    remove(folder / checkpoint.FOLDER)
    write_bytes(folder / RESULT, dump_json({"trial": asdict(lost), "weights": None}))
    yield Finished(folder, lost, (lost,))


def follow() -> None:
    """Take this process's share of the trials that the first one runs, until that says that it is done."""
    while (planned := ranks.agree(None)) is not None:
        try:
            for _ in _train(planned):
                pass
        except TrainingError as error:  # the first process knows it too
            if not str(error).startswith("step "):
                raise


def read_result(folder: Path) -> Trial | None:
    """Return the result of a trial that an earlier, unfinished call completed, or None."""
    try:
        result = json.loads((folder / RESULT).read_bytes())
        weights = folder / WEIGHTS
        if weights.exists() and sha256_file(weights) != result["weights"]:
            return None
        return Trial(**result["trial"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def choose(trials: Sequence[Trial]) -> Trial:
    """Return the trial that is best on validation, of the learning rate that is best in the mean over its seeds.

    Of equals it is the one with the smaller rate, then the first. A rate that failed with one seed is not chosen unless
    all did.

    Raises:
        TrainingError: every trial failed.
    """
    sound = [trial for trial in trials if trial.error is None]
    if not sound:
        raise TrainingError(f"every trial failed; the first: {trials[0].error}")
    rates = {trial.learning_rate for trial in trials}
    unbroken = rates - {trial.learning_rate for trial in trials if trial.error is not None}
    rate = max(unbroken or {trial.learning_rate for trial in sound}, key=lambda rate: (mean_rank(sound, rate), -rate))
    return max((trial for trial in sound if trial.learning_rate == rate), key=rank)


def mean_rank(trials: Sequence[Trial], rate: float) -> tuple[int, float]:
    """Return a key that is greater for rates that are better in the mean over their seeds."""
    found = [rank(trial) for trial in trials if trial.learning_rate == rate]
    return min(defined for defined, _ in found), float(np.mean([value for _, value in found]))


def rank(trial: Trial) -> tuple[int, float]:
    """Return a key that is greater for better trials."""
    if trial.validation is None:
        return (-1, 0.0)
    values = {name: math.nan if value is None else value for name, value in trial.validation.items()}
    return metrics.rank(trial.metric, values)


def drop_losers(staging: Path, trials: Sequence[Trial], planned: int, seeds: int) -> None:
    """Remove the weights of trials that have lost already: what is kept is the best trial of the best rate so far, and
    that of the rate whose seeds are not all done."""
    if planned == 1:
        return
    done = len(trials) - len(trials) % seeds
    kept = [choose(part) for part in (trials[:done], trials[done:]) if any(trial.error is None for trial in part)]
    for trial in trials:
        folder = trial_folder(staging, trial.learning_rate, trial.seed, planned)
        if trial not in kept:
            remove(folder / WEIGHTS)
            remove(folder / "config.json")


def grid_warnings(winner: Trial, rates: Sequence[float]) -> Iterator[str]:
    """Say when the best rate may lie outside of those that were tried."""
    if len(rates) > 2 and winner.learning_rate in (min(rates), max(rates)):
        side = "lower" if winner.learning_rate == min(rates) else "higher"
        yield f"the best learning rate ({winner.learning_rate:.3g}) is at the edge of the grid: try {side} ones too"
