"""A folder is whole or not there: whatever call fails, whenever, and whoever else is at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sftformat.errors import FolderError, UsageError
from sftformat.folder import commit as commit_module
from sftformat.folder import files as files_module
from sftformat.folder.commit import stage, workspace
from sftformat.folder.files import write_bytes
from sftformat.folder.manifest import dump_json, open_folder, read_manifest, self_hash, verify

A, B = "a" * 64, "b" * 64
#: What the manifest of a data set says besides its files, at the least.
FIELDS: dict[str, Any] = {
    "task": "classification",
    "labels": None,
    "inputs": [{"file": "a.csv"}],
    "mapping": [],
    "columns": [],
    "ledger": {},
    "splits": {"train": {"rows": 0, "files": []}},
}


def fill(out: Path, fingerprint: str = A, content: dict[str, bytes] | None = None, **how: Any) -> None:
    with stage(out, "dataset", fingerprint, **how) as staging:
        if staging.finished is None:
            for name, value in (content or {"x.bin": b"1", "deep/er/y.bin": b"2"}).items():
                write_bytes(staging.path / name, value)
            staging.commit(FIELDS)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


class Crash(BaseException):
    """Stands for the end of the process."""


def crash_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the number-th of all file system calls that change something end the process."""
    count = 0

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count >= number:
                raise Crash
            return real(*arguments, **named)

        return call

    for name in ("replace", "fsync", "rmdir", "mkdir", "unlink"):
        monkeypatch.setattr(os, name, wrapped(getattr(os, name)))
    for module in (commit_module, files_module):
        if hasattr(module, "remove"):
            monkeypatch.setattr(module, "remove", wrapped(module.remove))


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_crash_at_any_call_leaves_old_or_nothing_and_the_next_run_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    old = {"x.bin": b"old", "gone/z.bin": b"old"}
    fill(tmp_path / "clean", A)
    wanted = tree(tmp_path / "clean")
    number, crashed = 0, True
    while crashed:
        number += 1
        out = tmp_path / f"out{number}"
        if overwrite:
            fill(out, B, old)
            before = tree(out)
        with monkeypatch.context() as patched:
            crash_at(patched, number)
            try:
                fill(out, A, overwrite=overwrite)
                crashed = False
            except Crash:
                crashed = True
        if (out / "manifest.json").exists() and not verify(out):
            now = {name: value for name, value in tree(out).items() if not name.startswith(".")}
            assert now in ([wanted, before] if overwrite else [wanted])
        fill(out, A, overwrite=overwrite)
        assert tree(out) == wanted
    assert number > 15


def test_foreign_files_are_never_touched(tmp_path: Path) -> None:
    fill(tmp_path, B, {"x.bin": b"1", "old.bin": b"2"})
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="--overwrite"):
        fill(tmp_path, A)
    fill(tmp_path, A, overwrite=True)
    assert set(tree(tmp_path)) == {"x.bin", "deep/er/y.bin", "mine.txt", "manifest.json"}


def test_a_second_run_at_the_same_time_is_refused(tmp_path: Path) -> None:
    with stage(tmp_path / "out", "dataset", A):
        code = (
            "from pathlib import Path; from sftformat.folder.commit import stage\n"
            f"with stage(Path({str(tmp_path / 'out')!r}), 'dataset', {A!r}): pass"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"locked by pid {os.getpid()}" in done.stderr
    with stage(tmp_path / "out", "dataset", A) as staging:
        assert staging.finished is None


def test_what_a_refused_call_made_is_gone(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), stage(tmp_path / "out", "dataset", A):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_is_empty_and_goes(tmp_path: Path) -> None:
    left = tmp_path / ".out.work"
    left.mkdir()
    (left / "junk").write_text("from a killed run")
    with workspace(tmp_path / "out") as path:
        assert [each.name for each in path.iterdir()] == [".lock-holder"]
        with pytest.raises(FolderError, match="locked"), workspace(tmp_path / "out"):
            pass
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------------- damage


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    fill(tmp_path / "out")
    return tmp_path / "out"


def test_every_flipped_byte_is_found(sound: Path) -> None:
    for path in (sound / "x.bin", sound / "deep/er/y.bin", sound / "manifest.json"):
        whole = path.read_bytes()
        for position in range(len(whole)):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
            assert verify(sound), (path, position)
            with pytest.raises(FolderError):
                open_folder(sound)
        path.write_bytes(whole)
    assert verify(sound) == []


@pytest.mark.parametrize("damage", ["truncate", "extend", "missing", "extra", "swap", "link", "fifo", "folder"])
def test_damage_is_named(sound: Path, damage: str) -> None:
    path = sound / "x.bin"
    name = "x.bin"
    if damage == "truncate":
        path.write_bytes(b"")
    elif damage == "extend":
        path.write_bytes(b"11")
    elif damage == "missing":
        path.unlink()
    elif damage == "extra":
        name = "z.bin"
        (sound / name).write_bytes(b"")
    elif damage == "swap":
        path.write_bytes((sound / "deep/er/y.bin").read_bytes())
    else:
        path.unlink()
        if damage == "link":
            path.symlink_to(sound / "deep/er/y.bin")
        elif damage == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir()
    found = verify(sound)
    assert [(each.code, each.file) for each in found] == [("SFT901", name)]
    with pytest.raises(FolderError, match=name):
        open_folder(sound)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "x\n", "", ".", "a//b", "x\0"])
