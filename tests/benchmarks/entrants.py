"""Who runs in the races of `peers`: the same work done by ours and by the libraries that people use for it now."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from . import tokenizing
from .entrant import BATCH, MAX_LENGTH, OURS, Entrant, Race, as_the_command_does, model
from .text import sentences

RATE = 5e-5
_SCHEMA = {
    "type": "object",
    "required": ["text", "label"],
    "properties": {"text": {"type": "string"}, "label": {"enum": ["good", "bad"]}},
}
#: All races, in the order of the table.
RACES: dict[str, Race] = {
    **tokenizing.RACES,
    "validate": Race(
        "JSONL to a verdict on every row; ours with all default rules, the peers with the schema alone",
        0.6,
        (20_000, 100_000, 500_000, 2_000_000),
        (500, 1_000, 2_000),
    ),
    "shards": Race(
        "JSONL to tokenized rows on disk; ours checks every row on the way",
        8.0,
        (20_000, 100_000, 500_000),
        (500, 1_000, 2_000),
    ),
    "loader": Race("padded batches of 32, shuffled", 30.0, (20_000, 50_000, 100_000), (500, 1_000, 2_000)),
    "train": Race(
        "an epoch of MiniLM, batches of 32; each in its own way of batching and precision",
        2.5,
        (128, 512),
        (32, 64),
    ),
}


def prepare(race: str, size: int, folder: Path) -> None:
    """Write what a race begins with into a new folder.

    Raises:
        SystemExit: the packages that are installed hold less text.
    """
    folder.mkdir(parents=True)
    if race in tokenizing.RACES:
        tokenizing.prepare(race, size, folder)
        return
    with open(folder / "data.jsonl", "w", encoding="utf-8") as file:
        for number, text in enumerate(sentences(size, again=race == "validate")):
            file.write(json.dumps({"text": text, "label": ("good", "bad")[number % 2]}, ensure_ascii=False) + "\n")
    if race in ("loader", "train"):
        _ours_shards(folder)


def _fresh(folder: Path, name: str) -> Path:
    shutil.rmtree(folder / name, ignore_errors=True)
    return folder / name


# ------------------------------------------------------------------------------------------------ validate


def _ours_validate(folder: Path) -> int:
    from sftformat.dataset.build import diagnose
    from sftformat.dataset.options import DatasetOptions, Finished
    from sftformat.workers import kept

    with kept(2):
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


def _frictionless(folder: Path) -> int:
    from frictionless import Resource, Schema, system

    fields = [
        {"name": "text", "type": "string", "constraints": {"required": True}},
        {"name": "label", "type": "string", "constraints": {"enum": ["good", "bad"]}},
    ]
    with system.use_context(trusted=True):
        resource = Resource(path=str(folder / "data.jsonl"), schema=Schema.from_descriptor({"fields": fields}))
        report = resource.validate(limit_errors=1 << 30)
    wrong = {tuple(each) for each in report.flatten(["rowNumber"])}
    rows: int = report.tasks[0].stats["rows"]
    return rows - len(wrong)


# ------------------------------------------------------------------------------------------------ shards


def _ours_shards(folder: Path) -> Path:
    from sftformat.dataset.build import convert
    from sftformat.dataset.options import DatasetOptions
    from sftformat.shards import TokenizeOptions, tokenize
    from sftformat.tokenize.request import refuse_early
    from sftformat.workers import kept

    dataset, shards = _fresh(folder, "dataset"), _fresh(folder, "shards")
    how = TokenizeOptions(model(), MAX_LENGTH)
    refuse_early(how)
    with kept(2):
        for _ in convert([str(folder / "data.jsonl")], dataset, DatasetOptions(workers=2)):
            pass
        for _ in tokenize(dataset, shards, how, workers=2):
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
    from transformers import AutoModelForSequenceClassification

    made = AutoModelForSequenceClassification.from_pretrained(model(), num_labels=2)
    trainer = trainer_of(made, folder / "shards", _fresh(folder, "trainer"), RATE, 1)
    trainer.train()
    return len(trainer.train_dataset)


def trainer_of(made: Any, shards: Path, folder: Path, rate: float, epochs: int, **how: Any) -> Any:
    """Return transformers' Trainer of a model on shards, with its own batches and precision."""
    import datasets
    from transformers import AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

    data = datasets.load_from_disk(str(shards))["train"]
    data = data.select_columns(["input_ids", "attention_mask", "token_type_ids", "labels"])
    arguments = TrainingArguments(
        str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
        learning_rate=rate,
        weight_decay=0.01,
        warmup_steps=0.1,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
        **how,
    )
    collate = DataCollatorWithPadding(AutoTokenizer.from_pretrained(model()))
    return Trainer(made, arguments, train_dataset=data, data_collator=collate)


def _as_it_is(_: Path, found: object) -> str:
    return str(found)


_OURS = ("sftformat.dataset.build", "sftformat.shards")
_DATA = ("datasets", "transformers")
#: What `transformers.trainer` imports for a model, and ours when it loads one: for neither is it timed.
_MODELS = ("transformers.modeling_utils", "transformers.models.auto.modeling_auto")
ENTRANTS: tuple[Entrant, ...] = (
    *tokenizing.ENTRANTS,
    Entrant("validate", OURS, _ours_validate, _as_it_is, _OURS, ready=as_the_command_does),
    Entrant("validate", "orjson + jsonschema-rs", _bare, _as_it_is, ("orjson", "jsonschema_rs")),
    Entrant("validate", "json + jsonschema", _plain_validate, _as_it_is, ("jsonschema",), 100_000),
    Entrant("validate", "frictionless", _frictionless, _as_it_is, ("frictionless",), 20_000, needs="jsonlines"),
    Entrant("shards", OURS, _ours_shards, _ids_in_order, _OURS, ready=as_the_command_does),
    Entrant("shards", "datasets, 1 process", lambda folder: _datasets_shards(folder, 1), _ids_in_order, _DATA, 20_000),
    Entrant("shards", "datasets, 2 processes", lambda folder: _datasets_shards(folder, 2), _ids_in_order, _DATA),
    Entrant("loader", OURS, _ours_loader, _as_it_is, ("sftformat.loader",), ready=as_the_command_does),
    Entrant("loader", "datasets + DataLoader", _datasets_loader, _as_it_is, (*_DATA, "torch.utils.data"), 100_000),
    Entrant("train", OURS, _ours_train, _as_it_is, ("sftformat.train", *_MODELS)),
    Entrant("train", "transformers Trainer", _trainer, _as_it_is, (*_DATA, "transformers.trainer")),
)


def main(race: str, name: str, folder: str) -> None:
    """Let one entrant run, and print what it needed and came to."""
    entrant = next(each for each in ENTRANTS if (each.race, each.name) == (race, name))
    if name == OURS:  # as the command does
        from sftformat.startup import spare_memory

        spare_memory()
    for needed in entrant.imports:
        import_module(needed)
    entrant.ready()
    start = time.perf_counter()
    made = entrant.run(Path(folder))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "result": entrant.result(Path(folder), made)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
