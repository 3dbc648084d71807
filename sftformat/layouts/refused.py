"""Records that are no inputs with a target, or not without being asked: what they are, and the way out."""

from __future__ import annotations

from collections.abc import Sequence

from sftformat.layouts.suits import are_vectors
from sftformat.record import Number, Record

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
    *(
        (
            (what,),
            "Vertex AI JSONL, which is not read",
            "write its text beside its label, as in {text, label}, or use Vertex AI's CSV",
        )
        for what in ("textContent", "textGcsUri")
    ),
    *(
        (
            ("query", what),
            "queries with texts that are near to them and others, which have no label: that is all that is learned",
            "for texts that are made from others write prompt and completion",
        )
        for what in ("pos", "positive")
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
    *(
        (
            ("text", "annotation", what),
            "Argilla v1 records, which are not read",
            "export the data set as text,label, or say --task classification --map input=text --map target=annotation",
        )
        for what in ("prediction", "metadata")
    ),
    (
        ("id", "name", "regexp_full_match", "regexp_partial_match"),
        "intents of AutoIntent, which are names for the ids of others and no records",
        "give the utterances, and this file to --labels",
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


def judged(records: Sequence[Record]) -> str:
    """Say that conversations without an answer have a label of a form that is not read; empty where they have none."""
    messages = [record["messages"] for record in records if isinstance(record.get("messages"), list)]
    labels = [record["label"] for record in records if record.get("label") is not None]
    turns = [turn for each in messages for turn in each if isinstance(turn, dict)]
    if not labels or len(labels) < len(records) / 2 or any(turn.get("role") == "assistant" for turn in turns):
        return ""
    if any(isinstance(label, list) and not all(type(each) in (int, str) for each in label) for label in labels):
        return (
            "conversations with several scores (ms-swift seq_cls), of which a text can have but one here: write that "
            "one as 'label'"
        )
    return (
        "conversations with a label and no answer (ms-swift seq_cls), which are read where 'messages' is one turn of "
        "the user and 'label' an id, a list of ids or a number: put what is judged into one turn"
    )


def _of_values(first: Record, columns: set[str]) -> str:
    """Say what a record is whose keys alone do not tell it."""
    cats = first.get("cats")
    if isinstance(cats, dict) and any(type(value) is not bool and _is_share(value) for value in cats.values()):
        return (
            "'cats' with probabilities of categories, and which of them apply is not said: write 1 for those and 0 for "
            "the others"
        )
    if "data" in columns and isinstance(first.get("data"), dict):
        if "completions" in columns:
            return "tasks of a Label Studio before 1.0: call 'completions' 'annotations' and it is read"
        if "annotations" not in columns:
            return "tasks of Label Studio that nobody has annotated: export them with their annotations"
    if any(name.endswith(".responses") for name in columns):
        return (
            "records of Argilla v2, whose responses are lists, one of each annotator: decide for one and write it as "
            "text,label"
        )
    texts = first.get("translation")
    if isinstance(texts, dict) and len(texts) > 2:
        one, other = list(texts)[:2]
        return (
            f"translations into {len(texts)} languages: name the two, as in --task text-to-text "
            f"--map input=/translation/{one} --map target=/translation/{other}"
        )
    turns = next(
        (name for name in ("messages", "conversations", "conversation") if isinstance(first.get(name), str)), ""
    )
    if first.get(turns, "").startswith("[") if turns else False:
        return f"{turns!r} is a text that holds JSON: write it as JSON, a list of turns"
    held = first.get("annotations")
    if isinstance(held, list) and held and all(isinstance(each, dict) and "label" in each for each in held):
        return (
            "annotations of doccano without offsets, the labels of a text as ids: export it as JSONL with 'label', or "
            "write text and label"
        )
    return ""


def _is_share(value: object) -> bool:
    return isinstance(value, int | float | Number) and 0 < float(value) < 1


def reason(records: Sequence[Record]) -> str:
    """Say why records of a known shape are not read, and what to do; empty where they have none of these shapes."""
    columns = set().union(*records) if records else set()
    known = next((f"{what}: {way}" for signs, what, way in _REFUSED if columns >= set(signs)), "")
    if known:
        return known
    first = records[0] if records else {}
    if said := _of_values(first, columns):
        return said
    if any(are_vectors([record.get(name) for record in records]) for name in columns & {"label", "labels", "target"}):
        return (
            "vectors of 0 and 1, whose places have no names: write the labels that apply, as in ['a', 'c'], or a "
            "column for each"
        )
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
