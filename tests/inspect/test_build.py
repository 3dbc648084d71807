"""Inspection of files: every record counted once, whatever the cuts; nothing refused that a person can still choose."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat import formats
from sftformat import plan as planning
from sftformat.dataset.build import convert, diagnose
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.dataset.sample import sample
from sftformat.errors import InputError, UsageError
from sftformat.formats import ReadOptions, read, scanning, sniff, spread
from sftformat.inspect.build import inspect
from sftformat.inspect.section import Section, Unread
from tests.tokenize.shard_samples import save, word_piece

GOOD = '{"text": "film %d", "label": "%s"}'


def look(*specs: Path | str, options: DatasetOptions | None = None, **how: Any) -> list[Section]:
    events = inspect([str(spec) for spec in specs], options or DatasetOptions(), **how)
    return [event for event in events if isinstance(event, Section)]


def write(path: Path, records: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def reviews(number: int) -> list[dict[str, Any]]:
    return [{"text": f"film number {index}", "label": ("good", "bad")[index % 2]} for index in range(number)]


lines = st.lists(
    st.one_of(
        st.integers(0, 5).map(lambda number: GOOD % (number, "good")),
        st.integers(0, 5).map(lambda number: GOOD % (number, "bad")),
        st.sampled_from(["", "{", "[1]", '{"text": 1, "label": "a"}', '{"text": "x"}', '{"a": NaN}']),
    ),
    max_size=40,
)


@settings(max_examples=25)
@given(lines)
def test_every_record_is_counted_once_and_as_convert_counts(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("a") / "a.jsonl"
    path.write_text("\n".join([*lines, GOOD % (9, "good"), GOOD % (8, "bad")]) + "\n")
    options = DatasetOptions(layout="text-label")
    (section,) = look(path, options=options)
    (one,) = section.inputs
    assert one.read == one.fitting + one.rejected.total()
    assert one.read + one.blank_lines == len(lines) + 2
    assert sum(section.rows.values()) == one.fitting == section.characters["input"].rows
    manifest = next(event.manifest for event in diagnose([str(path)], options) if isinstance(event, Finished))
    ledger = manifest["ledger"]
    assert (one.read, one.blank_lines) == (ledger["read"], ledger["blank_lines"])
    early = {code: rows for code, rows in ledger["codes"].items() if code < "SFT2"}
    assert dict(one.rejected) == early
    found = manifest["findings"]
    assert section.repeats is not None
    if not ledger["rejected"] - sum(early.values()):  # inspect does not run the rules that reject rows
        assert section.repeats.duplicate == found.get("warning SFT401", 0)
        assert section.repeats.conflicting == found.get("warning SFT402", 0)


def test_cuts_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jsonl", [*reviews(60), [], *reviews(40)])
    tokenizer = save(tmp_path / "tiny", word_piece())
    whole = [each.to_json() for each in look(path, tokenizer=str(tokenizer))]
    monkeypatch.setattr(planning, "scanning", lambda source, *_: scanning(source, 200))
    assert [each.to_json() for each in look(path, tokenizer=str(tokenizer))] == whole


def test_workers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write(tmp_path / f"{name}.jsonl", reviews(20)) for name in ("train", "test")]
    whole = [each.to_json() for each in look(*paths)]
    monkeypatch.setattr("sftformat.inspect.build.SMALL_INPUT_BYTES", 0)
    assert [each.to_json() for each in look(*paths, options=DatasetOptions(workers=2))] == whole


def test_inputs_of_one_layout_are_one_section(tmp_path: Path) -> None:
    train, test = write(tmp_path / "train.jsonl", reviews(6)), write(tmp_path / "test.jsonl", reviews(4))
    other = write(tmp_path / "pairs.jsonl", [{"prompt": "a", "completion": "b"}])
    found = look(train, test, other)
    assert [[each.source.name for each in section.inputs] for section in found] == [
        ["train.jsonl", "test.jsonl"],
        ["pairs.jsonl"],
    ]
    assert found[0].rows == {"train": 6, "test": 4}
    assert found[0].labels == {"train": {"bad": 3, "good": 3}, "test": {"bad": 2, "good": 2}}
    assert found[0].repeats is not None
    assert (found[0].repeats.duplicate, found[0].repeats.leaked) == (4, 4)


def test_a_file_without_labels_is_like_the_others(tmp_path: Path) -> None:
    unclear = write(tmp_path / "odd.jsonl", [{"q": "a"}])
    bare = write(tmp_path / "test.jsonl", [{"text": "a"}])
    found = look(write(tmp_path / "train.jsonl", reviews(4)), bare, unclear)
    names = [(section.detected.binding.layout.name if section.detected else None) for section in found]
    assert names == ["text-label", "text-label", None]
    assert found[1].unlabelled == 1


def test_a_tie_shows_the_candidates(tmp_path: Path) -> None:
    rows = [{"input": f"text {number}", "target": f"class {number % 12}"} for number in range(24)]
    path = write(tmp_path / "a.jsonl", rows)
    with pytest.raises(UsageError, match="fit equally well"):
        list(diagnose([str(path)], DatasetOptions()))
    (section,) = look(path)
    assert section.detected is None
    assert "fit equally well" in section.why
    assert {each.name for each in section.candidates} >= {"text-label", "prompt-completion"}
    assert [column.name for column in section.columns] == ["input", "target"]
    assert section.first[0].row == rows[0]
    (told,) = look(path, options=DatasetOptions(layout="text-label"))
    assert told.detected is not None


def test_what_speaks_against_a_candidate(tmp_path: Path) -> None:
    rows = [{"text": f"t{number}", "label": "a", "note": 1, "more": 2} for number in range(9)]
    (section,) = look(write(tmp_path / "a.jsonl", [*rows, {"text": 1, "label": "a"}]))
    against = " ".join(section.candidates[0].against)
    assert "leaves note, more unexplained" in against
    assert "10% of the sample does not fit" in against


def test_without_a_layout_the_members_of_objects_are_told(tmp_path: Path) -> None:
    rows = [{"review": {"body": "a", "stars": 1}}, {"review": {"body": None}, "n": 1}]
    (section,) = look(write(tmp_path / "a.jsonl", rows))
    assert section.detected is None
    assert section.labels is None
    told = {column.name: (dict(column.types), column.missing) for column in section.columns}
    assert told == {
        "review": ({"object": 2}, 0),
        "n": ({"integer": 1}, 1),
        "/review/body": ({"null": 1, "string": 1}, 0),
        "/review/stars": ({"integer": 1}, 1),
    }


def test_what_the_user_says_wrong_is_still_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"q": "a"}])
    for options in (DatasetOptions(layout="none"), DatasetOptions(layout="text-label", task="chat")):
        with pytest.raises(UsageError):
            look(path, options=options)


def test_scores_of_regression(tmp_path: Path) -> None:
    values = [0.0, 0.25, 0.5, 1.0, 1.0, 4.999, -3.14159265, 1e-300, None]
    (section,) = look(write(tmp_path / "a.jsonl", [{"text": "t", "score": value} for value in values]))
    assert section.scores is not None
    assert (section.scores.rows, section.scores.least, section.scores.most) == (8, -3.142, 4.999)
    assert sum(section.scores.bins) == 8
    assert section.unlabelled == 1


def test_a_limit_counts_for_each_input(tmp_path: Path) -> None:
    one, two = write(tmp_path / "a.jsonl", ["x", *reviews(9)]), write(tmp_path / "b.jsonl", reviews(2))
    (section,) = look(one, two, options=DatasetOptions(limit=3))
    assert [(each.read, each.fitting) for each in section.inputs] == [(3, 2), (2, 2)]


def test_a_data_set_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*reviews(6), {}])
    list(convert([str(path)], tmp_path / "out", DatasetOptions()))
    (section,) = look(tmp_path / "out")
    assert section.rows == {"train": 6}
    assert section.labels == {"train": {"bad": 3, "good": 3}}
    assert (section.first[0].file, section.first[0].line) == ("a.jsonl", 1)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("")
    (section,) = look(path)
    assert (section.detected, section.rows, section.first) == (None, {}, ())
    assert "no record" in section.why


def test_one_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "a.jsonl", reviews(4)), tmp_path / "b.json"
    bad.write_text('{"not": "records"}')
    events = list(inspect([str(good), str(bad)], DatasetOptions()))
    (unread,) = [event for event in events if isinstance(event, Unread)]
    (section,) = [event for event in events if isinstance(event, Section)]
    assert unread.file == "b.json"
    assert "one JSON object" in unread.message
    assert section.rows == {"train": 4}
    with pytest.raises(InputError, match="one JSON object"):
        look(bad)


def test_what_comes_before_damage_is_counted(tmp_path: Path) -> None:
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in reviews(300_000)).encode(), 1)
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    events = list(inspect([str(tmp_path / "a.jsonl.gz")], DatasetOptions()))
    (unread,) = [event for event in events if isinstance(event, Unread)]
    (section,) = [event for event in events if isinstance(event, Section)]
    assert "gzip data is damaged" in unread.message
    assert 2000 < section.inputs[0].read < 300_000
    assert section.inputs[0].read == section.rows["train"]


@pytest.mark.parametrize(
    ("record", "layout", "why"),
    [
        ({"text": "a"}, "text-label", "no target (label, "),
        ({"messages": [{"role": "user", "content": 1}]}, "openai-chat", "/messages/0/content: expected string"),
        ({"tools": []}, "sharegpt", "no conversations"),
        ({"text": "a", "label": {"b": 1}}, "text-label", "/label: expected"),
    ],
)
def test_the_nearest_layouts_say_what_is_missing(tmp_path: Path, record: Any, layout: str, why: str) -> None:
    (section,) = look(write(tmp_path / "a.jsonl", [record]))
    near = {each.layout: each.why for each in section.near}
    assert near[layout].startswith(why)
    assert not section.candidates


# ---------------------------------------------------------------------------------------------------- the sample


@given(st.lists(st.integers(0, 60), max_size=120), st.integers(1, 9))
def test_places_spread_over_a_file_are_all_of_it(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], count: int
) -> None:
    path = tmp_path_factory.mktemp("a") / "a.jsonl"
    records = [{"text": "é" * size} for size in sizes]
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    source = sniff(path, path.name, ReadOptions())
    places = spread(source, count)
    assert len(places) <= count
    batches = [batch for place in places for batch in read(source.part(place))]
    assert [record for batch in batches for record in batch.records] == records
    assert not any(batch.rejects for batch in batches)


def late(number: int) -> list[dict[str, Any]]:
    return [{"text": f"t{index}", **({"label": "ab"[index % 2]} if index >= 3000 else {})} for index in range(number)]


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_a_column_that_comes_late_is_seen(tmp_path: Path, format_: str) -> None:
    path = tmp_path / f"a.{format_}"
    if format_ == "jsonl":
        write(path, late(5000))
    else:
        with pq.ParquetWriter(path, pa.schema([("text", pa.string()), ("score", pa.float64())])) as writer:
            for start in range(0, 5000, 500):
                part = [{"text": "t", "score": 0.5 if start >= 3000 else None}] * 500
                writer.write_table(pa.Table.from_pylist(part, schema=writer.schema))
    (section,) = look(path)
    assert section.detected is not None
    assert section.detected.binding.layout.name == ("text-label" if format_ == "jsonl" else "text-score")
    assert section.unlabelled == 3000


@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz", "a.json", "a.json.zst", "a.jsonl.gz", "a.arrow", "a.parquet.gz"])
def test_a_score_that_comes_late_in_a_long_file_is_seen(tmp_path: Path, name: str) -> None:
    """The last eighth has scores, behind more than is looked at in one go."""
    rows = [{"text": f"t, {n}\nin two {n % 7 * 'x'}", "label": "1.5" if n > 70_000 else "1"} for n in range(80_000)]
    format_, compression = formats.by_name(name) or ("", None)
    formats.write(tmp_path / name, format_, compression, lambda: [rows], ["text", "label"])
    source = sniff(tmp_path / name, name, ReadOptions())
    records, unread = sample(source, DatasetOptions())
    assert unread is None
    assert 1000 <= len(records) <= 2000
    assert all(record == rows[int(str(record["text"]).split()[1])] for record in records)
    late_ones = [record for record in records if record["label"] == "1.5"]
    assert len(records) / 12 < len(late_ones) < len(records) / 5
    assert sample(source, DatasetOptions())[0] == records


def test_the_sample_is_the_same_each_time_and_never_large(tmp_path: Path) -> None:
    source = sniff(write(tmp_path / "a.jsonl", late(5000)), "a.jsonl", ReadOptions())
    first, second = (sample(source, DatasetOptions())[0] for _ in range(2))
    assert first == second
    assert len(first) == 2000
    assert first[0]["text"] == "t0"
    assert "label" in first[-1]


def test_a_file_that_must_be_read_from_its_start_is_one_place(tmp_path: Path) -> None:
    for name, text in (("a.csv", "text,label\nx,y\n"), ("a.json", '[{"a": 1}]')):
        (tmp_path / name).write_text(text)
        assert spread(sniff(tmp_path / name, name, ReadOptions()), 8) == (formats.Range(),)
