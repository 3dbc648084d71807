"""The schemas: documented, with valid examples; what the program writes fits them, and the tables are theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from sftformat.cli import COMMANDS
from sftformat.diagnostics import CODES, Severity, diagnostic
from sftformat.folder.manifest import self_hash
from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.detect import candidates
from sftformat.layouts.layout import layout
from sftformat.rules.settings import Settings, active
from sftformat.schema.arrow import TASKS
from sftformat.schema.decide import compile_schema
from sftformat.schema.store import load, names, schema_folder
from sftformat.schema.usable import check

from .conftest import Call
from .docs.pages import examples, layouts_table
from .test_samples import word_piece

SAMPLES = schema_folder().parent / "samples"
each_schema = pytest.mark.parametrize("name", names())
SHARED = ("id", "split", "weight", "group", "meta", "source")


def wrong(name: str, value: Any) -> list[str]:
    """Return what a schema of ours forbids about a value; both engines must say the same."""
    schema = load(name)
    found = [
        f"{error.json_path}: {error.message[:300]}"
        for error in jsonschema.Draft202012Validator(schema).iter_errors(value)
    ]
    assert compile_schema(schema).fits(value) == (not found)
    return found


def test_all_are_there() -> None:
    wanted = {f"canonical/{task}" for task in TASKS} | {f"layouts/{name}" for name in LAYOUTS}
    others = {"manifest", "diagnostic", "rejects", "repairs", "config", "inspect", "explain"}
    assert set(names()) == wanted | others


@each_schema
def test_documented(name: str) -> None:
    schema = load(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"].endswith(".")
    assert schema["examples"]
    assert schema["$id"] == "urn:sftformat:1:" + name.replace("layouts/", "layout/").replace("/", ":")
    check(schema, name)


@each_schema
def test_the_examples_are_valid(name: str) -> None:
    for example in load(name)["examples"]:
        assert wrong(name, example) == []


@each_schema
def test_the_properties_are_described(name: str) -> None:
    if name.startswith("layouts/"):
        own = load(name)["properties"].keys() - set(SHARED) - {"system", "tools"}
        assert all(load(name)["properties"][key].get("description") for key in own)
    elif name != "manifest":
        assert all(node.get("description") for node in load(name)["properties"].values())


@pytest.mark.parametrize("key", SHARED)
def test_canonical_schemas_share_their_definitions(key: str) -> None:
    first, *others = [load(f"canonical/{task}")["properties"][key] for task in TASKS]
    assert all(other == first for other in others)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_examples_of_a_layout_bind(name: str) -> None:
    examples = load(f"layouts/{name}")["examples"]
    binding = bind(layout(name), examples)
    assert binding.compiled is not None
    assert all(binding.compiled.fits(example) for example in examples)
    assert name in [each.name for each in candidates(examples, False)]


def test_the_table_of_layouts_is_theirs() -> None:
    text = (schema_folder() / "README.md").read_text(encoding="utf-8")
    assert f"<!-- layouts -->\n\n{layouts_table()}\n<!-- end -->" in text
    for folder in ("canonical", "layouts"):
        assert f"<!-- examples {folder} -->\n\n{examples(folder)}\n<!-- end -->" in text
    for name in ("manifest", "diagnostic", "rejects", "repairs", "config"):
        shown = text.split(f"<!-- sample {name} -->\n\n```json\n")[1].split("\n```")[0]
        assert json.loads(shown) == load(name)["examples"][0]


# ---------------------------------------------------------------------------------------------------- what is written


def test_manifest_examples_carry_their_own_hash() -> None:
    examples = load("manifest")["examples"]
    assert [example["kind"] for example in examples] == ["dataset", "shards", "run", "evaluation"]
    assert all(example["sha256"] == self_hash(example) for example in examples)


@pytest.mark.parametrize(
    "change", [{"kind": "model"}, {"format": "sftformat/2"}, {"extra": 1}, {"sha256": "x"}, {"ledger": {}}]
)
def test_other_manifests_are_not(change: Mapping[str, Any]) -> None:
    assert wrong("manifest", {**load("manifest")["examples"][0], **change})


def test_written_manifests_fit(call: Call, tmp_path: Path) -> None:
    word_piece(tmp_path / "tokenizer")
    (tmp_path / "labels.txt").write_text("0=negative\n1=positive\n")
    rows = [json.dumps({"text": f"good film {n}", "label": n % 2}) for n in range(30)]
    (tmp_path / "ids.jsonl").write_text("\n".join(rows))
    made = {
        "pairs": [str(SAMPLES / "sentence-pair.jsonl"), "--split", "0.6,0.2,0.2", "--stratify"],
        "broken": [str(SAMPLES / "broken.csv"), str(SAMPLES / "broken.jsonl"), "--drop-duplicates"],
        "languages": [str(SAMPLES / "translation.jsonl")],
        "chat": [str(SAMPLES / "openai-chat.jsonl")],
        "own": [str(SAMPLES / "reviews.jsonl"), "--schema", str(SAMPLES / "reviews.schema.json")],
        "named": ["ids.jsonl", "--labels", "labels.txt"],
        "again": ["pairs"],
        "packed": [str(SAMPLES / "text-label.csv.gz")],
    }
    for name, arguments in made.items():
        assert call("convert", "--quiet", *arguments, "-o", name).code < 2
    how = {"pairs": [], "named": ["--max-length", "4", "--truncation", "drop"], "packed": ["--window", "8"]}
    for name, more in how.items():
        done = call("tokenize", "--quiet", name, "-o", f"{name}-shards", "--tokenizer", "tokenizer", *more)
        assert done.code < 2, done.err
    manifests = sorted(tmp_path.rglob("manifest.json"))
    assert len(manifests) == len(made) + len(how)
    for path in manifests:
        assert wrong("manifest", json.loads(path.read_text("utf-8"))) == [], path
    rejects = [path for path in tmp_path.rglob("rejects.jsonl") if ".kept" not in path.parts]
    assert {path.parent.name for path in rejects} == {"broken", "named-shards"}
    reasons = {line["reason"] for path in rejects for line in fitting("rejects", path.read_text("utf-8"))}
    assert reasons == {"rejected", "duplicate", "filtered"}


def fitting(name: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a JSONL text, each checked against a schema of ours."""
    for line in text.splitlines():
        value = json.loads(line)
        assert wrong(name, value) == [], line
        for each in value.get("diagnostics", ()):
            assert wrong("diagnostic", each) == []
        yield value


