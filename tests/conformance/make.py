"""Write the stored files of the corpus and their snapshots: `python tests/conformance/make.py`, then review."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))
from conformance.cases import CASES, SNAPSHOT, json_text, outcome

GOOD = b'{"a":"x"}\n'
JSONL: dict[str, bytes] = {
    "bom-start": b"\xef\xbb\xbf" + GOOD,
    "bom-only": b"\xef\xbb\xbf",
    "bom-mid-text": GOOD + b'{"a":"\xef\xbb\xbfx"}\n' + GOOD,
    "bom-mid-line-start": GOOD + b"\xef\xbb\xbf" + GOOD + GOOD,
    "utf16-bom": ('{"a":"ä\u2028\U0001f600"}\n{"a":"\u0a0a\u0a00"}\n').encode("utf-16"),
    "utf16-no-bom": ('{"a":"x"}\n' * 3).encode("utf-16-le"),
    "utf16-bad": b"\xff\xfe" + '{"a":"'.encode("utf-16-le") + b"\x00\xd8" + '"}\n{"a":"x"}\n'.encode("utf-16-le"),
    "latin1": '{"a":"é"}\n'.encode("latin-1") + GOOD,
    "overlong": b'{"a":"\xc0\xaf"}\n' + GOOD,
    "surrogate-bytes": b'{"a":"\xed\xa0\x80"}\n' + GOOD,
    "nul-raw": b'{"a":"\x00"}\n' + GOOD * 3,
    "nul-between": GOOD + b"\x00" + GOOD,
    "nul-escaped": b'{"a":"\\u0000"}\n' + GOOD,
    "lone-surrogate": b'{"a":"\\ud800"}\n{"\\udc00":1}\n{"a":"\\ud83d\\ude00"}\n{"a":"\\ude00\\ud83d"}\n{"a":"\\ud83dx"}\n',  # noqa: E501
    "line-separators": '{"a":"x\u2028y\u2029z\u0085w\x7f"}\n'.encode() + GOOD,
    "control-characters": b'{"a":"\x0b"}\n{"a":"\x1c"}\n{"a":"\t"}\n' + GOOD,
    "crlf": b'{"a":"x"}\r\n{"a":"y"}\r\n\r\n',
    "mixed-ends": b'{"a":"x"}\n{"a":"y"}\r\n{"a":"z"}\n',
    "mixed-ends-crlf-first": b'{"a":"x"}\r\n{"a":"y"}\n{"a":"z"}\r\n',
    "lone-cr": b'{"a":"x"}\r{"a":"y"}\r',
    "lone-cr-inside": b'{"a":\r"x"}\n' + GOOD,
    "no-final-newline": GOOD + b'{"a":"y"}',
    "blank-lines": b"\n \n" + GOOD + b"\t\n\r\n" + GOOD + b"\n\n",
    "empty": b"",
    "only-blank": b"\n\n  \n",
    "nan": b'{"a":NaN}\n{"a":Infinity}\n{"a":-Infinity}\n{"a":[nan]}\n' + GOOD,
    "1e400": b'{"a":1e400}\n{"a":-1E+400}\n{"a":1e-400}\n{"a":1e308}\n',
    "big-integers": b'{"a":18446744073709551617}\n{"a":9007199254740993}\n{"a":-9223372036854775809}\n',
    "number-texts": b'{"a":1.10}\n{"a":1e5}\n{"a":1E5}\n{"a":-0}\n{"a":-0.0}\n{"a":0.10000000000000000001}\n{"a":[-0,0]}\n{"a":"x-0 "}\n',  # noqa: E501
    "bad-numbers": b'{"a":01}\n{"a":+1}\n{"a":.5}\n{"a":1.}\n{"a":0x1}\n{"a":1_000}\n{"a":-}\n' + GOOD,
    "duplicate-key": b'{"a":1,"a":2}\n{"a":{"b":1,"b":2}}\n{"a":[{"b":1},{"b":1}]}\n{"a":1, "a" :1}\n' + GOOD,
    "duplicate-key-escaped": b'{"a":1,"\\u0061":2}\n{"\\u0061":1}\n',
    "colons-in-strings": b'{"a":"\\"b\\":1"}\n{"a\\\\":"\\":"}\n{"a":"b :\\" :"}\n{"a:":1,"b":2,"a:":3}\n{"a":{"b":":"}}\n',  # noqa: E501
    "not-objects": b'[1]\n"x"\n1\nnull\ntrue\n{}\n' + GOOD,
    "single-quotes": b"{'a':'x'}\n" + GOOD,
    "python-words": b'{"a":None}\n{"a":True}\n' + GOOD,
    "trailing-comma": b'{"a":1,}\n{"a":[1,]}\n{,}\n{"a":1,,"b":2}\n' + GOOD,
    "two-on-a-line": b'{"a":1}{"a":2}\n{"a":1} {"a":2}\n{"a":1},\n' + GOOD,
    "comments": b'// x\n{"a":1} # x\n' + GOOD,
    "bad-escapes": b'{"a":"\\x41"}\n{"a":"\\u12"}\n{"a":"\\"}\n' + GOOD,
    "truncated-string": GOOD + b'{"a":"x',
    "truncated-key": GOOD + b'{"a":"x","b',
    "truncated-literal": GOOD + b'{"a":tru',
    "truncated-number": GOOD + b'{"a":1.',
    "truncated-escape": GOOD + b'{"a":"\\u00',
    "truncated-character": GOOD + b'{"a":"\xc3',
    "truncated-but-ended": GOOD + b'{"a":"x\n' + GOOD,
    "bad-last-line": GOOD + b"{'a':1}",
    "deep-but-legal": b'{"a":' + b"[" * 100 + b"]" * 100 + b"}\n",
    "garbage-first": b"garbage\n" + GOOD,
    "values": b'{"a":"007","b":"1e5","c":"NA","d":"null","e":" x ","f":"","g":null,"h":"2024-01-01","i":true}\n',
}
JSON_ARRAY: dict[str, bytes] = {
    "array-pretty": b'[\n  {\n    "a": "x"\n  },\n  {\n    "a": "]}\\""\n  }\n]\n',
    "array-compact": b'[{"a":1.10},{"a":[{"b":{}}]},{}]',
    "array-empty": b" [ ]\n",
    "array-bom": b'\xef\xbb\xbf[{"a":1}]',
    "array-utf16": '[{"a":"ä"},\n{"a":"x"}]'.encode("utf-16"),
    "array-faulty-elements": b'[1,\n{"a":1,"a":2},\n{"a":NaN},\n{"a":"\\ud800"},\n{"a":"\xe9"},\n[],\nnull,\n{"a":1}]',
    "array-syntax-error": b'[{"a":1},\n{"a":1,},\n{"a":2}]',
    "array-missing-comma": b'[{"a":1}\n{"a":2}]',
    "array-trailing-comma": b'[{"a":1},]',
    "array-double-comma": b'[{"a":1},,{"a":2}]',
    "array-leading-comma": b'[,{"a":1}]',
    "array-mismatched": b'[{"a":1},{"a":[2}],{"a":3}]',
    "array-unclosed": b'[{"a":1},\n{"a":2}\n',
    "array-truncated": b'[{"a":1},\n{"a":"x',
    "array-trailing-garbage": b'[{"a":1}]\ngarbage',
    "array-twice": b'[{"a":1}][{"a":2}]',
    "array-single-quotes": b"[{'a':1}]",
    "object-pretty": b'{\n  "model": [\n    {"a": 1}\n  ]\n}\n',
    "object-one-line": b'{"model":[{"a":1}]}',
    "object-of-records-pretty": b'{\n  "data": [\n    {"a": 1},\n    [2], {"b": 2}\n  ],\n  "version": 1\n}\n',
    "object-of-records-one-line": b'{"train":[{"a":1}],"test":[{"a":2}]}',
    "empty": b"",
    "blank": b" \n",
    "lines-in-json": GOOD + GOOD,
    "scalar": b"42\n",
}
CSV: dict[str, bytes] = {
    "sound": b'a,b\nx,1\n"x, y","2 ""q"""\n',
    "crlf": b'a,b\r\nx,1\r\n"p\r\nq",2\r\n',
    "lone-cr": b'a,b\rx,1\r"p\rq",2\r',
    "mixed-ends": b"a,b\nx,1\r\ny,2\n",
    "no-final-newline": b"a,b\nx,1",
    "bom": b"\xef\xbb\xbfa,b\nx,1\n",
    "bom-quoted-header": b'\xef\xbb\xbf"a","b"\nx,1\n',
    "bom-mid": b"a,b\nx\xef\xbb\xbf,1\n",
    "utf16": "a,b\nä,1\n\u0a0a,2\n".encode("utf-16"),
    "utf16-be": b"\xfe\xff" + "a,b\n\u0a00x,1\n".encode("utf-16-be"),
    "latin1-row": b"a,b\nx,1\ncaf\xe9,2\ny,3\n",
    "latin1-header": b"\xe9,b\nx,1\n",
    "latin1-multiline": b'a,b\n"x\ncaf\xe9",1\ny,2\n',
    "nul": b"a,b\nx\0,1\ny,2\n",
    "ragged": b"a,b\nx\ny,1,2\nz,1\n",
    "ragged-multiline": b'a,b\n"x\ny,z",1,2\nw,1\n',
    "unclosed-quote": b'a,b\n"x,1\ny,2\nz,3\n',
    "unclosed-quote-quoted": b'"a","b"\n"x,"1"\n"y","2"\n"z","3"\n',
    "unclosed-last": b'a,b\ny,2\n"z,3',
    "text-after-quote": b'a,b\n"x"y,1\ny,2\n',
    "bare-quote": b'a,b\nx"y,1\ny "q" z,2\ny,2\n',
    "blank-before-quote": b'a,b\nx, "y"\ny,2\n',
    "embedded-newline": b'a,b\n"x\n\ny",1\nz,2\n',
    "rows-in-a-quote": b'a,b\n"x,1\ny,2\nz,3\nw",4\nv,5\n',
    "header-duplicate": b"a,b,a\n1,2,3\n",
    "header-duplicate-trimmed": b"a,b, a\n1,2,3\n",
    "header-blank": b",b\n1,2\n",
    "header-padded": b" a ,b \nx,1\n",
    "header-only": b"a,b\n",
    "header-only-no-newline": b"a,b",
    "header-unclosed": b'"a,b\n1,2\n',
    "header-multiline": b'"a\nb",c\n1,2\n',
    "header-is-data": b"great film,1\nbad film,0\n",
    "header-is-label": b"nice,pos\nbad,neg\ngood,pos\n",
    "empty": b"",
    "blank-only": b"\n\n",
    "blank-rows": b"\na,b\n\nx,1\n  \n,\n\n",
    "one-column": b'text\nhello\n""\n\nworld\n',
    "one-column-commas": b"text\nhello, world\nfine\n",
    "semicolon": b"text;label\nhello, you;1\nfine;2\n",
    "pipe": b"text|label\nhello|1\n",
    "tab-in-csv": b"text\tlabel\nhello, you\t1\n",
    "values": b"a,b,c,d,e,f,g\n007,1e5,NA,null,True,2024-01-01,  x \n1.10,-0,nan,None,,\xe2\x80\xa8y,12345678901234567890123\n",  # noqa: E501
    "formula": b"a,b\n=1+1,@x\n",
    "is-jsonl": GOOD + GOOD,
}
TSV: dict[str, bytes] = {
    "sound": b"a\tb\nx, y\t1\n",
    "plain-quotes": b'a\tb\n"hello" he said\t1\nhe said "hello\t2\n"all"\t3\n',
    "quoted-titles": b'a\tb\n"Great film"\t1\nfine\t2\n',
    "quoted-needed": b'a\tb\n"x\ty"\t1\n"p ""q"""\t2\n',
    "quoted-all": b'"a"\t"b"\n"x"\t"1"\n',
    "multiline": b'a\tb\n"x\ny"\t1\nz\t2\n',
    "stray-quotes": b'a\tb\n"x\t1\ny\t2\nz"\t3\n',
    "ragged": b"a\tb\nx\ny\t1\t2\nz\t3\n",
}


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def ipc(table: pa.Table, stream: bool = False, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def bad_text() -> pa.Array:
    raw = pa.array([b"x", b"caf\xe9", b"y"], pa.binary())
    return pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])


