"""Text-to-text and chat: an encoder reads a text, a decoder writes the answer.

Targets in a batch are (B, U) int64 tokens, `IGNORED` where nothing is to be written. Of N rows `Answers` holds for each
the sum of the loss over its tokens, their number, and how many of them are the most likely ones: (N, 3); its targets
are the texts that are wanted, and `sides` has what was asked, further right answers and, once decoded, what is written.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sftformat.tasks.overlap import counted, exact, rouge_l
from sftformat.tasks.task import IGNORED, Answers, Statistic, Task
from sftformat.tasks.tokens import asked, loss

if TYPE_CHECKING:
    from torch import Tensor

#: Metrics of what is written, which has to be decoded for them: slow.
WRITTEN = ("chrf", "bleu", "rouge_l", "exact_match")
#: How the most that can be had is called.
BEST = "target through the tokenizer"
#: Metrics of each token given those before it.
_FORCED = ("loss", "perplexity", "token_accuracy")


def marks(logits: Tensor, targets: Tensor) -> Tensor:
    """Return (B, 3) from logits (B, U, V) and targets (B, U): the loss of all tokens, their number, those right."""
    import torch
    from torch.nn import functional

    there = targets != IGNORED
    each = functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none", ignore_index=IGNORED)
    right = (logits.argmax(-1) == targets) & there
    return torch.stack([each.sum(1), there.sum(1).float(), right.sum(1).float()], 1)


def losses(answers: Answers) -> NDArray[np.float64]:
    """Return the mean cross-entropy over the tokens of each row."""
    sums = np.asarray(answers.logits, np.float64)
    return np.asarray(sums[:, 0] / np.maximum(sums[:, 1], 1), np.float64)


def decide(answers: Answers) -> list[str | None]:
    """Return what is written in each row; None where it was not decoded."""
    sides = answers.sides
    return list(sides.written) if sides is not None and sides.written is not None else [None] * len(answers)


def wanted_of(answers: Answers) -> list[list[str]]:
    """Return the right answers of each row, the target first."""
    others = answers.sides.others if answers.sides is not None else [[] for _ in answers.targets]
    return [[target, *more] for target, more in zip(answers.targets, others, strict=True)]


def _text_scores(answers: Answers, written: Sequence[str]) -> dict[str, float]:
    wanted, lowercase = wanted_of(answers), answers.sides is not None and answers.sides.lowercase
    found = {name: counted(name, written, wanted, lowercase=lowercase).score() for name in ("chrf", "bleu")}
    found["rouge_l"] = float(rouge_l(written, wanted).mean())
    return {**found, "exact_match": float(exact(written, wanted, lowercase=lowercase).mean())}


def scores(answers: Answers) -> list[float]:
    """Return mean loss, perplexity and accuracy over tokens, then chrF, BLEU, ROUGE-L and exact matches of texts."""
    total, tokens, right = np.asarray(answers.logits, np.float64).sum(0)
    mean = float(total / max(tokens, 1))
    forced = [mean, math.exp(mean) if mean < 700 else math.inf, float(right / max(tokens, 1))]
    if answers.sides is None or answers.sides.written is None:
        return [*forced, *[math.nan] * len(WRITTEN)]
    found = _text_scores(answers, answers.sides.written)
    return [*forced, *(found[name] for name in WRITTEN)]


def statistics(answers: Answers, predictions: Any) -> Mapping[str, Statistic]:
    """Return chrF, BLEU, ROUGE-L and exact matches, of rows drawn, and the mean loss over their tokens."""
    sums = np.asarray(answers.logits, np.float64)
    found: dict[str, Statistic] = {
        "loss": lambda drawn: sums[drawn, 0].sum(-1) / np.maximum(sums[drawn, 1].sum(-1), 1),
    }
    if None in predictions:
        return found
    wanted, lowercase = wanted_of(answers), answers.sides is not None and answers.sides.lowercase
    longest = rouge_l(predictions, wanted)
    same = exact(predictions, wanted, lowercase=lowercase).astype(np.float64)
    corpora = {name: counted(name, predictions, wanted, lowercase=lowercase).drawn for name in ("chrf", "bleu")}
    means: dict[str, Statistic] = {
        "rouge_l": lambda drawn: longest[drawn].mean(-1),
        "exact_match": lambda drawn: same[drawn].mean(-1),
    }
    return {**found, **corpora, **means}


def said(answers: Answers) -> Iterator[dict[str, Any]]:
    """Yield what is written in each row."""
    for text in decide(answers):
        yield {"prediction": text}


def caseless(answers: Answers) -> str | None:
    """Return a warning where texts are compared without their capitals."""
    lowercase = answers.sides is not None and answers.sides.lowercase
    return "the tokenizer knows no capitals: texts are compared without them" if lowercase else None


def baselines(answers: Answers) -> dict[str, dict[str, float]]:
    """Return the scores of copying the source, of always writing the commonest target, and of writing each target.

    The last is the most that can be had, and told only where the tokenizer does not write every target as it stands.
    """
    assert answers.sides is not None
    common = Counter(answers.targets).most_common(1)[0][0]
    lazy = {"copy of the source": answers.sides.asked, "most frequent target": [common] * len(answers)}
    found = {name: _text_scores(answers, texts) for name, texts in lazy.items()}
    best = answers.sides.best
    if best is not None and not all(map(str.__eq__, best, answers.targets)):
        found[BEST] = _text_scores(answers, best)
    return found


def correct(answers: Answers) -> list[bool]:
    """Tell which rows have one of their right answers."""
    lowercase = answers.sides is not None and answers.sides.lowercase
    return [
        bool(each) for each in exact([text or "" for text in decide(answers)], wanted_of(answers), lowercase=lowercase)
    ]


def _row(name: str) -> Task:
    return Task(
        name=name,
        column=pa.list_(pa.int64()),
        head="EncoderDecoderModel",
        problem=None,
        metric="loss",
        metrics=(*_FORCED, *WRITTEN),
        loss=loss,
        losses=losses,
        decide=decide,
        scores=scores,
        statistics=statistics,
        named=lambda _, text: text,
        said=said,
        smoothed=loss,
        asked=asked,
        unit="text",
        shown="chrf",
        baselines=baselines,
        correct=correct,
    )


TEXT, CHAT = _row("text-to-text"), _row("chat")
