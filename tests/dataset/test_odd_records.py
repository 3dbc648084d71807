"""One odd record is one finding: of every layout, with every value in turn replaced by one that nobody thought of."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sftformat.dataset.build import diagnose
from sftformat.dataset.options import DatasetOptions, Finished
from sftformat.errors import SftformatError
from sftformat.formats import ReadOptions, csvrow, read, sniff
from sftformat.layouts import LAYOUTS
from sftformat.layouts.layout import layout
from sftformat.record import Number, Record, encode_json
from tests.test_samples import CLEAN, SAMPLES

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="not a checkout")

ODD: list[Any] = [
    *(None, "", " ", "\n", "none", "null", "[]", "[1", "a\x00b", True, 0, -1, 3, 2**53, 10**30, int("9" * 400)),
    *(Number("9.0"), Number("0.5"), Number("-0"), Number("1e300"), Number("1e-400")),
    *([], {}, [[]], [{}], [None], ["x"], [["x", "y"]], [0, 1], {"": ""}, {"a": 1}, {"role": "user"}),
]
#: Cells of CSV and TSV.
CELLS = [
    *("", " ", "\n", "\t", "\r", "\xa0", "null", "true", "42", "1e5", "-0", "[]", "{}", "[", "[1", '"', "NaN"),
    "9" * 400,
]
#: What is told of a layout where the records would have to show it, and odd ones hide it.
TOLD = {
    "one-hot": {"target/threat": "threat"},
    "label-studio": {"input": "/data/text", "target": "intent"},
    "label-studio-labels": {"input": "/data/text", "target": "aspects"},
    "label-studio-min": {"input": "message", "target": "topic"},
    "label-studio-min-labels": {"input": "text", "target": "topics"},
    "label-studio-min-spans": {"input": "text", "target": "names"},
}


def base(name: str) -> list[Record]:
    """Return a few sound records of a layout: of its sample, and those that its schema shows."""
    found: list[Record] = list(layout(name).schema.get("examples", ()))
    for sample in [each for each in CLEAN if each.layout == name and each.to is None][:1]:
        source = sniff(sample.path, sample.name, ReadOptions())
        found = [*next(iter(read(source, ReadOptions()))).records[:2], *(found if name not in TOLD else ())]
    return found[:4]


def settled(name: str) -> tuple[str, ...]:
    """Return the columns of a layout whose values say, all of them together, what the column is: none is changed."""
    return (TOLD[name]["target"],) if name.startswith("label-studio-min") else ()


def changed(value: Any) -> Iterator[Any]:
    """Yield a value with each part of it replaced by each odd one in turn, and left out; of lists the first two."""
    if isinstance(value, dict):
        keys: list[Any] = list(value)
    else:
        keys = list(range(min(2, len(value)))) if isinstance(value, list) else []
    for key in keys:
        for other in [*ODD, *(changed(value[key]) if isinstance(value[key], dict | list) else ())]:
            made = copy.copy(value)
            made[key] = other
            yield made
        yield {other: value[other] for other in value if other != key} if isinstance(value, dict) else value[:key]


def checked(path: Path, name: str, records: list[bytes]) -> None:
    """Check records of a layout; a bug is told with the first record that shows it alone."""
    head, rest = records[:1], records[1:]
    path.write_bytes(b"".join(records))
    preference = "chosen" if name.startswith("preference") else None
    options = DatasetOptions(layout=name, mapping=TOLD.get(name, {}), preference=preference)
    try:
        last = list(diagnose([str(path)], options))[-1]
        assert isinstance(last, Finished)
        assert last.manifest["ledger"]["read"] == len(records) - (path.suffix == ".csv")
    except SftformatError:
        raise
    except Exception as error:
        while len(rest) > 1:
            half = rest[: len(rest) // 2]
            path.write_bytes(b"".join([*head, *half]))
            try:
                list(diagnose([str(path)], options))
                rest = rest[len(half) :]
            except Exception:
                rest = half
        raise AssertionError(f"{type(error).__name__}: {error} at {rest[0].decode()[:300]}") from error


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_odd_record_ends_the_call(tmp_path: Path, name: str) -> None:
    records = base(name)
    kept = settled(name)
    odd = [{**each, **{key: record[key] for key in kept}} for record in records for each in changed(record)]
    more = [key for key in layout(name).schema.get("properties", {}) if key not in records[0]]
    odd += [{**records[0], key: other} for key in more for other in ODD]
    checked(tmp_path / "a.jsonl", name, [encode_json(each) + b"\n" for each in [*records, *odd]])


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_odd_record_ends_the_search_for_a_layout(tmp_path: Path, name: str) -> None:
    records = base(name)
    odd = list(changed(records[0]))[::7]
    lines = [encode_json(each) + b"\n" for each in [*records * (len(odd) // len(records) + 1), *odd]]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    with suppress(SftformatError):
        list(diagnose([str(tmp_path / "a.jsonl")], DatasetOptions()))


def pointed(value: Any) -> Any:
    """Return a value with a point in every integer."""
    if isinstance(value, dict):
        return {key: pointed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [pointed(item) for item in value]
    return Number(f"{value}.0") if type(value) is int else value


@pytest.mark.parametrize("name", ["text-spans", "prodigy-spans", "label-studio-spans", "squad"])
def test_offsets_with_a_point_are_offsets(tmp_path: Path, name: str) -> None:
    sample = next(each for each in CLEAN if each.layout == name)
    source = sniff(sample.path, sample.name, ReadOptions())
    records = [record for batch in read(source, ReadOptions()) for record in batch.records]
    kept = [{**pointed(record), **({"id": record["id"]} if "id" in record else {})} for record in records]
    (tmp_path / "a.jsonl").write_bytes(b"".join(encode_json(each) + b"\n" for each in kept))
    last = list(diagnose([str(tmp_path / "a.jsonl")], DatasetOptions()))[-1]
    assert isinstance(last, Finished)
    assert (last.manifest["ledger"]["written"], last.manifest["task"]) == (len(records), layout(name).task)


def _flat(name: str) -> bool:
    return not any(isinstance(value, dict) for record in base(name)[:1] for value in record.values())


@pytest.mark.parametrize("name", [name for name in LAYOUTS if _flat(name)])
def test_no_odd_cell_ends_the_call(tmp_path: Path, name: str) -> None:
    records = base(name)[:2]
    names = list(records[0])
    sound = [[csvrow.cell(record.get(key)) for key in names] for record in records]
    free = [at for at, key in enumerate(names) if key not in settled(name)]
    odd = [[*cells[:at], cell, *cells[at + 1 :]] for cells in sound for at in free for cell in CELLS]
    rows = [csvrow.written(cells, ",") for cells in [names, *sound, *odd]]
    checked(tmp_path / "a.csv", name, rows)
