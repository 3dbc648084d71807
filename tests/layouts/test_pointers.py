"""The law of pointers: a place in a canonical row leads back to the value in the record that it was made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.cells import scalar_text
from sftformat.layouts.layout import Binding, Layout, layout, parse
from sftformat.layouts.reader import reader_of, source_pointer
from sftformat.layouts.sharegpt import ROLES
from sftformat.normalize import normalize
from sftformat.record import Record, decode_json

from .strategies import RECORDS
from .test_round_trip import batch_of, one_type


def resolve(value: Any, path: str) -> Any:
    for token in parse(path):
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value


def places(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every text of a canonical row that a rule may point at, with its path."""
    for field in ("input", "input_pair", "instruction", "system", "target", "tools"):
        value = row.get(field)
        for number, item in enumerate(value if isinstance(value, list) else ()):
            inner = item.items() if isinstance(item, dict) else [("", item)]
            yield from ((f"/{field}/{number}/{key}".rstrip("/"), held) for key, held in inner if held is not None)
        if value is not None and not isinstance(value, list):
            yield f"/{field}", value


def said(path: str, value: Any) -> Any:
    """Return what a source value looks like in a canonical row."""
    if path.endswith("/role"):
        return ROLES.get(value, value)
    if path.endswith(("/tool_calls", "/tools")) and not isinstance(value, str):
        return None  # text of JSON, compared below
    return float(value) if path.endswith("/weight") else scalar_text(value)


#: How a source value says a label, by the module of its layout, where it is not the text of the label.
MEANT: dict[str | None, Callable[[Any, str], bool]] = {
    "one_hot": lambda value, _: float(value) == 1,
    "fasttext": lambda value, held: f"__label__{held}" in value,
    "label_studio": lambda value, held: held in json.dumps(value, ensure_ascii=False).replace("\\\\", "\\"),
    "label_studio_min": lambda value, held: held in json.dumps(value, ensure_ascii=False),
    "augmented_manifest": lambda value, held: isinstance(value, int),  # the metadata name it
}


#: Modules that cut texts, as those of spans do, or put them together: no value of the record is a place in a row.
CUT = frozenset(
    {
        *("history", "mistral", "preference_chat", "preference_unpaired", "preference_unpaired_chat"),
        *("multiple_choice", "prompt_completion_chat", "squad", "swift_sharegpt"),
    }
)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if layout(name).task != "regression"])
@given(data=st.data())
def test_every_text_is_where_its_pointer_leads(name: str, data: st.DataObject) -> None:
    records: list[Record] = data.draw(st.lists(RECORDS[name], min_size=1, max_size=3).filter(one_type))
    binding = bind(layout(name), records)
    rows = normalize(batch_of(records), binding).to_pylist()
    for record, row in zip(records, rows, strict=True):
        for path, held in places(row):
            pointer = source_pointer(path, binding, lambda row=row: row)
            if path.endswith("/extra") or (pointer == "/system" and path.endswith("/role")):
                continue  # what a record's own `system` is, no key of it says
            if binding.layout.module == "turns" and path.endswith("/role"):
                continue  # the order says it
            if binding.layout.module == "linked" and not path.endswith("/content"):
                continue  # a row has its role and its weight by where it stands
            if binding.layout.module in CUT or (
                binding.layout.module and binding.layout.task == "token-classification"
            ):
                assert parse(pointer)[0] in reader_of(binding).keys  # what was cut or put together stands there
                continue
            value = resolve(record, pointer)
            if binding.layout.module == "linked":
                assert (value or "") in held, path  # a question may be put together from several columns
                continue
            meant = MEANT.get(binding.layout.module)
            if meant is not None and path.startswith("/target"):
                assert meant(value, held), path
                continue
            between = binding.layout.fields["target"].split if path.startswith("/target") else None
            if between is not None:
                assert held in value.split(between), path
                continue
            if binding.layout.module == "fasttext":
                assert set(held.split()) <= set(value.split()), path
                continue
            if isinstance(value, list) and path.endswith("/content"):
                assert held == "".join(next(part[key] for key in ("text", "value") if key in part) for part in value)
                continue
            # Under a key of its own a call is any JSON; as the value of a turn it is text.
            wanted = None if pointer.endswith("/tool_calls") else said(path, value)
            assert (decode_json(held) == value) if wanted is None else held == wanted, path


CONVERSATION = "/conversation/0/assistant"


@pytest.mark.parametrize(
    ("name", "record", "path", "wanted"),
    [
        ("text-label", {"text": "a", "label": 3}, "/target", "/label"),
        ("text-label", {"text": "a"}, "/target", "/target"),  # it has no such key
        ("openai-chat", {"messages": []}, "/target", "/messages"),
        ("openai-chat", {"messages": [{"role": "user"}]}, "/input/0", "/messages/0"),
        (
            "openai-chat",
            {"messages": [{"role": "user"}, {"role": "assistant", "function_call": {"arguments": "{"}}]},
            "/target/0/extra/function_call/arguments",
            "/messages/1/function_call/arguments",
        ),
        ("sharegpt", {"conversations": [], "system": "x"}, "/input/0/content", "/system"),
        (
            "sharegpt",
            {
                "conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "{"}],
                "system": "x",
            },
            "/target/0/tool_calls/0/arguments",
            "/conversations/1/value",
        ),
        ("text-spans", {"text": "Ann", "label": [[0, 3, "P"]]}, "/input/0", "/text"),
        ("text-spans", {"text": "Ann", "entities": [[0, 3, "P"]]}, "/target/0", "/entities"),
        ("squad", {"context": "a", "question": "b", "answers": {"text": ["a"]}}, "/target", "/answers/text/0"),
        ("history", {"query": "a", "response": "b", "history": [["c", "d"]]}, "/target/0/content", "/history/0/1"),
        ("history", {"query": "a", "response": "b", "history": []}, "/target/0/content", "/response"),
        ("swift-sharegpt", {"conversation": [{"human": "a", "assistant": "b"}]}, "/target/0/content", CONVERSATION),
        (
            "prompt-completion-chat",
            {"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]},
            "/target/0/content",
            "/completion/0/content",
        ),
        (
            "mistral",
            {"interactions": [{"role": "user", "content": "a"}]},
            "/input/0/content",
            "/interactions/0/content",
        ),
        ("translation", {"translation": {"en": "a", "de/at": "b"}}, "/target", "/translation/de~1at"),
    ],
)
def test_places(name: str, record: Record, path: str, wanted: str) -> None:
    binding = bind(layout(name), [record])
    row = normalize(batch_of([record]), binding).to_pylist()[0]
    assert source_pointer(path, binding, lambda: row) == wanted


def test_rows_that_were_canonical_keep_their_paths() -> None:
    assert source_pointer("/input", Binding(Layout("canonical", "chat", "", {}, {}), {}), dict) == "/input"
