"""Every code has a page, and what the page shows does what it says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from sftformat.cli import cli
from sftformat.diagnostics import CODES
from sftformat.documented import Page, Sample, jsonl
from sftformat.errors import InputError
from sftformat.folder.manifest import verify
from sftformat.report.rules import all_codes, markdown, pages, text
from tests.tokenize.shard_samples import save, word_piece, write_dataset

#: In the table of codes, and emitted by nothing yet.
NOT_EMITTED: set[str] = set()


def found(sample: Sample, folder: Path) -> set[str]:
    """Run a sample as a user would, and return the codes found; a file that cannot be read at all tells its own."""
    for name, content in sample.files:
        (folder / name).write_bytes(content)
    tokenizer = save(folder / "tiny", word_piece(), model_max_length=16, do_lower_case=True, eos_token="[SEP]")
    asides = ("schema", "template", "fixes", "joined")
    inputs = [str(folder / name) for name, _ in sample.files if not name.startswith(asides)]
    options = [str(tokenizer) if word == "TOKENIZER" else word for word in sample.options]
    here = ("shards", "b.jsonl", "schema.json", "template.jinja", "fixes.jsonl", "joined.csv:id")
    options = [str(folder / word) if word in here else word for word in options]
    call = [sample.command, *inputs, *options, "--quiet", "--output-format", "json", "--ignore", "SFT4,SFT3"]
    done = CliRunner().invoke(cli, call, standalone_mode=False)
    if done.exception is not None and not isinstance(done.exception, InputError):
        raise done.exception
    return {each["code"] for each in json.loads(done.stdout)["findings"]}


SHOWN = [
    pytest.param(page, sample, breaks, id=f"{page.code}-{'breaks' if breaks else 'keeps'}-{number}")
    for page in pages().values()
    for breaks, samples in ((True, page.breaks), (False, page.keeps))
    for number, sample in enumerate(samples)
    if sample.files
]


@pytest.mark.parametrize(("page", "sample", "breaks"), SHOWN)
def test_samples_do_what_they_say(page: Page, sample: Sample, breaks: bool, tmp_path: Path) -> None:
    codes = found(sample, tmp_path)
    assert (page.code in codes) == breaks, codes
    if not breaks:
        assert not codes & {each.code for each in all_codes() if each.severity == "error"}, codes


def _flip(folder: Path) -> None:
    path = next(folder.glob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(folder: Path) -> None:
    path = next(folder.glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])


def _manifest(folder: Path, change: Callable[[str], str]) -> None:
    path = folder / "manifest.json"
    path.write_text(change(path.read_text()))


FOLDERS: dict[str, Callable[[Path], object]] = {
    "a folder as it was committed": lambda folder: None,
    "one bit of a file flipped": _flip,
    "a file cut short": _cut,
    "a file missing": lambda folder: next(folder.glob("*.parquet")).unlink(),
    "a file more than the manifest lists": lambda folder: (folder / "more.txt").write_text("x"),
    "a manifest of format sftformat/2": lambda folder: _manifest(
        folder, lambda said: said.replace("sftformat/1", "sftformat/2")
    ),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "a manifest that is no JSON": lambda folder: _manifest(folder, lambda said: said[:-9]),
    "a manifest whose hash is wrong": lambda folder: _manifest(folder, lambda said: said.replace('"task"', '"tusk"')),
}


@pytest.mark.parametrize("code", ["SFT901", "SFT902", "SFT903"])
def test_folders_do_what_the_page_says(code: str, tmp_path: Path) -> None:
    sound = write_dataset(tmp_path / "sound", "classification", {"train": [[{"input": "a", "target": "b"}] * 50]})
    for breaks, samples in ((True, pages()[code].breaks), (False, pages()[code].keeps)):
        for sample in samples:
            folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
            shutil.copytree(sound, folder)
            FOLDERS[sample.words](folder)
            assert (code in {each.code for each in verify(folder)}) == breaks, sample.words


@pytest.mark.parametrize(
    ("words", "size", "breaks"),
    [(pages()["SFT505"].breaks[0].words, 20, True), (pages()["SFT505"].keeps[0].words, 25, False)],
)
def test_a_model_does_what_the_page_says(words: str, size: int, breaks: bool) -> None:
    torch = pytest.importorskip("torch")
    from sftformat.models import check_fit

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = torch.nn.Embedding(size, 2)
            self.config = SimpleNamespace(pad_token_id=0)

        def get_input_embeddings(self) -> object:
            return self.words

    manifest = {"tokenizer": {"vocab_size": 25, "pad_id": 0}, "splits": {"train": {"input_ids": {"max": 24}}}}
    assert any("SFT505" in str(reason) for reason in check_fit(Model(), manifest)) == breaks, words


def test_every_code_has_a_page() -> None:
    assert list(pages()) == sorted(CODES)
    for page in pages().values():
        assert page.why.endswith(".")
        assert page.code in NOT_EMITTED or (page.breaks and page.keeps)


@pytest.mark.parametrize("code", [each.code for each in all_codes()])
def test_the_page_of_a_code_is_printed(code: str) -> None:
    done = CliRunner().invoke(cli, ["rules", code], standalone_mode=False)
    assert done.exception is None
    assert text(code) in done.stdout
    assert f"[rules.{code}]" in done.stdout
    for part in ("Why it matters:", "What to do:"):
        assert part in text(code)
        assert part in markdown(code)
    if code not in NOT_EMITTED:
        assert "Breaks it" in text(code)


def test_a_sample_is_shown_in_printable_ascii() -> None:
    lines = list(jsonl(b"\xef\xbb\xbf\x1b[31m" + b"x" * 200 + b"\n\n").lines())
    assert lines[0].startswith("\\xef\\xbb\\xbf\\x1b[31mxx")
    assert all(len(line) <= 100 and line.isascii() and line.isprintable() for line in lines[:2])
    assert lines[1:] == [""]


@pytest.mark.parametrize("code", ["SFT101", "SFT103", "SFT108"])
def test_a_schema_that_is_shown_can_be_tried(code: str) -> None:
    for sample in (*pages()[code].breaks, *pages()[code].keeps):
        shown = list(sample.lines())
        for name, content in sample.files:
            assert all(line in shown for line in content.decode().splitlines()), name
