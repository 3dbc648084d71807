"""Tiny tokenizers built here, and data set folders written the way `sftformat.dataset` writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from sftformat.folder.commit import stage
from sftformat.folder.manifest import fingerprint

_WORDS = "a b good bad film the not very ok 1 2 10 . ! é ü 你 好 ##s ##ly ##ing x y z ##a ##b ##1"
WORDS = _WORDS.split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]


def word_piece() -> Tokenizer:
    """A BERT tokenizer of a few words, with truncation and padding baked in as MiniLM's has them."""
    tokens = {token: number for number, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(tokens, unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens(VOCABULARY[:5])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=5)
    return tokenizer


def byte_pairs() -> Tokenizer:
    """A RoBERTa tokenizer: byte-level BPE, two separators between the texts, all types 0."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "a"), ("a", "b"), ("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ã", "©"), ("o", "k")]
    names = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, *("".join(merge) for merge in merges)]
    tokenizer = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(names[:4])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def save(folder: Path, tokenizer: Tokenizer, **config: Any) -> Path:
    """Write a tokenizer folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str())
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


KINDS = {
    "classification": pa.string(),
    "multilabel": pa.list_(pa.string()),
    "regression": pa.float64(),
    "token-classification": pa.list_(pa.string()),
}


def canonical(task: str) -> pa.Schema:
    source = pa.struct([("file", pa.string()), ("line", pa.int64()), ("byte", pa.int64())])
    fields = {
        "id": pa.string(),
        "split": pa.string(),
        "input": KINDS[task] if task == "token-classification" else pa.string(),
        "input_pair": pa.string(),
        "target": KINDS[task],
        "weight": pa.float64(),
        "group": pa.string(),
        "meta": pa.string(),
        "source": source,
    }
    return pa.schema(list(fields.items()))


def write_dataset(
    folder: Path,
    task: str,
    parts: dict[str, Sequence[Sequence[dict[str, Any]]]],
    labels: list[str] | None = None,
    schema: pa.Schema | None = None,
) -> Path:
    """Commit a data set folder; `parts` is split -> files -> rows. What a row leaves out is made up from its place."""
    splits: dict[str, Any] = {}
    with stage(folder, "dataset", fingerprint({"rows": repr(parts), "labels": labels})) as staging:
        for split, files in parts.items():
            names, line = [], 0
            for number, rows in enumerate(files):
                names.append(f"{split}-{number:05d}-of-{len(files):05d}.parquet")
                whole = []
                for row in rows:
                    line += 1
                    source = {"file": f"{split}.jsonl", "line": line, "byte": 10 * line}
                    whole.append({"id": f"{split}{line}", "split": split, "source": source, **row})
                table = pa.Table.from_pylist(whole, schema=schema or canonical(task))
                pq.write_table(table, staging.path / names[-1])
            splits[split] = {"rows": line, "files": names}
        inputs = [{"file": f"{split}.jsonl", "bytes": 1, "sha256": "0" * 64} for split in parts]
        fields = {"task": task, "splits": splits, "inputs": inputs, "labels": labels}
        staging.commit({**fields, "ledger": {}, "mapping": [], "columns": []})
    return folder
