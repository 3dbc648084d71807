"""Fit: one run of the loop, or one for each learning rate and seed, chosen on validation; the winner becomes the run.

    OUT/config.json  model.safetensors  tokenizer files  run.json  history.jsonl  manifest.json
    OUT/README.md  plots/*.svg  events.out.tfevents.0.sftformat        the model card; history as pictures and scalars
    OUT/trials/LR-SEED/result.json  history.jsonl        (when several were tried)

The test split is not opened here.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

from sftformat import checkpoint, ranks
from sftformat.card import model_card
from sftformat.drawn import draw
from sftformat.errors import FolderError, UsageError
from sftformat.events import Event, Finished, Started, TrainOptions, Trial, Warned, check_options
from sftformat.folder.commit import Staging, stage
from sftformat.folder.files import dump_json, write_bytes, write_file
from sftformat.folder.manifest import fingerprint, open_folder, stagings
from sftformat.loader import texts_of
from sftformat.models import model_hash, resolve
from sftformat.plots import grid_plot, training_plots
from sftformat.tasks import task_of
from sftformat.tfevents import EVENTS, event_file
from sftformat.train import HISTORY
from sftformat.trials import (
    RESULT,
    WEIGHTS,
    Planned,
    choose,
    drop_losers,
    grid_warnings,
    read_result,
    run_trial,
    trial_folder,
)

RUN = "run.json"
#: What a run that is not finished is made from; hidden, so never part of the run.
MADE_FROM = ".made-from.json"
CARD = "README.md"
_OURS = frozenset({"config.json", WEIGHTS, HISTORY, RUN, RESULT, CARD, "manifest.json"})


def fit(
    shards: Path,
    out: Path,
    model: str,
    options: TrainOptions,
    learning_rates: Sequence[float] = (),
    seeds: Sequence[int] = (),
    *,
    licence: str | None = None,
    png: bool = False,
    overwrite: bool = False,
    force: bool = False,
) -> Iterator[Event]:
    """Train into the run folder `out` and commit it; the last event is `Finished` with the table of trials.

    No `learning_rates` or `seeds` means the one in `options`. An unfinished `out` of the same data, model and options
    is gone on with; a finished one is left alone.

    Raises:
        UsageError: several trials without a validation split; an option that cannot be meant; `out` holds other things
            or a run of other data or options: the text says which differ.
        FolderError, ModelError, TrainingError: as `train`; of several trials one that fails only loses.
    """
    manifest = open_folder(shards, "shards")
    if not (shards / "tokenizer").is_dir():
        raise FolderError(f"{shards}: holds no tokenizer/")
    rates = list(dict.fromkeys(learning_rates)) or [options.learning_rate]
    seeds = list(dict.fromkeys(seeds)) or [options.seed]
    tries = _tries(shards, manifest, options, rates, seeds)
    model_folder = resolve(model)
    made_from = _made_from(manifest, model_folder, tries[0], rates, seeds) | {"license": licence, "png": png}
    if not overwrite:
        _refuse_other(out, made_from)
    with stage(out, "run", fingerprint(made_from), overwrite=overwrite) as staging:
        if staging.finished is not None:
            ranks.agree(None)
            yield _finished(out)
            return
        write_bytes(staging.path / MADE_FROM, dump_json(made_from))
        trials_done: list[Trial] = []
        told: set[str] = set()  # what is true of the data is said once, not in every trial
        for number, tried in enumerate(tries, 1):
            folder = trial_folder(staging.path, tried.learning_rate, tried.seed, len(tries))
            planned = Planned(shards, manifest, str(model_folder), tried, folder, len(tries) == 1, force)
            done = read_result(folder) if len(tries) > 1 else None
            trials_done.append(done or (yield from _tried(planned, number, len(tries), told)))
            drop_losers(staging.path, trials_done, len(tries), len(seeds))
        ranks.agree(None)
        winner = choose(trials_done)
        yield from map(Warned, grid_warnings(winner, rates))
        _commit(staging, shards, manifest, made_from, model, winner, trials_done)
    yield Finished(out, winner, tuple(trials_done))


def _made_from(
    manifest: Mapping[str, Any], model: Path, first: TrainOptions, rates: Sequence[float], seeds: Sequence[int]
) -> dict[str, Any]:
    """Return what a run is made from; its trials differ from the first in rate and seed alone."""
    return {
        "shards": manifest["fingerprint"],
        "model": model_hash(model),
        "options": {key: value for key, value in asdict(first).items() if key not in _APART},
        "learning_rates": rates,
        "seeds": seeds,
    }


def _tries(
    shards: Path, manifest: Mapping[str, Any], options: TrainOptions, rates: Sequence[float], seeds: Sequence[int]
) -> list[TrainOptions]:
    """Return the options of each trial, the seeds of a rate side by side."""
    tries = [replace(options, learning_rate=rate, seed=seed) for rate in rates for seed in seeds]
    for tried in tries:
        check_options(tried, task_of(manifest["task"], manifest["labels"]))
    if len(tries) > 1 and not manifest["splits"].get("validation", {}).get("rows"):
        what = f"{len(rates)} learning rates" if len(rates) > 1 else f"{len(seeds)} seeds"
        raise UsageError(f"{shards}: {what} need a validation split to choose by; it has none")
    return tries


def _tried(planned: Planned, number: int, trials: int, told: set[str]) -> Generator[Event, None, Trial]:
    """Run one of several trials, hand its events on, and return what it came to; `told` are the warnings so far."""
    done: Trial | None = None
    for event in run_trial(planned):
        if isinstance(event, Finished):
            done = event.trial
        elif not isinstance(event, Warned) or event.message not in told:
            yield replace(event, trial=number, trials=trials) if isinstance(event, Started) else event
        told.update({event.message} if isinstance(event, Warned) else ())
    return cast(Trial, done)  # the last event of a trial is Finished, or it raised


#: Options that a run is not made from, or that trials differ in.
_APART = frozenset({"checkpoint_every", "learning_rate", "seed"})


def _refuse_other(out: Path, made_from: Mapping[str, Any]) -> None:
    """Refuse a folder that holds a run, finished or not, of other data or options.

    Raises:
        UsageError: saying what differs.
    """
    for path in [out / RUN, *(folder / MADE_FROM for folder in stagings(out))]:
        try:
            held = json.loads(path.read_bytes())
            held = {**held, "model": held["model"]["sha256"] if path.name == RUN else held["model"]}
            differ = list(_differences(held, made_from))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not a run of ours, or a damaged one: `stage` has the word
        if differ:
            state = "a" if path.name == RUN else "an unfinished"
            raise UsageError(
                f"{out}: holds {state} run of {', '.join(differ)}; use the same, another folder, or --overwrite"
            )


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"other {words}" for key, words in _WORDS.items() if there[key] != here[key])
    theirs, ours = (
        {**run["options"], "learning_rate": run["learning_rates"], "seed": run["seeds"], **_beside(run)}
        for run in (there, here)
    )
    for key, own in ours.items():
        if theirs.get(key) != own:
            yield f"--{key.replace('_', '-')} {_shown(theirs.get(key))} (here {_shown(own)})"


def _beside(run: Mapping[str, Any]) -> dict[str, Any]:
    return {key: run[key] for key in ("license", "png")}


_WORDS = {"shards": "data", "model": "weights to start from"}


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _finished(out: Path) -> Finished:
    """Return what a run that stands already came to."""
    run = json.loads((out / RUN).read_bytes())
    return Finished(out, Trial(**run["trial"]), tuple(Trial(**trial) for trial in run["trials"]))


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
        for name in ("config.json", WEIGHTS, HISTORY):
            write_file(top / name, lambda beside, name=name: _copy(source / name, beside))  # type: ignore[misc]
    for path in sorted((shards / "tokenizer").iterdir()):
        if path.is_file() and path.name not in _OURS:
            write_file(top / path.name, lambda beside, path=path: _copy(path, beside))  # type: ignore[misc]
    folder = Path(model).expanduser()
    run = {
        "task": manifest["task"],
        "labels": manifest["labels"],
        "max_length": manifest["max_length"],
        **{name: manifest[name] for name in ("template", "max_target_length", "decoder", "stride") if name in manifest},
        "texts": texts_of(manifest["splits"]["train"]),
        "model": {"name": folder.resolve().name if folder.is_dir() else model, "sha256": made_from["model"]},
        "shards": manifest["fingerprint"],
        "tokenizer": manifest["tokenizer"],
        "options": {**made_from["options"], "learning_rate": winner.learning_rate, "seed": winner.seed},
        "learning_rates": made_from["learning_rates"],
        "seeds": made_from["seeds"],
        "license": made_from["license"],
        "png": made_from["png"],
        "trial": asdict(winner),
        "trials": [asdict(trial) for trial in trials],
    }
    write_bytes(top / RUN, dump_json(run))
    _describe(top, run, manifest, trials)
    fields = {name: run[name] for name in ("task", "labels", "model", "shards", "tokenizer")}
    losers = [f"trials/{path.parent.name}/{path.name}" for path in top.glob("trials/*/*") if path.name in _DROPPED]
    staging.commit(fields, drop=(checkpoint.FOLDER, *losers))


def _describe(top: Path, run: Mapping[str, Any], manifest: Mapping[str, Any], trials: Sequence[Trial]) -> None:
    """Write what a person looks at: the model card, plots, and the history as TensorBoard reads it."""
    history = [json.loads(line) for line in (top / HISTORY).read_bytes().splitlines()]
    draw(top, {**training_plots(history), "grid": grid_plot(trials)}, run["png"])
    write_bytes(top / EVENTS, event_file(history))
    write_bytes(top / CARD, model_card(run, manifest, run["license"]).encode())


_DROPPED = frozenset({WEIGHTS, "config.json", checkpoint.FOLDER})


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        raise FolderError(f"{source}: a symbolic link")
    shutil.copyfile(source, target)
