"""Generated records of every layout, for the laws that hold for all of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from sftformat.record import Number

texts = st.text(st.characters(codec="utf-8"), max_size=20)
filled = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
integers = st.integers(-(2**70), 2**70)
numbers = st.sampled_from([Number(text) for text in ("1.10", "1e5", "0.5", "-2.25", "3.0", "1E-3", "100.0")])
scalars = st.one_of(texts, integers, numbers, st.booleans(), st.none())
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
extras = st.dictionaries(st.sampled_from(["source_url", "x", "a/b", "t~", " padded ", "Ünï"]), values, max_size=3)
splits = st.sampled_from(["train", "validation", "test", "dev", "eval", None])


def record(
    required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    shared = {
        "id": texts | integers | st.none(),
        "split": splits,
        "weight": st.sampled_from([0, 1, Number("0.50"), None]),
        "group": texts | st.none(),
    }
    made = st.fixed_dictionaries(required, optional={**optional, **shared})
    return st.builds(lambda own, extra: {**extra, **own}, made, extras)


def with_foreign(made: st.SearchStrategy[dict[str, Any]], *names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Add keys that the layout does not know to a turn: those of another layout, and such as look like our notes."""
    keys = st.sampled_from(["extra_key", "#", "#from", "##from", "#content", "#weight", "#tool_calls", *names])
    return st.builds(lambda own, other: {**other, **own}, made, st.dictionaries(keys, values, max_size=3))


labels = texts | integers | st.booleans() | st.none()
scores = st.one_of(st.integers(-5, 5), numbers, st.none())
calls = (
    st.lists(st.fixed_dictionaries({"id": texts, "function": st.dictionaries(texts, values, max_size=2)}), max_size=2)
    | st.none()
)
message = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "developer"])},
    optional={
        "content": texts | st.none(),
        "name": texts | st.none(),
        "tool_calls": calls,
        "tool_call_id": texts | st.none(),
        "weight": st.sampled_from([0, 1, None, Number("1.0"), Number("0.5")]),
    },
)
turn = st.fixed_dictionaries(
    {
        "from": st.sampled_from(
            ["human", "gpt", "system", "function_call", "observation", "user", "assistant", "bot", "narrator"]
        ),
        "value": texts | st.none(),
    },
    optional={
        "weight": st.sampled_from([0, 1, None]),
        "loss": st.booleans() | st.none(),
        "tool_calls": values,
        "name": values,
    },
)
tools = st.lists(st.dictionaries(texts, values, max_size=2), max_size=2) | st.none()


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    """Return a text and spans in it that lie apart and hold more than blanks."""
    text = draw(st.text(st.sampled_from("ab. ,\u4e2d\U0001f600é\u0301\n"), min_size=1, max_size=20))
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    found = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False) if text[start:end].strip()]
    return text, [(start, end, draw(st.sampled_from(["PER", "ORG", "a-b", "é"]))) for start, end in found]


def shift(text: str, place: int, units: str) -> int:
    """Return an offset in code points as one in other units."""
    return len(text[:place].encode("utf-16-le")) // 2 if units == "utf-16" else place


@st.composite
def doccano(draw: st.DrawFn) -> dict[str, Any]:
    text, spans = draw(marked())
    name = draw(st.sampled_from(["label", "labels", "entities", "annotations", "spans"]))
    shape = draw(st.sampled_from(["list", "offsets", "label", "labels"]))
    made: list[Any] = []
    for start, end, label in spans:
        keys = ("start_offset", "end_offset") if shape == "offsets" else ("start", "end")
        given = {keys[0]: start, keys[1]: end, "user": 1}
        of_label = {"labels": [label], "text": text[start:end]} if shape == "labels" else {"label": label}
        made.append([start, end, label] if shape == "list" else {**given, **of_label})
    return {"text": text, name: made}


@st.composite
def prodigy(draw: st.DrawFn) -> dict[str, Any]:
    text, spans = draw(marked())
    edges = sorted({edge for span in spans for edge in span[:2]} | {0, len(text)})
    tokens = [
        {"text": text[start:end], "start": start, "end": end, "id": number}
        for number, (start, end) in enumerate(pairwise(edges))
    ]
    made = [{"start": start, "end": end, "label": label, "input_hash": 7} for start, end, label in spans]
    return {"text": text, "tokens": tokens, "spans": made, "answer": draw(st.sampled_from(["accept", None]))}


@st.composite
def label_studio(draw: st.DrawFn) -> dict[str, Any]:
    text, spans = draw(marked())
    results = [
        {
            "id": str(number),
            "type": draw(st.sampled_from(["labels", "hypertextlabels"])),
            "value": {"start": start, "end": end, "labels": [label], "text": text[start:end]},
        }
        for number, (start, end, label) in enumerate(spans)
    ]
    results += draw(st.just([]) | st.just([{"type": "choices", "value": {"choices": ["x"]}}]))
    data = {draw(st.sampled_from(["text", "body"])): text, "number": 3}
    return {"data": data, "annotations": [{"result": results, "was_cancelled": False}]}


def with_shared(made: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Add the fields that all layouts share, and keys that no layout knows."""
    return st.builds(lambda own, other: {**other, **own}, made, record({}, {}))


RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "text-label": record({"text": texts}, {"label": labels}),
    "sentence-pair": record({"premise": texts, "hypothesis": texts}, {"label": labels}),
    "text-labels": record({"text": texts}, {"labels": st.none() | st.lists(texts, unique=True, max_size=3)}),
    "text-score": record({"text": texts}, {"score": scores}),
    "sentence-pair-score": record({"sentence1": texts, "sentence2": texts}, {"score": scores}),
    "token-tags": record(
        {"tokens": st.lists(texts, max_size=4)},
        {"ner_tags": st.none() | st.lists(texts, max_size=4), "pos_tags": st.lists(texts, max_size=4)},
    ),
    "text-spans": with_shared(doccano()),
    "prodigy-spans": with_shared(prodigy()),
    "label-studio-spans": with_shared(label_studio()),
    "alpaca": record(
        {"instruction": texts, "output": texts}, {"input": texts | st.none(), "system": texts | st.none()}
    ),
    "prompt-completion": record({"prompt": texts, "completion": texts | st.none()}, {"system": texts | st.none()}),
    "translation": record(
        {"translation": st.builds(lambda en, de: {"en": en, "de": de}, texts, texts | st.none())}, {}
    ),
    "openai-chat": record(
        {"messages": st.lists(with_foreign(message, "from", "value"), min_size=1, max_size=5)}, {"tools": tools}
    ),
    "sharegpt": record(
        {"conversations": st.lists(with_foreign(turn, "role", "content"), min_size=1, max_size=5)},
        {"tools": texts | st.none(), "system": texts | st.none()},
    ),
}
