"""How much of a text is in another: BLEU, chrF (sacrebleu) and ROUGE-L (rouge_score), from counts that add up by row.

The counts of a row do not depend on the others, so a bootstrap over rows adds them up and scores the sum. Needs the
extra `text`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftformat.errors import ModelError

_WORD = re.compile(r"\w+")


def require_text_extra() -> None:
    """Check that texts can be compared.

    Raises:
        ModelError: sacrebleu or rouge_score is not installed.
    """
    missing = [name for name in ("sacrebleu", "rouge_score") if find_spec(name) is None]
    if missing:
        raise ModelError(f"{' and '.join(missing)} not installed: pip install 'sftformat[text]'")


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of N rows under one metric of sacrebleu, (N, K); `metric` scores a sum of them, 0 to 100."""

    metric: Any
    counts: NDArray[np.float64]

    def score(self, rows: NDArray[np.int64] | None = None) -> float:
        """Return the score of all rows, or of those numbered."""
        return self._of(self.counts.sum(0) if rows is None else self.counts[rows].sum(0))

    def drawn(self, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the scores of samples of rows, (R, N) to (R,)."""
        size = len(self.counts)
        cells = np.bincount((drawn + size * np.arange(len(drawn))[:, None]).ravel(), minlength=size * len(drawn))
        sums = cells.reshape(len(drawn), size) @ self.counts
        return np.array([self._of(row) for row in sums])

    def _of(self, sums: NDArray[np.float64]) -> float:
        found = self.metric._compute_score_from_stats([int(value) for value in sums.tolist()])
        return float(found.score)


def counted(name: str, written: Sequence[str], wanted: Sequence[Sequence[str]], *, lowercase: bool) -> Counted:
    """Count for `bleu` or `chrf` what each row shares with its references, of which it has one or more."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    metric: Any = BLEU(lowercase=lowercase, force=True) if name == "bleu" else CHRF(lowercase=lowercase)
    most = max(map(len, wanted), default=1)
    streams = [[each[place] if place < len(each) else None for each in wanted] for place in range(most)]
    found = metric._extract_corpus_statistics(list(written), streams)
    return Counted(metric, np.array(found, np.float64).reshape(len(written), -1))


class _Words:
    """Words of any script in lower case; the library's own way keeps nothing but a to z and digits."""

    def tokenize(self, text: str) -> list[str]:
        """Return the words of a text."""
        return _WORD.findall(text.lower())


def rouge_l(written: Sequence[str], wanted: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Return the F-measure of the longest common subsequence of words, with the nearest reference: (N,), 0 to 100."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=_Words())
    pairs = zip(written, wanted, strict=True)
    return np.array([100 * max(scorer.score(each, text)["rougeL"].fmeasure for each in refs) for text, refs in pairs])


def exact(written: Sequence[str], wanted: Sequence[Sequence[str]], *, lowercase: bool) -> NDArray[np.bool_]:
    """Tell which texts are one of their references, blanks between words aside: (N,)."""

    def plain(text: str) -> str:
        joined = " ".join(text.split())
        return joined.lower() if lowercase else joined

    return np.array([plain(text) in map(plain, refs) for text, refs in zip(written, wanted, strict=True)], bool)
