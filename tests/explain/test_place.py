"""FILE:LINE: every line of a file leads to the record that stands on it, in every format and compression."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftformat import formats
from sftformat.dataset.options import DatasetOptions
from sftformat.errors import InputError, UsageError
from sftformat.explain.build import explain
from sftformat.explain.place import Found, Place, find, parse_place
from sftformat.formats import ReadOptions, read, scan, sniff
from sftformat.formats.source import BATCH_RECORDS, Source

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
records = st.lists(st.fixed_dictionaries({"text": texts, "label": texts}), min_size=1, max_size=8)
KINDS = [
    ("csv", None),
    ("tsv", "gzip"),
    ("jsonl", None),
    ("jsonl", "zstd"),
    ("json", None),
    ("parquet", None),
    ("arrow", None),
]
ENDINGS = {"gzip": ".gz", "zstd": ".zst", None: ""}


def source_of(path: Path) -> Source:
    return sniff(path, path.name, ReadOptions())


def found_at(path: Path, line: int, column: int | None = None, unit: int = 1 << 20) -> Found:
    source = source_of(path)
    return find(source, scan(source, unit).ranges, ReadOptions(), Place(path.name, line, column))


@pytest.mark.parametrize(("kind", "compression"), KINDS)
@settings(max_examples=25)
@given(records)
def test_every_line_of_a_record_leads_to_it(
    tmp_path_factory: pytest.TempPathFactory, kind: str, compression: str | None, records: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("a") / f"a.{kind}{ENDINGS[compression]}"
    formats.write(path, kind, compression, lambda: [records], ["text", "label"])
    for batch in read(source_of(path)):
        starts = [*batch.lines, 10**9]
        for index, record in enumerate(batch.records):
            breaks = batch.raw[index].count(b"\n") if kind in ("csv", "tsv", "json") else 0
            assert batch.lines[index] + breaks < starts[index + 1]
            for line in range(batch.lines[index], batch.lines[index] + breaks + 1):
                found = found_at(path, line, unit=40)
                assert found.kind == "record"
                assert found.batch is not None
                assert found.batch.records == [record]
                assert (found.line, found.last) == (batch.lines[index], batch.lines[index] + breaks)
                assert (found.byte, found.raw) == (batch.offsets[index], batch.raw[index])


@given(
    st.lists(st.sampled_from(['{"a": 1}', "", "{", "[]", '{"a": 1, "a": 2}', " \t", "\xff"]), min_size=1, max_size=12)
)
def test_every_line_of_a_broken_file_is_told(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("a") / "a.jsonl"
    lines = ['{"a": 0}', *lines, "[]"]
    path.write_bytes(b"\n".join(line.encode("latin-1") for line in lines))
    batches = list(read(source_of(path)))
    rejects = {each.line: each.diagnostics[0] for batch in batches for each in batch.rejects}
    good = {line for batch in batches for line in batch.lines}
    for line in range(1, len(lines) + 1):
        found = found_at(path, line, unit=10)
        assert found.kind == ("record" if line in good else "reject" if line in rejects else "blank")
        if found.reject is not None:
            assert found.reject.diagnostics == (rejects[line],)
    with pytest.raises(UsageError, match=f"has {len(lines)} lines"):
        found_at(path, len(lines) + 1, unit=10)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_lines_of_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('text,label\n"é\nü ਊ",x\ny,z\n'.replace("ਊ", "" if encoding == "cp1252" else "ਊ").encode(encoding))
    options = ReadOptions(encoding="cp1252" if encoding == "cp1252" else None)
    source = sniff(path, path.name, options)
    spans = {}
    for line in (2, 3, 4):
        found = find(source, scan(source).ranges, options, Place("a.csv", line))
        assert found.batch is not None
        spans[line] = (found.line, found.last, found.batch.records[0]["label"])
    assert spans == {2: (2, 3, "x"), 3: (2, 3, "x"), 4: (4, 4, "z")}


def test_lines_without_a_record(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"text\nhere",label\n\na,b\n')
    assert [found_at(tmp_path / "a.csv", line).kind for line in (1, 2, 3, 4)] == ["header", "header", "blank", "record"]
    (tmp_path / "a.json").write_text('[\n{"a": 1},\n\n{"a": 2}\n]\n')
    kinds = [found_at(tmp_path / "a.json", line).kind for line in range(1, 6)]
    assert kinds == ["between", "record", "blank", "record", "between"]
    with pytest.raises(UsageError, match="has 5 lines; there is no line 6"):
        found_at(tmp_path / "a.json", 6)


def test_what_was_never_reached(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"a": 1},\n{"a": 2,},\n{"a": 3}]')
    assert [found_at(tmp_path / "a.json", line).kind for line in (1, 2, 3)] == ["record", "reject", "unread"]
    found = found_at(tmp_path / "a.json", 3)
    assert found.reject is not None
    assert found.reject.line == 2


def test_the_end_of_tables(tmp_path: Path) -> None:
    for kind in ("parquet", "arrow"):
        path = tmp_path / f"a.{kind}"
        formats.write(path, kind, None, lambda: [[{"a": "1"}, {"a": "2"}]], ["a"])
        with pytest.raises(UsageError, match="has 2 rows; there is no row 3"):
            found_at(path, 3)


@pytest.mark.parametrize("unit", [1 << 20, 1 << 14])
def test_a_column_chooses_among_records_on_one_line(tmp_path: Path, unit: int) -> None:
    path = tmp_path / "a.json"
    rows = [{"text": f"é{number}"} for number in range(BATCH_RECORDS + 800)]  # more than one batch
    text = json.dumps(rows, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    for number in (0, 1, BATCH_RECORDS - 1, BATCH_RECORDS, BATCH_RECORDS + 1, len(rows) - 1):
        column = text.index(f'"é{number}"') + 1
        found = found_at(path, 1, column, unit)
        assert found.batch is not None
        assert found.batch.records == [rows[number]]
        assert found.shared
    assert found_at(path, 1).byte == 1
    assert found_at(path, 1, 10**6).batch.records == [rows[-1]]  # type: ignore[union-attr]


def test_of_records_that_share_a_line_the_one_that_starts_there_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{\n"a": 1\n}, {\n"a": 2\n}]\n')
    starts = [found_at(path, line).line for line in range(1, 6)]
    assert starts == [1, 1, 3, 3, 3]


# ---------------------------------------------------------------------------------------------------- FILE:LINE


@pytest.mark.parametrize(
    ("text", "there", "wanted"),
    [
        ("a.csv:3", "a.csv", Place("a.csv", 3)),
        ("a.csv:3:", "a.csv", Place("a.csv", 3)),
        ("a.csv:3:7", "a.csv", Place("a.csv", 3, 7)),
        ("a:b:1.csv:3", "a:b:1.csv", Place("a:b:1.csv", 3)),
        ("a:1:2", "a:1", Place("a:1", 2)),
        ("a:1:2", "a", Place("a", 1, 2)),
        ("a:1:2:3", "a:1", Place("a:1", 2, 3)),
        ("train=a.csv:3:7", "", Place("train=a.csv", 3, 7)),
        ("-:3", "", Place("-", 3)),
    ],
)
def test_places(text: str, there: str, wanted: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if there:
        (tmp_path / there).write_text("")
    assert parse_place(text) == wanted


@pytest.mark.parametrize("text", ["a.csv", "a.csv:", ":3", "a.csv:x", "a.csv:-1", "a.csv:0", "a.csv:1:0", "", "3"])
def test_no_places(text: str) -> None:
    with pytest.raises(UsageError):
        parse_place(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        explain(str(tmp_path / "none.csv:3:1"), DatasetOptions())
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 64)
    with pytest.raises(InputError):
        explain(f"{tmp_path}/b.bin:1", DatasetOptions())
