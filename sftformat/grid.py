"""Fit: one run of the loop, or one for each learning rate, chosen on validation; the winner becomes the run folder.

    OUT/config.json  model.safetensors  tokenizer files  run.json  history.jsonl  manifest.json
    OUT/trials/LR-SEED/result.json  history.jsonl        (when several rates were tried)

The test split is not opened here.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from sftformat import checkpoint, metrics
from sftformat.errors import FolderError, TrainingError, UsageError
from sftformat.events import Event, Finished, Started, TrainOptions, Trial, Warned, check_options
from sftformat.folder.commit import Staging, stage
from sftformat.folder.files import dump_json, remove, sha256_file, write_bytes, write_file
from sftformat.folder.manifest import fingerprint, open_folder
from sftformat.loader import texts_of
from sftformat.models import model_hash, resolve
from sftformat.tasks import task_of
from sftformat.tasks.task import Task
from sftformat.train import HISTORY, train

RUN = "run.json"
RESULT = "result.json"
_WEIGHTS = "model.safetensors"
_OURS = frozenset({"config.json", _WEIGHTS, HISTORY, RUN, RESULT, "manifest.json"})


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


def fit(
    shards: Path,
    out: Path,
    model: str,
    options: TrainOptions,
    learning_rates: Sequence[float] = (),
    *,
    overwrite: bool = False,
    force: bool = False,
) -> Iterator[Event]:
    """Train into the run folder `out` and commit it; the last event is `Finished` with the table of trials.

    No `learning_rates` means the one in `options`. An unfinished `out` of the same data, model and options is gone on
    with; a finished one is left alone.

    Raises:
        UsageError: several rates without a validation split; an option that cannot be meant; `out` holds other things.
        FolderError, ModelError, TrainingError: as `train`; in a grid a trial that fails only loses.
    """
    manifest = open_folder(shards, "shards")
    if not (shards / "tokenizer").is_dir():
        raise FolderError(f"{shards}: holds no tokenizer/")
    rates, task = list(dict.fromkeys(learning_rates)) or [options.learning_rate], _task(manifest)
    for rate in rates:
        check_options(replace(options, learning_rate=rate), task)
    if len(rates) > 1 and not manifest["splits"].get("validation", {}).get("rows"):
        raise UsageError(f"{shards}: {len(rates)} learning rates need a validation split to choose by; it has none")
    options = replace(options, learning_rate=rates[0]) if len(rates) == 1 else options
    model_folder = resolve(model)
    made_from = {
        "shards": manifest["fingerprint"],
        "model": model_hash(model_folder),
        "options": {name: value for name, value in asdict(options).items() if name != "checkpoint_every"},
        "learning_rates": rates,
    }
    with stage(out, "run", fingerprint(made_from), overwrite=overwrite) as staging:
        if staging.finished is not None:
            yield _finished(out)
            return
        trials_done: list[Trial] = []
        for number, rate in enumerate(rates, 1):
            folder = trial_folder(staging.path, rate, options.seed, len(rates))
            done = read_result(folder) if len(rates) > 1 else None
            if done is None:
                tried = replace(options, learning_rate=rate)
                for event in _trial(shards, str(model_folder), tried, folder, manifest, force, len(rates) > 1):
                    if isinstance(event, Finished):
                        done = event.trial
                    else:
                        yield replace(event, trial=number, trials=len(rates)) if isinstance(event, Started) else event
            trials_done.append(cast(Trial, done))  # the last event of a trial is Finished, or it raised
            _keep_winner(staging.path, trials_done, len(rates))
        winner = choose(trials_done)
        yield from map(Warned, _grid_warnings(winner, rates))
        _commit(staging, shards, manifest, made_from, model, winner, trials_done)
    yield Finished(out, winner, tuple(trials_done))


def _task(manifest: Mapping[str, Any]) -> Task:
    return task_of(manifest["task"], manifest["labels"])


def _finished(out: Path) -> Finished:
    """Return what a run that stands already came to."""
    run = json.loads((out / RUN).read_bytes())
    return Finished(out, Trial(**run["trial"]), tuple(Trial(**trial) for trial in run["trials"]))


def trial_folder(staging: Path, rate: float, seed: int, trials: int) -> Path:
    """Return where a trial is run: the folder itself for a single one, else `trials/LR-SEED`."""
    return staging if trials == 1 else staging / "trials" / f"{rate!r}-{seed}"


def _trial(
    shards: Path,
    model: str,
    options: TrainOptions,
    folder: Path,
    manifest: Mapping[str, Any],
    force: bool,
    in_grid: bool,
) -> Iterator[Event]:
    """Run one trial; in a grid its result is written down, and a rate at which training breaks is a trial that lost."""
    try:
        for event in train(shards, model, options, folder, manifest=manifest, force=force):
            if isinstance(event, Finished) and in_grid:
                remove(folder / checkpoint.FOLDER)
                result = {"trial": asdict(event.trial), "weights": sha256_file(folder / _WEIGHTS)}
                write_bytes(folder / RESULT, dump_json(result))
            yield event
    except TrainingError as error:
        if not in_grid or not str(error).startswith("step "):
            raise
        yield Warned(f"learning rate {options.learning_rate:.3g}: {error}")
        metric = options.metric or _task(manifest).metric
        lost = Trial(options.learning_rate, options.seed, options.epochs, 0, 0, metric, error=str(error))
        remove(folder / checkpoint.FOLDER)
        write_bytes(folder / RESULT, dump_json({"trial": asdict(lost), "weights": None}))
        yield Finished(folder, lost, (lost,))


def read_result(folder: Path) -> Trial | None:
    """Return the result of a trial that an earlier, unfinished call completed, or None."""
    try:
        result = json.loads((folder / RESULT).read_bytes())
        weights = folder / _WEIGHTS
        if weights.exists() and sha256_file(weights) != result["weights"]:
            return None
        return Trial(**result["trial"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def choose(trials: Sequence[Trial]) -> Trial:
    """Return the trial that is best on validation; of equals the one with the smaller learning rate.

    Raises:
        TrainingError: every trial failed.
    """
    sound = [trial for trial in trials if trial.error is None]
    if not sound:
        raise TrainingError(f"every learning rate failed; the first: {trials[0].error}")
    return max(sound, key=lambda trial: (_rank(trial), -trial.learning_rate))


def _rank(trial: Trial) -> tuple[int, float]:
    if trial.validation is None:
        return (-1, 0.0)
    values = {name: math.nan if value is None else value for name, value in trial.validation.items()}
    return metrics.rank(trial.metric, values)


def _keep_winner(staging: Path, trials: Sequence[Trial], planned: int) -> None:
    """Remove the weights of the trials that have lost already: only one set is kept on the disk."""
    if planned == 1 or all(trial.error for trial in trials):
        return
    winner = choose(trials)
    for trial in trials:
        folder = trial_folder(staging, trial.learning_rate, trial.seed, planned)
        if trial != winner:
            remove(folder / _WEIGHTS)
            remove(folder / "config.json")


def _grid_warnings(winner: Trial, rates: Sequence[float]) -> Iterator[str]:
    if len(rates) > 2 and winner.learning_rate in (min(rates), max(rates)):
        side = "lower" if winner.learning_rate == min(rates) else "higher"
        yield f"the best learning rate ({winner.learning_rate:.3g}) is at the edge of the grid: try {side} ones too"


def _commit(
    staging: Staging,
    shards: Path,
    manifest: Mapping[str, Any],
    made_from: Mapping[str, Any],
    model: str,
    winner: Trial,
    trials: Sequence[Trial],
) -> None:
    """Bring the winner up, put the tokenizer and run.json beside it, and seal the folder."""
    top = staging.path
    source = trial_folder(top, winner.learning_rate, winner.seed, len(trials))
    if source != top:
        for name in ("config.json", _WEIGHTS, HISTORY):
            write_file(top / name, lambda beside, name=name: _copy(source / name, beside))  # type: ignore[misc]
    for path in sorted((shards / "tokenizer").iterdir()):
        if path.is_file() and path.name not in _OURS:
            write_file(top / path.name, lambda beside, path=path: _copy(path, beside))  # type: ignore[misc]
    folder = Path(model).expanduser()
    run = {
        "task": manifest["task"],
        "labels": manifest["labels"],
        "max_length": manifest["max_length"],
        "texts": texts_of(manifest["splits"]["train"]),
        "model": {"name": folder.resolve().name if folder.is_dir() else model, "sha256": made_from["model"]},
        "shards": manifest["fingerprint"],
        "tokenizer": manifest["tokenizer"],
        "options": {**made_from["options"], "learning_rate": winner.learning_rate},
        "learning_rates": made_from["learning_rates"],
        "trial": asdict(winner),
        "trials": [asdict(trial) for trial in trials],
    }
    write_bytes(top / RUN, dump_json(run))
    fields = {name: run[name] for name in ("task", "labels", "model", "shards", "tokenizer")}
    losers = [f"trials/{path.parent.name}/{path.name}" for path in top.glob("trials/*/*") if path.name in _DROPPED]
    staging.commit(fields, drop=(checkpoint.FOLDER, *losers))


_DROPPED = frozenset({_WEIGHTS, "config.json", checkpoint.FOLDER})


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        raise FolderError(f"{source}: a symbolic link")
    shutil.copyfile(source, target)
