"""Lines that are alike are read by column: the same records, places and findings as one by one, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sftformat.formats import forms, lines, sniff
from sftformat.formats.jsonl import read
from sftformat.formats.source import ReadOptions
from sftformat.layouts.bind import bind
from sftformat.layouts.layout import Layout, layout
from sftformat.normalize import ColumnTypes, TypeLines, count_types, normalize
from sftformat.record import Batch
from sftformat.uniform import Uniform
from sftformat.validate import validate

from .hostile import TEXTS, gather

#: What stands in a line in place of a text or number, as it is written there.
VALUES = st.one_of(
    TEXTS.map(json.dumps),
    TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(["1", "0", "-1", "-0", "1.10", "1e5", "true", "false", "null", "123456789012345678901234567890"]),
    st.sampled_from(['"\\ud800"', '"\\/"', '"\\u0041"', '"\\x"', '"\\"', "NaN", "[]", "{}", '{"a": "b"}', '"a"b"', ""]),
)
KEYS = ('"text"', '"label"', '"te\\u0078t"', '"a\\"b"', '"sftformat 0"', '""')
#: A line that is broken in some way, or odd.
ODD = st.sampled_from(
    [b"", b"{}", b"[]", b"1", b'"text"', b"}{", b'{"text": "a"', b'{"text": "a"} x', b'{"text": "a"}{"text": "b"}']
)

INSERTED = st.sampled_from([b"", b'"', b"\\", b"\\\\", b"{", b"}", b"\n", b"\x00", b"\x1f", b"\xff", b","])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Lines of which most have the keys and the kinds of values of the first."""
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
    colon, comma = draw(st.sampled_from([(": ", ", "), (":", ","), (" : ", " , "), (":\t", ",")]))
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
    kinds = [draw(st.sampled_from(["text", "text", "few", "any"])) for _ in keys]
    made = {"text": TEXTS.map(json.dumps), "few": st.sampled_from(["1", "2", "null", "true"]), "any": VALUES}
    some = []
    for _ in range(draw(st.integers(1, 8))):
        values = [draw(made[kind]) for kind in kinds]
        line = comma.join(f"{key}{colon}{value}" for key, value in zip(keys, values, strict=True))
        some.append(f"{{{line}}}".encode("utf-8", "surrogatepass"))
    if draw(st.booleans()):
        some.insert(draw(st.integers(0, len(some))), draw(ODD))
    whole = end.encode().join(some) + draw(st.sampled_from([b"", end.encode()]))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(whole)))
        gone = draw(st.integers(0, 1))
        whole = whole[:at] + draw(INSERTED) + whole[at + gone :]
    return whole


