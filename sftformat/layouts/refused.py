"""Records that are no inputs with a target, or not without being asked: what they are, and the way out."""

from __future__ import annotations

from collections.abc import Sequence

from sftformat.record import Record

#: Layouts of preference data: they are chosen only when asked for.
PREFERENCES = ("preference", "preference-chat", "preference-unpaired", "preference-unpaired-chat")
_PAIRS = (
    {"chosen", "rejected"},
    {"chosen_messages", "rejected_messages"},
    {"preferred_output", "non_preferred_output"},
)
#: What a completion with a label of its own stands under.
_COMPLETIONS = ("completion", "messages", "conversations")
#: Keys that say nothing of a target.
_BESIDE = frozenset({"id", "meta", "metadata", "media", "url", "source", "timestamp", "lang", "language", "split"})


#: Shapes that are known and not read: the keys that tell them, what they are, and the way out.
_REFUSED = (
    (
        ("textContent", "classificationAnnotation"),
        "Vertex AI JSONL, which is not read",
        "--task classification --map input=textContent --map target=/classificationAnnotation/displayName",
    ),
    (
        ("anchor", "positive"),
        "pairs or triplets of sentence-transformers, which have no label: that they are near is all that is learned",
        "for texts that are made from others --task text-to-text --map input=anchor --map target=positive",
    ),
    (
        ("prompt", "completions", "labels"),
        "steps of an answer with a judgement of each (stepwise supervision), which are not read",
        "keep the good ones as prompt and completion",
    ),
    (
        ("text", "annotation", "prediction"),
        "Argilla v1 records, which are not read",
        "export the data set as text,label",
    ),
    *(
        (
            ("location", "dataset", what),
            "documents of Azure Language, whose texts stand in files of their own, which are never followed",
            "put each text beside its category, as in {text, label}",
        )
        for what in ("class", "classes", "entities")
    ),
    (("source-ref",), "a manifest that refers to files, which are never fetched", "put each text into 'source'"),
)


def preference(records: Sequence[Record]) -> str:
    """Name the columns that make records preferences; empty where they are none."""
    for pair in _PAIRS:
        if any(pair <= record.keys() for record in records):
            return " and ".join(map(repr, sorted(pair)))
    held = [next((name for name in _COMPLETIONS if name in record), "") for record in records]
    if held and all(held) and all(type(record.get("label")) is bool for record in records):
        return f"{held[0]!r} with 'label' true or false"
    return ""


def linked(records: Sequence[Record]) -> bool:
    """Whether rows say which row went before them in a conversation: without it they are half of what was said."""
    return any(record.get("parent_id") not in (None, "", "None") and "id" in record for record in records)


def reason(records: Sequence[Record]) -> str:
    """Say why records of a known shape are not read, and what to do; empty where they have none of these shapes."""
    columns = set().union(*records) if records else set()
    known = next((f"{what}: {way}" for signs, what, way in _REFUSED if columns >= set(signs)), "")
    if known:
        return known
    first = records[0] if records else {}
    if isinstance(first.get("segments"), list):
        return (
            "segments of text without roles, some of them trained on (axolotl): where the input ends is not said; "
            "write them as prompt and completion, or as messages"
        )
    if "input_ids" in columns:
        return (
            "token ids of some tokenizer, which cannot be checked as texts; "
            "start from the texts they were made of, and let 'sftformat tokenize' make the ids"
        )
    if columns and columns - _BESIDE in ({"text"}, {"content"}):
        return (
            "plain text without a target (language modelling): there is nothing to train towards; "
            "add a column with labels or answers, or use 'sftformat predict' on it"
        )
    if columns and columns - _BESIDE == {"prompt"}:
        return "prompts without an answer: add a column 'completion'"
    return ""
