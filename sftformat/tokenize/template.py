"""Where a tokenizer puts special tokens and type ids: found by asking it, not by reading its post-processor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tokenizers import Encoding, Tokenizer

#: Texts of which a tokenizer should know at least one; the first that gives a token is used.
_PROBES = ("a", "1", ".", "the", "x y", "你")


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of the output: a special token (`sequence` None) or all tokens of text 0 or 1."""

    sequence: int | None
    token: int
    type_id: int


@dataclass(frozen=True, slots=True)
class Template:
    """The stretches of the output in their order, for one text or for two."""

    parts: tuple[Part, ...]

    @property
    def special(self) -> int:
        """Number of special tokens."""
        return sum(part.sequence is None for part in self.parts)


def probe(tokenizer: Tokenizer, *, pair: bool) -> Template | None:
    """Return the template of a tokenizer without padding and truncation, or None when it follows none.

    Not checked: that every text is laid out like the probe; `encode.differing` does that on the user's own rows.
    """
    for text in _PROBES:
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        if plain:
            encoding = tokenizer.encode(text, text if pair else None)
            parts = tuple(_parts(encoding))
            return Template(parts) if _follows(tokenizer, encoding, plain, parts, pair) else None
    return None


def _parts(encoding: Encoding) -> Iterable[Part]:
    last: Part | None = None
    rows = zip(encoding.ids, encoding.type_ids, encoding.sequence_ids, strict=True)
    for token, type_id, sequence in rows:
        part = Part(None, token, type_id) if sequence is None else Part(sequence, -1, type_id)
        if sequence is None or part != last:
            yield part
        last = part


def _follows(tokenizer: Tokenizer, encoding: Encoding, plain: list[int], parts: tuple[Part, ...], pair: bool) -> bool:
    sequences = sorted(part.sequence for part in parts if part.sequence is not None)
    texts = [0, 1] if pair else [0]
    if sequences != texts or len(parts) - len(texts) != tokenizer.num_special_tokens_to_add(pair):
        return False
    ids: list[int] = []
    for part in parts:
        ids += [part.token] if part.sequence is None else plain
    return ids == encoding.ids
