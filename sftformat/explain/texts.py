"""A row of text as shards have it: what is read, and which tokens are learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from sftformat.explain.tokens import Token, TokenRun, encoder_row
from sftformat.tokenize.causal import causal
from sftformat.tokenize.decoded import closing, decoded, sides_of
from sftformat.tokenize.exact import by_reference
from sftformat.tokenize.load import Reference
from sftformat.tokenize.templates import from_manifest
from sftformat.tokenize.windows import NO_LIMIT


def text_runs(
    rows: pa.RecordBatch, task: str, reference: Reference, manifest: Mapping[str, Any]
) -> tuple[TokenRun, ...]:
    """Return a row of text as the shards of a manifest have it: one sequence, or a source and what is to be written."""
    template = from_manifest(reference, manifest["template"]) if manifest["template"] is not None else None
    if manifest["objective"] == "causal":
        assert template is not None
        made = causal(rows, task, reference, template, NO_LIMIT)
        ids, most = made.encoded.input_ids.tolist(), manifest["max_length"]
        first = max(0, len(ids) - most) if reference.side == "left" else 0
        return (_learned(ids, made.labels.array[0].as_py(), range(first, first + most), reference, ""),)
    source = encoder_row(sides_of(rows, task, template).sources, None, reference, manifest["max_length"])
    made = decoded(
        rows, task, reference, template, lambda texts: by_reference(reference, texts, None, NO_LIMIT), NO_LIMIT
    )
    labels, given = made.labels.array[0].as_py(), made.more["decoder_input_ids"][0].as_py()
    written = [*given[1:], closing(reference)[1]] if labels[-1] >= 0 or len(labels) > 1 else []
    return source, _learned(written, labels, range(manifest["max_target_length"]), reference, "/target")


def _learned(ids: Sequence[int], labels: Sequence[int], kept: range, reference: Reference, path: str) -> TokenRun:
    """Return tokens of which some are learned."""
    pairs = enumerate(zip(ids, labels, strict=False))
    shown = [reference.tokenizer.id_to_token(number) or "" for number in ids]
    return TokenRun(path, tuple(Token(n, shown[at], 0, at in kept, trained=label >= 0) for at, (n, label) in pairs))
