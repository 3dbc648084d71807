"""Rules about texts look at every text of every task, and say where it stands."""

from __future__ import annotations

import pytest

#: A text that breaks the rule, and nothing else of this list.
FAULTS = {
    "SFT205": "a\x07b",
    "SFT206": "caf\ufffd",
    "SFT207": "We met in a cafÃ©.",
    "SFT208": "zero\u200bwidth",
    "SFT209": "fun &amp; short",
    "SFT210": "Dear {{name}}!",
    "SFT211": "p\u0430ypal",
    "SFT212": "use AKIA5QZ7TRNVW2KXJ4MD",
    "SFT213": "write to jane.roe@mailbox.org",
}


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


PLACES = {
    "/input": ("classification", lambda text: {"input": text, "target": "x"}),
    "/target": ("classification", lambda text: {"input": "x", "target": text}),
    "/input_pair": ("regression", lambda text: {"input": "x", "input_pair": text, "target": 1.0}),
    "/target/1": ("multilabel", lambda text: {"input": "x", "target": ["x", text]}),
    "/input/1": ("token-classification", lambda text: {"input": ["x", text], "target": ["O", "O"]}),
    "/instruction": ("text-to-text", lambda text: {"instruction": text, "input": "x", "target": "y"}),
    "/system": ("text-to-text", lambda text: {"system": text, "input": "x", "target": "y"}),
    "/references/1": ("text-to-text", lambda text: {"input": "x", "target": "y", "references": ["z", text]}),
    "/input/0/content": ("chat", lambda text: {"input": [user(text)], "target": [assistant("y")]}),
    "/target/2/content": (
        "chat",
        lambda text: {"input": [user("x")], "target": [assistant(None), user("y"), assistant(text)]},
    ),
}


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("path", PLACES)
def test_found_in_its_place(found, code, path):
    task, record = PLACES[path]
    records = [record("fine"), record(FAULTS[code]), record("fine")]
    assert [(each.line, each.path) for each in found(code, records, task)] == [(2, path)]


@pytest.mark.parametrize("code", FAULTS)
def test_no_other_rule_speaks_of_it(found, code):
    records = [{"input": FAULTS[code], "target": "x"}]
    assert [other for other in FAULTS if found(other, records)] == [code]


def test_the_command_line_names_all_of_them(call, tmp_path):
    import json

    lines = [{"instruction": "Say it.", "input": "", "output": text} for text in FAULTS.values()]
    lines += [{"instruction": "Say it.", "input": "", "output": f"It is {number}."} for number in range(20)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = call("validate", "a.jsonl", "--output-format", "json")
    wanted = {code: 1 for code in FAULTS if code != "SFT213"}  # off by default
    assert {code: n for code, n in json.loads(done.out)["codes"].items() if code.startswith("SFT2")} == wanted
    assert "AKIA5QZ7TRNVW2KXJ4MD" not in call("validate", "a.jsonl").out


@pytest.mark.parametrize("ending", ["jsonl", "csv", "json", "parquet"])
def test_a_mark_inside_a_text_is_named_once_in_every_format(call, tmp_path, ending):
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"text": f"{mark}text {number}", "label": "ab"[number % 2]} for number, mark in enumerate(("", "\ufeff", ""))
    ]
    path = tmp_path / f"a.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif ending == "csv":
        path.write_text("text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in rows), "utf-8")
    else:
        lines = [json.dumps(row, ensure_ascii=True) for row in rows]
        path.write_text("\n".join(lines) + "\n" if ending == "jsonl" else f"[{','.join(lines)}]")
    codes = json.loads(call("validate", path.name, "--output-format", "json").out)["codes"]
    assert codes["SFT007"] == 1
    assert "SFT208" not in codes
