"""What an output is written as: by the layout that is asked for where that is a format of its own, else by its name."""

from __future__ import annotations

from pathlib import Path

from sftformat.errors import UsageError
from sftformat.formats import FORMATS, written_as

#: The endings of names that say what is written.
ENDINGS = ".csv, .tsv, .json, .jsonl, .parquet, .arrow, .xlsx, .conll, .conllu, .po, .mo, .tmx, .yml, .md or .txt"
#: Layouts that are files or folders of a form of their own: the format, whatever the name of the output says.
OWN_FORMAT = {
    "class-folders": "class-folders",
    "parallel-files": "parallel",
    "vertex": "vertex",
    "vertex-labels": "vertex",
}
#: What is written where a layout is named and OUT has no ending: a folder of Parquet with a README.md, or on request
#: one of Arrow as `save_to_disk` writes it.
HUB, SAVED = "hub", "datasets"
FOLDERS = (HUB, SAVED)


def is_folder(to: str | None) -> bool:
    """Whether a layout is written as a folder."""
    return to in OWN_FORMAT and FORMATS[OWN_FORMAT[to]].folder


def kind_of(out: Path, to: str | None, folder: str | None = None) -> tuple[str, str | None]:
    """Return format and compression of an output; `folder`, one of FOLDERS, is the form asked for where it is one.

    Raises:
        UsageError: its name says none, or that it is no such folder.
    """
    kind = _kind_of(out, to)
    if folder is None:
        return kind
    if is_folder(to):
        raise UsageError(f"--to {to} makes a folder of a form of its own: leave out --folder {folder}")
    if kind[0] != HUB:
        raise UsageError(f"{out.name}: --folder {folder} makes a folder with --to LAYOUT; leave out the ending")
    return folder, None


def _kind_of(out: Path, to: str | None) -> tuple[str, str | None]:
    said = written_as(out.name)
    if is_folder(to):
        if said is not None:
            raise UsageError(f"{out.name}: --to {to} makes a folder; leave out the ending")
        return OWN_FORMAT[to or ""], None
    if said is None and to is not None and not out.suffix:
        return HUB, None
    if said is None:
        raise UsageError(f"{out.name}: the name says no format; use {ENDINGS}")
    if to == "rasa" and said[0] not in ("rasa", "rasa-md"):
        raise UsageError(f"{out.name}: training data of Rasa is a .yml, or a .md for the older versions")
    return OWN_FORMAT.get(to or "", said[0]), said[1]


def refuse_existing(out: Path, to: str | None, overwrite: bool) -> None:
    """Refuse to write over what is there: a file unasked, a folder that holds anything always.

    Raises:
        UsageError: it is there.
    """
    if is_folder(to) or _kind_of(out, to)[0] == HUB:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"{out}: exists; a folder is only written where nothing is: name another one")
    elif out.exists() and not overwrite:
        raise UsageError(f"{out}: exists; use --overwrite to replace it")
