"""What the rules about texts cost: `python -m tests.benchmarks.text_rules [ROWS]`; not a test.

For short records in several languages: the whole of `validate` with all default rules against the same without the
rules about texts, in turns, the best of three, in seconds of processor time; and what each rule takes, in percent of
the bare reading of the same file. The first text that is suspect for SFT207 also imports ftfy, once a process.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa

from sftformat.check import Settings, active
from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions
from sftformat.formats import ReadOptions, read, sniff
from sftformat.rules.signs import FORMAT, LATIN
from sftformat.rules.view import View

ABOUT_TEXTS = tuple(f"SFT{number}" for number in range(205, 213))
SENTENCES = {
    "English": "the film is a slow but clever story of two friends who can't agree - and it's 90% fun, isn't it",
    "German": "Größe für über schön Straße “Ängste” natürlich – Übung weiß Bücher „Tür“ müde grün und der die das",
    "French": "déjà été créée « voilà » c’est où même façade Noël œuvre à l’hôtel élève très français dîner",
    "Czech": "příliš žluťoučký kůň úpěl ďábelské ódy „píše“ myší sítě, řízek – větší těžký šíří se příští rok",
    "Russian": "это очень хорошая книга «Война» — я её читал два раза, и мне понравилось; герои живые №5",
    "Chinese": "这本书 非常 好看， “内容” 很丰富。 我 很喜欢—— 推荐 给 大家！ 物流 也 很快… 质量 不错",
}


def write(path: Path, words: list[str], rows: int) -> None:
    draw = random.Random(7)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(rows):
            text = f"{number} {' '.join(draw.choices(words, k=10))}"
            record = {"text": text, "label": ("good", "bad")[number % 2]}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def validated(path: Path, ignore: tuple[str, ...]) -> None:
    for _ in diagnose([str(path)], DatasetOptions(settings=Settings(ignore=ignore))):
        pass


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    for batch in read(sniff(path, path.name, ReadOptions())):
        columns = {
            "input": [each["text"] for each in batch.records],
            "target": [each["label"] for each in batch.records],
        }
        yield pa.RecordBatch.from_pydict(columns)


def shared(view: View) -> None:
    """Do what more than one of the rules asks for."""
    for text in view.texts:
        if text.signs.present & LATIN:
            text.signs.codes(LATIN, 2)
        if text.signs.present & FORMAT:
            text.signs.codes(FORMAT)


def by_rule(path: Path) -> dict[str, float]:
    """Return the seconds of each rule, and of the prefilter that they share."""
    rules = [rule for rule in active(Settings(), "classification") if rule.code in ABOUT_TEXTS]
    spent: Counter[str] = Counter()
    for rows in batches(path):
        view = View(rows, "classification")
        spent["prefilter"] += seconds(partial(shared, view))
        for rule in rules:
            spent[rule.name] += seconds(lambda rule=rule, view=view: list(rule.check(view, rule.thresholds)))
    return dict(spent)


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for language, sentence in SENTENCES.items():
            path = Path(folder) / f"{language}.jsonl"
            write(path, sentence.split(), rows)
            turns = [
                (seconds(lambda p=path: validated(p, ABOUT_TEXTS)), seconds(lambda p=path: validated(p, ())))
                for _ in range(3)
            ]
            without, with_them = (min(turn[side] for turn in turns) for side in (0, 1))
            reading = min(seconds(lambda p=path: list(read(sniff(p, p.name, ReadOptions())))) for _ in range(3))
            shares = ", ".join(f"{name} {100 * each / reading:.1f} %" for name, each in by_rule(path).items())
            print(
                f"{language}: {without:.2f} s without the rules, {with_them:.2f} s with them: {with_them / without:.3f}"
            )
            print(f"    reading {reading:.2f} s; {shares}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 500_000)
