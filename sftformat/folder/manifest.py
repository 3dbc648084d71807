"""The manifest of a folder: what every file must be, and whether it is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from sftformat import __version__
from sftformat.diagnostics import Diagnostic, diagnostic
from sftformat.errors import FolderError
from sftformat.folder.files import dump_json, open_regular, sha256_file

MANIFEST = "manifest.json"
#: The meaning of what is in the folders; a reader refuses any other.
FORMAT_VERSION = "sftformat/1"
#: Folders inside a committed folder that its manifest does not cover, because each of theirs is sealed by itself.
UNCOVERED = ("evaluations",)


#: What readers take from the manifest of each kind, with its type; `schemas/manifest.schema.json` says all of it.
_FIELDS: Mapping[str, Mapping[str, type]] = {
    "dataset": {"task": str, "inputs": list, "mapping": list, "columns": list, "ledger": dict, "splits": dict},
    "shards": {"task": str, "inputs": list, "max_length": int, "tokenizer": dict, "ledger": dict, "splits": dict},
    "run": {"task": str, "tokenizer": dict, "shards": str},
    "evaluation": {"run": str, "name": str},
}
_SPLIT_FIELDS: Mapping[str, Mapping[str, type]] = {
    "dataset": {"rows": int, "files": list},
    "shards": {"rows": int, "files": list, "pairs": int, "unlabelled": int},
}


def fingerprint(parts: Mapping[str, Any]) -> str:
    """Return the sha256 in hex of everything a folder is made from, the version of sftformat among it."""
    return hashlib.sha256(dump_json({**parts, "format": FORMAT_VERSION, "sftformat": __version__})).hexdigest()


def self_hash(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of a manifest without its own `sha256`."""
    return hashlib.sha256(dump_json({k: v for k, v in manifest.items() if k != "sha256"})).hexdigest()


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def read_manifest(folder: Path, kind: str | None = None) -> dict[str, Any]:
    """Read and check the manifest of a folder: its own sha256, version, kind and the paths it names; not the files.

    Raises:
        FolderError: SFT903 (none, damaged, another kind) or SFT902 (written by a newer version).
    """
    path = folder / MANIFEST
    try:
        with open_regular(path) as file:
            manifest = json.loads(file.read(), parse_constant=_no_number)
    except FileNotFoundError:
        state = "unfinished" if stagings(folder) else "not a folder of ours"
        raise FolderError(f"{folder}: {state}: it has no {MANIFEST}", "SFT903") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FolderError(f"{path}: cannot be read: {error}", "SFT903") from None
    if not isinstance(manifest, dict):
        raise FolderError(f"{path}: not a manifest", "SFT903")
    if manifest.get("format") != FORMAT_VERSION:
        raise FolderError(
            f"{path}: written in format {manifest.get('format')!r}; this sftformat reads {FORMAT_VERSION!r}",
            "SFT902",
        )
    if manifest.get("sha256") != self_hash(manifest):
        raise FolderError(f"{path}: damaged: its content does not have its own sha256", "SFT903")
    if kind is not None and manifest.get("kind") != kind:
        raise FolderError(f"{folder}: a folder of kind {manifest.get('kind')!r}, expected {kind!r}", "SFT903")
    if not isinstance(manifest.get("files"), list):
        raise FolderError(f"{path}: lists no files", "SFT903")
    for entry in manifest["files"]:
        _check_entry(folder, entry)
    missing = _lacking(manifest)
    if missing is not None:
        raise FolderError(f"{path}: {missing} is missing or not of its type", "SFT903")
    return manifest


def _lacking(manifest: Mapping[str, Any]) -> str | None:
    """Return the name of the first field that readers of this kind of folder need and do not find, or None."""
    kind = str(manifest.get("kind"))
    needed = {"fingerprint": str, **_FIELDS.get(kind, {})}
    for name, expected in needed.items():
        if type(manifest.get(name)) is not expected:
            return name
    if kind in ("dataset", "shards", "run") and type(manifest.get("labels", 0)) not in (list, type(None)):
        return "labels"
    for split, part in manifest.get("splits", {}).items() if kind in _SPLIT_FIELDS else ():
        wrong = [
            key for key, of in _SPLIT_FIELDS[kind].items() if type(part) is not dict or type(part.get(key)) is not of
        ]
        if wrong:
            return f"splits.{split}.{wrong[0]}"
    inputs = manifest.get("inputs", [])
    if any(type(entry) is not dict or type(entry.get("file")) is not str for entry in inputs):
        return "inputs.file"
    return None


