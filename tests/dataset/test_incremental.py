"""Only what changed is done again, and nobody can tell from the result."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sftformat.dataset import unit as unit_module
from sftformat.dataset.build import convert
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.diagnostics import Diagnostic
from sftformat.errors import InputError, UsageError
from sftformat.folder.kept import KEPT
from sftformat.shards import Tokenized, TokenizeOptions, tokenize
from sftformat.split import Fractions
from tests.conftest import Call
from tests.dataset.test_convert import interrupted, reviews, tree, write_jsonl
from tests.tokenize.shard_samples import save, word_piece

LINES = st.one_of(
    st.tuples(st.integers(0, 9), st.sampled_from(["good", "bad", "Good", " bad"])).map(
        lambda made: json.dumps({"text": f"film {made[0]}", "label": made[1]})
    ),
    st.sampled_from(["", "{", '{"text": 1, "label": "x"}', '{"text": "FILM 1", "label": "good", "id": "1"}']),
)
#: The state of the inputs: files in the order in which they are named, each with its lines.
STATES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d.test", "e.valid"]), st.lists(LINES, max_size=8), min_size=1
).flatmap(lambda files: st.permutations(list(files.items())))
OPTIONS = st.sampled_from(
    [
        {},
        {"drop_duplicates": True},
        {"fix": True},
        {"fractions": Fractions(0.5, 0.3, 0.2), "resplit": True},
        {"fractions": Fractions(0.5, 0.25, 0.25), "stratify": True, "resplit": True},
    ]
)


def lay(folder: Path, files: Any) -> list[str]:
    """Write the files and nothing else; return their names."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, lines in files:
        lines = ['{"text": "the start", "label": "good"}', *lines]  # no file is empty
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return [str(folder / f"{name}.jsonl") for name, _ in files]


def outcome(inputs: list[str], out: Path, options: DatasetOptions) -> tuple[Any, Finished | None]:
    """Make the data set; return what is found and what stands there, and how it ended."""
    try:
        events = list(convert(inputs, out, options, overwrite=True))
    except (UsageError, InputError) as error:
        return str(error), None
    assert isinstance(events[-1], Finished)
    found = [event for event in events if isinstance(event, Diagnostic)]
    return (tree(out), [] if events[-1].nothing_to_do else found), events[-1]


@given(states=st.lists(STATES, min_size=2, max_size=4), how=OPTIONS, kill=st.integers(0, 4))
@settings(max_examples=20)
def test_the_bytes_are_those_of_a_fresh_run_after_any_edit(states: list[Any], how: Any, kill: int) -> None:
    options = DatasetOptions(**how)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, files in enumerate(states):
            inputs = lay(folder / "in", files)
            if kill and number:
                with pytest.MonkeyPatch.context() as patch, suppress(KeyboardInterrupt):
                    interrupted(patch, kill - 1)
                    outcome(inputs, folder / "out", options)
            assert_fresh(inputs, folder, number, options)


def assert_fresh(inputs: list[str], folder: Path, number: int, options: DatasetOptions) -> None:
    """Make the data set where it was made before, and where nothing is; both must be the same."""
    made, _ = outcome(inputs, folder / "out", options)
    fresh, last = outcome(inputs, folder / f"fresh-{number}", options)
    if last is not None and made[1] == []:  # a run that had nothing to do says nothing
        fresh = (fresh[0], [])
    assert made == fresh


#: What one run does: appends lines, and reads so many records of each range and file, with repairs or without.
RUNS = st.tuples(
    st.lists(LINES, max_size=3),
    st.fixed_dictionaries({}, optional={"limit": st.integers(1, 6), "fix": st.just(True)}),
)


def film(label: str) -> str:
    return json.dumps({"text": "film", "label": label})


@example([film("good")] * 8, [([], {"limit": 3}), ([], {"limit": 4}), ([], {}), ([], {"limit": 4, "fix": True})])
@example([film("good"), *[film("Good")] * 8], [([], {"fix": True}), ([film("good")] * 9, {"fix": True}), ([], {})])
@given(lines=st.lists(LINES, min_size=2, max_size=8), runs=st.lists(RUNS, min_size=3, max_size=4))
@settings(max_examples=15)
def test_the_bytes_are_those_of_a_fresh_run_after_appends_limits_and_repairs(lines: list[str], runs: Any) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sftformat.plan.unit_bytes", lambda _: 250)
        folder = Path(name)
        for number, (more, how) in enumerate(runs):
            lines = [*lines, *more]
            assert_fresh(lay(folder / "in", [("a", lines)]), folder, number, DatasetOptions(**how))


