"""Print what always guessing one label, a classical model, and a run of sftformat are right in, on the same test rows.

    python baseline.py REVIEWS RUN

REVIEWS holds train.csv, validation.csv and test.csv with the columns text and label; RUN is a run folder that was
evaluated on test. The classical model is TF-IDF over words and pairs of words with logistic regression
(scikit-learn), fitted on train; its one setting is chosen on validation, as the run's epoch is.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

#: Inverse strengths of regularization to choose from on validation.
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)


def rows(path: Path) -> tuple[list[str], list[str]]:
    """Return the texts and the labels of a file."""
    with open(path, encoding="utf-8", newline="") as file:
        found = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    return [text for text, _ in found], [label for _, label in found]


def classical(reviews: Path) -> float:
    """Return the test accuracy of TF-IDF and logistic regression."""
    train, validation, test = (rows(reviews / f"{split}.csv") for split in ("train", "validation", "test"))
    models = [
        make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=strength, max_iter=1000)
        )
        for strength in STRENGTHS
    ]
    best = max((model.fit(*train) for model in models), key=lambda model: model.score(*validation))
    return float(best.score(*test))


def main() -> None:
    """Print the three figures."""
    reviews, run = Path(sys.argv[1]), Path(sys.argv[2])
    _, labels = rows(reviews / "test.csv")
    label, count = Counter(labels).most_common(1)[0]
    found = [json.loads(path.read_text()) for path in sorted(run.glob("evaluations/*-test/metrics.json"))]
    if not found:
        sys.exit(f"error: {run} was not evaluated on test: sftformat evaluate {run}")
    measured = found[-1]
    if measured["n"] != len(labels):
        print(f"note: the run was measured on {measured['n']:,} of {len(labels):,} test rows")
    low, high = measured["intervals"]["accuracy"]
    print(f"always {label!r}".ljust(36), f"{count / len(labels):.4f}")
    print("TF-IDF and logistic regression".ljust(36), f"{classical(reviews):.4f}")
    print("fine-tuned BERT".ljust(36), f"{measured['metrics']['accuracy']:.4f}   95 % interval {low:.4f} to {high:.4f}")


if __name__ == "__main__":
    main()
