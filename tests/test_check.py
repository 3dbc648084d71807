"""The check stage as a whole: cuts, batches and partitions do not matter, and a brute-force oracle agrees."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftformat.check import (
    Settings,
    Summary,
    Tally,
    View,
    active,
    check_rows,
    check_set,
    chosen,
    duplicates,
    folded,
    input_texts,
    told,
    tolerances,
)
from sftformat.diagnostics import Diagnostic, Severity, diagnostic
from sftformat.errors import UsageError
from sftformat.rules import RULES, spill
from sftformat.rules.folding import folding
from sftformat.rules.rule import TASKS
from sftformat.schema.arrow import arrow_schema
from sftformat.validate import diagnose

SOURCE = pa.struct([("file", pa.string()), ("line", pa.int64()), ("byte", pa.int64())])
TARGETS = {"classification": pa.string(), "multilabel": pa.list_(pa.string()), "text-to-text": pa.string()}
Records = Sequence[dict[str, Any]]

relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def batch(records: Records, task: str = "classification", first_line: int = 1) -> pa.RecordBatch:
    names = ["id", "split", "input", "input_pair", "instruction", "system", "group"]
    schema = pa.schema([*((name, pa.string()) for name in names), ("target", TARGETS[task]), ("source", SOURCE)])
    rows = [{"source": {"file": "a.jsonl", "line": line}} | dict(row) for line, row in enumerate(records, first_line)]
    return pa.RecordBatch.from_pylist(rows, schema)


def tallied(
    folder: Path, records: Records, task: str, cuts: Sequence[Sequence[int]], partitions: int = 64
) -> list[Summary]:
    """One tally a unit; `cuts` holds for each unit the sizes of its batches, the last unit takes the rest."""
    summaries, done = [], 0
    for unit, sizes in enumerate([*cuts, [len(records)]]):
        tally = Tally(folder, unit, task, partitions=partitions)
        for size in sizes:
            rows = records[done : done + size]
            tally.add(batch(rows, task, done + 1))
            done += len(rows)
        summaries.append(tally.finish())
    return summaries


def checked(
    records: Records, task: str = "classification", cuts: Any = (), partitions: int = 64, **kw: Any
) -> list[Diagnostic]:
    with tempfile.TemporaryDirectory() as folder:
        summaries = tallied(Path(folder), records, task, cuts, partitions)
        return list(check_set(summaries, Path(folder), task, Settings(**kw)))


TEXTS = ["a", "A", " a", "b", "B\t b", "b b", "ﬁ", "fi", "", " ", "é", "e\u0301", "\x02", "c", "d"]
LABELS = ["x", "X", "x ", "y", "z", "0", "1", "3", ""]
SPLITS = st.sampled_from(["train", "train", "validation", "test", None, "extra"])
common = {
    "id": st.sampled_from([None, "1", "2", "3"]),
    "split": SPLITS,
    "input": st.sampled_from(TEXTS),
    "input_pair": st.sampled_from([None, None, None, "", "a"]),
    "group": st.sampled_from([None, None, "g", "h"]),
}
label = st.sampled_from(LABELS)
data_sets = st.one_of(
    st.tuples(
        st.just("classification"),
        st.lists(st.fixed_dictionaries(common | {"target": st.none() | label}), max_size=30),
    ),
    st.tuples(
        st.just("multilabel"),
        st.lists(st.fixed_dictionaries(common | {"target": st.none() | st.lists(label, max_size=3)}), max_size=30),
    ),
)
cut_lists = st.lists(st.lists(st.integers(0, 6), max_size=4), max_size=4)


@relaxed
@given(data_sets, cut_lists, st.sampled_from([1, 2, 7, 64]), st.sampled_from([1, 2, 9, spill.AT_ONCE]))
def test_units_batches_and_partitions_do_not_matter(data_set, cuts, partitions, at_once):
    task, records = data_set
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "AT_ONCE", at_once)
        found = checked(records, task, cuts, partitions)
    assert found == checked(records, task)


@relaxed
@given(data_sets, cut_lists)
def test_duplicates_keep_exactly_one_of_each(data_set, cuts):
    task, records = data_set
    with tempfile.TemporaryDirectory() as folder:
        summaries = tallied(Path(folder), records, task, cuts)
        dropped = duplicates(summaries, Path(folder))
        starts = np.cumsum([0] + [sum(count.rows for count in each.rows.values()) for each in summaries])
        findings = list(check_set(summaries, Path(folder), task, Settings(select=("SFT401",))))
    gone = sorted(int(starts[unit] + row) for unit, rows in dropped.items() for row in rows)
    assert all(list(rows) == sorted(set(rows)) for rows in dropped.values())
    assert [finding.line - 1 for finding in findings] == gone
    kept = [learned(row, task) for number, row in enumerate(records) if number not in set(gone)]
    assert kept == list(dict.fromkeys(learned(row, task) for row in records))


def learned(row: dict[str, Any], task: str) -> tuple[Any, ...]:
    target = row["target"]
    return row["input"], row["input_pair"], frozenset(target) if isinstance(target, list) else target


def labels_of(row: dict[str, Any]) -> list[str]:
    target = row["target"]
    return [] if target is None else sorted(set(target)) if isinstance(target, list) else [target]


def normal(text: str | None) -> str | None:
    if text is None:
        return None
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).split())


RANK = {"train": 0, "validation": 1, "test": 2, "extra": 3}


def oracle(records: Records, task: str) -> dict[str, Counter[Any]]:
    """What the set rules must find, said again with dictionaries: (line, first line) or label by code."""
    rows = [(line, row, row["split"] or "train") for line, row in enumerate(records, 1)]
    found: dict[str, Counter[Any]] = defaultdict(Counter)
    first: dict[Any, Any] = {}
    for line, row, _ in rows:
        key = ("record", learned(row, task))
        if first.setdefault(key, line) != line:
            found["SFT401"][line, first[key]] += 1
        if row["target"] is not None and (normal(row["input"]) or row["input_pair"] is not None):
            at, target = first.setdefault(("input", learned(row, task)[:2]), (line, learned(row, task)[2]))
            if target != learned(row, task)[2]:
                found["SFT402"][line, at] += 1
        if row["id"] is not None:
            at, other = first.setdefault(("id", row["id"]), (line, learned(row, task)))
            if other != learned(row, task):
                found["SFT408"][line, at] += 1
    leak(rows, found)
    label_oracle(rows, found, task)
    return found


def leak(rows: Any, found: Any) -> None:
    inputs, groups = defaultdict(list), defaultdict(list)
    for line, row, split in rows:
        if normal(row["input"]) or row["input_pair"] is not None:
            inputs[normal(row["input"]), normal(row["input_pair"])].append((RANK[split], line))
        if row["group"] is not None:
            groups[row["group"]].append((RANK[split], line))
    for places in inputs.values():
        low = min(places)
        found["SFT403"].update((line, low[1]) for rank, line in places if rank > low[0])
    for places in groups.values():
        low = min(places)
        for rank in {rank for rank, _ in places} - {low[0]}:
            found["SFT406"][min(line for other, line in places if other == rank), low[1]] += 1


def label_oracle(rows: Any, found: Any, task: str) -> None:
    by_split: dict[str, Counter[str]] = defaultdict(Counter)
    for _, row, split in rows:
        by_split[split].update(labels_of(row))
    total = sum(by_split.values(), Counter())
    labelled = [row for _, row, _ in rows if row["target"] is not None]
    ids = len(labelled) >= 20 and len(total) > 0.9 * len(labelled)
    train = by_split["train"]
    for name in total:
        group = [other for other in total if " ".join(other.lower().split()) == " ".join(name.lower().split())]
        forms: Counter[str] = Counter()
        for other in group:
            forms[other.strip()] += total[other]
        form = min(each for each in forms if forms[each] == max(forms.values()))
        main = form if form in group else min(other for other in group if other.strip() == form)
        if name and (name != main or name != name.strip()):
            found["SFT301"][name] += 1
    for split, labels in by_split.items():
        if train:
            found["SFT303"].update((split, name) for name in labels if name not in train)
            if labels and not ids:
                found["SFT311"].update((split, name) for name in train if name not in labels)
    found["SFT305"].update(name for name, count in (train or total).items() if count == 1 and not ids)
    mine = [frozenset(labels_of(row)) for _, row, split in rows if split == "train" and row["target"] is not None]
    if len(mine) >= 2 and len(set(mine)) == 1:
        found["SFT308"]["train"] += 1
    if 0 < sum(1 for _, _, split in rows if split == "train") < 20:
        found["SFT407"]["train"] += 1


def seen(findings: Sequence[Diagnostic]) -> dict[str, Counter[Any]]:
    """Findings in the words of the oracle."""
    found: dict[str, Counter[Any]] = defaultdict(Counter)
    for each in findings:
        if each.code.startswith("SFT40") and each.code not in {"SFT407", "SFT409"}:
            found[each.code][each.line, int(each.message.split("a.jsonl:")[1].split(",")[0])] += 1
        elif each.code in {"SFT407", "SFT308"}:
            found[each.code]["train"] += 1
        else:
            name = (
                (each.expected if each.code == "SFT311" else each.message.split('"')[1]).strip('"')
                if '"' in each.message
                else ""
            )
            found[each.code][(each.split, name) if each.code in {"SFT303", "SFT311"} else name] += 1
    return found


ORACLE = ("SFT301", "SFT303", "SFT305", "SFT308", "SFT311", "SFT401", "SFT402", "SFT403", "SFT406", "SFT407", "SFT408")


@relaxed
@given(data_sets)
def test_set_rules_agree_with_the_oracle(data_set):
    task, records = data_set
    expected, got = oracle(records, task), seen(checked(records, task))
    for code in ORACLE:
        assert +got[code] == +expected[code], code


@relaxed
@given(st.text(max_size=8), st.text(max_size=8) | st.none())
def test_folding(text, pair):
    assert folded(folded(text)) == folded(text)
    rows = batch([{"input": text, "input_pair": pair}, {"input": folded(text), "input_pair": pair and folded(pair)}])
    one, other = input_texts(rows, "classification")
    assert folded(one) == folded(other)
    if pair is None and "\x02" not in text:
        assert one == text


@relaxed
@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=6)), max_size=20))
def test_folding_a_column_is_folding_each_text(texts):
    indexes, normal = folding(pa.array(texts, pa.string()))
    after = dict(enumerate(texts)) | dict(zip(indexes.tolist(), (text.decode() for text in normal), strict=True))
    assert list(after.values()) == [folded(text) for text in texts]


names = st.fixed_dictionaries(
    {name: st.none() | st.text("ab\x02 -", max_size=4) for name in ("input", "instruction", "system")}
)


@relaxed
@given(names, names)
def test_input_texts_are_unambiguous(left, right):
    one, other = input_texts(batch([left, right], "text-to-text"), "text-to-text")
    assert (one == other) == (left == right)


def test_only_kept_rows_exist_and_are_counted_from_nought(tmp_path):
    records = [{"input": text, "target": "x"} for text in "abaca"]
    tally = Tally(tmp_path, 3, "classification")
    tally.add(batch(records), kept=[1, 2, 3, 4])
    assert {unit: rows.tolist() for unit, rows in duplicates([tally.finish()], tmp_path).items()} == {3: [3]}


def test_more_findings_than_are_read_at_once_come_in_order():
    findings = checked([{"input": str(n % 300), "target": "x"} for n in range(9000)], select=("SFT401",))
    assert [each.line for each in findings] == list(range(301, 9001))


def test_summaries_survive_pickle_and_json(tmp_path):
    records = [{"input": text, "target": "x", "group": "g", "id": "1"} for text in "abaca"]
    summaries = tallied(tmp_path, records, "classification", [[2], [1, 1]])
    before = list(check_set(summaries, tmp_path, "classification", Settings()))
    assert before
    assert list(check_set(pickle.loads(pickle.dumps(summaries)), tmp_path, "classification", Settings())) == before
    as_json = msgspec.json.decode(msgspec.json.encode(summaries), type=list[Summary])
    assert list(check_set(as_json, tmp_path, "classification", Settings())) == before
    assert list(check_set(summaries[::-1], tmp_path, "classification", Settings())) == before


def test_findings_name_their_place_and_come_by_row_then_code():
    rows = batch(
        [{"input": "fine"}, {"input": "\x1b\ufffd", "target": None}, {"input": " ", "target": "x"}], first_line=7
    )
    findings = check_rows(View(rows, "classification"), active(Settings(), "classification"))
    assert [(row, each.code, each.file, each.line, each.split) for row, each in findings] == [
        (0, "SFT302", "a.jsonl", 7, "train"),
        (1, "SFT205", "a.jsonl", 8, "train"),
        (1, "SFT206", "a.jsonl", 8, "train"),
        (1, "SFT302", "a.jsonl", 8, "train"),
        (2, "SFT201", "a.jsonl", 9, "train"),
    ]


def test_batches_without_optional_columns_or_rows(tmp_path):
    for rows in (batch([]), pa.record_batch({"input": ["a", " "], "target": ["x", None]}), batch([{}, {}]).slice(1)):
        check_rows(View(rows, "classification"), RULES)
        tally = Tally(tmp_path, 0, "classification")
        tally.add(rows)
        assert list(check_set([tally.finish()], tmp_path, "classification", Settings()))


@pytest.mark.parametrize("task", TASKS)
def test_canonical_rows_of_every_task(tmp_path, task):
    schema = arrow_schema(task)
    nothing = dict.fromkeys(schema.names)
    rows = pa.RecordBatch.from_pylist([nothing, EXAMPLES[task], EXAMPLES[task], nothing], schema=schema)
    found = [(row, each.code) for row, each in check_rows(View(rows, task), active(Settings(), task))]
    empty = [(row, code) for row in (0, 3) for code in (["SFT223"] if task == "chat" else ["SFT201", "SFT302"])]
    assert found == empty
    tally = Tally(tmp_path, 0, task)
    tally.add(rows)
    summaries = [tally.finish()]
    codes = {each.code for each in check_set(summaries, tmp_path, task, Settings())}
    assert {"SFT401", "SFT407"} <= codes <= {"SFT401", "SFT407", "SFT308"}
    assert {unit: found.tolist() for unit, found in duplicates(summaries, tmp_path).items()} == {0: [2, 3]}


EXAMPLES = {
    "classification": {"input": "a", "target": "x"},
    "multilabel": {"input": "a", "target": ["x"]},
    "regression": {"input": "a", "target": 0.5},
    "token-classification": {"input": ["a", "b"], "target": ["O", "B-X"], "offsets": [[0, 1], [2, 3]]},
    "text-to-text": {"input": "a", "target": "b", "references": ["c"], "target_lang": "de"},
    "chat": {
        "input": [{"role": "user", "content": "a", "weight": 0.0}],
        "target": [{"role": "assistant", "content": None, "tool_calls": "[{}]", "weight": 1.0}],
        "tools": "[]",
    },
}


def test_slices_are_checked_like_copies():
    records = [{"input": text, "target": text} for text in ("a", "", "\x07", "\ufffd", "b", " ")]
    rows = batch(records)
    for start in range(6):
        copy = batch(records[start:], first_line=start + 1)
        assert check_rows(View(rows.slice(start), "classification"), RULES) == check_rows(
            View(copy, "classification"), RULES
        )
        assert input_texts(rows.slice(start), "classification") == input_texts(copy, "classification")


SELECTIONS = [
    ((), (), True, True),
    (("SFT401",), (), True, False),
    (("duplicate-record",), (), True, False),
    (("SFT4",), (), True, False),
    (("sft4", "SFT2"), (), True, True),
    ((), ("SFT4",), False, True),
    (("SFT401",), ("SFT4",), True, False),
    (("SFT4",), ("duplicate-record",), False, False),
    (("SFT003",), (), False, False),
]


@pytest.mark.parametrize(("select", "ignore", "has_401", "has_201"), SELECTIONS)
def test_select_and_ignore(select, ignore, has_401, has_201):
    codes = {rule.code for rule in active(Settings(select, ignore), "classification")}
    assert ("SFT401" in codes, "SFT201" in codes) == (has_401, has_201)
    assert chosen("SFT401", Settings(select, ignore)) == has_401


def test_a_rule_that_is_off_runs_as_a_warning_when_selected(monkeypatch):
    off = tuple(dataclasses.replace(rule, severity=Severity.OFF) for rule in RULES)
    monkeypatch.setattr("sftformat.rules.settings.RULES", off)
    assert active(Settings(), "classification") == ()
    assert active(Settings(ignore=("SFT2",)), "classification") == ()
    (rule,) = active(Settings(select=("SFT401",)), "classification")
    assert rule.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ({"select": ("SFT999",)}, "SFT9"),
        ({"ignore": ("duplicate-recrd",)}, "duplicate-record"),
        ({"select": ("",)}, "no rule"),
        ({"thresholds": {"SFT204": {"max_char": 1}}}, "max_chars"),
        ({"thresholds": {"too-long-txt": {}}}, "too-long-text"),
        ({"thresholds": {"SFT204": {"max_chars": "1"}}}, "expected a number"),
        ({"thresholds": {"SFT204": {"max_chars": True}}}, "expected a number"),
        ({"thresholds": {"SFT401": {"max_frction": 0.1}}}, "max_fraction"),
        ({"thresholds": {"SFT401": {"max_fraction": 1.5}}}, "between 0 and 1"),
        ({"thresholds": {"SFT401": {"severty": "off"}}}, "severity"),
        ({"thresholds": {"SFT401": {"severity": "fatal"}}}, "error, warning or off"),
        ({"thresholds": {"SFT001": {"severity": "off"}}}, "nothing is lost silently"),
        ({"select": ("AL",)}, "ALL"),
    ],
)
def test_unknown_names_are_refused_and_the_nearest_is_named(given, nearest):
    with pytest.raises(UsageError, match=nearest):
        active(Settings(**given), "classification")


def test_a_severity_is_the_default_of_its_code():
    given = {"SFT401": {"severity": "error"}, "near-duplicate": {"severity": "warning"}, "sft201": {"severity": "off"}}
    told_so = Settings(thresholds=given)
    running = {rule.code: rule.severity for rule in active(told_so, "classification")}
    assert running["SFT401"] is Severity.ERROR
    assert running["SFT404"] is Severity.WARNING
    assert "SFT405" not in running
    assert "SFT201" not in running
    again = dataclasses.replace(told_so, select=("SFT201",))
    assert [rule.severity for rule in active(again, "classification")] == [Severity.ERROR]
    found = diagnostic("SFT011", "1 blank line")
    assert told(found, Settings()) == found
    assert told(found, Settings(thresholds={"blank-line": {"severity": "error"}})).severity is Severity.ERROR
    assert told(found, Settings(thresholds={"blank-line": {"severity": "off"}})) is None
    assert told(found, Settings(ignore=("SFT0",))) is None


def test_what_costs_a_row_is_always_told():
    found = diagnostic("SFT001", "x", line=1)
    for choice in (Settings(ignore=("SFT001",)), Settings(select=("SFT4",))):
        assert told(found, choice, costs_row=True) == found
    lighter = told(found, Settings(thresholds={"SFT001": {"severity": "warning"}}), costs_row=True)
    assert lighter.severity is Severity.WARNING


def test_all_and_default():
    everything = {rule.code for rule in active(Settings(("ALL",)), "classification")}
    default = {rule.code for rule in active(Settings(("default",)), "classification")}
    assert default == {rule.code for rule in active(Settings(), "classification")}
    assert everything - default == {
        rule.code for rule in RULES if rule.severity is Severity.OFF and rule.covers("classification")
    }
    more = {rule.code for rule in active(Settings(("DEFAULT", "SFT404")), "classification")}
    assert more == default | {"SFT404"}
    assert "SFT401" not in {rule.code for rule in active(Settings(("ALL",), ("SFT4",)), "classification")}


def test_tolerances():
    given = {
        "duplicate-record": {"max_fraction": 0.1},
        "SFT001": {"max_fraction": 0.5},
        "SFT403": {"max_fraction": 0.2},
    }
    assert tolerances(Settings(thresholds=given)) == {"SFT401": 0.1, "SFT001": 0.5}  # SFT403 has its own, by split


def test_thresholds_go_by_code_or_name():
    for name in ("SFT204", "sft204", "too-long-text"):
        (rule,) = active(Settings(select=(name,), thresholds={name: {"max_chars": 3}}), "classification")
        assert rule.thresholds == {"max_chars": 3}


SCRIPT = """
import sys; sys.path.insert(0, {here!r})
from tests.test_check import checked
records = [
    dict(input=f"t{{n % 41}}", target=f"l{{n % 7}}", split=["train", "test"][n % 2], group=f"g{{n % 5}}")
    for n in range(200)
]
records += [dict(input="x", target=t) for t in ("L1", "l1 ", "new")]
print(*checked(records), sep="\\n")
"""


def test_the_hash_seed_does_not_matter():
    script = SCRIPT.format(here=str(Path(__file__).parent.parent))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert b"SFT403" in outputs.pop()


def test_neither_torch_nor_the_command_line_is_imported():
    modules = "torch transformers jsonschema click rich"
    script = f"import sftformat.check, sys; print([name for name in {modules.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_lone_selector_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a\\u0007", "label": "x"}\n{"text": "b", "label": "x"}\n')

    def codes(**chosen: str | list[str]) -> set[str]:
        return {each.code for each in diagnose(tmp_path / "a.jsonl", **chosen)}

    assert codes(select="SFT205") == codes(select=["SFT205"]) == {"SFT205"}
    assert codes(ignore="control-characters") == codes(ignore=["SFT205"]) == codes() - {"SFT205"}
    assert codes(select="", ignore="") == codes()
