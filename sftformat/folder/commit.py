"""Lock a folder, fill it beside, and commit it: the manifest last."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sftformat import __version__
from sftformat.errors import FolderError, UsageError
from sftformat.folder.files import dump_json, open_regular, remove, sha256_file, sync, write_bytes
from sftformat.folder.kept import KEPT
from sftformat.folder.lock import LOCK_HOLDER, locked
from sftformat.folder.manifest import FORMAT_VERSION, MANIFEST, content, read_manifest, self_hash, stagings, verify

#: The file in a sealed staging folder that lists what OUT held before, which goes when the new files come.
REPLACES = ".replaces"


@dataclass(slots=True)
class Staging:
    """A folder in the making. Write below `path`, then `commit`; what stands there from an earlier, unfinished run of
    the same fingerprint is kept, so a stage can go on where it stopped. `finished` is the manifest if OUT is already
    complete with this fingerprint: there is nothing to do then."""

    out: Path
    path: Path
    kind: str
    fingerprint: str
    finished: dict[str, Any] | None = None

    @property
    def stores(self) -> tuple[Path, Path]:
        """Where finished units are kept: those of this run, and those that OUT was made of before."""
        return self.path / KEPT, self.out / KEPT

    def commit(
        self, fields: Mapping[str, Any], drop: tuple[str, ...] = (), known: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Seal what stands below `path` with a manifest and make it OUT; return the manifest.

        `drop` names files and folders below `path` that were only needed on the way. What is kept goes with it. `known`
        is the sha256 of files that had it taken when they were written.

        Raises:
            OSError: the disk did not take it; the old content of OUT, if any, still stands.
        """
        for name in drop:
            remove(self.path / name)
        files: list[dict[str, Any]] = []
        for name in sorted(content(self.path)):
            path = self.path / name
            sync(path)
            sha256 = (known or {}).get(name) or sha256_file(path)
            files.append({"path": name, "bytes": path.stat().st_size, "sha256": sha256})
        for root, _, _ in os.walk(self.path):
            sync(Path(root))
        manifest: dict[str, Any] = {
            **fields,
            "format": FORMAT_VERSION,
            "sftformat": __version__,
            "kind": self.kind,
            "fingerprint": self.fingerprint,
            "files": files,
        }
        manifest["sha256"] = self_hash(manifest)
        owned = _owned(self.out)
        self._refuse_foreign(owned, {entry["path"] for entry in files})
        write_bytes(self.path / REPLACES, dump_json(sorted(owned)))
        write_bytes(self.path / MANIFEST, dump_json(manifest))
        if (self.path / KEPT).is_dir():
            remove(self.out / KEPT)
            os.replace(self.path / KEPT, self.out / KEPT)
        _roll_forward(self.out, self.path, manifest)
        return manifest

    def _refuse_foreign(self, owned: set[str], new: set[str]) -> None:
        """Refuse to replace files that the manifest of OUT does not claim; one that is damaged claims all."""
        if os.path.lexists(self.out / MANIFEST) and not owned:
            return
        foreign = sorted(name for name in new - owned if os.path.lexists(self.out / name))
        if foreign:
            raise UsageError(f"{self.out.name}/{foreign[0]}: a file that is not ours stands where one of ours would go")


@contextmanager
def stage(out: Path, kind: str, fingerprint: str, *, overwrite: bool = False) -> Iterator[Staging]:
    """Lock OUT and give a `Staging` to fill; an OUT that holds anything else is refused unless `overwrite`.

    Without a commit OUT keeps what it had, and the staging folder stays for the next run of the same fingerprint.

    Raises:
        UsageError: OUT is not empty, and is not an unfinished or finished run of the same fingerprint.
        FolderError: another process is at work in OUT.
    """
    shown, out = out, Path(os.path.abspath(out))
    _refuse_other(out, shown)
    existed = out.is_dir()
    out.mkdir(parents=True, exist_ok=True)
    staging = Staging(out, out / f".staging-{fingerprint[:16]}", kind, fingerprint)
    _refuse_strange(out, staging, shown)
    try:
        with locked(out):
            _finish_prepared(out)
            staging.finished = _already(out, staging, overwrite, shown)
            if staging.finished is None:
                staging.path.mkdir(exist_ok=True)
                write_bytes(staging.path / ".fingerprint", fingerprint.encode())
            yield staging
    except FolderError:
        raise
    except BaseException:
        _forget_if_empty(out, staging, existed)
        raise


def _refuse_other(out: Path, shown: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"{shown}: not a folder")


def refuse_foreign(out: Path, kind: str, overwrite: bool) -> None:
    """Refuse, before any work is done, an OUT that no run could fill, whatever its fingerprint.

    Raises:
        UsageError: as `stage` would at the end.
    """
    _refuse_other(out, out)
    if out.is_dir():
        _refuse_strange(out, Staging(out, out / ".staging", kind, ""), out)
        if not overwrite and not os.path.lexists(out / MANIFEST):
            _refuse_visible(out, os.listdir(out))