def tables() -> dict[str, pa.Table]:
    import datetime
    from decimal import Decimal

    when = datetime.datetime(2024, 1, 2, 3, 4, 5, 678900)
    return {
        "types": pa.table(
            {
                "s": ["x", None],
                "i": pa.array([1, None], pa.int8()),
                "u": pa.array([2**64 - 1, 0], pa.uint64()),
                "f": pa.array([0.1, None]),
                "h": pa.array([0.1, 1e10], pa.float32()),
                "b": [True, None],
                "d": pa.array([Decimal("1.10"), None], pa.decimal128(5, 2)),
                "t": pa.array([when, None], pa.timestamp("us")),
                "z": pa.array([when, None], pa.timestamp("ms", "UTC")),
                "day": pa.array([when.date(), None]),
                "l": [["a", None], []],
                "m": [[{"role": "user", "content": None}], None],
                "n": pa.nulls(2),
            }
        ),
        "large-and-dictionary": pa.table(
            {
                "large": pa.array(["x", "y", None], pa.large_string()),
                "dictionary": pa.array(["pos", "neg", "pos"]).dictionary_encode(),
                "list": pa.array([["a"], [], None], pa.large_list(pa.string())),
            }
        ),
        "bad-text": pa.table({"a": bad_text(), "b": [1, 2, 3]}),
        "binary": pa.table({"a": pa.array([b"x", None], pa.binary())}),
        "not-finite": pa.table({"a": [1.5, float("nan"), float("inf"), None]}),
        "no-rows": pa.table({"a": pa.array([], pa.string())}),
        "twice": pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]),
    }


