"""SFT5: what tokens say about texts, a length limit and a model; the samples are tests."""

from __future__ import annotations

from sftformat.documented import Page, Sample, fixture

_HOW = ("-o", "shards", "--tokenizer", "TOKENIZER", "--max-length", "5")


def _tokenized(content: bytes, *options: str) -> Sample:
    """A sample that is tokenized with a tokenizer that knows `good`, `bad`, `film`, `the` and a few words more."""
    return Sample((("a.jsonl", content),), (*_HOW, *options), command="tokenize")


_GOOD = b'{"text": "good film", "label": "pos"}\n'

#: In the order of the codes; name, severity, words and cure stand in `diagnostics.CODES`.
PAGES: tuple[Page, ...] = (
    Page(
        "SFT501",
        "what is cut off is not seen, and in many texts the verdict stands at the end.",
        (_tokenized(_GOOD + b'{"text": "the film not the good the bad", "label": "neg"}\n'),),
        (_tokenized(_GOOD + b'{"text": "bad film", "label": "neg"}\n'),),
    ),
    Page(
        "SFT502",
        "an unknown token says nothing: texts that differ only there are the same text to the model.",
        (_tokenized(_GOOD + '{"text": "фильм плохой", "label": "neg"}\n'.encode()),),
        (_tokenized(_GOOD + b'{"text": "bad film", "label": "neg"}\n'),),
    ),
    Page(
        "SFT503",
        "of an empty sequence a model learns the label without a text.",
        (_tokenized(_GOOD + b'{"text": "\\u0001", "label": "neg"}\n'),),
        (_tokenized(_GOOD + b'{"text": ".", "label": "neg"}\n'),),
    ),
    Page("SFT504", "where the target is cut off nothing is learned, and the loss of the row is not a number.", (), ()),
    Page(
        "SFT505",
        "an id that the model has no vector for ends training; a vocabulary of another model trains on noise.",
        (fixture("shards of a tokenizer with more ids than the model has vectors"),),
        (fixture("shards of the tokenizer of the model"),),
    ),
)
