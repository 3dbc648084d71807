"""Make train.csv, validation.csv and test.csv from the movie review snippets in the source archive of vaderSentiment.

    python movies.py vaderSentiment-3.3.2.tar.gz OUT [--train 2000] [--validation 500]

The archive holds 10,605 snippets of movie reviews, each with the mean of human scores (Hutto and Gilbert, 2014). The
sign of the score is the label; 37 scores are 0 and are left out. Snippets are ordered by a hash, so that equal texts
stay beside each other and the split does not depend on the order of the file; equal texts are never cut apart.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import tarfile
from pathlib import Path

INNER = "hutto_ICWSM_2014.tar.gz"
SNIPPETS = "movieReviewSnippets_GroundTruth.txt"


def snippets(archive: Path) -> list[tuple[str, float, str]]:
    """Return (id, score, text) of every line, in the order of the file."""
    with tarfile.open(archive) as outer:
        inner_name = next(name for name in outer.getnames() if name.endswith(INNER))
        with tarfile.open(fileobj=outer.extractfile(inner_name)) as inner:
            name = next(name for name in inner.getnames() if Path(name).name == SNIPPETS)
            file = inner.extractfile(name)
            assert file is not None
            lines = file.read().decode("utf-8").split("\n")
    rows = (line.rstrip("\r").split("\t") for line in lines if line.strip())
    return [(number, float(score), text) for number, score, text in rows]


def main() -> None:
    """Write the three files and say how many rows each has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("archive", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--train", type=int, default=2000)
    parser.add_argument("--validation", type=int, default=500)
    given = parser.parse_args()
    found = snippets(given.archive)
    rows = [(number, text, "positive" if score > 0 else "negative") for number, score, text in found if score != 0]
    rows.sort(key=lambda row: (hashlib.sha256(row[1].strip().lower().encode()).digest(), row[0]))
    cuts = [0, _cut(rows, given.train), _cut(rows, given.train + given.validation), len(rows)]
    given.out.mkdir(parents=True, exist_ok=True)
    for split, start, stop in zip(("train", "validation", "test"), cuts, cuts[1:], strict=False):
        with open(given.out / f"{split}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("id", "text", "label"))
            writer.writerows(rows[start:stop])
        print(f"{split}.csv: {stop - start} rows")
    print(f"{len(found)} snippets read, {len(found) - len(rows)} with score 0 left out")


def _cut(rows: list[tuple[str, str, str]], index: int) -> int:
    """Return the first index from `index` on where a new text begins."""
    while 0 < index < len(rows) and rows[index][1] == rows[index - 1][1]:
        index += 1
    return index


if __name__ == "__main__":
    main()
