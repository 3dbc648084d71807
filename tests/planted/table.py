"""Data sets with exactly one fault each: add a row to `PLANTED`, and `test_planted.py` asks that it is found alone.

Every data set is sound but for its fault, so a second finding is either a false one or one fault told twice.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sftformat.check import Settings
from sftformat.dataset.options import DatasetOptions
from sftformat.formats import ReadOptions

from .sound import Record, answers, called, chats, lines, marked, resulted, reviews, scores, shared, tokens


@dataclass(frozen=True)
class Planted:
    """One fault: the files, how they are called, and where it must be found; line None = it is of no line.

    `stops` says that the whole input is refused; the code is then that of the error.
    """

    code: str
    files: Mapping[str, bytes]
    line: int | None
    path: str = ""
    file: str = "a.jsonl"
    specs: Sequence[str] = ("a.jsonl",)
    options: DatasetOptions = field(default_factory=DatasetOptions)
    stops: bool = False


#: The schema of `tokens`: there is no built-in layout of it.
TOKENS: Mapping[str, Any] = {
    "type": "object",
    "required": ["words", "tags"],
    "x-sftformat": {
        "version": 1,
        "task": "token-classification",
        "fields": {"input": "/words", "target": "/tags", "text": "/text", "offsets": "/offsets"},
    },
}


def one(code: str, records: Sequence[Record], fault: Record | bytes, path: str = "", **more: Any) -> Planted:
    """Plant one line among the records of a JSONL file, in their middle."""
    at = len(records) // 2
    bad = fault if isinstance(fault, bytes) else lines([fault])[:-1]
    data = lines(records[:at]) + bad + b"\n" + lines(records[at:])
    return Planted(code, {"a.jsonl": data}, at + 1, path, **more)


def whole(code: str, records: Sequence[Record], line: int | None, path: str = "", **more: Any) -> Planted:
    """Plant what only all records together show."""
    return Planted(code, {"a.jsonl": lines(records)}, line, path, **more)


def table(code: str, name: str, data: bytes, line: int | None, **more: Any) -> Planted:
    """Plant a file of another format."""
    return Planted(code, {name: data}, line, file=name, specs=(name,), **more)


def _named(each: Record) -> Record:
    """Give a review the id of its label beside the name."""
    return {**each, "label_text": each["label"], "label": ord(each["label"][0])}


def two(code: str, train: Sequence[Record], test: Sequence[Record], file: str, line: int | None, path: str) -> Planted:
    """Plant what train and test together show."""
    files = {"train.jsonl": lines(train), "test.jsonl": lines(test)}
    return Planted(code, files, line, path, file, ("train.jsonl", "test.jsonl"))


def _chat_fault(code: str, path: str, *turns: Record, **more: Any) -> Planted:
    return one(code, chats(), {"messages": list(turns), **more}, path)


def _shared_fault(code: str, path: str, *turns: tuple[str, str | None], **more: Any) -> Planted:
    return one(code, shared(), {"conversations": [{"from": who, "value": text} for who, text in turns], **more}, path)


def _token_fault(code: str, path: str, **changed: Any) -> Planted:
    fault = {"words": ["Bob", "stays"], "tags": ["B-PER", "O"], "text": "Bob stays", "offsets": [[0, 3], [4, 9]]}
    options = DatasetOptions(schema=TOKENS, schema_name="tokens.schema.json")
    return one(code, tokens(), {**fault, **changed}, path, options=options)


def _select(code: str, **thresholds: float) -> DatasetOptions:
    return DatasetOptions(settings=Settings(thresholds={code: thresholds}))


def _selected(code: str) -> DatasetOptions:
    return DatasetOptions(settings=Settings(select=("DEFAULT", code)))


_REFUSAL = {"instruction": "Say it.", "input": "", "output": "As an AI language model, I cannot do that."}
SMALL = {"text": "A line of its own.", "label": "good"}
USER, ASSISTANT = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}
CSV = b"".join(f"Film number {n} was fine.,{('good', 'bad')[n % 2]}\n".encode() for n in range(30))
HALF = lines(reviews())
GOOD_LABELS = [{"text": f"{name} {n}", "label": name} for n in range(12) for name in ("good", "bad", "poor")]

READING = (
    one("SFT001", reviews(), b'{"text": "It breaks here", "label": }'),
    one("SFT001", reviews(), b"{'text': 'single quotes', 'label': 'good'}"),
    one("SFT002", reviews(), b'["an", "array"]'),
    one("SFT003", reviews(), b'{"text": "Twice.", "label": "good", "l\\u0061bel": "bad"}'),
    one("SFT004", reviews(), b'{"text": "A score.", "label": "good", "score": NaN}'),
    one("SFT005", reviews(), b'{"text": "Half a pair: \\ud83d", "label": "good"}'),
    one("SFT006", reviews(), b'{"text": "caf\xe9", "label": "good"}'),
    Planted("SFT007", {"a.jsonl": b"\xef\xbb\xbf" + HALF}, 1),
    one("SFT007", reviews(), {**SMALL, "text": "a \ufeffmark"}),
    one("SFT008", reviews(), b'{"text": "a\0b", "label": "good"}'),
    one("SFT009", reviews(), {**SMALL, "text": "x" * 500}, options=DatasetOptions(ReadOptions(max_line_bytes=400))),
    one("SFT010", reviews(), b'{"text": "Deep.", "label": "good", "x": ' + b"[" * 600 + b"]" * 600 + b"}"),
    Planted("SFT011", {"a.jsonl": HALF + b"\n" + lines(reviews(2, 100))}, None),
    table("SFT012", "a.csv", b"text,label\n" + CSV + b"one,two,three\n" + CSV.replace(b"number", b"no."), 32),
    table("SFT013", "a.csv", b"text,label\n" + CSV + b'"one" two,good\n' + CSV.replace(b"number", b"no."), 32),
    table("SFT014", "a.csv", b"text,label,text\n" + CSV.replace(b"\n", b",x\n"), 1, stops=True),
    table(
        "SFT015",
        "a.csv",
        b"Film number 99 was fine.,good\n" + CSV,
        1,
        options=DatasetOptions(task="classification", mapping={"input": "Film number 99 was fine.", "target": "good"}),
    ),
    table("SFT016", "a.jsonl.gz", gzip.compress(HALF, mtime=0)[:-9], None, stops=True),
    Planted("SFT017", {"a.jsonl": HALF + b'{"text": "It breaks'}, 31),
    Planted("SFT018", {"a.jsonl": HALF + lines(reviews(1, 100)).replace(b"\n", b"\r\n")}, 31),
)
CATALOGUES = (
    Planted(
        "SFT019",
        {
            "a.po": b"".join(b'msgid "word %d"\nmsgstr "Wort %d"\n\n' % (n, n) for n in range(30))
            + b'msgid "half\nmsgstr "halb"\n'
        },
        91,
        file="a.po",
        specs=("a.po",),
    ),
)
SCHEMA = (
    one("SFT101", reviews(), {**SMALL, "split": "somewhere"}, "/split"),
    one("SFT102", reviews(), {"label": "good"}, "/text"),
    one("SFT103", answers(), {"instruction": "What is one?", "inptu": "", "output": "A number."}, "/inptu"),
    one("SFT104", reviews(), {**SMALL, "text": ["a", "list"]}, "/text"),
    one("SFT105", [{**each, "stars": 3} for each in reviews()], {**SMALL, "stars": "three"}, "/stars"),
    two(
        "SFT105",
        [{**each, "stars": "three"} for each in reviews()],
        [*({**each, "stars": 3} for each in reviews(30, 100)), {**SMALL, "stars": "four"}],
        "test.jsonl",
        31,
        "/stars",
    ),
    two("SFT106", [{**each, "stars": 3} for each in reviews()], reviews(30, 100), "", None, "/stars"),
    one("SFT109", marked(), {"text": "Ann went.", "label": [[0, 10, "PER"]]}, "/label/0"),
    one("SFT109", marked(), {"text": "Ann Orr went.", "label": [[0, 7, "PER"], [4, 7, "PER"]]}, "/label/1"),
    one("SFT110", marked(), {"text": "Anna went.", "label": [[0, 3, "PER"]]}, "/label/0"),
    one("SFT111", marked(), {"text": "I saw 😀 Ann", "label": [[9, 12, "PER"]]}, "/label/0"),
    one("SFT112", marked(), {"text": "Ann went.", "label": [[0, 3, "LOC"]], "answer": "reject"}),
    whole(
        "SFT108",
        reviews(),
        None,
        "/properties/text/nullable",
        file="mine.json",
        options=DatasetOptions(schema={"properties": {"text": {"nullable": True}}}, schema_name="mine.json"),
    ),
    one("SFT113", [_named(each) for each in reviews()], {**_named(SMALL), "label": 99}, "/label_text"),
)
TEXTS = (
    one("SFT201", reviews(), {**SMALL, "text": " \t"}, "/text"),
    one("SFT202", answers(), {"instruction": "Say it.", "input": "", "output": " "}, "/output"),
    one("SFT203", answers(), {"instruction": "Guten Tag", "input": "", "output": "guten  tag"}, "/output"),
    one("SFT204", reviews(), {**SMALL, "text": "A long word. " * 9}, "/text", options=_select("SFT204", max_chars=99)),
    one("SFT205", reviews(), {**SMALL, "text": "red: \x1b[31m"}, "/text"),
    one("SFT206", reviews(), {**SMALL, "text": "caf\ufffd"}, "/text"),
    one("SFT207", reviews(), {**SMALL, "text": "We met in a caf\xc3\xa9."}, "/text"),
    one("SFT208", reviews(), {**SMALL, "text": "A wide\u200b screen."}, "/text"),
    one("SFT209", reviews(), {**SMALL, "text": "Crime &amp; punishment."}, "/text"),
    one("SFT210", reviews(), {**SMALL, "text": "Dear {{first_name}}, it was fine."}, "/text"),
    one("SFT211", reviews(), {**SMALL, "text": "Pay with p\u0430ypal here."}, "/text"),
    one("SFT212", reviews(), {**SMALL, "text": "use AKIA5QZ7TRNVW2KXJ4MD for it"}, "/text"),
    one("SFT213", reviews(), {**SMALL, "text": "write to jane.roe@gmail.com"}, "/text", options=_selected("SFT213")),
    one("SFT214", answers(), _REFUSAL, "/output", options=_selected("SFT214")),
    one("SFT234", scores(), {"text": "Far too much.", "score": 1e39}, "/score"),
)
CHAT = (
    _chat_fault("SFT220", "/messages/1/role", USER, {**ASSISTANT, "role": "asistant"}),
    _shared_fault("SFT220", "/conversations/0/from", ("narrator", "It was night."), ("human", "Hi"), ("gpt", "Hello!")),
    _chat_fault("SFT221", "/messages/1", USER, USER, ASSISTANT),
    _shared_fault("SFT221", "/conversations/2", ("human", "Hi"), ("gpt", "Hello!"), ("gpt", "Bye!"), system="Be kind."),
    _chat_fault("SFT222", "/messages/1/content", USER, {**ASSISTANT, "content": None}),
    _shared_fault("SFT222", "/conversations/0/value", ("human", " "), ("gpt", "Hello!"), system="Be kind."),
    _chat_fault("SFT223", "/messages", USER),
    _shared_fault("SFT223", "/conversations", ("human", "Hi"), system="Be kind."),
    _chat_fault("SFT224", "/messages", USER, {**ASSISTANT, "weight": 0}),
    _chat_fault("SFT225", "/messages/2", USER, ASSISTANT, USER),
    _shared_fault("SFT225", "/conversations/2", ("human", "Hi"), ("gpt", "Hello!"), ("human", "Bye!")),
    _chat_fault("SFT226", "/messages/1/tool_calls", USER, called("a"), ASSISTANT),
    _shared_fault("SFT226", "/conversations/1/value", ("human", "Hi"), ("function_call", "{}"), ("gpt", "Hello!")),
    _chat_fault("SFT227", "/messages/2/tool_call_id", USER, called("a"), resulted("b"), ASSISTANT),
    _shared_fault("SFT227", "/conversations/1", ("human", "Hi"), ("observation", "rain"), ("gpt", "It rains.")),
    _chat_fault("SFT228", "/messages/1/tool_calls/0/function/arguments", USER, called("a", "{")),
    _shared_fault("SFT228", "/conversations/1/value", ("human", "Hi"), ("function_call", "sky()")),
    _shared_fault("SFT228", "/tools", ("human", "Hi"), ("gpt", "Hello!"), tools="[{'name': 'sky'}]"),
)
TAGS = (
    _token_fault("SFT230", "/tags", tags=["B-PER"]),
    _token_fault("SFT230", "/offsets", offsets=[[0, 3]]),
    _token_fault("SFT231", "/tags", tags=["O", "I-PER"]),
    _token_fault("SFT232", "/offsets/1", offsets=[[0, 3], [4, 10]]),
    _token_fault("SFT233", "/offsets/1", offsets=[[0, 3], [3, 8]]),
)
LABELS = (
    whole(
        "SFT301", [*reviews(), {**SMALL, "label": "Good"}, {**SMALL, "text": "Another.", "label": "Good"}], 31, "/label"
    ),
    one("SFT302", reviews(), {"text": "Nobody knows.", "label": None}, "/label"),
    two("SFT303", reviews(), [*reviews(30, 100), {**SMALL, "label": "mixed"}], "test.jsonl", 31, "/label"),
    one(
        "SFT304",
        [*reviews(), {**SMALL, "label": "mixed"}],
        {**SMALL, "text": "One more.", "label": "mixed"},
        "/label",
        options=DatasetOptions(settings=Settings(labels=("good", "bad"))),
    ),
    one("SFT305", reviews(), {**SMALL, "label": "mixed"}, "/label"),
    whole("SFT306", [*reviews(120), *({"text": f"So so {n}.", "label": "mixed"} for n in range(5))], 121, "/label"),
    whole("SFT307", [{**each, "label": "good"} for each in reviews(1200)] + reviews(20, 5000), 1202, "/label"),
    whole("SFT308", [{**each, "label": "good"} for each in reviews()], 1, "/label"),
    whole("SFT309", [{**each, "label": f"u-{n}"} for n, each in enumerate(reviews())], 1, "/label"),
    whole("SFT310", [{**each, "label": str(n % 2 * 2)} for n, each in enumerate(reviews())], 2, "/label"),
    two("SFT311", GOOD_LABELS, reviews(30, 100), "train.jsonl", 3, "/label"),
)
SETS = (
    one("SFT401", reviews(), reviews(1)[0]),
    one("SFT402", reviews(), {**reviews(1)[0], "label": "bad"}, "/label"),
    two(
        "SFT403",
        reviews(),
        [*reviews(30, 100), {"text": "FILM number 0 was a joy.", "label": "good"}],
        "test.jsonl",
        31,
        "/text",
    ),
    two(
        "SFT406",
        [{**each, "group": f"g{n}"} for n, each in enumerate(reviews())],
        [{**each, "group": f"g{n}"} for n, each in enumerate(reviews(30, 100), 29)],
        "test.jsonl",
        1,
        "/group",
    ),
    whole("SFT407", reviews(8), None, file=""),
    whole("SFT408", [{"id": str(n % 29), **each} for n, each in enumerate(reviews())], 30, "/id"),
    two("SFT409", reviews(), [], "", None, ""),
)

PLANTED = (*READING, *CATALOGUES, *SCHEMA, *TEXTS, *CHAT, *TAGS, *LABELS, *SETS)

#: Codes that no input can hold, each with the reason.
ELSEWHERE = {
    "SFT020": "needs an extra: tests/formats/test_xlsx.py",
    "SFT404": "needs an extra: tests/rules/test_near_duplicate.py",
    "SFT405": "needs an extra: tests/rules/test_near_leakage.py",
    "SFT021": "parts of some formats: tests/formats/test_rasa.py",
    "SFT022": "needs --join or rows that are turns: tests/dataset/test_joined.py, tests/layouts/test_linked.py",
    "SFT023": "said of every file of rows that are turns: tests/layouts/test_linked.py",
    "SFT107": "said when a data set is written in another layout",
    "SFT119": "said when fixes are given: tests/dataset/test_fixes.py",
}
