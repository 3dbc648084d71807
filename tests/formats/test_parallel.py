"""Parallel text: line n of one file goes with line n of the other, or nothing is read at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import InputError, UsageError
from sftformat.formats import ReadOptions, read
from sftformat.formats.parallel import pairs
from sftformat.formats.sniffing import sniffed as sniff

from ..conftest import Call
from .hostile import gather

LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0\ufeff"), max_size=6)


@given(
    lines=st.lists(st.tuples(LINE, LINE), min_size=1, max_size=8),
    ended=st.booleans(),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_line_by_line(tmp_path: Path, lines: list[tuple[str, str]], ended: bool, ends: str) -> None:
    lines = [*lines, ("last", "letzte")]
    for side, name in enumerate(("a.en", "a.de")):
        text = ends.join(line[side] for line in lines) + ends * ended
        (tmp_path / name).write_bytes(text.encode())
    source = sniff(tmp_path / "a.en", "a.en", ReadOptions(), tmp_path / "a.de")
    found = gather(list(read(source)))
    known = {"source_lang": "en", "target_lang": "de"}
    there = [number for number, pair in enumerate(lines, 1) if any(text.strip(" \t\r\ufeff") for text in pair)]
    assert found.lines == there
    assert found.records == [{"source": a, "target": b, **known} for a, b in (lines[n - 1] for n in there)]
    assert found.blank_lines == len(lines) - len(there)


@given(one=st.integers(0, 5), other=st.integers(0, 5), ended=st.booleans())
def test_unequal_counts_are_refused(tmp_path: Path, one: int, other: int, ended: bool) -> None:
    (tmp_path / "a.en").write_text("x\n" * one)
    (tmp_path / "a.de").write_text("\n".join(["y"] * other) + "\n" * (ended and other > 0))
    if one == other:
        sniff(tmp_path / "a.en", "a.en", ReadOptions(), tmp_path / "a.de")
        return
    with pytest.raises(InputError) as caught:
        sniff(tmp_path / "a.en", "a.en", ReadOptions(), tmp_path / "a.de")
    assert caught.value.diagnostic is not None
    assert (caught.value.diagnostic.code, caught.value.diagnostic.expected) == ("SFT230", str(one))


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["train.en", "train.de"], {"train.en": "train.de"}),
        (["train.de", "train.en"], {"train.de": "train.en"}),
        (["x.tgt", "x.src"], {"x.src": "x.tgt"}),
        (["x.en.gz", "x.pt-BR.gz"], {"x.en.gz": "x.pt-BR.gz"}),
        (["a.en", "b.de"], {}),
        (["a.en", "a.de", "a.fr"], {}),
        (["x.en-de.de", "x.en-de.en"], {"x.en-de.en": "x.en-de.de"}),
        (["a.csv", "a.tsv"], {}),
        (["a.conll", "a.jsonl"], {}),
        (["README", "LICENSE"], {}),
    ],
)
def test_which_files_belong_together(names: list[str], wanted: dict[str, str]) -> None:
    found = pairs([Path(name) for name in names])
    assert {one.name: other.name for one, other in found.items()} == wanted


def test_from_the_command_line(call_here: Call, tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.en").write_bytes(
            b"".join(b"%s %d\n" % (split.encode(), n) for n in range(25)) + b"caf\xe9\n"
        )
        (tmp_path / f"{split}.de").write_text("".join(f"auf {split} {n}\n" for n in range(25)) + "Kaffee\n")
    done = call_here("convert", "train.en", "train.de", "test.en", "test.de", "-o", "out")
    assert "read 52 = written 50 + rejected 2" in done.out
    assert "train.en:26  byte 0xe9 is not utf-8" in done.out
    inputs = json.loads((tmp_path / "out/manifest.json").read_text())["inputs"]
    assert [(each["file"], each["beside"], each["split"]) for each in inputs] == [
        ("train.en", "train.de", "train"),
        ("test.en", "test.de", "test"),
    ]
    assert "read 52" in call_here("validate", ".").out
    alone = call_here("validate", "train.en")
    assert (alone.code, "parallel text is two files" in alone.err) == (2, True)
    call_here("convert", "out", "-o", "x.tsv")
    assert (tmp_path / "x.tsv").read_text().split("\n")[1] == "train 0\tauf train 0\ten\tde\ttrain"


PAIR = st.tuples(LINE, LINE).filter(lambda pair: any(text.strip(" \t") for text in pair))


@given(
    rows=st.lists(st.tuples(PAIR, st.sampled_from(["train", "test"])), min_size=1, max_size=6),
    tags=st.sampled_from([("en", "de"), ("de", "en"), ("pt-BR", "en"), None]),
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[tuple[str, str], str]], tags: tuple[str, str] | None
) -> None:
    known = {"source_lang": tags[0], "target_lang": tags[1]} if tags else {}
    records = [{"source": one, "target": two, "split": split, **known} for (one, two), split in rows]
    folder = tmp_path_factory.mktemp("x") / "made"
    assert formats.write(folder, "parallel", None, lambda: [records], []) == len(records)
    for split in {split for _, split in rows}:
        ((source, target),) = pairs(sorted(folder.glob(f"{split}.*"))).items()
        found = gather(list(read(sniff(source, source.name, ReadOptions(), target))))
        wanted = [{key: text for key, text in each.items() if key != "split"} for each in records]
        assert found.records == [each for each, (_, own) in zip(wanted, rows, strict=True) if own == split]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"source": "a\nb", "target": "c"}, "a line break"),
        ({"source": "a", "target": "c\r"}, "a line break"),
        ({"source": "a", "target": None}, "has not both"),
        ({"source": " ", "target": ""}, "blank lines"),
        ({"source": "a", "target": "b", "source_lang": "../x", "target_lang": "de"}, "cannot name two files"),
        ({"source": "a", "target": "b", "source_lang": "en", "target_lang": "fr"}, "one pair of languages"),
    ],
)
def test_what_two_files_cannot_hold(tmp_path: Path, record: dict[str, str], words: str) -> None:
    other = {"source": "x", "target": "y", "source_lang": "en", "target_lang": "de"}
    with pytest.raises(UsageError, match=words):
        formats.write(tmp_path / "x", "parallel", None, lambda: [[record, other]], [])


def test_a_folder_of_them_comes_back_the_same_way_round(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "train.en").write_text("".join(f"one {n}\n" for n in range(9)))
    (tmp_path / "train.de").write_text("".join(f"eins {n}\n" for n in range(9)))
    done = call_here("convert", "train.en", "train.de", "-o", "made", "--to", "parallel-files", "-q")
    assert (done.code, sorted(path.name for path in tmp_path.glob("made/*"))) == (
        0,
        ["train.en-de.de", "train.en-de.en"],
    )
    call_here("convert", "made", "-o", "a.jsonl", "-q")
    first = json.loads((tmp_path / "a.jsonl").read_text().split("\n")[0])
    assert first == {"source": "one 0", "target": "eins 0", "source_lang": "en", "target_lang": "de"}
