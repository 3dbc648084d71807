"""Spans become tags of exactly the characters that were marked; what no tags can say is found, never swallowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sftformat.layouts.spans import Span, faults, spans_of, tagged, words

from ..conftest import Call
from .strategies import marked, shift


def spans(found: list[tuple[int, int, str]]) -> list[Span]:
    return [Span(start, end, label, ("label", str(number))) for number, (start, end, label) in enumerate(found)]


@given(made=marked())
def test_every_marked_character_has_its_tag_and_no_other(made: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, found = made
    row = tagged(text, spans(found))
    assert [text[start:end] for start, end in row["offsets"]] == row["input"]
    of_character = {at: label for start, end, label in found for at in range(start, end)}
    for (start, end), tag in zip(row["offsets"], row["target"], strict=True):
        assert {of_character.get(at, "") for at in range(start, end)} == {tag.partition("-")[2]}
    assert sum(tag.startswith("B-") for tag in row["target"]) == len(found)
    assert "".join(row["input"]) == "".join(text.split())


@given(made=marked())
def test_back_to_spans_up_to_blanks_at_their_edges(made: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, found = made
    _, back, _ = spans_of(tagged(text, spans(found)))
    assert back is not None
    assert [(text[each.start : each.end], each.label) for each in back] == [
        (text[start:end].strip(), label) for start, end, label in found
    ]


@given(made=marked())
def test_utf_16_is_recognized_where_only_it_fits(made: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, found = made
    given_ = [
        Span(shift(text, start, "utf-16"), shift(text, end, "utf-16"), label, (), text[start:end])
        for start, end, label in found
    ]
    plain = [Span(start, end, label, (), text[start:end]) for start, end, label in found]
    moved = [(each.start, each.end) for each in given_] != [(each.start, each.end) for each in plain]
    differs = any(each.end > len(text) or text[each.start : each.end] != each.said for each in given_)
    assume(differs or not moved)  # else the same words stand at both places, and they are characters
    assert tagged(text, given_) == tagged(text, plain)
    assert any(each.code == "SFT111" for each in faults(text, given_)) == (moved and differs)
    assert not any(each.code in ("SFT109", "SFT111") for each in faults(text, plain))


def test_what_cuts_a_word_and_would_not_in_utf_16_says_so() -> None:
    found = list(faults("\U0001f600 Rome and Ostia", [Span(3, 7, "LOC")]))
    assert [each.code for each in found] == ["SFT110"]
    assert found[0].words.endswith('which is cut there; counted in UTF-16 it would be "Rome"')
    assert "UTF-16" not in next(iter(faults("\U0001f600 Rome", [Span(2, 4, "LOC")]))).words
    assert "UTF-16" not in next(iter(faults("a Rome", [Span(2, 4, "LOC")]))).words


@given(
    text=st.text(st.sampled_from("ab \U0001f600"), max_size=8),
    found=st.lists(st.tuples(st.integers(-2, 10), st.integers(-2, 10)), max_size=3),
)
def test_what_is_not_found_is_in_the_tags(text: str, found: list[tuple[int, int]]) -> None:
    """A record without an error has as many entities as spans."""
    given_ = spans([(start, end, "X") for start, end in found])
    if not any(each.code == "SFT109" for each in faults(text, given_)):
        assert sum(tag == "B-X" for tag in tagged(text, given_)["target"]) == len(found)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Anna's cat, 3.5!", ["Anna", "'", "s", "cat", ",", "3", ".", "5", "!"]),
        ("北京大学 x", ["北", "京", "大", "学", "x"]),
        ("हिन्दी भाषा।", ["हिन्दी", "भाषा", "।"]),
        ("cafe\u0301 \u00a0x", ["cafe\u0301", "x"]),
        ("", []),
    ],
)
def test_words(text: str, wanted: list[str]) -> None:
    assert [text[start:end] for start, end in words(text)] == wanted


TOKENS = [{"text": "Ann", "start": 0, "end": 3}, {"text": "Lee", "start": 4, "end": 7}]


@pytest.mark.parametrize(
    ("record", "code", "words"),
    [
        ({"text": "Ann", "label": [[0, 9, "P"]]}, "SFT109", "/label/0  a span from 0 to 9 in a text of 3 characters"),
        ({"text": "Ann", "label": [[2, 1, "P"]]}, "SFT109", "a span from 2 to 1"),
        ({"text": "A  B", "label": [[1, 3, "P"]]}, "SFT109", "a span of blanks only"),
        (
            {"text": "Ann", "label": [{"start": 0, "end": 3, "labels": ["P"], "text": "Bob"}]},
            "SFT109",
            'the text has "Ann" at 0 to 3, but the span says "Bob"',
        ),
        ({"text": "Ann Lee", "label": [[0, 7, "P"], [4, 7, "Q"]]}, "SFT109", '"Ann Lee" (P) and "Lee" (Q) overlap'),
        ({"text": "Anna", "label": [[0, 3, "P"]]}, "SFT110", "begins or ends inside a word"),
        (
            {
                "text": "Ann Lee",
                "tokens": TOKENS,
                "spans": [{"start": 0, "end": 2, "label": "P"}, {"start": 4, "end": 7, "label": "Q"}],
            },
            "SFT109",
            'the span "An" does not begin and end with a token',
        ),
        (
            {"text": "Ann Lee", "tokens": [{**TOKENS[0], "text": "Bob"}], "spans": []},
            "SFT109",
            'token "Bob", but the text has "Ann" there',
        ),
        (
            {
                "data": {"text": "Ann"},
                "annotations": [
                    {"result": [{"type": "labels", "value": {"start": 0, "end": 3, "labels": ["P"]}}]},
                    {"result": []},
                ],
            },
            "SFT109",
            "2 annotations of this text differ",
        ),
        (
            {
                "data": {"text": "Ann"},
                "annotations": [
                    {"result": [{"type": "labels", "value": {"start": 0, "end": 3, "labels": ["P", "Q"]}}]}
                ],
            },
            "SFT109",
            "a span with 2 labels",
        ),
    ],
)
def test_what_no_tags_can_say_has_its_place(
    call_here: Call, tmp_path: Path, record: dict[str, Any], code: str, words: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    done = call_here("validate", "a.jsonl", "--output-format", "json", "--ignore", "SFT3,SFT4")
    (found,) = json.loads(done.out)["findings"]
    assert (found["code"], found["line"]) == (code, 1)
    assert words in f"{found.get('path', '')}  {found['message']}"
    assert done.code == (code == "SFT109")


def test_what_the_annotator_rejected_is_filtered(call_here: Call, tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 3, "label": "PER"}]
    answers = ["accept", "reject", "ignore", None]
    lines = [json.dumps({"text": "Ann left.", "spans": spans, "answer": answer}) for answer in answers]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    done = call_here("convert", "a.jsonl", "-o", "out")
    assert "read 4 = written 2 + rejected 0 + duplicate 0 + filtered 2" in done.out
    left = [json.loads(line) for line in (tmp_path / "out/rejects.jsonl").read_text().splitlines()]
    assert [(each["line"], each["reason"], each["raw"]) for each in left] == [
        (2, "filtered", lines[1]),
        (3, "filtered", lines[2]),
    ]
    assert done.code == 0


def test_from_tags_to_every_span_layout_and_back(call_here: Call, tmp_path: Path) -> None:
    text = "Ann B-PER\nLee I-PER\nleft O\nBern B-LOC\n\n😀 O\nBob B-PER\n"
    (tmp_path / "a.conll").write_text(text)
    for name in ("text-spans", "prodigy-spans", "label-studio-spans"):
        call_here("convert", "a.conll", "-o", f"{name}.jsonl", "--to", name)
        call_here("convert", f"{name}.jsonl", "-o", f"{name}.conll", "--to", "token-tags")
        assert (tmp_path / f"{name}.conll").read_text().strip() == text.strip()


@given(made=marked())
def test_types_may_stand_before_their_letters(made: tuple[str, list[tuple[int, int, str]]]) -> None:
    row = tagged(made[0], spans(made[1]))
    turned = [tag if tag == "O" else f"{tag[2:]}-{tag[0]}" for tag in row["target"]]
    plain = all("-" not in label and label not in "BIESLUM" for _, _, label in made[1])
    assume(plain)
    assert spans_of({**row, "target": turned}) == spans_of(row)


def test_ids_are_no_spans_until_they_have_names(call_here: Call, tmp_path: Path) -> None:
    rows = [{"tokens": ["Ann", "sleeps"], "ner_tags": [1, 0]}, {"tokens": ["in", "Bern"], "ner_tags": [0, 2]}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "names.txt").write_text("0=O\n1=B-PER\n2=B-LOC\n")
    done = call_here("convert", "a.jsonl", "-o", "b.jsonl", "--to", "text-spans")
    assert done.code == 2
    assert "the tags are ids (first at a.jsonl:1), and which of them is O is not said: name them" in done.err
    call_here("convert", "a.jsonl", "-o", "b.jsonl", "--to", "text-spans", "--labels", "names.txt")
    made = [json.loads(line)["label"] for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    assert made == [[[0, 3, "PER"]], [[3, 7, "LOC"]]]