def both_ways(path: Path) -> tuple[list[Batch], list[Batch]]:
    """Read a file as it is read, and with no line taken for like another."""
    source = sniff(path, path.name, ReadOptions(format="jsonl", encoding="utf-8"))
    quick = list(read(source, ReadOptions()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "alike", lambda _: None)
        slow = list(read(source, ReadOptions()))
    assert not any(isinstance(batch.records, Uniform) for batch in slow)
    return quick, slow


@given(content=files())
@example(content=b'{"a": "x", "b": 1}\n{"a": 1, "b": "x"}\n')
@example(content=b'{"sftformat 0": "x"}\n{"y": "sftformat 0"}\n')
@example(content=b'{"text": "a", "label": "sftformat 1"}\n{"text": "sftformat 1", "label": "b"}\n')
@example(content=b'{"a": "x"}\n{"a": "x", "a": "y"}\n')
@example(content=b'{"a": "x\\\\"}\n{"a": "\\\\\\""}\n')
@example(content=b'{"a": "x"}\n{"a": "\\ud83d\\ude00"}\n')
@example(content=b'{"a": "x"}\n{"a": "\xed\xa0\x80"}\n')
@example(content=b'{"a": "x", "b": -0}\n{"a": "x", "b": 0}\n')
@example(content=b'{"a": "x\r"}\r\n{"a": "y"}\r\n')
@settings(max_examples=600, deadline=None)
def test_the_records_are_those_of_reading_one_by_one(content: bytes, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("forms") / "a.jsonl"
    path.write_bytes(content)
    quick, slow = both_ways(path)
    assert gather(quick) == gather(slow)
    assert [list(map(list, batch.records)) for batch in quick] == [list(map(list, batch.records)) for batch in slow]
    kinds = [[[type(value) for value in record.values()] for record in batch.records] for batch in (*quick, *slow)]
    assert kinds[: len(quick)] == kinds[len(quick) :]


RECORDS = {
    "plain": [{"text": f"t {n}", "label": ("a", "b")[n % 2]} for n in range(40)],
    "escapes": [{"text": f'"{n}\\\t\n\\" é \\\\', "label": "a\\"} for n in range(40)],
    "numbers": [{"text": f"t {n}", "label": n % 3, "weight": 0.5} for n in range(40)],
    "unlabelled": [{"text": f"t {n}", "label": None if n % 2 else True} for n in range(40)],
    "splits": [{"text": "t", "label": "a", "split": ("dev", "train")[n % 2]} for n in range(40)],
    "beside": [{"id": f"n{n}", "text": "t", "stars": n % 5, "label": "a"} for n in range(40)],
    "no-label": [{"text": "t", "label": -1} for _ in range(40)],
}


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("name", RECORDS)
def test_lines_as_people_write_them_are_alike(name: str, ascii_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(each, ensure_ascii=ascii_only) + "\n" for each in RECORDS[name]), "utf-8")
    quick, slow = both_ways(path)
    assert [type(batch.records) for batch in quick] == [Uniform]
    assert gather(quick) == gather(slow)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": "x"}\n{"a": 1}\n',
        b'{"a": "x"}\n{"a": null}\n',
        b'{"a": "x"}\n{"b": "x"}\n',
        b'{"a": "x"}\n\n{"a": "x"}\n',
        b'{"a": "x", "b": []}\n',
        b'{"a": 1}\n',
        b'{"a": "x\ty"}\n',
        b'{"a": "x\x00y"}\n',
        b'{"a": "\xff"}\n',
        b'{"a": "x"}\n{"a": "x", "a": "y"}\n',
        b'{"a": "\\ud800"}\n',
        "".join(f'{{"a": "x", "b": {n}}}\n' for n in range(300)).encode(),
    ],
)
def test_what_is_not_alike_or_not_sound_is_left_to_the_exact_reader(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    source = sniff(path, path.name, ReadOptions(format="jsonl"))
    assert [forms.alike(block) for block in lines.blocks(source, 1 << 20)] == [None]


@given(
    name=st.sampled_from([*RECORDS]),
    texts=st.lists(TEXTS, min_size=1, max_size=6),
    labels=st.lists(st.sampled_from(["a", "b", " a", "-1", ""]), min_size=1, max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_whatever_comes_of_records_that_are_alike_is_the_same(
    name: str, texts: list[str], labels: list[str], tmp_path_factory: Any
) -> None:
    records = [{**each} for each in RECORDS[name]]
    for number, record in enumerate(records):
        record["text"] = texts[number % len(texts)]
        if isinstance(record["label"], str):
            record["label"] = labels[number % len(labels)]
    path = tmp_path_factory.mktemp("forms") / "a.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in records), "utf-8")
    source = sniff(path, path.name, ReadOptions(format="jsonl"))
    (batch,) = read(source, ReadOptions())
    assert isinstance(batch.records, Uniform)
    own = {"type": "object", "properties": {"text": {"minLength": 2}, "label": {"enum": ["a", 1, True, -1, None]}}}
    for wanted in (layout("text-label"), replace(layout("text-label"), own=own)):
        assert through(batch, wanted) == through(replace(batch, records=[*batch.records]), wanted)


@pytest.mark.parametrize("value", ["1", "false"])
def test_a_part_of_a_block_has_only_its_own_forms(value: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    plain = "".join(f'{{"text": "t{number}", "label": "a", "split": null}}\n' for number in range(18_000))
    path.write_text(f'{plain}{{"text": "t", "label": "a", "split": {value}}}\n')
    quick, slow = both_ways(path)
    assert [len(batch) for batch in quick] == [16384, 1617]
    assert [len(batch.records.forms) for batch in quick if isinstance(batch.records, Uniform)] == [1, 2]
    wanted = layout("text-label")
    assert [through(batch, wanted) for batch in quick] == [through(batch, wanted) for batch in slow]
    assert quick[0].records[-1] == slow[0].records[-1]
    assert [*quick[0].records[5:2:-1]] == slow[0].records[5:2:-1]


def through(batch: Batch, wanted: Layout) -> Any:
    """Return what becomes of a batch, and what is counted on the way."""
    binding = bind(wanted, [*batch.records])
    fitting, rejects = validate(batch, binding)
    types: ColumnTypes = {}
    first: TypeLines = {}
    count_types(fitting, types, binding, first)
    rows = normalize(fitting, binding, "test")
    some = normalize(fitting, binding, None, {"input", "target", "source"})
    return rejects, {key: [*counts.items()] for key, counts in types.items()}, first, rows.to_pylist(), some.to_pylist()


def test_a_file_that_is_not_alike_is_not_tried_block_after_block(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    plain, odd = b'{"text": "a", "label": "b"}\n', b'{"text": "a", "label": ["b"]}\n'
    block = b"".join([plain] * 40_000)
    path.write_bytes(block + b"".join([odd] * 400_000) + block)
    with pytest.MonkeyPatch.context() as patch:
        tried: list[object] = []
        real = forms.alike
        patch.setattr(forms, "alike", lambda block: tried.append(real(block)) or tried[-1])
        batches = list(read(sniff(path, path.name, ReadOptions()), ReadOptions()))
    assert sum(map(len, batches)) == 480_000
    assert tried[0] is not None
    assert 3 <= sum(each is None for each in tried) <= 6


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 512, 513])
def test_rows_of_backslashes_before_a_quote(tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.jsonl"
    texts = ["\\" * (count // 2) + '"' * (count % 2) + end for end in ("", "a", "\\", '"b"')]
    path.write_text("".join(json.dumps({"text": text, "label": "a"}) + "\n" for text in texts))
    quick, slow = both_ways(path)
    assert [*quick[0].records] == [*slow[0].records] == [{"text": text, "label": "a"} for text in texts]