def containers() -> dict[str, bytes]:
    packed = gzip.compress(GOOD * 3, mtime=0)
    bad_sum = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    zstd = pa.compress(GOOD * 3, codec="zstd", asbytes=True)
    plain = parquet(tables()["types"].select(["s", "i"]))
    found = {
        "sound.jsonl.gz": packed,
        "multi-member.jsonl.gz": packed + gzip.compress(b'{"a":"y"}\n', mtime=0),
        "member-cuts-line.jsonl.gz": gzip.compress(b'{"a":', mtime=0) + gzip.compress(b'"x"}\n', mtime=0),
        "truncated-body.jsonl.gz": packed[:-14],
        "truncated-trailer.jsonl.gz": packed[:-3],
        "bad-crc.jsonl.gz": bad_sum,
        "trailing-garbage.jsonl.gz": packed + b"garbage",
        "empty.jsonl.gz": b"",
        "nothing-inside.jsonl.gz": gzip.compress(b"", mtime=0),
        "not-gzip.jsonl.gz": GOOD,
        "gzip-without-name.jsonl": packed,
        "csv.csv.gz": gzip.compress(CSV["sound"], mtime=0),
        "sound.jsonl.zst": zstd,
        "two-frames.jsonl.zst": zstd + zstd,
        "truncated.jsonl.zst": zstd[:-4],
        "flipped.jsonl.zst": zstd[:6] + bytes([zstd[6] ^ 0xFF]) + zstd[7:],
        "trailing-garbage.jsonl.zst": zstd + b"garbage",
        "zip.jsonl": b"PK\x03\x04" + b"\0" * 40,
        "jsonl-in.txt": GOOD + GOOD,
        "csv-in.txt": CSV["sound"],
        "prose.txt": b"Once upon a time.\nThe end.\n",
        "nothing.txt": b"",
        "no-extension": GOOD,
        "csv-named.parquet": CSV["sound"],
        "parquet-named.csv": plain,
        "truncated.parquet": plain[: len(plain) // 2],
        "no-footer.parquet": plain[:-8],
        "magic-only.parquet": b"PAR1",
        "flipped-page.parquet": parquet(
            pa.table({"s": ["hello"] * 20}),
            write_page_checksum=True,
            compression="none",
            use_dictionary=False,
            write_statistics=False,
        ).replace(b"hello", b"jello", 1),
        "packed.parquet.gz": gzip.compress(plain, mtime=0),
        "empty.parquet": b"",
        "stream.arrow": ipc(tables()["types"], stream=True),
        "compressed.arrow": ipc(tables()["large-and-dictionary"], compression="zstd"),
        "truncated.arrow": ipc(tables()["types"])[:600],
        "truncated-stream.arrow": ipc(tables()["types"], stream=True)[:-60],
    }
    found |= {f"{name}.parquet": parquet(table) for name, table in tables().items()}
    found |= {f"{name}.arrow": ipc(table) for name, table in tables().items()}
    return found


def files() -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Return every stored file: its name, its bytes, the options to read it with."""
    found: dict[str, tuple[bytes, dict[str, Any]]] = {}
    for extension, table in (("jsonl", JSONL), ("json", JSON_ARRAY), ("csv", CSV), ("tsv", TSV)):
        found |= {f"{name}.{extension}": (data, {}) for name, data in table.items()}
    found |= {name: (data, {}) for name, data in containers().items()}
    found |= {
        "opt-latin1.csv": (CSV["latin1-row"], {"encoding": "latin-1"}),
        "opt-cp1252.jsonl": (b'{"a":"\x93x\x94"}\n{"a":"\x81"}\n', {"encoding": "cp1252"}),
        "opt-utf16.jsonl": (JSONL["utf16-no-bom"], {"encoding": "utf-16-le"}),
        "opt-shift-jis.csv": ("a,b\n表,1\n".encode("shift-jis"), {"encoding": "shift-jis"}),
        "opt-bad-encoding.csv": (CSV["sound"], {"encoding": "klingon"}),
        "opt-delimiter.csv": (b"text;label\nx;1\n", {"delimiter": ","}),
        "opt-delimiter-tab.csv": (b"a\tb\nx\t1\n", {"delimiter": "\\t"}),
        "opt-delimiter-long.csv": (b"a,b\nx,1\n", {"delimiter": "::"}),
        "opt-no-header.csv": (CSV["header-is-data"], {"header": False}),
        "opt-columns.csv": (CSV["header-is-data"], {"header": False, "columns": ["text", "label"]}),
        "opt-line-limit.jsonl": (GOOD + b'{"a":"' + b"x" * 200 + b'"}\n' + GOOD, {"max_line_bytes": 100}),
        "opt-line-limit-last.jsonl": (GOOD + b'{"a":"' + b"x" * 200, {"max_line_bytes": 100}),
        "opt-line-limit.csv": (b"a,b\nx,1\n" + b"y" * 200 + b",2\nz,3\n", {"max_line_bytes": 100}),
        "opt-line-limit.json": (b'[{"a":1},{"a":"' + b"x" * 200 + b'"},{"a":2}]', {"max_line_bytes": 100}),
        "opt-format.txt": (b"one\ntwo\n", {"format": "csv"}),
        "opt-format-unknown.txt": (b"one\n", {"format": "xml"}),
    }
    return found


def main() -> None:
    """Write all files and snapshots; files that are no longer in the table are removed."""
    CASES.mkdir(exist_ok=True)
    for old in CASES.iterdir():
        old.unlink()
    for name, (data, options) in files().items():
        path = CASES / name
        path.write_bytes(data)
        (CASES / (name + SNAPSHOT)).write_text(json_text(outcome(path, name, options)), "utf-8")


if __name__ == "__main__":
    main()
