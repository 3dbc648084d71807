"""An excerpt of a file holds whole records of it, in order, from its start to its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.formats import ReadOptions, excerpt
from sftformat.record import Record
from tests.formats.hostile import read_bytes

CELLS = st.text('ab",\n;é{}[]\\', min_size=1, max_size=40).map(lambda text: f"x{text}x")
ROWS = st.lists(st.fixed_dictionaries({"text": CELLS, "label": CELLS}), min_size=1, max_size=200)
NAMES = ["x.csv", "x.tsv.gz", "x.json", "x.json.zst", "x.jsonl.gz", "x.arrow"]


def _excerpt(folder: Path, name: str, records: list[Record], piece: int, most: int) -> list[Record]:
    format_, compression = formats.by_name(name) or ("", None)
    path = folder / name
    formats.write(path, format_, compression, lambda: [records[:90], records[90:]], ["text", "label"])
    source = formats.sniff(path, name, ReadOptions())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sftformat.formats.excerpts.PIECE_BYTES", piece)
        patch.setattr("sftformat.formats.excerpts.MOST_PIECES", most)
        patch.setattr("sftformat.formats.excerpts.MOST_RECORDS", most)
        short = excerpt(source, ReadOptions(), folder / "short")
    assert short is not None
    batches = list(formats.read(short))
    assert not any(batch.rejects for batch in batches)
    return [record for batch in batches for record in batch.records]


def _are_some_of(found: list[Record], records: list[Record]) -> bool:
    left = iter(records)
    return all(record in left for record in found)


@given(records=ROWS, name=st.sampled_from(NAMES), piece=st.sampled_from([16, 50, 200]), most=st.integers(2, 300))
def test_it_holds_records_of_the_file_in_order(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record], name: str, piece: int, most: int
) -> None:
    found = _excerpt(tmp_path_factory.mktemp("a"), name, records, piece, most)
    assert _are_some_of(found, records)
    assert found[:1] == records[:1]
    if name.split(".")[1] in ("json", "arrow"):
        assert len(found) == len(records) if len(records) <= most else most / 2 - 1 <= len(found) <= most


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_from_all_over_the_file(tmp_path: Path, name: str) -> None:
    records: list[Record] = [{"text": f'{number} a\n"b", c', "label": "x"} for number in range(20_000)]
    found = _excerpt(tmp_path, name, records, 1000, 64)
    assert _are_some_of(found, records)
    places = [int(str(record["text"]).split()[0]) for record in found]
    assert {place // 2000 for place in places} == set(range(10))


@pytest.mark.parametrize("name", ["x.conll", "x.conllu", "x.po"])
def test_blank_lines_are_where_it_is_cut(tmp_path: Path, name: str) -> None:
    blocks = {
        "x.conll": "EU B-ORG\nrejects O\nGerman B-MISC\n \t\n",
        "x.conllu": "# text = Go on\n1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\t_\n2\ton\ton\tADV\t_\t_\t1\tadv\t_\t_\n\n",
        "x.po": 'msgid "one"\nmsgstr "eins"\n\n',
    }
    path = tmp_path / name
    path.write_text(blocks[name] * (3000 if name != "x.po" else 1) + "")
    source = formats.sniff(path, name, ReadOptions())
    short = excerpt(source, ReadOptions(), tmp_path / "short")
    assert short is not None
    whole = [record for batch in formats.read(source) for record in batch.records]
    found = [record for batch in formats.read(short) for record in batch.records]
    assert found
    assert all(record in whole for record in found)


def test_damage_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    formats.write(path, "jsonl", "gzip", lambda: [[{"text": str(n * 7919 % 10007)} for n in range(200_000)]], ["text"])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = formats.sniff(path, path.name, ReadOptions())
    short = excerpt(source, ReadOptions(), tmp_path / "short")
    assert short is not None
    assert sum(map(len, formats.read(short))) > 1000


@pytest.mark.parametrize("text", [b"a\rb\rc", '{"a": "b"}\n'.encode("utf-16")])
def test_what_cannot_be_cut_has_none(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(text)
    source = formats.sniff(path, "x.csv" if b"\r" in text else "x.jsonl", ReadOptions())
    assert excerpt(source, ReadOptions(), tmp_path / "short") is None


def test_records_longer_than_a_piece_are_in_it(tmp_path: Path) -> None:
    text = b"".join(b'{"text": "%b", "n": %d}\n' % (b"x" * 100_000, number) for number in range(300))
    path = tmp_path / "x.jsonl"
    path.write_bytes(text)
    source = formats.sniff(path, "x.jsonl", ReadOptions())
    short = excerpt(source, ReadOptions(), tmp_path / "short")
    assert short is not None
    found = [record["n"] for batch in formats.read(short) for record in batch.records]
    assert len(found) > 20
    assert found[-1] > 250
    assert read_bytes(tmp_path, "y.jsonl", text).records[found[-1]]["n"] == found[-1]