def worked_on(patch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    real = unit_module._batches

    def batches(job: Any, result: Any) -> Any:
        names.append(job.unit.source.name)
        yield from real(job, result)

    patch.setattr(unit_module, "_batches", batches)
    return names


def ten(folder: Path) -> list[str]:
    folder.mkdir()
    return [
        str(write_jsonl(folder / f"part-{n}.jsonl", [{**row, "text": f"{row['text']} {n}"} for row in reviews(9)]))
        for n in range(10)
    ]


@pytest.mark.parametrize("how", [{}, {"drop_duplicates": True}, {"stratify": True}])
def test_of_ten_files_only_the_one_that_changed_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    fractions = Fractions(0.6, 0.2, 0.2) if "stratify" in how else None
    options = DatasetOptions(fractions=fractions, **how)
    names = ten(tmp_path / "in")
    outcome(names, tmp_path / "out", options)
    with open(names[3], "a") as file:
        file.write('{"text": "one more", "label": "good"}\n')
    write_jsonl(tmp_path / "in/part-10.jsonl", reviews(4))
    order = [str(tmp_path / "in/part-10.jsonl"), *reversed(names[1:])]
    read = worked_on(monkeypatch)
    made, last = outcome(order, tmp_path / "out", options)
    assert read == ["part-10.jsonl", "part-3.jsonl"]
    assert last is not None
    assert (last.taken, last.units) == (8, 10)
    assert made == outcome(order, tmp_path / "fresh", options)[0]
    read.clear()
    assert outcome(order, tmp_path / "out", options)[1] == Finished(last.manifest, nothing_to_do=True)
    outcome(order, tmp_path / "out", DatasetOptions(seed=1, fractions=fractions, **how))
    assert len(read) == 10


def long_file(path: Path, count: int, start: int = 0) -> None:
    """Append so many rows of 100 bytes, numbered from `start`."""
    with open(path, "a") as file:
        if path.suffix == ".csv" and not start:
            file.write("label,text\n")
        for number in range(start, start + count):
            row = {"text": f"film {number}".ljust(60, "."), "label": ["good", "bad", "Good", "good"][number % 4]}
            line = json.dumps(row) if path.suffix == ".jsonl" else f'{row["label"]},"{row["text"]:.<93}'[:98] + '"'
            file.write(line.ljust(99) + "\n")


@pytest.mark.parametrize(("name", "fix"), [("a.jsonl", False), ("a.jsonl", True), ("a.csv", False)])
def test_an_append_leaves_all_ranges_but_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fix: bool
) -> None:
    monkeypatch.setattr("sftformat.plan.unit_bytes", lambda _: 1000)
    options, path = DatasetOptions(fix=fix), tmp_path / name
    long_file(path, 85)
    _, first = outcome([str(path)], tmp_path / "out", options)
    long_file(path, 20, 85)
    read = worked_on(monkeypatch)
    made, last = outcome([str(path)], tmp_path / "out", options)
    assert first is not None
    assert last is not None
    assert (first.taken, first.units, last.taken, last.units) == (0, 9, 8, 11)
    assert len(read) == 3 * (1 + fix), "the form of a label is known when all units were read"
    assert made == outcome([str(path)], tmp_path / "fresh", options)[0]


def test_what_a_limit_leaves_whole_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sftformat.plan.unit_bytes", lambda _: 1000)
    path = tmp_path / "a.jsonl"
    long_file(path, 85)
    read = worked_on(monkeypatch)
    runs = [(25, 0), (25, None), (35, 2), (28, 2), (28, None), (30, 2), (None, 2), (41, 4), (200, 4), (None, 9)]
    for number, (limit, taken) in enumerate(runs):
        read.clear()
        options = DatasetOptions(limit=limit)
        made, last = outcome([str(path)], tmp_path / "out", options)
        assert last is not None
        if taken is None:
            assert last.nothing_to_do
            continue
        assert (last.taken, len(read)) == (taken, last.units - taken), limit
        fresh, _ = outcome([str(path)], tmp_path / f"fresh-{number}", options)
        assert made == fresh


