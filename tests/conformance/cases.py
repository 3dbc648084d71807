"""The hostile file corpus: small files of every kind of fault with what is to be read from each, and big ones.

`stored()` gives the files in `cases/`; `generated(folder)` writes those that are too big to store. `make.py` writes the
stored files and their snapshots; the snapshots are reviewed, never typed.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sftformat import formats
from sftformat.errors import SftformatError
from sftformat.formats import ReadOptions
from sftformat.record import encode_json

CASES = Path(__file__).parent / "cases"
SNAPSHOT = ".expected.json"


@dataclass(frozen=True)
class Case:
    """One file and what reading it must give; `options` are fields of ReadOptions."""

    name: str
    path: Path
    expected: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)


def stored() -> list[Case]:
    """Return the cases in `cases/`, sorted by name."""
    found = []
    for snapshot in sorted(CASES.glob("*" + SNAPSHOT)):
        expected = json.loads(snapshot.read_text("utf-8"))
        name = snapshot.name.removesuffix(SNAPSHOT)
        found.append(Case(name, CASES / name, expected, expected["options"]))
    return found


def options_of(fields: dict[str, Any]) -> ReadOptions:
    """Return ReadOptions from the JSON of a case."""
    fields = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    return ReadOptions(**fields)


def outcome(path: Path, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what the library makes of a file, as JSON values; the text of numbers is kept by `json_text`."""
    options = options_of(fields)
    records: list[Any] = []
    rejects: list[Any] = []
    codes: list[str] = []
    error, blank = None, 0
    found = None
    try:
        found = formats.sniff(path, name, options)
        for batch in formats.read(found, options):
            places = zip(batch.lines, batch.offsets, batch.records, strict=True)
            records += [{"line": line, "byte": byte, "record": record} for line, byte, record in places]
            rejects += [
                {"line": item.line, "byte": item.byte, "code": item.diagnostics[0].code} for item in batch.rejects
            ]
            codes += [finding.code for finding in batch.diagnostics]
            blank += batch.blank_lines
    except SftformatError as raised:
        diagnostic = getattr(raised, "diagnostic", None)
        error = diagnostic.code if diagnostic else type(raised).__name__
        # What came before the damage is not to be used.
        records, rejects, codes, blank = [], [], [], 0
    return {
        "options": fields,
        "format": found.format if found else None,
        "records": records,
        "rejects": rejects,
        "diagnostics": codes,
        "blank_lines": blank,
        "error": error,
    }


def json_text(result: dict[str, Any]) -> str:
    """Return an outcome as JSON text, a record or reject a line."""
    lines = []
    for key, value in result.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join("    " + encode_json(item).decode() for item in value)
            lines.append(f'  "{key}": [\n{rows}\n  ]')
        else:
            lines.append(f'  "{key}": {encode_json(value).decode()}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


@dataclass(frozen=True)
class Big:
    """A case that is made when it is needed: its file name, what writes it, and what counts in what is read."""

    name: str
    make: Callable[[Path], object]
    records: int
    rejects: list[str]
    error: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


def _deep(depth: int) -> bytes:
    return b'{"a":1}\n{"a":' + b"[" * depth + b"]" * depth + b'}\n{"a":2}\n'


def _huge_line(path: Path) -> None:
    """Write a gzip of about 300 KB that holds one line of 300 MB and a good one."""
    with gzip.GzipFile(path, "wb", compresslevel=9, mtime=0) as file:
        file.write(b'{"a":1}\n{"a":"')
        for _ in range(300):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"a":2}\n')


def _huge_element(path: Path) -> None:
    with gzip.GzipFile(path, "wb", compresslevel=9, mtime=0) as file:
        file.write(b'[{"a":1},\n{"a":["')
        for _ in range(100):
            file.write(b'x\\"]' * 250_000)
        file.write(b'"]},\n{"a":2}]\n')


def _packed_parquet(path: Path) -> None:
    """Write a Parquet file of some KB whose rows are 20 KB each: about 1 GB of text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.array(["x" * 20_000] * 5_000)
    with pq.ParquetWriter(path, pa.schema([("text", pa.string())]), compression="zstd") as writer:
        for _ in range(10):
            writer.write_table(pa.table({"text": text}))


def _wide(path: Path) -> None:
    names = ",".join(f"c{number}" for number in range(100_000))
    path.write_text(names + "\n" + ",".join("1" for _ in range(100_000)) + "\n1,2\n", "ascii")


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


BIG = (
    Big("depth-500.jsonl", _bytes(_deep(500)), 3, []),
    Big("depth-511.jsonl", _bytes(_deep(511)), 3, []),
    Big("depth-512.jsonl", _bytes(_deep(512)), 2, ["SFT010"]),
    Big("depth-100000.jsonl", _bytes(_deep(100_000)), 2, ["SFT010"]),
    Big("depth-1000000.jsonl", _bytes(_deep(1_000_000)), 2, ["SFT010"]),
    Big("depth-objects.jsonl", _bytes(b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b'\n{"a":2}\n'), 1, ["SFT010"]),
    Big("depth-unclosed.jsonl", _bytes(b'{"a":1}\n{"a":' + b"[" * 100_000), 1, ["SFT010"]),
    Big(
        "depth-100000.json", _bytes(b'[{"a":1},{"a":' + b"[" * 100_000 + b"]" * 100_000 + b'},{"a":2}]'), 2, ["SFT010"]
    ),
    Big("huge-line.jsonl.gz", _huge_line, 2, ["SFT009"]),
    Big("huge-element.json.gz", _huge_element, 2, ["SFT009"]),
    Big(
        "huge-cell.csv",
        _bytes(b"a,b\n1," + b"x" * 3_000_000 + b"\n2,y\n"),
        1,
        ["SFT009"],
        None,
        {"max_line_bytes": 1 << 20},
    ),
    Big("cell-200kB.csv", _bytes(b"a,b\n1," + b"x" * 200_000 + b'\n2,"' + b"y\n" * 100_000 + b'"\n'), 2, []),
    Big("columns-100000.csv", _wide, 1, ["SFT012"]),
    Big("packed.parquet", _packed_parquet, 50_000, []),
    Big(
        "open-quote.csv",
        _bytes(b'a,b\n"x,1\n' + b"y,2\n" * 200_000),
        200_000,
        ["SFT013"],
        None,
        {"max_line_bytes": 1 << 20},
    ),
    Big("open-quotes.csv", _bytes(b"a,b\n" + b'"x,1\n' * 3_000), 0, ["SFT013"] * 3_000),
    Big("digits-5000.jsonl", _bytes(b'{"a":' + b"1" * 5000 + b'}\n{"a":' + b"1" * 4300 + b"}\n"), 1, ["SFT004"]),
    Big("blank-lines.jsonl", _bytes(b"\n" * 300_000 + b"{}\n"), 1, []),
)


def generated(folder: Path) -> Iterator[tuple[Big, Path]]:
    """Write the big files one after the other into `folder`, each removed before the next."""
    for case in BIG:
        path = folder / case.name
        case.make(path)
        yield case, path
        path.unlink()
