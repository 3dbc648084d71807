"""Shards that an earlier run has finished: kept with their outcome under a key of content, and found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sftformat.folder.files import link, sha256_file, write_bytes
from sftformat.folder.kept import seal, unseal
from sftformat.tokenize.outcome import Outcome


def outcome_of(key: str, store: Path) -> Outcome | None:
    """Return the outcome that is kept under a key; None where there is none."""
    content = unseal(store / f"{key}.json")
    return Outcome.load(content) if content is not None else None


def arrow(key: str, store: Path) -> Path:
    """Return where the Arrow file is kept."""
    return store / f"{key}.arrow"


def kept(key: str, store: Path, number: Callable[[str], int]) -> Outcome | None:
    """Return what is kept under a key, if its file is as it was and its inputs have the same numbers still."""
    outcome = outcome_of(key, store)
    if outcome is None or any(held != number(name) for name, held in outcome.files):
        return None
    try:
        return outcome if sha256_file(arrow(key, store)) == outcome.sha256 else None
    except OSError:
        return None


def keep(key: str, outcome: Outcome, shard: Path, store: Path) -> None:
    """Keep a shard and its outcome.

    Raises:
        OSError: the disk did not take it.
    """
    store.mkdir(exist_ok=True)
    arrow(key, store).unlink(missing_ok=True)
    link(shard, arrow(key, store))
    write_bytes(store / f"{key}.json", seal(outcome.dump()))