def test_a_manifest_never_leads_out_of_its_folder(sound: Path, path: str) -> None:
    manifest = json.loads((sound / "manifest.json").read_text())
    manifest["files"][0]["path"] = path
    manifest["sha256"] = self_hash(manifest)
    (sound / "manifest.json").write_bytes(dump_json(manifest))
    with pytest.raises(FolderError) as raised:
        open_folder(sound)
    assert raised.value.code in ("SFT901", "SFT903")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": "sftformat/2"}, "SFT902"),
        ({"kind": "run"}, "SFT903"),
        ({"files": None}, "SFT903"),
        ({"task": None}, "SFT903"),
        ({"inputs": [{}]}, "SFT903"),
        ({"mapping": {}}, "SFT903"),
        ({"labels": "a"}, "SFT903"),
        ({"splits": {"train": {"rows": "3", "files": []}}}, "SFT903"),
        ({"splits": {"train": None}}, "SFT903"),
        ({"fingerprint": 1}, "SFT903"),
        ({"files": [{"path": "x.bin"}]}, "SFT903"),
        ({"files": [{"path": "x.bin", "bytes": "1", "sha256": 3}]}, "SFT903"),
    ],
)
def test_a_manifest_that_says_nonsense_is_refused(sound: Path, change: dict[str, Any], code: str) -> None:
    manifest = {**json.loads((sound / "manifest.json").read_text()), **change}
    manifest["sha256"] = self_hash(manifest)
    (sound / "manifest.json").write_bytes(dump_json(manifest))
    with pytest.raises(FolderError) as raised:
        open_folder(sound, "dataset")
    assert raised.value.code == code


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"format": "sftformat/1"}'])
def test_a_manifest_that_is_none_is_refused(sound: Path, text: bytes) -> None:
    (sound / "manifest.json").write_bytes(text)
    with pytest.raises(FolderError):
        read_manifest(sound)


def test_overwrite_never_replaces_another_kind_of_folder(tmp_path: Path) -> None:
    fill(tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(UsageError, match="kind 'dataset'"), stage(tmp_path / "out", "run", B, overwrite=True):
        pass
    assert tree(tmp_path / "out") == before


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "precious").write_text("p")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f".staging-{A[:16]}").symlink_to(tmp_path / "victim")
    with pytest.raises(UsageError, match="symbolic link"):
        fill(tmp_path / "out")
    assert tree(tmp_path / "victim") == {"precious": b"p"}


def test_foreign_files_under_our_names_are_kept(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_text("mine")
    with pytest.raises(UsageError, match="not ours"):
        fill(tmp_path, A, overwrite=True)
    assert (tmp_path / "x.bin").read_text() == "mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"a web": "manifest"}')
    with pytest.raises(UsageError, match="not ours"):
        fill(other, A, overwrite=True)
    assert tree(other) == {"manifest.json": b'{"a web": "manifest"}'}


def test_a_damaged_folder_of_ours_may_be_made_again(sound: Path) -> None:
    (sound / "manifest.json").write_bytes((sound / "manifest.json").read_bytes()[:-20])
    fill(sound, A, overwrite=True)
    assert verify(sound) == []


def test_a_linked_folder_is_extra(sound: Path) -> None:
    (sound / "etc").symlink_to("/")
    assert [(each.code, each.file) for each in verify(sound)] == [("SFT901", "etc")]
