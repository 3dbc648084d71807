"""Sound records of the layouts, by the dozen, for faults to be planted among."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]


def lines(records: Sequence[Record]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def reviews(count: int = 30, first: int = 0) -> list[Record]:
    """Sound records of text-label in two classes."""
    return [
        {"text": f"Film number {first + n} was {('a joy', 'a bore')[n % 2]}.", "label": ("good", "bad")[n % 2]}
        for n in range(count)
    ]


def answers(count: int = 30) -> list[Record]:
    """Sound records of alpaca."""
    return [
        {"instruction": f"What is {n} plus one?", "input": "", "output": f"It is {n + 1} of course."}
        for n in range(count)
    ]


def scores(count: int = 30) -> list[Record]:
    """Sound records of regression."""
    return [{"text": f"Film number {n} was fine.", "score": n % 5 + 0.5} for n in range(count)]


def chats(count: int = 30) -> list[Record]:
    """Sound conversations of OpenAI messages, a third of them with calls of tools."""
    return [{"messages": _chat(number)} for number in range(count)]


def _chat(number: int) -> list[Record]:
    question: Record = {"role": "user", "content": f"How is the weather in town {number}?"}
    answer: Record = {"role": "assistant", "content": f"It rains in town {number}."}
    if number % 3:
        return [question, answer]
    return [question, called(f"call_{number}"), resulted(f"call_{number}"), answer]


def called(name: str, arguments: str = "{}") -> Record:
    function = {"name": "sky", "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": name, "type": "function", "function": function}],
    }


def resulted(name: str) -> Record:
    return {"role": "tool", "content": "rain", "tool_call_id": name}


def shared(count: int = 30) -> list[Record]:
    """Sound conversations of ShareGPT, a third of them with calls of tools."""
    made = []
    for number in range(count):
        turns = [{"from": "human", "value": f"Weather in town {number}?"}]
        if number % 3 == 0:
            turns += [{"from": "function_call", "value": '{"name": "sky", "arguments": {}}'}]
            turns += [{"from": "observation", "value": "rain"}]
        made.append({"conversations": [*turns, {"from": "gpt", "value": f"It rains in town {number}."}]})
    return made


def marked(count: int = 30) -> list[Record]:
    """Sound records of a text with spans, some behind an emoji."""
    made = []
    for number in range(count):
        text = f"😀 Ann Lee{number} left Bern."
        at = text.index("Bern")
        made.append({"text": text, "label": [[2, at - 6, "PER"], [at, at + 4, "LOC"]]})
    return made


def tokens(count: int = 30) -> list[Record]:
    """Sound records of tokens and tags in IOB2, with the running text."""
    made = []
    for number in range(count):
        words = ["😀", "Ann", f"Lee{number}", "left", "Bern"]
        text, offsets = " ".join(words), []
        for word in words:
            start = offsets[-1][1] + 1 if offsets else 0
            offsets.append([start, start + len(word)])
        made.append({"words": words, "tags": ["O", "B-PER", "I-PER", "O", "B-LOC"], "text": text, "offsets": offsets})
    return made
