"""The errors that end a run. A wrong *record* is never one of these: it is a `Diagnostic` and the run goes on.

SftformatError          exit 2, unless a subclass says otherwise
 ├─ UsageError          called wrongly: an option, a path or a layout that cannot be meant
 │   └─ UndecidedError  a choice that only the user can make; says the option
 ├─ InputError          an input that cannot be read: missing, damaged, changed under us
 ├─ SchemaError         a schema that cannot be used; says where in it
 ├─ FolderError         a folder of ours that is damaged, locked, unfinished or from another version
 ├─ ModelError          a model or tokenizer that cannot be loaded, or the two disagree
 ├─ TrainingError       training cannot go on: a non-finite loss, nothing to train on
 └─ DataError           exit 1: the data has errors that forbid the next stage
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sftformat.diagnostics import Diagnostic


class SftformatError(Exception):
    """Something a user can act on; its text is one line and safe to show after `diagnostics.visible`."""

    exit_code = 2


class UsageError(SftformatError):
    """The command or function was called wrongly."""


class UndecidedError(UsageError):
    """Several things could be meant, and nobody but the user knows which."""


class InputError(SftformatError):
    """An input cannot be read; `diagnostic` says more where the fault has a code (SFT006, SFT014, SFT016)."""

    def __init__(self, message: str, diagnostic: Diagnostic | None = None) -> None:
        super().__init__(message)
        self.diagnostic = diagnostic


class SchemaError(SftformatError):
    """A schema cannot be used."""


class FolderError(SftformatError):
    """A data set, shard or run folder cannot be used; `code` is one of SFT901, SFT902, SFT903."""

    def __init__(self, message: str, code: str = "SFT901") -> None:
        super().__init__(message)
        self.code = code


class ModelError(SftformatError):
    """A model or tokenizer cannot be used."""


class TrainingError(SftformatError):
    """Training cannot go on."""


class DataError(SftformatError):
    """The data has errors that forbid the next stage."""

    exit_code = 1
