"""Which files lie in class folders, and what their paths say: the label, and perhaps the split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sftformat.diagnostics import clip
from sftformat.errors import UsageError
from sftformat.formats.source import Text
from sftformat.record import SPLIT_NAMES

#: Folders of texts that nobody has labelled, beside those of the classes.
UNLABELLED = frozenset({"unsup", "unlabeled", "unlabelled"})
#: The folders above a file, from the top down.
Folders = tuple[str, ...]


def find(names: Sequence[str]) -> list[Text]:
    """Return the texts in class folders among files, given as paths below one folder, in their order.

    Where there are folders named as splits (`train`, `dev`, …) what lies below them is the class, else what lies above
    them; without such folders it is all folders that not every file shares. Classes of classes have a label with `/`.
    Nothing is returned for files that lie otherwise, or in fewer than two folders.

    Raises:
        UsageError: a folder named as a split lies where the classes lie; a name is not UTF-8.
    """
    texts = [name for name in names if PurePosixPath(name).suffix.lower() == ".txt"]
    texts = texts or [name for name in names if not PurePosixPath(name).suffix]
    if all(PurePosixPath(name).stem.lower() in SPLIT_NAMES for name in texts):
        return []  # files of lines
    told = _told({name: PurePosixPath(name).parts[:-1] for name in texts})
    if len({folders for _, folders in told.values()}) < 2:
        return []
    for name in told:
        if not _is_text(name):
            raise UsageError(f"{name!a}: a name that is not UTF-8; rename it")
    return [
        Text(name, None if unlabelled(folders) else "/".join(folders), split) for name, (split, folders) in told.items()
    ]


def _told(folders_of: Mapping[str, Folders]) -> dict[str, tuple[str | None, Folders]]:
    """Return of each file the split and the folders that say its class; files that lie in no class are left out."""
    at = {name: _split_at(folders) for name, folders in folders_of.items()}
    below = {
        name: (SPLIT_NAMES[folders[n].lower()], folders[n + 1 :])
        for name, folders in folders_of.items()
        if (n := at[name]) is not None and n + 1 < len(folders)
    }
    if below:
        return dict(below)
    above = {
        name: (SPLIT_NAMES[folders[n].lower()], folders[:n]) for name, folders in folders_of.items() if (n := at[name])
    }
    if above:
        return _narrowed(above)
    plain = _narrowed({name: (None, folders) for name, folders in folders_of.items() if at[name] is None and folders})
    alone = next((folders[n] for name, folders in folders_of.items() if (n := at[name]) is not None), None)
    if len({folders for _, folders in plain.values()}) > 1 and alone is not None:
        raise UsageError(f"{clip(alone, 40)!r} is the name of a split, and lies beside classes: rename one of them")
    return plain


def _split_at(folders: Folders) -> int | None:
    return next((number for number, folder in enumerate(folders) if folder.lower() in SPLIT_NAMES), None)


def _narrowed(told: Mapping[str, tuple[str | None, Folders]]) -> dict[str, tuple[str | None, Folders]]:
    """Leave out the folders at the top that all files share; one is left to each."""
    all_of = [folders for _, folders in told.values()]
    shared = 0
    while all(len(each) > shared + 1 and each[shared] == all_of[0][shared] for each in all_of) and all_of:
        shared += 1
    return {name: (split, folders[shared:]) for name, (split, folders) in told.items()}


def unlabelled(folders: Folders) -> bool:
    """Whether the last of some folders is one for texts without a label."""
    return folders[-1].lower() in UNLABELLED


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def around(path: Path) -> tuple[Path, Text] | None:
    """Return the folder and the text that a file is there, if class folders lie beside its own; else None.

    Of each folder beside it one text is looked at.
    """
    levels = 3 if path.parent.parent.name.lower() in SPLIT_NAMES else 2
    root = path.parents[levels - 1] if len(path.parents) > levels else None
    if root is None or path.suffix.lower() not in ("", ".txt"):
        return None
    own = path.relative_to(root).as_posix()
    beside = (next(folder.glob("*" + path.suffix), None) for folder in sorted(path.parent.parent.iterdir()))
    names = {own, *(each.relative_to(root).as_posix() for each in beside if each is not None)}
    try:
        return next(((root, text) for text in find(sorted(names)) if text.name == own), None)
    except UsageError:
        return None
