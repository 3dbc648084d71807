"""The model half for a person: training as it goes, trials, evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sftformat.diagnostics import clip
from sftformat.report.screen import Screen, add, bar, count, table

if TYPE_CHECKING:
    from sftformat.compare import Comparison
    from sftformat.evaluation import Evaluation
    from sftformat.events import Event, Finished, Trial

#: Classes that the tables show; the files hold all.
SHOWN_CLASSES = 30
SHOWN_CONFUSION = 12
#: What is counted of each class, tag or type of entity.
COUNTED = {"class": "rows", "tag": "words", "type": "entities"}


def follow(where: Screen, events: Iterable[Event]) -> Finished:
    """Draw training while it runs, each trial with a bar of its own, and return its last event."""
    from sftformat import events as kinds

    finished: Finished | None = None
    with ExitStack() as drawn:
        advance = drawn.enter_context(bar(where, "train"))
        for event in events:
            if isinstance(event, kinds.Started):
                drawn.close()
                _show_started(where, event)
                advance = drawn.enter_context(bar(where, "train", event.step))
            elif isinstance(event, kinds.StepDone):
                speed = f"{event.samples_per_second:.0f} rows/s"
                advance(event.step, event.steps, f"loss {event.loss:.3f} · {speed}")
            elif isinstance(event, kinds.EpochDone):
                _show_epoch(where, event)
            elif isinstance(event, kinds.Warned):
                where.warn(event.message)
            else:
                finished = event
    assert finished is not None
    return finished


def _show_started(where: Screen, event: Any) -> None:
    which = f"trial {event.trial} of {event.trials}: " if event.trials > 1 else ""
    windows = f" as {event.windows:,} windows" if event.windows else ""
    resumed = f", going on after step {event.step}" if event.step else ""
    where.note(
        f"{which}{count(event.rows, 'row')}{windows}, {count(event.epochs, 'epoch')}, {event.steps:,} steps, "
        f"learning rate {event.learning_rate:g}, {event.parameters / 1e6:.1f} M parameters on {event.device}{resumed}"
    )


def _show_epoch(where: Screen, event: Any) -> None:
    values = event.validation or {}
    shown = ", ".join(f"{name} {number(value)}" for name, value in list(values.items())[:4])
    best = "  ← best so far" if event.best and values else ""
    validation = f"; validation {shown}" if shown else ""
    where.note(f"epoch {event.epoch} of {event.epochs}: loss {event.loss:.4f}{validation}{best}")
    if event.stops:
        where.note("stopped early: validation is no longer getting better")


def show_trials(where: Screen, trials: Sequence[Trial], kept: Trial) -> None:
    """Print the table of a grid search, the kept one marked; one trial needs no table."""
    if len(trials) < 2:
        return
    metric = kept.metric
    made = table(
        "learning rate",
        "seed",
        "epoch",
        f"validation {metric}",
        "train loss",
        "",
        right=("epoch", f"validation {metric}", "train loss"),
    )
    for trial in trials:
        mark = "← kept" if trial == kept else (trial.error or "")
        add(made, f"{trial.learning_rate:g}", trial.seed, trial.epoch, number(trial.value), number(trial.loss), mark)
    where.show(made)
    if len({trial.seed for trial in trials}) > 1:
        where.say()
        _show_rates(where, trials)


def _show_rates(where: Screen, trials: Sequence[Trial]) -> None:
    """Print what the trials of each learning rate come to in the mean over their seeds, which is what decides."""
    from statistics import fmean, stdev

    numbers = (f"mean {trials[0].metric}", "deviation", "seeds")
    made = table("learning rate", *numbers, right=numbers)
    for rate in dict.fromkeys(trial.learning_rate for trial in trials):
        own = [trial for trial in trials if trial.learning_rate == rate]
        values = [trial.value for trial in own if trial.value is not None]
        mean = fmean(values) if len(values) == len(own) else None
        spread = stdev(values) if mean is not None and len(values) > 1 else None
        add(made, f"{rate:g}", number(mean), number(spread), len(own))
    where.show(made)


def number(value: float | None) -> str:
    """Return a metric with four places, or a dash where it is not defined."""
    return "—" if value is None else f"{value:.4f}"


def show_evaluation(where: Screen, found: Evaluation) -> None:
    """Print the metrics with their intervals, the baseline, the classes and the confusion matrix."""
    opened = f", opened {count(found.opened, 'time')}" if found.opened else ""
    words = f", {count(found.answers, 'word')}" if found.unit == "word" else ""
    where.say(f"{found.split} of {found.name}: {count(found.n, 'row')}{words}{opened}", "bold")
    made = table("metric", "value", "95 % interval", right=("value",))
    for name, value in sorted(found.metrics.items(), key=lambda each: each[0] != found.metric):
        low, high = found.intervals.get(name, (None, None))
        interval = f"{number(low)} – {number(high)}" if low is not None else ""
        add(made, name, number(value), interval, style="bold" if name == found.metric else "")
    if found.majority_accuracy is not None:
        add(made, f"accuracy of always {found.majority_label!r}", number(found.majority_accuracy), "")
    for baseline, values in found.baselines.items():
        add(made, f"{found.metric} of the {baseline}", number(values[found.metric]), "")
    if found.calibration is not None:
        add(made, "calibration error", number(found.calibration.ece), "")
    where.show(made)
    if found.cut:
        where.warn(f"{count(found.cut, 'word')} beyond --max-length have no prediction and are not scored")
    if found.per_class:
        where.say()
        _show_classes(where, found)
    if found.confusion is not None and len(found.confusion) <= SHOWN_CONFUSION:
        where.say()
        _show_confusion(where, found)
    for warning in found.warnings:
        where.warn(warning)


def _show_classes(where: Screen, found: Evaluation) -> None:
    numbers = ("precision", "recall", "F1", COUNTED[found.classes], "predicted")
    made = table(found.classes, *numbers, right=numbers)
    for each in found.per_class[:SHOWN_CLASSES]:
        add(
            made,
            each.label,
            number(each.precision),
            number(each.recall),
            number(each.f1),
            f"{each.support:,}",
            f"{each.predicted:,}",
        )
    where.show(made)
    if len(found.per_class) > SHOWN_CLASSES:
        where.say(f"… and {len(found.per_class) - SHOWN_CLASSES} more in metrics.json", "dim")


def _show_confusion(where: Screen, found: Evaluation) -> None:
    labels = [each.label for each in found.per_class]
    made = table("true \\ predicted", *labels, right=tuple(labels))
    for label, counts in zip(labels, found.confusion or (), strict=True):
        add(made, label, *(f"{number:,}" for number in counts))
    where.show(made)


def show_errors(where: Screen, errors: Sequence[Mapping[str, Any]], limit: int = 5) -> None:
    """Print the most confident wrong predictions, each with its source line."""
    if not errors:
        return
    where.say()
    where.say("most confident errors", "bold")
    made = table("place", "true", "predicted", "score", right=("score",))
    for each in errors[:limit]:
        score = (each.get("scores") or {}).get(each["prediction"])
        add(
            made,
            f"{each['file']}:{each['line']}",
            each["target"],
            each["prediction"],
            number(score) if score is not None else "",
        )
    where.show(made)


def show_comparison(where: Screen, found: Comparison, a: str, b: str) -> None:
    """Print two runs side by side: each metric of both, the difference with its interval, and its p."""
    where.say(f"{found.split} of {found.name}: {count(found.n, 'row')}", "bold")
    where.say(f"A = {a}, B = {b}")
    made = table("metric", "A", "B", "B − A", "95 % interval", "p", "test", right=("A", "B", "B − A", "p"))
    for each in found.differences:
        low, high = each.interval
        interval = f"{low:+.4f} – {high:+.4f}" if low is not None and high is not None else ""
        difference = "—" if each.difference is None else f"{each.difference:+.4f}"
        p = "—" if each.p is None else f"{each.p:.4f}" if each.p >= 0.0001 else "<0.0001"
        style = "bold" if each.metric == found.metric else ""
        add(made, each.metric, number(each.a), number(each.b), difference, interval, p, TESTS[each.test], style=style)
    where.show(made)
    where.say()
    if found.only_a is not None and found.only_b is not None:
        where.say(f"right in A alone: {count(found.only_a, 'row')}; in B alone: {count(found.only_b, 'row')}")
    where.say(_verdict(found))


#: How the tests of a comparison are called.
TESTS = {"mcnemar": "exact McNemar", "permutation": "permutation"}


def _verdict(found: Comparison) -> str:
    """Say in one line what the numbers allow to say."""
    main = next((each for each in found.differences if each.metric == found.metric), found.differences[0])
    if main.p is None or main.difference is None:
        return f"{main.metric} is not defined for both runs: nothing can be said"
    if main.p >= 0.05:
        return f"{main.metric}: the difference may well be chance (p = {main.p:.3g})"
    better = "B" if (main.difference > 0) != (main.metric in ("loss", "mae", "mse", "hamming_loss")) else "A"
    return f"{main.metric}: {better} is better by more than chance (p = {main.p:.3g})"


def show_written(where: Screen, errors: Sequence[Mapping[str, Any]]) -> None:
    """Print the texts that were furthest from what was wanted, each with its source line."""
    if not errors:
        return
    where.say()
    where.say("least expected targets", "bold")
    made = table("place", "loss", "wanted", "written", right=("loss",))
    for each in errors:
        add(
            made, f"{each['file']}:{each['line']}", number(each["loss"]), clip(each["target"]), clip(each["prediction"])
        )
    where.show(made)


def show_next(where: Screen, commands: Sequence[tuple[str, str]]) -> None:
    """Print the exact commands that come next, each with what it does."""
    where.say()
    for words, command in commands:
        where.out.print(Text.assemble((f"{words}: ", "dim"), command), soft_wrap=True)


def relative(path: Path) -> str:
    """Return a path as one would type it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
