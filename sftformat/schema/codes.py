"""SFT1: what the schema of a layout says about records, and what the records say about it; the samples are tests."""

from __future__ import annotations

from sftformat.documented import Page, Sample, jsonl

_GOOD = b'{"text": "Fine film.", "label": "pos"}\n'
_NAMED = b'{"text": "Fine film.", "label": 1, "label_text": "pos"}\n'
_SCHEMA = (
    b'{"type": "object", "properties": {"text": {"type": "string", "maxLength": 12},'
    b' "label": {"enum": ["pos", "neg"]}}}\n'
)
_FOREIGN = b'{"type": "object", "properties": {"text": {"type": "string", "faker": "sentence"}, "label": {}}}\n'
_FIX = b'{"file": "a.jsonl", "line": 1, "id": "06ceeb1f4e0db8cfa0af73c881402e56", "from": "pos", "to": "neg"}\n'
_NOTED = b'{"text": "Fine film.", "label": "pos", "note": "seen twice"}\n'
_OPEN = _SCHEMA.replace(b'{"type"', b'{"additionalProperties": true, "type"', 1)
_WITH_SCHEMA = ("--schema", "schema.json", "--map", "input=text", "--map", "target=label")

#: In the order of the codes; name, severity, words and cure stand in `diagnostics.CODES`.
PAGES: tuple[Page, ...] = (
    Page(
        "SFT101",
        "the schema says what the data must be; a value outside of it was not meant to be learned from.",
        (
            Sample(
                (("schema.json", _SCHEMA), ("a.jsonl", _GOOD + b'{"text": "Bad film.", "label": "negative"}\n')),
                _WITH_SCHEMA,
            ),
        ),
        (Sample((("schema.json", _SCHEMA), ("a.jsonl", _GOOD)), _WITH_SCHEMA),),
    ),
    Page(
        "SFT102",
        "without the text there is nothing to learn from; a null or a default in its place would be invented.",
        (jsonl(_GOOD + b'{"txet": "Bad film.", "label": "neg"}\n'),),
        (jsonl(_GOOD + b'{"text": "Bad film.", "label": "neg", "note": "kept in meta"}\n'),),
    ),
    Page(
        "SFT103",
        "a field that the schema does not know is often a known one, misspelt: what it holds is kept in `meta` and not "
        'learned from. A schema of yours that says what it thinks of other keys (`"additionalProperties": true`) is '
        "believed; of the columns beside a built-in layout only those are named that look misspelt.",
        (
            jsonl(b'{"instruction": "Add.", "inptu": "1+1", "output": "2"}\n'),
            Sample((("schema.json", _SCHEMA), ("a.jsonl", _NOTED)), _WITH_SCHEMA),
        ),
        (
            jsonl(b'{"instruction": "Add.", "note": "1+1", "output": "2"}\n'),
            Sample((("schema.json", _OPEN), ("a.jsonl", _NOTED)), _WITH_SCHEMA),
        ),
    ),
    Page(
        "SFT104",
        "a list or a number in the place of a text would be turned into some text that nobody wrote.",
        (jsonl(_GOOD + b'{"text": ["Bad", "film."], "label": "neg"}\n'),),
        (jsonl(_GOOD + b'{"text": "[\\"Bad\\", \\"film.\\"]", "label": "neg"}\n'),),
    ),
    Page(
        "SFT105",
        '0 and "0" are one label for some readers and two for others, and a table holds one type a column.',
        (jsonl(b'{"text": "Fine film.", "label": "1"}\n{"text": "Bad film.", "label": 0}\n'),),
        (jsonl(b'{"text": "Fine film.", "label": 1}\n{"text": "Bad film.", "label": 0}\n'),),
    ),
    Page(
        "SFT106",
        "a column that only one split has often tells the label, or was renamed in one of the files.",
        (
            Sample(
                (
                    ("train.jsonl", b'{"text": "Fine film.", "label": "pos", "stars": 5}\n'),
                    ("test.jsonl", b'{"text": "Bad film.", "label": "neg"}\n'),
                )
            ),
        ),
        (
            Sample(
                (
                    ("train.jsonl", b'{"text": "Fine film.", "label": "pos"}\n'),
                    ("test.jsonl", b'{"text": "Bad film.", "label": "neg"}\n'),
                )
            ),
        ),
    ),
    Page(
        "SFT107",
        "what a layout has no place for is not in the file that is written.",
        (
            Sample(
                (("a.jsonl", b'{"instruction": "Add.", "input": "1+1", "output": "2"}\n'),),
                ("-o", "b.jsonl", "--to", "prompt-completion"),
                command="convert",
            ),
        ),
        (
            Sample(
                (("a.jsonl", b'{"prompt": "1+1", "completion": "2"}\n'),),
                ("-o", "b.jsonl", "--to", "prompt-completion"),
                command="convert",
            ),
        ),
    ),
    Page(
        "SFT108",
        "a check that was written and is not made lets pass what it was to keep out.",
        (Sample((("schema.json", _FOREIGN), ("a.jsonl", _GOOD)), _WITH_SCHEMA),),
        (Sample((("schema.json", _SCHEMA), ("a.jsonl", _GOOD)), _WITH_SCHEMA),),
    ),
    Page(
        "SFT109",
        "a span that is not where the annotator put it trains a tag on other words, or on none.",
        (
            jsonl(b'{"text": "Ann left.", "label": [[0, 30, "PER"]]}\n'),
            jsonl(b'{"text": "Ann Lee left.", "label": [[0, 3, "PER"], [0, 7, "PER"]]}\n'),
        ),
        (jsonl(b'{"text": "Ann Lee left.", "label": [[0, 7, "PER"]]}\n'),),
    ),
    Page(
        "SFT110",
        "most spans that end inside a word are one character off, and half a word is learned as a name.",
        (jsonl(b'{"text": "Anna left.", "label": [[0, 3, "PER"]]}\n'),),
        (jsonl(b'{"text": "Anna left.", "label": [[0, 4, "PER"]]}\n'),),
    ),
    Page(
        "SFT111",
        "JavaScript and Java count an emoji as two, so that every span behind one is shifted.",
        (jsonl(b'{"text": "I saw \xf0\x9f\x98\x80 Ann", "label": [[9, 12, "PER"]]}\n'),),
        (jsonl(b'{"text": "I saw \xf0\x9f\x98\x80 Ann", "label": [[8, 11, "PER"]]}\n'),),
    ),
    Page(
        "SFT112",
        "what an annotator rejected is no example; that it is missing must still be seen.",
        (jsonl(b'{"text": "Ann left.", "spans": [{"start": 0, "end": 3, "label": "ORG"}], "answer": "reject"}\n'),),
        (jsonl(b'{"text": "Ann left.", "spans": [{"start": 0, "end": 3, "label": "PER"}], "answer": "accept"}\n'),),
    ),
    Page(
        "SFT113",
        "the name is what is learned; where it contradicts the id, one of the two is a wrong label.",
        (jsonl(_NAMED + b'{"text": "Bad film.", "label": 1, "label_text": "neg"}\n'),),
        (jsonl(_NAMED + b'{"text": "Bad film.", "label": 0, "label_text": "neg"}\n'),),
    ),
    Page(
        "SFT119",
        "a fix that is not made is an error that stays in the data, though a list says that it is gone.",
        (
            Sample(
                (("a.jsonl", _GOOD), ("fixes.jsonl", _FIX.replace(b"pos", b"new"))),
                ("-o", "shown", "--dry-run", "--apply", "fixes.jsonl"),
                command="convert",
            ),
        ),
        (
            Sample(
                (("a.jsonl", _GOOD), ("fixes.jsonl", _FIX)),
                ("-o", "shown", "--dry-run", "--apply", "fixes.jsonl"),
                command="convert",
            ),
        ),
    ),
)