def _refuse_visible(shown: Path, names: Sequence[str]) -> None:
    visible = [name for name in names if not name.startswith(".")]
    if visible:
        raise UsageError(
            f"{shown}: already holds something else ({', '.join(sorted(visible)[:3])}…); "
            "name another folder, or replace what is of ours in it with --overwrite"
        )


def _refuse_strange(out: Path, staging: Staging, shown: Path) -> None:
    """Refuse an OUT that is another kind of folder of ours, has a manifest of somebody else, or a planted link.

    Raises:
        UsageError: `--overwrite` or not: it replaces what the same command made, never an input or a foreign file.
    """
    if staging.path.is_symlink():
        raise UsageError(f"{shown / staging.path.name}: a symbolic link where our own folder should be")
    if not os.path.lexists(out / MANIFEST):
        return
    try:
        kind = read_manifest(out)["kind"]
    except FolderError as error:
        if error.code == "SFT902" or not _looks_ours(out / MANIFEST):
            raise UsageError(f"{shown}: holds a {MANIFEST} that is not ours to replace; name another folder") from None
        return
    if kind != staging.kind:
        raise UsageError(f"{shown}: holds a folder of kind {kind!r}, which a {staging.kind!r} never replaces")


def _looks_ours(manifest: Path) -> bool:
    """Whether a damaged manifest was one of ours: a folder of ours that broke may be made again in its place."""
    try:
        with open_regular(manifest) as file:
            return b'"sftformat' in file.read()
    except OSError:
        return False


def _forget_if_empty(out: Path, staging: Staging, existed: bool) -> None:
    """Remove an empty staging folder, and OUT if it was made for nothing: a refused call leaves nothing behind."""
    if staging.path.is_dir() and not any(path.is_file() for path in staging.path.rglob("[!.]*")):
        remove(staging.path)
    if not existed:
        with suppress(OSError):
            out.rmdir()


def _already(out: Path, staging: Staging, overwrite: bool, shown: Path) -> dict[str, Any] | None:
    others = [name for name in os.listdir(out) if name != staging.path.name]
    manifest = _finished(out, staging)
    if manifest is not None:
        remove(staging.path)  # what a crash after the last rename left
        return manifest
    if overwrite:
        for other in stagings(out):
            if other != staging.path:
                remove(other)
        return None
    _refuse_visible(shown, others)
    if any(other != staging.path for other in stagings(out)):
        raise UsageError(
            f"{shown}: holds an unfinished run of other data or options; use --overwrite, or another folder"
        )
    return None


def _finished(out: Path, staging: Staging) -> dict[str, Any] | None:
    """Return the manifest of OUT if it is complete, sound and of this fingerprint."""
    try:
        manifest = read_manifest(out, staging.kind)
    except FolderError:
        return None
    return manifest if manifest.get("fingerprint") == staging.fingerprint and not verify(out, staging.kind) else None


def _finish_prepared(out: Path) -> None:
    """Finish the commits that were cut off between their manifest and their last rename."""
    for staged in stagings(out):
        if (staged / MANIFEST).exists():
            _roll_forward(out, staged, read_manifest(staged))


def _roll_forward(out: Path, staged: Path, manifest: Mapping[str, Any]) -> None:
    """Move a sealed staging folder up into OUT; may be repeated after a crash at any point."""
    old = set(json.loads((staged / REPLACES).read_bytes()))
    (out / MANIFEST).unlink(missing_ok=True)
    sync(out)
    new = {entry["path"] for entry in manifest["files"]}
    for name in sorted(old - new):
        remove(out / name)
    for name in sorted(new):
        if (staged / name).exists():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staged / name, out / name)
    for folder in {(out / name).parent for name in old | new}:
        if folder.is_dir():
            sync(folder)
        if folder != out and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    os.replace(staged / MANIFEST, out / MANIFEST)
    sync(out)
    remove(staged)


def _owned(out: Path) -> set[str]:
    """Return the files that the manifest of OUT claims; a folder whose manifest cannot be trusted owns nothing."""
    try:
        return {entry["path"] for entry in read_manifest(out)["files"]}
    except FolderError:
        return set()


@contextmanager
def workspace(out: Path) -> Iterator[Path]:
    """Give an empty, locked folder beside OUT for what is only needed on the way; it goes with the end of the block.

    Its name is OUT's, so what a killed run left there is cleared by the next one.

    Raises:
        FolderError: another process is at work there.
    """
    path = Path(os.path.abspath(out.parent)) / f".{out.name}.work"
    path.mkdir(parents=True, exist_ok=True)
    with locked(path):
        for left in path.iterdir():
            if left.name != LOCK_HOLDER:
                remove(left)
        try:
            yield path
        finally:
            remove(path)
