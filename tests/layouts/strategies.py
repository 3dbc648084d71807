"""Generated records of every layout, for the laws that hold for all of them."""

from __future__ import annotations

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
        "weight": st.sampled_from([0, 1, None, Number("1.0"), Number("0.0")]),
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

RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "text-label": record({"text": texts}, {"label": labels}),
    "sentence-pair": record({"premise": texts, "hypothesis": texts}, {"label": labels}),
    "text-labels": record({"text": texts}, {"labels": st.none() | st.lists(texts, unique=True, max_size=3)}),
    "text-score": record({"text": texts}, {"score": scores}),
    "sentence-pair-score": record({"sentence1": texts, "sentence2": texts}, {"score": scores}),
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
