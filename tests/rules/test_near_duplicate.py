"""SFT404 near-duplicate: exact in what it reports, and its recall is measured against brute force."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings, Tally, active, check_set, folded
from sftformat.rules.near import SHINGLE, bands, buckets, shingles

pytest.importorskip("rensa")
datasketch = pytest.importorskip("datasketch")

CODE = "SFT404"
LONG = "The film is a long one, the cast is fine, and the end is much better than the beginning of it."


def row(text: str, split: str = "train", **more: object) -> dict[str, object]:
    return {"input": text, "target": "x", "split": split, **more}


def sets(text: str) -> set[str]:
    text = folded(text)
    padded = text.ljust(SHINGLE, "\0")
    return {padded[start : start + SHINGLE] for start in range(len(padded) - SHINGLE + 1)} if text else set()


def jaccard(one: str, other: str) -> float:
    left, right = sets(one), sets(other)
    return len(left & right) / len(left | right) if left or right else 0.0


@pytest.mark.parametrize(
    "records",
    [
        [row(LONG), row(LONG)],  # SFT401
        [row(LONG), row(LONG, target="y")],  # SFT402
        [row(LONG), row(LONG + "!", "test")],  # SFT405
        [row(""), row(" "), row("\u3000")],  # SFT201
        [row("good"), row("bad")],
        [row(LONG), row(LONG.replace("film", "book").replace("cast", "plot").replace("beginning", "middle"))],
        [row("a"), row("a", input_pair="b" * 30)],
    ],
)
def test_noop(found, records):
    assert found(CODE, records) == []


@pytest.mark.parametrize(
    "other",
    [
        LONG + "!",
        LONG.upper(),
        LONG.replace("cast", "plot"),
        "  " + LONG.replace(" ", "  "),
        LONG.replace("film", "ﬁlm"),
    ],
)
def test_finds_what_is_nearly_the_same(found, other):
    (finding,) = found(CODE, [row(LONG), row("something else, which is no near text"), row(other)])
    alike = f"{jaccard(LONG, other):.0%}"
    assert (finding.line, finding.split, finding.got) == (3, "train", alike)
    assert finding.message == f"{alike} the same input as a.jsonl:1"


def test_works_in_scripts_without_blanks(found):
    text = "这部电影很长，演员都很好，结尾比开头好得多，值得一看。"
    (finding,) = found(CODE, [row(text), row(text.replace("很长", "太长"))], min_similarity=0.6)
    assert finding.line == 2


def test_a_row_points_at_the_first_and_exact_repeats_are_told_once(found):
    records = [row(LONG), row(LONG + "!"), row(LONG + "?"), row(LONG + "!"), row(LONG, "test"), row(LONG + ".", "test")]
    assert [(each.line, each.message[-9:]) for each in found(CODE, records)] == [
        (2, "a.jsonl:1"),
        (3, "a.jsonl:1"),
        (6, "a.jsonl:5"),
    ]


def corpus(rows: int, seed: int = 3) -> list[str]:
    """Synthetic texts: half of them are earlier ones with words changed, from hardly to beyond recognition."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(2000)]
    texts: list[str] = []
    for _ in range(rows):
        if texts and rng.random() < 0.5:
            parts = rng.choice(texts).split()
            for _ in range(rng.randint(0, 4)):
                parts[rng.randrange(len(parts))] = rng.choice(words)
        else:
            parts = rng.choices(words, k=rng.randint(8, 60))
        texts.append(" ".join(parts))
    return texts


def letters(number: int) -> list[str]:
    """Texts of one template."""
    return [
        f"Dear customer {each}, your parcel with many good things in it will arrive soon." for each in range(number)
    ]


def near_rows(texts: Sequence[str], similarity: float) -> set[int]:
    """By brute force: the rows nearly equal, and not equal, to an earlier one; of equal rows the first."""
    first = {text: index for index, text in reversed(list(enumerate(texts)))}
    made = [sets(text) for text in texts]
    pairs = combinations(sorted(first.values()), 2)
    found = set()
    for one, other in pairs:
        smaller, larger = sorted((len(made[one]), len(made[other])))
        if smaller >= similarity * larger:
            shared = len(made[one] & made[other])
            if shared >= similarity * (smaller + larger - shared):
                found.add(other)
    return found


@pytest.mark.parametrize("similarity", [0.5, 0.8])
def test_recall_against_brute_force(found, similarity):
    texts = corpus(600)
    expected = near_rows(texts, similarity)
    reported = {each.line - 1 for each in found(CODE, [row(text) for text in texts], min_similarity=similarity)}
    assert reported <= expected, "something was reported that is less alike"
    assert len(expected) > 20
    assert len(reported) >= 0.99 * len(expected), f"recall {len(reported) / len(expected):.4f}"


def test_one_template_many_times(found):
    """Buckets far larger than what is compared in them: every row but the first is near an earlier one."""
    texts = [
        f"Dear customer {number}, your parcel with many good things in it will arrive soon." for number in range(999)
    ]
    assert len(found(CODE, [row(text) for text in texts], min_similarity=0.7)) >= 0.99 * 998


