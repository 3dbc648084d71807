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
EXTRAS = ["source_url", "x", "a/b", "t~", " padded ", "Ünï"]
extras = st.dictionaries(st.sampled_from(EXTRAS), values, max_size=3)
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
parts = st.lists(
    st.builds(lambda key, text: {"type": "text", key: text}, st.sampled_from(["text", "value"]), texts), max_size=3
)
message = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "developer"])},
    optional={
        "content": texts | st.none() | parts,
        "name": texts | st.none(),
        "tool_calls": calls,
        "tool_call_id": texts | st.none(),
        "weight": st.sampled_from([0, 1, None, Number("1.0"), Number("0.0")]),
        "loss": st.booleans() | st.none(),
        "loss_weight": st.sampled_from([0, Number("0.0"), Number("1.0"), None]),
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
histories = st.lists(texts, min_size=2, max_size=2)
tools = st.lists(st.dictionaries(texts, values, max_size=2), max_size=2) | st.none()

words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=8)
names = st.sampled_from(["POS", "neg", "a b", "0", "/x", "Ünï"])
lists = st.lists(names, unique=True, max_size=3)
zero_one = st.sampled_from([0, 1])


@st.composite
def lines(draw: st.DrawFn, most: int) -> str:
    """Return a line as fastText reads it: words, of which some are labels, with one blank or more between them."""
    found = draw(st.lists(words | texts.map(lambda text: "".join(text.splitlines())), max_size=4))
    labels = draw(st.lists(words, max_size=most, unique=True))
    for label in labels:
        found.insert(draw(st.integers(0, len(found))), f"__label__{label}")
    return draw(st.sampled_from([" ", "  ", "\t"])).join(found)


def one_of_cats(hot: str, rest: list[str]) -> dict[str, Any]:
    return {name: Number("1.0" if name == hot else "0.0") for name in [hot, *rest]}


cats = st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from([Number("1.0"), Number("0.0"), 1, 0]), min_size=2)
choice = st.builds(
    lambda picked, extra: {
        "type": "choices",
        "from_name": "q",
        "to_name": "text",
        **extra,
        "value": {"choices": picked},
    },
    lists,
    st.dictionaries(st.sampled_from(["id", "origin"]), texts, max_size=2),
)


