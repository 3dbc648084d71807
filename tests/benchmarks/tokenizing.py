"""The races of tokenizers: Arrow strings in, list<int32> out, without special tokens; all may use every core.

Peers have the texts in batches of 4 MB, which is as fast as all at once and takes less memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .entrant import OURS, Entrant, Race, model

_BATCH = 4_000_000
_WORK = "Arrow strings to list<int32> by the WordPiece of MiniLM"
RACES: dict[str, Race] = {
    "tokenize English": Race(f"{_WORK}: documentation", 4.0, (2, 10, 50), (1,), "MB"),
    "tokenize mixed": Race(f"{_WORK}: all kinds of text in turn", 0.95, (100,), (1,), "MB"),
    "tokenize code": Race(f"{_WORK}: Python", 0.95, (10,), (1,), "MB"),
    "tokenize mail": Race(f"{_WORK}: headers, addresses, links", 0.95, (2,), (1,), "MB"),
    "tokenize Chinese": Race(f"{_WORK}: reviews", 0.95, (3,), (1,), "MB"),
    "tokenize tweets": Race(f"{_WORK}: tweets", 0.95, (4,), (1,), "MB"),
    "tokenize random words": Race(f"{_WORK}: words that come once", 0.95, (10,), (1,), "MB"),
}


def prepare(race: str, size: int, folder: Path) -> None:
    """Write the texts of a race, of `size` MB in all.

    Raises:
        SystemExit: there is less than nine tenths of that.
    """
    from .text import take

    texts: Any = pa.array(take(race.removeprefix("tokenize "), size * 1_000_000), pa.string())
    if texts.nbytes < 900_000 * size:
        raise SystemExit(f"{race}: {texts.nbytes / 1e6:.1f} MB of text are there, {size} are wanted")
    with (
        pa.OSFile(str(folder / "texts.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, pa.schema({"text": "string"})) as out,
    ):
        out.write_batch(pa.record_batch([texts], ["text"]))


def _texts(folder: Path) -> Any:
    return pa.ipc.open_file(pa.memory_map(str(folder / "texts.arrow"))).get_batch(0).column(0)


def _batches(folder: Path) -> Iterator[list[str]]:
    texts = _texts(folder)
    rows = max(1, len(texts) * _BATCH // max(1, texts.nbytes))
    for start in range(0, len(texts), rows):
        yield texts.slice(start, rows).to_pylist()


@cache
def _reference() -> Any:
    from sftformat.tokenize.load import load_tokenizer

    return load_tokenizer(model())


def _ours(folder: Path) -> Any:
    from sftformat.tokenize.pieces import ids_of

    return ids_of(_reference(), _texts(folder)).to_arrow()


def _library(folder: Path) -> Any:
    from sftformat.tokenize.ids import by_library

    tokenizer = _reference().tokenizer
    return pa.concat_arrays([by_library(tokenizer, batch).to_arrow() for batch in _batches(folder)])


@cache
def _fast() -> Callable[..., Any]:
    from transformers import AutoTokenizer

    made: Callable[..., Any] = AutoTokenizer.from_pretrained(model(), model_max_length=1 << 40)
    return made


def _transformers(folder: Path) -> Any:
    encode, wanted = _fast(), {"add_special_tokens": False, "return_attention_mask": False}
    made = (encode(batch, return_token_type_ids=False, **wanted)["input_ids"] for batch in _batches(folder))
    return pa.concat_arrays([pa.array(each, pa.list_(pa.int32())) for each in made])


def _digest(_: Path, made: Any) -> str:
    ids = np.asarray(made.flatten(), np.int32).tobytes()
    return hashlib.sha256(ids + np.asarray(made.value_lengths(), np.int32).tobytes()).hexdigest()


def _entrants(race: str) -> Iterator[Entrant]:
    ours = ("sftformat.tokenize.pieces", "sftformat.tokenize.load")
    yield Entrant(race, OURS, _ours, _digest, ours, ready=_reference)
    yield Entrant(race, "tokenizers, encode_batch_fast", _library, _digest, ours, ready=_reference)
    yield Entrant(race, "transformers, the call", _transformers, _digest, ("transformers",), 10, ready=_fast)


ENTRANTS = tuple(entrant for race in RACES for entrant in _entrants(race))
