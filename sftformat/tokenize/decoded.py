"""Rows of text for an encoder-decoder: a source as for an encoder, and a target for the decoder to write.

The decoder is given `decoder_input_ids` and is to write `labels`, which are as long: [CLS] a b and a b [SEP]. In a
conversation every turn of the target ends with [SEP]; turns that are not trained on are read and not written (-100).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sftformat.errors import ModelError
from sftformat.tokenize.chat_template import ChatTemplate
from sftformat.tokenize.conversation import Conversation, Fault, conversations, joined
from sftformat.tokenize.encode import Encoded, Ints
from sftformat.tokenize.exact import checked_ids
from sftformat.tokenize.labels import Column, Labels
from sftformat.tokenize.load import Reference
from sftformat.tokenize.made import Aims, Made, label_lists, lists, sums
from sftformat.tokenize.rendered import source_text


@dataclass(frozen=True, slots=True)
class Sides:
    """N rows as texts: what the encoder reads, and pieces for the decoder, each with its row and whether it is trained.

    `asked` is what a copy of the source would answer: the text itself, of a conversation the last message before the
    target. `answers` is what is wanted (None: unlabelled) and `others` are further right answers.
    """

    sources: list[str]
    pieces: list[str]
    rows: Ints
    trained: npt.NDArray[np.bool_]
    asked: list[str]
    answers: list[str | None]
    others: list[list[str]]
    faults: dict[int, Fault]


def closing(reference: Reference) -> tuple[int, int]:
    """Return the ids of the tokens that open and close a text: [CLS] and [SEP].

    Raises:
        ModelError: the tokenizer puts no such tokens around a text.
    """
    parts = reference.single.parts if reference.single is not None else ()
    if len(parts) != 3 or parts[1].sequence is None:
        raise ModelError(f"{reference.name}: puts no token before and behind a text, which an encoder-decoder needs")
    return parts[0].token, parts[2].token


def decoded(
    batch: pa.RecordBatch,
    task: str,
    reference: Reference,
    template: ChatTemplate | None,
    encode: Callable[[Sequence[str]], Encoded],
    max_target_length: int,
) -> Made:
    """Tokenize both sides of a batch; `encode` does the source. A target is cut on the right, its [SEP] with it."""
    sides = sides_of(batch, task, template)
    start, stop = closing(reference)
    pieces = checked_ids(reference, sides.pieces)
    lengths = pieces.lengths
    count = len(sides.sources)
    ends = np.cumsum(lengths + 1)  # each with its closing token
    ids = np.full(int(ends[-1]) if len(ends) else 0, stop, np.int32)
    closes = np.zeros(len(ids), bool)
    closes[ends - 1] = True
    ids[~closes] = pieces.tokens
    trained = np.repeat(sides.trained, lengths + 1)
    wanted = np.bincount(sides.rows, lengths + 1, count).astype(np.int64)
    content = np.bincount(sides.rows, lengths * sides.trained, count).astype(np.int64)
    labels, inputs, offsets, cut = _laid(ids, trained, wanted, start, max_target_length)
    aims = np.bincount(sides.rows, (lengths + 1) * sides.trained, count).astype(np.int64)
    labelled = np.array([answer is not None for answer in sides.answers], bool)
    more: dict[str, Column] = {
        "decoder_input_ids": lists(offsets, inputs),
        "source_text": pa.array(sides.asked, pa.string()),
        "target_text": pa.array(sides.answers, pa.string()),
        "references": pa.array(sides.others, pa.list_(pa.string())),
    }
    left = sums(np.asarray(labels.flatten()) >= 0, offsets)
    return Made(
        encode(sides.sources),
        Labels(labels, labelled, np.zeros(count, bool)),
        Aims(aims, aims - left, wanted, cut, content == 0),
        more,
        sides.faults,
    )


def _laid(
    ids: npt.NDArray[np.int32], trained: npt.NDArray[np.bool_], wanted: Ints, start: int, most: int
) -> tuple[Any, npt.NDArray[np.int32], Ints, Ints]:
    """Return labels, the decoder's inputs, their offsets and the tokens cut; a row without a target has one, [CLS]."""
    kept = np.minimum(wanted, most)
    lengths = np.maximum(kept, 1)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    rows = np.repeat(np.arange(len(wanted)), wanted)
    within = np.arange(len(ids)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    stays = within < kept[rows]
    place = (offsets[rows] + within)[stays]
    written, known = np.zeros(int(offsets[-1]), np.int32), np.zeros(int(offsets[-1]), bool)
    written[place], known[place] = ids[stays], trained[stays]
    inputs = np.roll(written, 1)
    inputs[offsets[:-1]] = start
    return label_lists(offsets, written, known), inputs.astype(np.int32), offsets, wanted - kept


def sides_of(batch: pa.RecordBatch, task: str, template: ChatTemplate | None) -> Sides:
    """Return both sides of the rows as texts."""
    if task == "text-to-text" and template is None:
        return _plain(batch)
    talks = list(conversations(batch, task))
    texts = [_lines(talk) for talk in talks] if template is None else []
    faults = {row: talk.fault for row, talk in enumerate(talks) if talk.fault is not None}
    if template is not None:
        made = [source_text(template, talk) for talk in talks]
        texts = [each.text for each in made]
        faults |= {row: each.fault for row, each in enumerate(made) if each.fault is not None}
    pieces = [(row, *piece) for row, talk in enumerate(talks) for piece in _pieces(talk)]
    wanted = _references(batch) if task == "text-to-text" else [[] for _ in talks]
    return Sides(
        texts,
        [text for _, text, _ in pieces],
        np.array([row for row, _, _ in pieces], np.int64),
        np.array([trained for _, _, trained in pieces], bool),
        [_said(talk.messages[talk.first - 1]) if talk.first else "" for talk in talks],
        [_said(talk.messages[talk.trained[0]]) if talk.trained else None for talk in talks],
        wanted,
        faults,
    )


def _plain(batch: pa.RecordBatch) -> Sides:
    """As `sides_of`, for rows of text-to-text without a template: no Python loop over rows."""
    targets: Column = batch.column("target").cast(pa.string())
    rows = np.flatnonzero(np.asarray(targets.is_valid()))
    there = [name for name in ("input", "instruction") if name in batch.schema.names]
    asked = batch.column(there[0]).to_pylist()
    sources = joined(batch)
    answers = targets.to_pylist()
    return Sides(
        sources,
        [answers[row] for row in rows.tolist()],
        rows.astype(np.int64),
        np.ones(len(rows), bool),
        [own if own is not None else source for own, source in zip(asked, sources, strict=True)],
        answers,
        _references(batch),
        {},
    )


def _references(batch: pa.RecordBatch) -> list[list[str]]:
    if "references" not in batch.schema.names:
        return [[] for _ in range(len(batch))]
    return [each or [] for each in batch.column("references").to_pylist()]


def _lines(talk: Conversation) -> str:
    """Return what is before the target: a message a line, its role in front."""
    return "\n".join(f"{each['role']}: {_said(each)}" for each in talk.messages[: talk.first])


def _pieces(talk: Conversation) -> Iterator[tuple[str, bool]]:
    """Yield the turns of the target; what others say has its role in front, answers have not."""
    for number in range(talk.first, len(talk.messages) if talk.trained else 0):
        message = talk.messages[number]
        said = _said(message)
        yield said if message["role"] == "assistant" else f"{message['role']}: {said}", number in talk.trained


def _said(message: Any) -> str:
    """Return the content of a message, then its calls as JSON."""
    calls = json.dumps(message["tool_calls"], ensure_ascii=False) if message.get("tool_calls") else ""
    content = message.get("content") or ""
    return f"{content}\n{calls}" if content and calls else str(content or calls)