def test_what_is_kept_is_never_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ten(tmp_path / "in")
    outcome(names, tmp_path / "out", DatasetOptions())
    kept = sorted(path for path in (tmp_path / "out" / KEPT).rglob("*") if path.is_file() and path.stat().st_size)
    for number, path in enumerate(kept):
        whole = path.read_bytes()
        place = number * 7919 % len(whole)
        path.unlink()  # the data set has the same file under another name
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
    read = worked_on(monkeypatch)
    made, last = outcome([*names[1:], names[0]], tmp_path / "out", DatasetOptions())
    assert len(read) == 10
    assert last is not None
    assert last.taken == 0
    assert made == outcome([*names[1:], names[0]], tmp_path / "fresh", DatasetOptions())[0]


def test_a_file_that_changes_while_it_is_read_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ten(tmp_path / "in")
    before = (tmp_path / "in/part-4.jsonl").read_bytes()
    real = unit_module._batches

    def batches(job: Any, result: Any) -> Any:
        if job.unit.source.name == "part-4.jsonl":
            job.unit.source.path.write_bytes(before.replace(b"film", b"book"))
        yield from real(job, result)

    with monkeypatch.context() as patch:
        patch.setattr(unit_module, "_batches", batches)
        with pytest.raises(InputError, match="changed while it was read"):
            list(convert(names, tmp_path / "out", DatasetOptions()))
    (tmp_path / "in/part-4.jsonl").write_bytes(before)
    made, last = outcome(names, tmp_path / "out", DatasetOptions())
    assert last is not None
    assert last.taken == 9
    assert made == outcome(names, tmp_path / "fresh", DatasetOptions())[0]


def test_shards_of_files_that_did_not_change_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sftformat.shards.SMALL_DATASET_BYTES", 0)
    options = TokenizeOptions(str(save(tmp_path / "tiny", word_piece(), model_max_length=16)))
    names = ten(tmp_path / "in")

    def shards(inputs: list[str], out: str, **more: Any) -> Tokenized:
        outcome(inputs, tmp_path / f"{out}-data", DatasetOptions())
        *_, last = tokenize(tmp_path / f"{out}-data", tmp_path / out, options, overwrite=True, **more)
        assert isinstance(last, Tokenized)
        return last

    def files(out: str) -> dict[str, bytes]:
        found = ((path.relative_to(tmp_path / out), path) for path in (tmp_path / out).rglob("*") if path.is_file())
        return {name.as_posix(): path.read_bytes() for name, path in found if name.parts[0] != KEPT}

    assert (shards(names, "out").taken, shards(names, "fresh-1").units) == (0, 10)
    write_jsonl(tmp_path / "in/part-4.jsonl", reviews(3))
    assert shards(names, "out").taken == 9
    shards(names, "fresh-2")
    assert files("out") == files("fresh-2")
    # Another order: the column `file` has other numbers for all but the one in the middle.
    names = [*reversed(names[:9])]
    last = shards(names, "out")
    assert (last.taken, last.units) == (1, 9)
    shards(names, "fresh-3", workers=2)
    assert files("out") == files("fresh-3")


def test_a_second_call_does_nothing_and_a_third_only_what_changed(call_here: Call, tmp_path: Path) -> None:
    save(tmp_path / "tiny", word_piece(), model_max_length=16)
    ten(tmp_path / "in")
    with open(tmp_path / "in/part-0.jsonl", "a") as file:
        file.write("{\n")
    command = ("tokenize", "in", "-o", "out", "--tokenizer", "tiny")
    assert call_here(*command).code == 1
    assert "out: up to date, nothing to do\n" in call_here(*command).out
    write_jsonl(tmp_path / "in/part-4.jsonl", reviews(3))
    assert call_here(*command).code == 2
    done = call_here(*command, "--overwrite")
    assert done.code == 1, "what is wrong with the data is told again with the shards that are made of it"
    assert "SFT001" in done.out
    assert done.out.count("9 ranges of 10 taken over unchanged, 1 done again\n") == 1
    done = call_here(*command, "--overwrite", "--max-length", "9")
    assert (done.code, "SFT001" in done.out) == (1, True)
    (tmp_path / "out.rejects.jsonl").write_text("mended\n")
    assert "out.rejects.jsonl: exists" in call_here(*command, "--max-length", "9").err