def _check_entry(folder: Path, entry: object) -> None:
    kinds = {"path": str, "bytes": int, "sha256": str}
    if not isinstance(entry, dict) or any(type(entry.get(key)) is not kind for key, kind in kinds.items()):
        raise FolderError(f"{folder / MANIFEST}: an entry of its files is not understood", "SFT903")
    _safe_path(folder, entry["path"])


def _safe_path(folder: Path, name: str) -> Path:
    pure = PurePosixPath(name)
    if not name or pure.is_absolute() or ".." in pure.parts or "\0" in name or "\n" in name or str(pure) != name:
        raise FolderError(f"{folder / MANIFEST}: names a file outside the folder: {name!r}", "SFT903")
    return folder / pure


def verify(folder: Path, kind: str | None = None) -> list[Diagnostic]:
    """Compare every byte of a folder with its manifest and return what differs (SFT901 to SFT903); empty = sound."""
    try:
        manifest = read_manifest(folder, kind)
    except FolderError as error:
        return [diagnostic(error.code, str(error), file=MANIFEST)]
    found = [finding for entry in manifest["files"] if (finding := _check_file(folder, entry))]
    listed = [entry["path"] for entry in manifest["files"]]
    if len(set(listed)) != len(listed):
        found.append(diagnostic("SFT903", f"{folder / MANIFEST}: lists a file twice", file=MANIFEST))
    for name in sorted(set(content(folder)) - set(listed)):
        found.append(diagnostic("SFT901", f"{folder / name}: extra: the manifest does not list it", file=name))
    return [*found, *_verify_inside(folder)]


def _verify_inside(folder: Path) -> Iterator[Diagnostic]:
    """Yield what differs in the sealed folders inside a folder; unfinished ones are nobody's yet."""
    for name in UNCOVERED:
        for inner in sorted(path for path in (folder / name).glob("*") if (path / MANIFEST).exists()):
            for found in verify(inner):
                yield replace(found, file=f"{name}/{inner.name}/{found.file}")


def _check_file(folder: Path, entry: Mapping[str, Any]) -> Diagnostic | None:
    path, name = _safe_path(folder, entry["path"]), entry["path"]
    try:
        if any(parent.is_symlink() for parent in path.relative_to(folder).parents if str(parent) != "."):
            raise OSError("inside a symbolic link")
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
        if size != entry["bytes"]:
            return diagnostic("SFT901", f"{path}: {size} bytes, the manifest says {entry['bytes']}", file=name)
        if sha256_file(path) != entry["sha256"]:
            return diagnostic("SFT901", f"{path}: damaged: its sha256 is not the one in the manifest", file=name)
    except FileNotFoundError:
        return diagnostic("SFT901", f"{path}: missing", file=name)
    except OSError as error:
        return diagnostic("SFT901", f"{path}: cannot be read: {error.strerror or error}", file=name)
    return None


def content(folder: Path) -> Iterator[str]:
    """Yield the relative paths of a folder's files, except the manifest, hidden files and what `UNCOVERED` names."""
    for root, folders, files in os.walk(folder):
        relative = Path(root).relative_to(folder)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not (root == str(folder) and name in UNCOVERED)
        )
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = (relative / name).as_posix()
            if not name.startswith(".") and path != MANIFEST:
                yield path


def open_folder(folder: Path, kind: str | None = None) -> dict[str, Any]:
    """Return the manifest of a folder after every file was checked against its sha256.

    Raises:
        FolderError: the first thing that differs, naming the file, and how many more there are.
    """
    found = verify(folder, kind)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise FolderError(f"{found[0].code} {found[0].message}{more}", found[0].code)
    return read_manifest(folder, kind)


def stagings(out: Path) -> list[Path]:
    """Return the folders of unfinished runs inside OUT."""
    return sorted(path for path in out.glob(".staging-*") if path.is_dir() and not path.is_symlink())
