"""Small shard folders and models, made here: a WordPiece tokenizer of thirty words and a BERT of two layers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from sftformat.folder.commit import stage
from sftformat.folder.files import dump_json, sha256_file
from sftformat.folder.manifest import fingerprint

TELLING = ["good", "great", "fine", "lovely", "bad", "awful", "poor", "dull"]
WORDS = [*TELLING, "the", "film", "a", "plot", "was", "is", "and", "not", "very", "seen", "it", "we"]
VOCABULARY = {token: n for n, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS])}
KINDS = {"classification": pa.int64(), "multilabel": pa.list_(pa.float32()), "regression": pa.float32()}


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordPiece(VOCABULARY, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def write_tokenizer(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer().save(str(folder / "tokenizer.json"))
    names = {"unk": "[UNK]", "pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    config: dict[str, Any] = {f"{key}_token": token for key, token in names.items()}
    (folder / "tokenizer_config.json").write_bytes(
        dump_json({**config, "model_max_length": 32, "tokenizer_class": "BertTokenizer"})
    )


def write_model(folder: Path, seed: int = 0, **changes: Any) -> Path:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    torch.manual_seed(seed)
    config = BertConfig(**{"vocab_size": len(VOCABULARY), "max_position_embeddings": 32, **sizes, **changes})
    BertModel(config).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


Rows = Sequence[tuple[Any, Any]]  # (text or (text, pair), target: id, multi-hot, number or None)


def write_shards(
    out: Path,
    task: str,
    labels: Sequence[str] | None,
    splits: Mapping[str, Rows],
    *,
    weights: Mapping[str, Sequence[float]] | None = None,
    batch_rows: int = 7,
    ids: Mapping[str, Sequence[Sequence[int]]] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write a shard folder: `ids` gives tokens instead of texts, `changes` replaces fields of the manifest."""
    made = tokenizer()
    with stage(
        out, "shards", fingerprint({"rows": repr(splits), "weights": repr(weights), "ids": repr(ids)})
    ) as staging:
        parts = {}
        for name, rows in splits.items():
            encoded = [made.encode(*((text,) if isinstance(text, str) else text)) for text, _ in rows]
            tokens = [list(row) for row in ids[name]] if ids else [row.ids for row in encoded]
            types = [[0] * len(row) for row in tokens] if ids else [row.type_ids for row in encoded]
            targets = [target for _, target in rows]
            if task == "classification":
                targets = [-100 if target is None else target for target in targets]
            table = pa.table(
                {
                    "input_ids": pa.array(tokens, pa.list_(pa.int32())),
                    "attention_mask": pa.array([[1] * len(row) for row in tokens], pa.list_(pa.int8())),
                    "token_type_ids": pa.array(types, pa.list_(pa.int8())),
                    "labels": pa.array(targets, KINDS[task]),
                    "length": pa.array([len(row) for row in tokens], pa.int32()),
                    "truncated": pa.array([0] * len(rows), pa.int32()),
                    "weight": pa.array((weights or {}).get(name, [1.0] * len(rows)), pa.float32()),
                    "id": pa.array([f"{name}-{n}" for n in range(len(rows))], pa.string()),
                    "file": pa.array([0] * len(rows), pa.int32()),
                    "line": pa.array(range(2, len(rows) + 2), pa.int64()),
                }
            )
            half = (len(rows) + 1) // 2
            files = [f"{name}/data-0000{k}-of-00002.arrow" for k in (0, 1)]
            (staging.path / name).mkdir(exist_ok=True)
            for file, part in zip(files, (table[:half], table[half:]), strict=True):
                with pa.ipc.new_stream(staging.path / file, table.schema) as writer:
                    writer.write_table(part, max_chunksize=batch_rows)
            flat = [token for row in tokens for token in row]
            parts[name] = {
                "rows": len(rows),
                "files": files,
                "input_ids": {"min": min(flat, default=0), "max": max(flat, default=0)},
                "labels": None,
                "unlabelled": sum(target is None for _, target in rows),
                "length": {"max": max(map(len, tokens), default=0)},
                "truncated_rows": 0,
                "pairs": sum(isinstance(text, tuple) for text, _ in rows),
            }
        write_tokenizer(staging.path / "tokenizer")
        sha256 = sha256_file(staging.path / "tokenizer" / "tokenizer.json")
        fields = {
            "task": task,
            "labels": list(labels) if labels is not None else None,
            "objective": "encoder",
            "max_length": 32,
            "inputs": [{"file": "toy.csv"}],
            "ledger": {},
            "splits": parts,
            "tokenizer": {"name": "toy", "sha256": sha256, "vocab_size": len(VOCABULARY), "pad_id": 0},
        }
        staging.commit({**fields, **(changes or {})})
    return out


def sentences(rows: int, seed: int, task: str = "classification") -> list[tuple[Any, Any]]:
    """Return rows whose target is told by one word of the first eight: the first four are good, the others bad."""
    random = np.random.default_rng(seed)
    made: list[tuple[Any, Any]] = []
    for _ in range(rows):
        told = int(random.integers(8))
        filler = [WORDS[n] for n in random.integers(8, len(WORDS), random.integers(1, 12))]
        filler.insert(int(random.integers(len(filler) + 1)), WORDS[told])
        target: Any = int(told >= 4)
        if task == "regression":
            target = told / 2.0
        if task == "multilabel":
            target = [float(told < 4), float(told % 2)]
        made.append((" ".join(filler), target))
    return made


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
