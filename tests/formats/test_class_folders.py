"""Texts in class folders: the path says split and label, every file is a row or named, nothing outside is read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat import formats
from sftformat.errors import UsageError
from sftformat.formats import ReadOptions, Source
from sftformat.formats.class_tree import find
from sftformat.schema.store import schema_folder

from ..conftest import Call
from .hostile import gather, ranges_of

LABEL = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=6).filter(
    lambda label: not label.startswith(".") and label.lower() not in ("unsup", "unlabeled", "unlabelled")
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9).filter(
    lambda text: not text.startswith("\ufeff")
)
SPLIT = st.sampled_from(["train", "validation", "test"])


def opened(folder: Path, **options: int) -> Source:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return formats.sniff(folder, folder.name, ReadOptions(), None, find(names))


@given(
    labels=st.lists(LABEL, min_size=2, max_size=4, unique_by=str.casefold),
    rows=st.lists(st.tuples(TEXT, st.integers(0, 3), SPLIT), min_size=2, max_size=8),
    unit=st.integers(1, 20),
)
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str], rows: list[tuple[str, int, str]], unit: int
) -> None:
    rows = [("one", 0, "train"), ("two", 1, "train"), *rows]
    records = [{"text": text, "label": labels[n % len(labels)], "split": split} for text, n, split in rows]
    folder = tmp_path_factory.mktemp("x") / "made"
    assert formats.write(folder, "class-folders", None, lambda: [records[:1], records[1:]], []) == len(records)
    source = opened(folder)
    found = gather(list(formats.read(source)))
    assert not found.rejects
    by_number = sorted(found.records, key=lambda record: int(record["id"].rpartition("/")[2].removesuffix(".txt")))
    assert [{key: record[key] for key in ("text", "label", "split")} for record in by_number] == records
    assert [record["id"] for record in found.records] == [f"made/{text.name}" for text in source.texts]
    parts = [gather(list(formats.read(part))) for part in ranges_of(source, unit)]
    assert [record for part in parts for record in part.records] == found.records


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["train/pos/1.txt", "train/neg/1.txt", "test/neg/9.txt"], ["train pos", "train neg", "test neg"]),
        (["a/Dev/x/1.txt", "a/Dev/y/1.txt", "a/README.txt", "a/Dev/urls.txt"], ["validation x", "validation y"]),
        (["pos/train/1.txt", "neg/train/2.txt", "neg/test/3.txt"], ["train pos", "train neg", "test neg"]),
        (["pos/1.txt", "neg/1.txt", "note.txt"], ["None pos", "None neg"]),
        (["in/pos/1.txt", "in/neg/1.txt"], ["None pos", "None neg"]),
        (["sport/ball/1.txt", "sport/ice/2.txt", "art/3.txt"], ["None sport/ball", "None sport/ice", "None art"]),
        (["train/a/x/1.txt", "train/a/y/1.txt"], ["train a/x", "train a/y"]),
        (["train/pos/1.txt", "train/unsup/2.txt"], ["train pos", "train None"]),
        (["alt.atheism/49960", "sci.space/60000", "sci.space/60001.gz"], ["None alt.atheism", "None sci.space"]),
        (["a/train.txt", "b/test.txt"], []),
        (["pos/1.txt", "pos/2.txt"], []),
        (["train/1.txt", "test/2.txt"], []),
        (["1.txt", "2.txt"], []),
        ([], []),
    ],
)
def test_what_a_path_says(names: list[str], wanted: list[str]) -> None:
    assert [f"{text.split} {text.label}" for text in find(names)] == wanted


def test_a_class_named_as_a_split_is_refused() -> None:
    with pytest.raises(UsageError, match="'test' is the name of a split"):
        find(["prod/1.txt", "test/1.txt", "dogfood/1.txt"])


def tree(folder: Path) -> Path:
    """Write a folder as the film reviews of IMDB are in, with what else may lie there."""
    for split in ("train", "test"):
        for label in ("pos", "neg"):
            (folder / split / label).mkdir(parents=True)
            for number in range(6):
                (folder / split / label / f"{number}_8.txt").write_text(f"A {label} film in {split}, {number}.\n")
        (folder / split / "urls_pos.txt").write_text("http://x\n")
    (folder / "train/unsup").mkdir()
    for number in range(3):
        (folder / f"train/unsup/{number}_0.txt").write_text("who knows")
    (folder / "README").write_text("x")
    (folder / "train/pos/bad_8.txt").write_bytes(b"one\ncaf\xe9\n")
    (folder / "train/pos/empty_8.txt").write_bytes(b"")
    (folder / "train/pos/mark_8.txt").write_bytes(b"\xef\xbb\xbfWith a mark.\r\n")
    (folder / "train/pos/wide_8.txt").write_bytes("\ufeffIn UTF-16.".encode("utf-16-le"))
    (folder / "train/pos/.hidden.txt").write_text("h")
    secret = folder.parent / "secret.txt"
    secret.write_text("secret")
    (folder / "train/neg/out_1.txt").symlink_to(secret)
    (folder / "train/neg/far").symlink_to(folder.parent)
    return folder


def test_a_tree_as_of_imdb(call_here: Call, tmp_path: Path) -> None:
    tree(tmp_path / "imdb")
    done = call_here("convert", "imdb", "-o", "out", "--select", "SFT0,SFT1,SFT201")
    assert "read 31 = written 26 + rejected 2 + duplicate 0 + filtered 3" in done.out
    assert "imdb/train/pos/bad_8.txt:2  byte 0xe9 is not utf-8" in done.out
    assert "imdb/train/pos/empty_8.txt:1  /text  the input is empty" in done.out
    assert "imdb/train/unsup/0_0.txt:1  a text without a label: its folder is 'unsup'" in done.out
    assert "imdb/train/pos/mark_8.txt:1  a byte order mark" in done.out
    for name in ("README", "train/urls_pos.txt", "train/neg/out_1.txt (a link that leads out of the folder)"):
        assert f"skipped {name}" in done.err
    call_here("convert", "out", "-o", "a.jsonl", "--to", "canonical")
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert "secret" not in (tmp_path / "a.jsonl").read_text("utf-8")
    for row in rows:
        place = row["source"]
        assert (place["line"], place["byte"], row["id"]) == (1, 0, place["file"])
        _, split, label, _ = place["file"].split("/")
        assert (row["split"], row["target"]) == (split, label)
    assert {"With a mark.", "In UTF-16."} < {row["input"] for row in rows}
    assert [row["id"] for row in rows if row["split"] == "test"] == sorted(
        row["id"] for row in rows if row["split"] == "test"
    )


def test_the_name_of_a_file_is_content(call_here: Call, tmp_path: Path) -> None:
    tree(tmp_path / "imdb")
    call_here("convert", "imdb", "-o", "out", "-q")
    assert "nothing to do" in call_here("convert", "imdb", "-o", "out").out
    os.rename(tmp_path / "imdb/train/pos/1_8.txt", tmp_path / "imdb/train/neg/moved_8.txt")
    done = call_here("convert", "imdb", "-o", "out", "-q")
    assert (done.code, "--overwrite" in done.err) == (2, True)


def test_splits_that_the_user_names(call_here: Call, tmp_path: Path) -> None:
    tree(tmp_path / "imdb")
    done = call_here("validate", "imdb/train", "validation=imdb/test", "--select", "SFT0")
    assert "train 15  validation 12" in done.out
    assert "train/pos/bad_8.txt:2  byte 0xe9" in done.out


def test_rejected_texts_are_read_again(call_here: Call, tmp_path: Path) -> None:
    tree(tmp_path / "imdb")
    call_here("convert", "imdb", "-o", "out", "-q")
    rejects = (
        (tmp_path / "out/rejects.jsonl").read_text("utf-8").replace('\\"text\\":\\"\\"', '\\"text\\":\\"mended\\"')
    )
    (tmp_path / "mended.jsonl").write_text(rejects)
    done = call_here("convert", "mended.jsonl", "-o", "b.jsonl", "--to", "text-label", "-q")
    assert "read 5 = written 1 + rejected 4" in done.out
    assert json.loads((tmp_path / "b.jsonl").read_text("utf-8")) == {
        "id": "imdb/train/pos/empty_8.txt",
        "text": "mended",
        "label": "pos",
        "split": "train",
    }


def test_the_sample_is_found_clean_and_made_again(call_here: Call, tmp_path: Path) -> None:
    sample = schema_folder().parent / "samples/class-folders"
    done = call_here("validate", str(sample), "--ignore", "SFT402")
    assert (done.code, "28 rows" in done.out) == (0, True)
    call_here("convert", str(sample), "-o", "made", "--to", "class-folders", "-q")
    files = {path.relative_to(sample): path.read_bytes() for path in sample.rglob("*.txt")}
    assert {path.relative_to(tmp_path / "made"): path.read_bytes() for path in tmp_path.glob("made/*/*/*")} == files
    assert "class-folders" in call_here("layouts").out.replace("\n", "")


def test_one_text_is_explained_as_it_is_read(call_here: Call, tmp_path: Path) -> None:
    tree(tmp_path / "imdb")
    good = call_here("explain", "imdb/train/pos/1_8.txt:1").out
    assert good.startswith("imdb/train/pos/1_8.txt:1  class-folders, utf-8; line 1 is a record")
    assert "target  pos" in good
    assert "split   train" in good
    assert "SFT006 byte 0xe9 is not utf-8" in call_here("explain", "imdb/train/pos/bad_8.txt:2").out
    (tmp_path / "lines.txt").write_text("__label__a one\n__label__b two\n")
    assert "text, utf-8; line 2 is a record" in call_here("explain", "lines.txt:2").out


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"text": "a", "label": ".hidden"}, "cannot be the name of a folder"),
        ({"text": "a", "label": "a//b"}, "cannot be the name of a folder"),
        ({"text": "a", "label": "../x"}, "cannot be the name of a folder"),
        ({"text": "a", "label": "unsup"}, "cannot be the name of a folder"),
        ({"text": "a\0", "label": "x"}, "cannot stand in a file"),
        ({"text": "a", "label": None}, "without a label"),
        ({"text": "a", "label": "fine"}, "two or more"),
    ],
)
def test_what_a_folder_cannot_hold(tmp_path: Path, record: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        formats.write(tmp_path / "x", "class-folders", None, lambda: [[record, {"text": "b", "label": "fine"}]], [])


def test_what_is_there_is_never_replaced(call_here: Call, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "x", "label": "a"}\n{"text": "y", "label": "b"}\n')
    (tmp_path / "made").mkdir()
    (tmp_path / "made/mine").write_text("mine")
    options = ("--to", "class-folders", "-q")
    done = call_here("convert", "a.jsonl", "-o", "made", *options, "--overwrite")
    assert (done.code, os.listdir(tmp_path / "made")) == (2, ["mine"])
    assert "--to class-folders makes a folder" in call_here("convert", "a.jsonl", "-o", "a.csv", *options).err
    (tmp_path / "b.jsonl").write_text('{"text": "x", "label": "a/../b"}\n{"text": "y", "label": "b"}\n')
    done = call_here("convert", "b.jsonl", "-o", "other", *options)
    assert (done.code, sorted(os.listdir(tmp_path))) == (2, ["a.jsonl", "b.jsonl", "made"])


def test_ids_that_are_the_names_of_files_are_not_lost(call_here: Call, tmp_path: Path) -> None:
    for name in ("train/pos/a.txt", "train/neg/b.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    assert "SFT107" not in call_here("convert", "in", "-o", "out", "--to", "class-folders").out
    assert (tmp_path / "out/train/pos/a.txt").read_text() == "train/pos/a.txt\n"
    (tmp_path / "a.csv").write_text("id,text,label\nr1,x,pos\nr2,y,neg\n")
    assert "no place for 'id', held by 2 rows" in call_here("convert", "a.csv", "-o", "b", "--to", "class-folders").out
