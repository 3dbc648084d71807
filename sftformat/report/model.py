"""The model half for a person: training as it goes, trials, evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from sftformat.report.screen import Screen, add, bar, count, table

if TYPE_CHECKING:
    from sftformat.evaluate import Evaluation
    from sftformat.events import Event, Finished, Trial

#: Classes that the tables show; the files hold all.
SHOWN_CLASSES = 30
SHOWN_CONFUSION = 12


def follow(where: Screen, events: Iterable[Event]) -> Finished:
    """Draw training while it runs and return its last event."""
    from sftformat import events as kinds

    finished: Finished | None = None
    with bar(where, "train") as advance:
        for event in events:
            if isinstance(event, kinds.Started):
                _show_started(where, event)
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
    resumed = f", going on after step {event.step}" if event.step else ""
    where.note(
        f"{which}{count(event.rows, 'row')}, {count(event.epochs, 'epoch')}, {event.steps:,} steps, "
        f"learning rate {event.learning_rate:g}, {event.parameters / 1e6:.1f} M parameters on {event.device}{resumed}"
    )


def _show_epoch(where: Screen, event: Any) -> None:
    values = event.validation or {}
    shown = ", ".join(f"{name} {number(value)}" for name, value in list(values.items())[:4])
    best = "  ← best so far" if event.best and values else ""
    validation = f"; validation {shown}" if shown else ""
    where.note(f"epoch {event.epoch} of {event.epochs}: loss {event.loss:.4f}{validation}{best}")


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
        "loss",
        "",
        right=("epoch", f"validation {metric}", "loss"),
    )
    for trial in trials:
        mark = "← kept" if trial == kept else (trial.error or "")
        add(made, f"{trial.learning_rate:g}", trial.seed, trial.epoch, number(trial.value), number(trial.loss), mark)
    where.show(made)


def number(value: float | None) -> str:
    """Return a metric with four places, or a dash where it is not defined."""
    return "—" if value is None else f"{value:.4f}"


def show_evaluation(where: Screen, found: Evaluation) -> None:
    """Print the metrics with their intervals, the baseline, the classes and the confusion matrix."""
    opened = f", opened {count(found.opened, 'time')}" if found.opened else ""
    where.say(f"{found.split} of {found.name}: {count(found.n, 'row')}{opened}", "bold")
    made = table("metric", "value", "95 % interval", right=("value",))
    for name, value in found.metrics.items():
        low, high = found.intervals.get(name, (None, None))
        interval = f"{number(low)} – {number(high)}" if low is not None else ""
        add(made, name, number(value), interval, style="bold" if name == found.metric else "")
    if found.majority_accuracy is not None:
        add(made, f"accuracy of always {found.majority_label!r}", number(found.majority_accuracy), "")
    where.show(made)
    if found.per_class:
        where.say()
        _show_classes(where, found)
    if found.confusion is not None and len(found.confusion) <= SHOWN_CONFUSION:
        where.say()
        _show_confusion(where, found)
    for warning in found.warnings:
        where.warn(warning)


def _show_classes(where: Screen, found: Evaluation) -> None:
    numbers = ("precision", "recall", "F1", "rows", "predicted")
    made = table("class", *numbers, right=numbers)
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
        where.say(f"… and {len(found.per_class) - SHOWN_CLASSES} more classes in metrics.json", "dim")


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
