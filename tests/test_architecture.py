"""The house holds: modules import what lies below them, tables are complete, and the command line starts light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sftformat
from sftformat.cli import COMMANDS
from sftformat.formats import FORMATS
from sftformat.layouts import LAYOUTS
from sftformat.schema.store import schema_folder

PACKAGE = Path(sftformat.__file__).parent

#: From the bottom up; a module imports modules of rows above its own here, and those left of it in its row.
LAYERS = (
    ("masking", "shown", "diagnostics", "documented", "errors", "record", "uniform", "startup"),
    ("schema", "formats", "layouts", "rules", "repairs"),
    ("folder", "inputs", "workers", "plan"),
    ("validate", "ids", "normalize", "check", "repair", "split", "dataset", "tokenize", "inspect", "explain", "shards"),
    (
        "metrics",
        "tasks",
        "events",
        "calibration",
        "mislabelled",
        "plots",
        "svg",
        "png",
        "drawn",
        "tfevents",
        "card",
        "mapped",
        "answered",
        "targets",
        "loader",
        "decoder",
        "twins",
        "frequent",
        "models",
        "checkpoint",
        "ranks",
        "prepare",
        "progress",
        "guards",
        "together",
        "train",
        "trials",
        "grid",
        "trained",
        "openings",
        "baselines",
        "scrutiny",
        "evaluation",
        "folds",
        "evaluate",
        "compare",
        "predict",
    ),
    ("report",),
    ("cli",),
)
MODEL_HALF = set(LAYERS[4])
ORDER = {name: (row, column) for row, names in enumerate(LAYERS) for column, name in enumerate(names)}


def imports_of(path: Path) -> set[str]:
    """Return the modules of ours, one level below the package, that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("sftformat.")}
    return found & set(ORDER)


def outside(path: Path) -> set[str]:
    """Return the top-level modules that a file imports, ours aside."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(path for path in PACKAGE.rglob("*.py") if room(path) in ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path: Path) -> None:
    own = room(path)
    wrong = {name for name in imports_of(path) - {own} if ORDER[name] > ORDER[own]}
    assert not wrong, f"{own} imports {wrong}, which lies above it"


def test_every_module_has_its_place() -> None:
    rooms = {room(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert rooms == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_halves_meet_on_disk(path: Path) -> None:
    if room(path) in MODEL_HALF:
        assert not outside(path) & {"jsonschema", "jsonschema_rs", "click", "rich"}
    elif room(path) not in ("cli", "report"):
        assert not outside(path) & {"torch", "transformers", "safetensors", "click", "rich"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_fit_a_person(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 300, f"{lines} lines: make it a folder"
    banned = {"utils", "helpers", "common", "misc", "base", "core", "manager", "handler", "processor", "engine", "info"}
    assert path.stem not in banned
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "a module says what it is for"


#: What no small command needs.
HEAVY = {"torch", "transformers", "tokenizers", "jinja2", "jsonschema", "pandas", "sqlite3", "tomllib", "ftfy"}
#: What starts processes, and packages of which a command needs one part.
UNASKED = {"multiprocessing", "concurrent.futures", "pyarrow.parquet", "pyarrow.dataset", "rich.progress"}
UNASKED |= {"importlib.metadata", "importlib.resources", "sftformat.tokenize", "sftformat.report.rules"}
#: Commands, what they load that is heavy, and more that they must not load.
STARTS = {
    "import sftformat.cli": (set(), {"rich", "numpy", "pyarrow", "msgspec"}),
    "--help": (set(), {"rich", "numpy", "pyarrow", "msgspec"}),
    "rules": ({"sftformat.report.rules"}, {"numpy", "pyarrow", "sftformat.formats", "sftformat.rules.empty_text"}),
    "validate ten.jsonl": (
        set(),
        {f"sftformat.formats.{each.module}" for name, each in FORMATS.items() if name not in ("jsonl", "parallel")}
        | {f"sftformat.formats.{name}" for name in ("dialect", "reread", "linked", "joined", "codes", "excerpts")}
        | {"sftformat.rules.bad_tool_json", "sftformat.rules.personal_data", "sftformat.repairs.mojibake"},
    ),
}


@pytest.mark.parametrize("start", STARTS)
def test_the_command_line_starts_light(start: str, tmp_path: Path) -> None:
    needed, left_out = STARTS[start]
    rows = [json.dumps({"text": f"film {number}", "label": "good" if number % 2 else "bad"}) for number in range(10)]
    (tmp_path / "ten.jsonl").write_text("\n".join(rows))
    command = start if start.startswith("import") else f"sys.argv[1:] = {start.split()}; sftformat.cli.main()"
    code = f"""
import sys, atexit, sftformat.cli
atexit.register(lambda: sys.stderr.write('LOADED ' + ','.join(sys.modules)))
{command}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = set(done.stderr.partition("LOADED ")[2].split(","))
    assert "sftformat.cli" in loaded
    assert loaded & ((HEAVY | UNASKED | left_out) - needed) == set()


def test_formats_are_read_and_written() -> None:
    for name, each in FORMATS.items():
        assert all(callable(each.own(what)) for what in ("read", "write")), name
    written = {path.stem for path in (PACKAGE / "formats").glob("*.py") if "\ndef write(" in path.read_text()}
    assert written - {"__init__", "annotated"} == {each.module for each in FORMATS.values()}


def test_tables_are_complete() -> None:
    assert {f"{name}.schema.json" for name in LAYOUTS} == {
        path.name for path in (schema_folder() / "layouts").iterdir()
    }
    commands = {path.stem for path in (PACKAGE / "cli").glob("*.py")} - {
        "__init__",
        "options",
        "choice",
        "single",
        "config",
        "startup",
    }
    assert {module for module, _ in COMMANDS.values()} == commands
    text = {"csv", "tsv", "json", "jsonl", "conll", "conllu", "parallel", "po", "tmx", "text", "class-folders"}
    text |= {"yaml", "rasa", "rasa-md", "rasa-json", "json-lists", "vertex"}
    assert text | {"parquet", "arrow", "mo", "xlsx"} == set(FORMATS)


def test_folder_names_of_the_checkout() -> None:
    root = PACKAGE.parent
    if not (root / ".git").exists():
        pytest.skip("not a checkout")
    tracked = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {name.split("/")[0] for name in tracked if name}
    allowed = {"pyproject.toml", "README.md", "sftformat", "schemas", "tests", "samples"}
    allowed |= {"LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "constraints.txt"}
    assert {name for name in top if not name.startswith(".")} <= allowed
