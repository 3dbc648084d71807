"""What a model must beat: TF-IDF and logistic regression on the same rows and tokens (scikit-learn, when it is there).

The features are the tokens of the shards and pairs of neighbours, so that it sees exactly what the model sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftformat.loader import Split

#: Rows of train that the baseline learns from at most; drawn with the seed.
MOST_ROWS = 50_000
#: Pairs of neighbours are hashed to so many columns.
PAIRS = 1 << 18


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline that was trained on `rows` of train, and the class (N,) that it predicts for each row."""

    rows: int
    predictions: NDArray[np.int64]


def installed() -> bool:
    """Return whether scikit-learn is there."""
    return find_spec("sklearn") is not None


def tfidf(
    train: Split, train_rows: NDArray[np.int64], split: Split, rows: NDArray[np.int64], seed: int = 0
) -> Baseline | None:
    """Train on rows of train and predict rows of a split; None where train has fewer than two classes."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    if len(train_rows) > MOST_ROWS:
        drawn = np.random.default_rng(seed).permutation(len(train_rows))[:MOST_ROWS]
        train_rows = train_rows[np.sort(drawn)]
    targets = train.targets[train_rows]
    if len(np.unique(targets)) < 2:
        return None
    size = int(max(max(int(chunk.ids.max()) for chunk in part.chunks) for part in (train, split))) + 1
    weigh = TfidfTransformer(sublinear_tf=True)
    features = weigh.fit_transform(counts(train, train_rows, size))
    classifier = LogisticRegression(C=10.0, max_iter=300, random_state=seed)
    classifier.fit(features, targets, sample_weight=train.weights[train_rows])
    return Baseline(len(train_rows), np.asarray(classifier.predict(weigh.transform(counts(split, rows, size)))))


def counts(split: Split, rows: NDArray[np.int64], size: int) -> Any:
    """Return how often each token, and each hashed pair of neighbours, is in each row: (N, size + PAIRS), sparse.

    Of a record that is several windows they are added up.
    """
    from scipy.sparse import csr_matrix

    tokens = np.concatenate([chunk.ids for chunk in split.chunks]).astype(np.int64)
    lengths = split.lengths.astype(np.int64)
    row = np.repeat(np.arange(len(split)), lengths)  # (tokens,)
    within = row[1:] == row[:-1]
    pairs = size + (tokens[:-1] * 1_000_003 + tokens[1:])[within] % PAIRS
    column = np.concatenate([tokens, pairs])
    row = np.concatenate([row, row[1:][within]])
    row = np.repeat(split.firsts, split.windows)[row]
    shape = (len(split), size + PAIRS)
    return csr_matrix((np.ones(len(row), np.float64), (row, column)), shape=shape)[rows]