def test_written_diagnostics_fit(call: Call, tmp_path: Path) -> None:
    for name in ("broken.jsonl", "broken.csv", "textbook.jsonl"):
        done = call("validate", str(SAMPLES / name), "-o", f"{name}.findings", "--output-format", "jsonl")
        found = list(fitting("diagnostic", (tmp_path / f"{name}.findings").read_text("utf-8")))
        assert found
        assert found == list(fitting("diagnostic", done.out))


def test_every_code_fits() -> None:
    for code in CODES:
        assert (
            wrong("diagnostic", diagnostic(code, "a message", file="a.csv", line=1, byte=0, path="/text").to_json())
            == []
        )
    running = {rule.severity for task in TASKS for rule in active(Settings(select=("ALL",)), task)}
    assert Severity.OFF not in running


# ---------------------------------------------------------------------------------------------------- config


def options() -> dict[str, list[click.Option]]:
    """Return the options of all commands that take --config, by their long name."""
    found: dict[str, list[click.Option]] = {}
    for module, _ in COMMANDS.values():
        command = import_module(f"sftformat.cli.{module}").command
        own = {
            max(option.opts, key=len).lstrip("-"): option
            for option in command.params
            if isinstance(option, click.Option)
        }
        for name, option in own.items() if "config" in own else ():
            found.setdefault(name, []).append(option)
    return {name: each for name, each in found.items() if name not in ("config", "help")}


def test_config_knows_every_option() -> None:
    assert set(load("config")["properties"]) == {*options(), "rules", "inputs"}


@pytest.mark.parametrize("name", sorted(options()))
def test_config_has_the_type_of_the_option(name: str) -> None:
    said = load("config")["properties"][name]
    for option in options()[name]:
        if option.is_flag:
            assert said["type"] == "boolean"
        elif isinstance(option.type, click.Choice):
            assert set(option.type.choices) <= set(said["enum"])
        elif isinstance(option.type, click.IntRange | click.FloatRange):
            assert said["type"] == ("integer" if isinstance(option.type, click.IntRange) else "number")
            assert (said.get("minimum"), said.get("maximum")) == (option.type.min, option.type.max)
        else:
            assert "string" in said.get("type", "string")


CONFIGS = [
    'split = [0.6, 0.2, 0.2]\nstratify = true\nmax-rejects = "5%"\n[rules.SFT204]\nmax_chars = 5\n',
    'split = "0.8,0.1,0.1"\nselect = ["SFT2", "leakage"]\nmax-rejects = 3\nseed = 7\n',
    'task = "classification"\nmap = {input = "text", target = "label"}\nignore = "SFT407,SFT305"\n',
    'map = ["input=text", "target=label"]\ntask = "classification"\n[rules.leakage]\nmax_fraction = 0.1\n',
]
WRONG = [
    "lable = 1\n",
    'limit = "many"\n',
    "limit = 0\n",
    'fail-on = "never"\n',
    '[rules.SFT204]\nmax_chars = "long"\n',
]


@pytest.mark.parametrize("config", CONFIGS)
def test_config_files_that_fit_are_taken(config: str, call: Call, tmp_path: Path) -> None:
    import tomllib

    (tmp_path / "c.toml").write_text(config)
    assert wrong("config", tomllib.loads(config)) == []
    done = call("convert", str(SAMPLES / "text-label.csv"), "-o", "out", "--config", "c.toml")
    assert done.code < 2, done.err


@pytest.mark.parametrize("config", WRONG)
def test_config_files_that_do_not_fit_are_refused(config: str, call: Call, tmp_path: Path) -> None:
    import tomllib

    (tmp_path / "c.toml").write_text(config)
    assert wrong("config", tomllib.loads(config))
    assert call("convert", str(SAMPLES / "text-label.csv"), "-o", "out", "--config", "c.toml").code == 2


def test_the_config_sample_fits() -> None:
    import tomllib

    assert wrong("config", tomllib.loads((SAMPLES / "config.toml").read_text("utf-8"))) == []
