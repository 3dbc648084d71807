"""SFT5: what tokens say about texts, a length limit and a model; the samples are tests."""

from __future__ import annotations

from sftformat.documented import Page, Sample, fixture

_HOW = ("-o", "shards", "--tokenizer", "TOKENIZER")
_CAUSAL = ("--for", "causal", "--template", "plain")


def _tokenized(content: bytes, *options: str) -> Sample:
    """A sample that is tokenized with a tokenizer that knows `good`, `bad`, `film`, `the` and a few words more."""
    return Sample((("a.jsonl", content),), (*_HOW, *(options or ("--max-length", "5"))), command="tokenize")


_GOOD = b'{"text": "good film", "label": "pos"}\n'

_PAIR = (
    b'{"premise": "good film good film", "hypothesis": "the film not the good the bad film the bad", "label": "pos"}\n'
)
_ASKED = b'{"prompt": "the film not the good the bad", "completion": "good"}\n'
_WEIGHED = b'{"prompt": "the film not the good the bad", "completion": "good", "weight": 0}\n'
#: A template of a model that knows no system turns.
_STRICT = b"""{%- for message in messages -%}
{%- if message.role == "system" %}{{ raise_exception("no system turn, please") }}{% endif -%}
{{ message.role }}: {{ message.content }}
{% endfor -%}
"""
_TURNS = (
    b'{"from": "system", "value": "not bad"}',
    b'{"from": "human", "value": "good film"}',
    b'{"from": "gpt", "value": "very good"}',
)


def _rendered(*turns: bytes) -> Sample:
    content = b'{"conversations": [%b]}\n' % b", ".join(turns)
    how = (*_HOW, "--for", "causal", "--template", "template.jinja")
    return Sample((("a.jsonl", content), ("template.jinja", _STRICT)), how, command="tokenize")


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
        "of an empty sequence a model learns the label without a text, and the tag of an empty word is lost.",
        (
            _tokenized(_GOOD + b'{"text": "\\u0001", "label": "neg"}\n'),
            _tokenized(b'{"tokens": ["good", "\\u0001", "film"], "ner_tags": ["O", "B-PER", "O"]}\n'),
        ),
        (_tokenized(_GOOD + b'{"text": ".", "label": "neg"}\n'),),
    ),
    Page(
        "SFT504",
        "where the target is cut off nothing is learned, and the loss of the row is not a number.",
        (_tokenized(_ASKED, *_CAUSAL, "--max-length", "7"),),
        (_tokenized(_ASKED, *_CAUSAL, "--max-length", "99"),),
    ),
    Page(
        "SFT505",
        "an id that the model has no vector for ends training; a vocabulary of another model trains on noise.",
        (fixture("shards of a tokenizer with more ids than the model has vectors"),),
        (fixture("shards of the tokenizer of the model"),),
    ),
    Page(
        "SFT506",
        "tokens would be trained on that are none of the answer, or a conversation that no one could have.",
        (_rendered(*_TURNS),),
        (_rendered(*_TURNS[1:]),),
    ),
    Page(
        "SFT507",
        "the second text would go by a few tokens at a time, or in part not at all.",
        (_tokenized(_PAIR, "--window", "10"),),
        (_tokenized(_PAIR, "--window", "16"),),
    ),
    Page(
        "SFT508",
        "a row that should count for nothing, or for more, counts like every other one where the weight is not read.",
        (_tokenized(_WEIGHED, *_CAUSAL, "--max-length", "99"),),
        (_tokenized(_ASKED, *_CAUSAL, "--max-length", "99"),),
    ),
)
