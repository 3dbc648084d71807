"""Accuracy on snippets of film reviews: `python -m tests.benchmarks.snippets seeds|grid [--seeds A,B] [--rate X]`.

seeds  2,000 rows, 2 epochs: ours and transformers' Trainer in turn, with the same model, data, batch size, steps, rate
       and schedule, and TF-IDF with logistic regression beside; tested on all rows not used. Speeds are those of
       processor time, which others on the machine do not change: with OMP_NUM_THREADS=1 no thread waits in it
grid   five rates of 1e-5..1e-3: which one validation chooses, and how it does on test beside the best of them, row by
       row on all rows that are neither trained on nor chosen by

The exit status is 1 where ours is further below Trainer or TF-IDF, or the rate chosen below the best, than is wanted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sftformat.baselines import tfidf
from sftformat.compare import mcnemar
from sftformat.events import TrainOptions
from sftformat.folder.manifest import open_folder
from sftformat.loader import Split, open_split
from sftformat.metrics import bootstrap_interval
from sftformat.models import infer, load_model
from sftformat.train import train
from sftformat.trials import choose, parse_rates
from tests.realdata.snippets import TRAINED, write_shards

from .entrants import BATCH, model, trainer_of

EPOCHS = 2
#: How far ours may be below Trainer, and the rate chosen below the best one: shares of the rows.
BELOW_TRAINER, BELOW = 0.015, 0.01


def right(made: Any, split: Split) -> np.ndarray[Any, Any]:
    """Return which rows of a split a model answers right: (N,)."""
    logits = infer(made.eval(), split, split.answerable, 64)
    return np.asarray(logits.argmax(1) == split.targets[split.answerable])


def ours(shards: Path, folder: Path, rate: float, seed: int) -> tuple[Any, float, Any]:
    """Train as the command does; return the model, the seconds of processor that it took and the last event."""
    options = TrainOptions(rate, EPOCHS, BATCH, seed=seed, precision="auto", keep="last")
    start = time.process_time()
    *_, last = train(shards, model(), options, folder)
    seconds = time.process_time() - start
    return load_model(str(folder), "classification", ["negative", "positive"], trained=True), seconds, last


def theirs(shards: Path, folder: Path, rate: float, seed: int) -> tuple[Any, float]:
    """Train with transformers' Trainer, with its own batches and precision."""
    from transformers import set_seed

    set_seed(seed)
    start = time.process_time()
    made = load_model(model(), "classification", ["negative", "positive"])
    trainer_of(made, shards, folder, rate, EPOCHS, seed=seed).train()
    return made, time.process_time() - start


def seeds(
    folder: Path, numbers: Sequence[int], rate: float, peer: bool, rows: int | None = None, trained: int = TRAINED
) -> bool:
    """Print the accuracy of both for each seed, and their means; return whether they are as they should be."""
    shards = write_shards(folder, Path(model()), 0, rows, trained)
    train_split, test = (open_split(shards, open_folder(shards, "shards"), name) for name in ("train", "test"))
    baseline = tfidf(train_split, train_split.answerable, test, test.answerable)
    assert baseline is not None
    share = float((baseline.predictions == test.targets[test.answerable]).mean())
    print(f"{len(train_split):,} rows of train, {len(test):,} of test; TF-IDF + logistic regression {share:.4f}")
    found: dict[str, list[float]] = {"ours": [], **({"Trainer": []} if peer else {})}
    speeds: list[float] = []
    for seed in numbers:
        made, own, _ = ours(shards, folder / f"ours-{seed}", rate, seed)
        found["ours"].append(float(right(made, test).mean()))
        took = [own]
        if peer:
            made, other = theirs(shards, folder / f"theirs-{seed}", rate, seed)
            found["Trainer"].append(float(right(made, test).mean()))
            took, speeds = [own, other], [*speeds, other / own]
        said = ", ".join(f"{name} {values[-1]:.4f}" for name, values in found.items())
        print(f"seed {seed}: {said}; {', '.join(f'{each:.0f} s' for each in took)} of processor to train", flush=True)
    means = {name: statistics.fmean(values) for name, values in found.items()}
    told = ", ".join(f"{name} {value:.4f}" for name, value in means.items())
    faster = f"; {statistics.median(speeds):.2f} times the speed of Trainer" if peer else ""
    print(f"mean of {len(numbers)} seeds: {told}{faster}")
    return means["ours"] > share and means["ours"] >= means.get("Trainer", 0.0) - BELOW_TRAINER


def grid(folder: Path, seed: int, rows: int | None) -> bool:
    """Print what validation and test say of each rate, and how the one chosen stands to the best on the same rows.

    Returns whether it is no further below than is wanted.
    """
    shards = write_shards(folder, Path(model()), 600, rows)
    test = open_split(shards, open_folder(shards, "shards"), "test")
    found: dict[float, np.ndarray[Any, Any]] = {}
    trials = []
    for rate in parse_rates("1e-5..1e-3"):
        made, _, last = ours(shards, folder / f"{rate:g}", rate, seed)
        trials.append(last.trial)
        found[rate] = right(made, test)
        print(f"rate {rate:.3g}: validation {last.trial.value:.4f}, test {found[rate].mean():.4f}", flush=True)
    chosen, best = choose(trials).learning_rate, max(found, key=lambda rate: float(found[rate].mean()))
    apart = found[chosen].astype(np.float64) - found[best]
    low, high = bootstrap_interval(lambda drawn: apart[drawn].mean(-1), len(apart))
    only = [int((found[one] & ~found[other]).sum()) for one, other in ((chosen, best), (best, chosen))]
    print(f"{len(apart):,} rows of test: chosen {chosen:.3g}, {found[chosen].mean():.4f}; best {best:.3g}, ", end="")
    print(f"{found[best].mean():.4f}; difference {apart.mean():+.4f} ({low:+.4f} to {high:+.4f}), ", end="")
    print(f"right by one alone {only[0]} and {only[1]}, p {mcnemar(*only):.3g}")
    return bool(apart.mean() >= -BELOW)


def main() -> None:
    """Run what is asked for, and say with the exit status whether it is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["seeds", "grid"])
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--alone", action="store_true", help="ours without Trainer")
    parser.add_argument("--test", type=int, help="so many rows of test, not all")
    parser.add_argument("--trained", type=int, default=TRAINED, help=f"seeds: rows to train on ({TRAINED:,})")
    parser.add_argument("--rate", type=float, default=1e-4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.what == "grid":
            held = grid(Path(folder), int(given.seeds.split(",")[0]), given.test)
        else:
            numbers = [int(seed) for seed in given.seeds.split(",")]
            held = seeds(Path(folder), numbers, given.rate, not given.alone, given.test, given.trained)
    raise SystemExit(0 if held else 1)


if __name__ == "__main__":
    main()