def annotated(most: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return tasks of Label Studio: not annotated, cancelled, or with up to `most` choices."""
    picked = choice.filter(lambda each: len(each["value"]["choices"]) <= most)
    result = st.lists(picked, min_size=1, max_size=1)
    annotation = st.fixed_dictionaries({"result": result}, optional={"id": integers, "was_cancelled": st.booleans()})
    given = {"annotations": st.lists(annotation, max_size=1) | st.none()}
    return record({"data": st.fixed_dictionaries({"text": texts}, optional={"url": texts})}, given)


asked = st.lists(st.fixed_dictionaries({"id": names, "text": texts}), max_size=2)
answers = st.just("accept")
message_of_user = st.fixed_dictionaries({"role": st.just("user"), "content": texts}, optional={"name": texts})
named = {"label-metadata": st.dictionaries(st.sampled_from(["class-name", "confidence"]), texts | numbers, max_size=2)}
mapped = {"label-metadata": st.dictionaries(st.just("class-map"), st.dictionaries(st.sampled_from(["0", "3"]), texts))}


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


annotators = st.fixed_dictionaries({"annotator": st.just(1), "lead_time": numbers, "annotation_id": integers})
several = st.builds(lambda picked: {"choices": picked}, lists)


def answered(answer: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return annotations with a column for each question, in the order that Label Studio writes."""
    held = st.fixed_dictionaries({"id": integers}, optional={"question": answer})
    return st.builds(
        lambda text, extra, own, added: {"text": text, **extra, **own, **added}, texts, extras, held, annotators
    )


@st.composite
def marked_columns(draw: st.DrawFn) -> dict[str, Any]:
    text, spans = draw(marked())
    made = [{"start": start, "end": end, "labels": [label], "text": text[start:end]} for start, end, label in spans]
    held = draw(st.sampled_from([{"names": made}, {"names": made}] + ([] if made else [{}])))
    return {"text": text, "id": draw(integers), **held, **draw(annotators)}


def with_shared(made: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Add the fields that all layouts share, and keys that no layout knows."""
    return st.builds(lambda own, other: {**other, **own}, made, record({}, {}))


@st.composite
def conversations_of_rows(draw: st.DrawFn) -> dict[str, Any]:
    """Return rows that follow each other, of which the first stand in another conversation, too."""
    count = draw(st.integers(1, 3))
    asked, answered = draw(st.sampled_from([("instruction", "output"), ("prompt", "answer"), ("query", "response")]))
    rows = []
    for number in range(count):
        own = {asked: draw(texts), answered: draw(texts | st.none() if number == count - 1 else texts)}
        more = draw(st.dictionaries(st.sampled_from(["lang", "name", "role", "input", "weight"]), texts, max_size=2))
        prompt = draw(st.sampled_from([{}, {"system": ""}, {"system": "a"}, {"system": "b"}]))
        rows.append({**more, **prompt, **own, "id": number + 1, "parent_id": number or None})
    shared = draw(st.integers(0, count - 1))
    return {"turns": rows, **({"shared": shared} if shared else {})}


RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "linked": with_shared(conversations_of_rows()),
    "text-label": record({"text": texts}, {"label": labels}),
    "sentence-pair": record({"premise": texts, "hypothesis": texts}, {"label": labels}),
    "text-labels": record({"text": texts}, {"labels": st.none() | st.lists(texts, unique=True, max_size=3)}),
    "text-labels-joined": record({"text": texts}, {"labels": texts | st.none()}),
    # A column of zeros and ones would be one more label, and a null in it no answer.
    "one-hot": record({"text": texts, "kind": zero_one, "rude": zero_one, "a b": zero_one}, {}).filter(
        lambda made: all(isinstance(made.get(key, ""), str) for key in EXTRAS)
    ),
    "fasttext": record({"line": lines(1)}, {}),
    "fasttext-labels": record({"line": lines(3)}, {}),
    "spacy-cats": record({"text": texts, "cats": st.builds(one_of_cats, names, lists) | st.none()}, {}).filter(
        lambda made: made["cats"] is None or sum(map(float, made["cats"].values())) == 1
    ),
    "spacy-cats-labels": record({"text": texts, "cats": cats}, {}),
    "prodigy-label": record({"text": texts, "answer": answers}, {"label": names | st.none()}),
    "prodigy-choice": record(
        {"text": texts, "options": asked}, {"accept": st.none() | st.lists(names, max_size=1), "answer": answers}
    ),
    "prodigy-choices": record({"text": texts, "options": asked}, {"accept": st.none() | lists, "answer": answers}),
    "label-studio": annotated(1),
    "label-studio-labels": annotated(3),
    "label-studio-min": answered(st.none() | names),
    "label-studio-min-labels": answered(st.none() | names | several),
    "augmented-manifest": record({"source": texts, **named}, {"label": st.integers(0, 3) | st.none()}),
    "augmented-manifest-labels": record(
        {"source": texts, **mapped}, {"label": st.lists(st.integers(0, 3), unique=True) | st.none()}
    ),
    "swift-label": record({"messages": st.lists(message_of_user, min_size=1, max_size=1)}, {"label": integers}),
    "swift-labels": record(
        {"messages": st.lists(message_of_user, min_size=1, max_size=1)},
        {"label": st.lists(st.integers(0, 9), unique=True) | st.none()},
    ),
    "swift-score": record({"messages": st.lists(message_of_user, min_size=1, max_size=1)}, {"label": scores}),
    "text-score": record({"text": texts}, {"score": scores}),
    "sentence-pair-score": record({"sentence1": texts, "sentence2": texts}, {"score": scores}),
    "token-tags": record(
        {"tokens": st.lists(texts, max_size=4)},
        {"ner_tags": st.none() | st.lists(texts, max_size=4), "pos_tags": st.lists(texts, max_size=4)},
    ),
    "text-spans": with_shared(doccano()),
    "prodigy-spans": with_shared(prodigy()),
    "label-studio-spans": with_shared(label_studio()),
    "label-studio-min-spans": marked_columns(),
    "alpaca": record(
        {"instruction": texts, "output": texts}, {"input": texts | st.none(), "system": texts | st.none()}
    ),
    "prompt-completion": record({"prompt": texts, "completion": texts | st.none()}, {"system": texts | st.none()}),
    "translation": record(
        {"translation": st.builds(lambda en, de: {"en": en, "de": de}, texts, texts | st.none())}, {}
    ),
    "parallel-text": record(
        {"source": texts, "target": texts | st.none()},
        {"source_lang": texts | st.none(), "target_lang": texts | st.none()},
    ),
    "context-question": record({"question": texts, "context": texts}, {"answer": texts | st.none()}),
    "squad": record(
        {
            "context": texts,
            "question": texts,
            "answers": st.none()
            | st.lists(st.tuples(texts, st.integers(-3, 30)), max_size=3).map(
                lambda found: {"text": [text for text, _ in found], "answer_start": [start for _, start in found]}
            ),
        },
        {"title": texts | st.none()},
    ),
    "multiple-choice": st.builds(
        lambda made, answer: {**made, **answer},
        record({"question": texts, "choices": st.lists(texts, min_size=1, max_size=3)}, {}),
        st.dictionaries(st.sampled_from(["solution", "explanation"]), texts | st.none(), min_size=1),
    ),
    "prompt-completion-chat": record(
        {"prompt": st.lists(message, min_size=1, max_size=3)},
        {"completion": st.none() | st.lists(message, min_size=1, max_size=3), "tools": tools},
    ),
    "mistral": st.one_of(
        record({"interactions": st.lists(message, min_size=1, max_size=4)}, {"available_tools": tools}),
        record({"messages": st.lists(message, min_size=1, max_size=4), "available_tools": tools}, {}),
    ),
    "history": st.builds(
        lambda made, question, answer: {**made, **question, **answer},
        record({"history": st.none() | st.lists(histories, max_size=3)}, {"system": texts}),
        st.builds(lambda text: {"query": text}, texts)
        | st.builds(lambda text, more: {"instruction": text, "input": more}, texts, texts | st.none())
        | st.builds(lambda text, more: {"instruction": text, "query": more}, texts, texts),
        st.builds(lambda key, text: {key: text}, st.sampled_from(["output", "response"]), texts | st.none()),
    ),
    "swift-sharegpt": record(
        {
            "conversation": st.lists(
                st.fixed_dictionaries({"human": texts, "assistant": texts}, optional={"loss": st.booleans()}),
                min_size=1,
                max_size=4,
            )
        },
        {"system": texts | st.none()},
    ),
    "turns": record({"conversations": st.lists(texts | integers | st.booleans(), min_size=1, max_size=5)}, {}),
    "preference": record({"prompt": texts, "chosen": texts, "rejected": texts | st.none()}, {"system": texts}),
    "preference-unpaired": record({"prompt": texts, "completion": texts, "label": st.just(True)}, {}),
    "preference-unpaired-chat": st.one_of(
        record({"messages": st.lists(message, min_size=1, max_size=3), "label": st.just(True)}, {"tools": tools}),
        record({"conversations": st.lists(turn, min_size=1, max_size=3), "label": st.just(True)}, {}),
    ),
    "preference-chat": st.one_of(
        record(
            {
                "conversations": st.lists(turn, min_size=1, max_size=2),
                "chosen": turn,
                "rejected": turn,
            },
            {},
        ),
        record(
            {
                "chosen_messages": st.lists(message, min_size=1, max_size=3),
                "rejected_messages": st.lists(message, min_size=1, max_size=3),
            },
            {},
        ),
        record(
            {
                "chosen": st.lists(message, min_size=1, max_size=3),
                "rejected": st.lists(message, min_size=1, max_size=3),
            },
            {"prompt": st.lists(message, min_size=1, max_size=2), "tools": tools},
        ),
        record(
            {
                "input": st.builds(lambda found: {"messages": found}, st.lists(message, min_size=1, max_size=2)),
                "preferred_output": st.lists(message, min_size=1, max_size=2),
                "non_preferred_output": st.lists(message, min_size=1, max_size=2),
            },
            {},
        ),
    ),
    "openai-chat": record(
        {"messages": st.lists(with_foreign(message, "from", "value"), min_size=1, max_size=5)}, {"tools": tools}
    ),
    "sharegpt": record(
        {"conversations": st.lists(with_foreign(turn, "role", "content"), min_size=1, max_size=5)},
        {"tools": texts | st.none(), "system": texts | st.none()},
    ),
}