def test_cuts_and_partitions_do_not_matter(tmp_path):
    texts = corpus(300)
    results = []
    for number, (cuts, partitions) in enumerate([((300,), 64), ((100, 150, 50), 64), ((1, 299), 3)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        settings, summaries, start = Settings((CODE,)), [], 0
        for unit, size in enumerate(cuts):
            tally = Tally(folder, unit, "classification", partitions=partitions, near=0.8)
            source = [{"file": "a", "line": line, "byte": 0} for line in range(start + 1, start + size + 1)]
            kind = pa.struct([("file", pa.string()), ("line", pa.int64()), ("byte", pa.int64())])
            columns = {"input": texts[start : start + size], "source": pa.array(source, kind)}
            tally.add(pa.RecordBatch.from_pydict({**columns, "target": ["x"] * size}))
            summaries.append(tally.finish())
            start += size
        results.append(list(check_set(summaries, folder, "classification", settings)))
    assert results[0]
    assert results[0] == results[1] == results[2]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_the_sets_are_those_of_the_definition(texts):
    hashes, offsets = shingles(pa.array(texts))
    counts = [len(sets(text)) for text in texts]
    assert np.diff(offsets).tolist() == counts
    for index in range(len(texts)):
        part = hashes[offsets[index] : offsets[index + 1]]
        assert (np.diff(part.astype(np.int64)) > 0).all()
        assert (shingles(pa.array([texts[index]]))[0] == part).all()


def test_the_signatures_estimate_like_those_of_datasketch():
    """Another library over the same shingles agrees about how alike texts are, within what 128 numbers allow."""
    for other in (LONG + "!", LONG.replace("cast", "plot"), LONG[:60] + LONG[:30]):
        signatures = []
        for text in (LONG, other):
            made = datasketch.MinHash(num_perm=128, seed=1)
            made.update_batch([part.encode() for part in sets(text)])
            signatures.append(made)
        hashes, offsets = shingles(pa.array([LONG, other]))
        keys = buckets(hashes, offsets, 0.03)  # bands of one number: their agreement is the estimate
        ours = float((keys[0] == keys[1]).mean())
        assert abs(ours - jaccard(LONG, other)) < 0.15
        assert abs(ours - signatures[0].jaccard(signatures[1])) < 0.25


@pytest.mark.parametrize("similarity", [0.01, 0.3, 0.5, 0.8, 0.95, 1.0])
def test_bands_keep_the_recall(similarity):
    number, rows = bands(similarity)
    assert number * rows <= 128
    assert rows == 1 or 1 - (1 - similarity**rows) ** number >= 0.99


def test_without_the_package_there_is_one_clear_line(tmp_path):
    (tmp_path / "rensa.py").unlink(missing_ok=True)
    script = (
        "import importlib.util as u, sys; real = u.find_spec;"
        "u.find_spec = lambda name, *more: None if name == 'rensa' else real(name, *more);"
        "from sftformat.check import Settings, active;"
        "active(Settings(), 'chat'); active(Settings(('SFT4',), ('SFT404', 'SFT405')), 'chat');"
        "active(Settings(('SFT404',)), 'chat')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "sftformat.errors.UsageError: SFT404 near-duplicate needs the package rensa: pip install 'sftformat[near]', "
        "or leave it out with --ignore near-duplicate"
    )


def test_off_unless_selected():
    assert CODE not in {rule.code for rule in active(Settings(), "classification")}
    (rule,) = active(Settings((CODE,)), "classification")
    assert rule.severity == "warning"


QUESTIONS = [
    *("How tall is the tower?", "Who wrote Faust?", "What is the time in Lima?", "Do pigs fly?", "Is it Friday today?"),
    *("Where did she go?", "Why is the sky blue?", "When was Bern founded?", "Which is larger?", "Can you sing?"),
]
TOOLS = json.dumps([{"name": f"tool_{number}", "description": LONG} for number in range(9)])


def chat(question: str, system: str = "", answer: str = "Well.") -> dict[str, Any]:
    turns = [{"role": "system", "content": system}] if system else []
    turns.append({"role": "user", "content": question})
    return {"input": turns, "target": [{"role": "assistant", "content": answer}], "tools": TOOLS}


@pytest.mark.parametrize("system", ["", LONG])
def test_what_all_rows_share_does_not_make_them_alike(found, system):
    assert found(CODE, [chat(question, system) for question in QUESTIONS], "chat", min_similarity=0.5) == []
    given = {"instruction": LONG, "system": system or None}
    records = [{"input": question, "target": "x", **given} for question in QUESTIONS]
    assert found(CODE, records, "text-to-text", min_similarity=0.5) == []


def test_one_text_for_two_purposes_is_no_duplicate(found):
    records = [
        {"input": LONG + end, "target": "x", "instruction": instruction}
        for end in ("", "!")
        for instruction in ("Summarize it.", "Translate it.", None)
    ]
    assert [each.line for each in found(CODE, records, "text-to-text")] == [4, 5, 6]


def test_an_instruction_alone_is_compared(found):
    records = [{"input": "", "target": "x", "instruction": LONG + end} for end in ("", "!")]
    assert [each.line for each in found(CODE, records, "text-to-text")] == [2]


def test_the_same_question_is_found_among_conversations(found):
    records = [chat(LONG, "Be kind."), chat(LONG + "!", "Be kind."), chat(LONG + "?", "Be rude."), chat(QUESTIONS[0])]
    assert [each.line for each in found(CODE, records, "chat")] == [2]
