"""Fetch a tokenizer's files from the Hugging Face hub, or from its cache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging import CRITICAL
from pathlib import Path

from sftformat.diagnostics import clip
from sftformat.errors import ModelError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def is_name(name: str) -> bool:
    """Say whether a text can be a name on the hub: `bert-base-uncased`, `google/bert_uncased_L-2_H-128_A-2`."""
    return _NAME.fullmatch(name) is not None


def fetch(name: str, files: Sequence[str], required: Sequence[str]) -> dict[str, bytes]:
    """Return the contents of the files that the repository has; one of `required` must be there.

    Offline (HF_HUB_OFFLINE) the cache alone is read, and a file that is not in it counts as not there.

    Raises:
        ModelError: no such repository, no access, or no connection.
    """
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    found: dict[str, bytes] = {}
    for file in files:
        try:
            with _quiet():
                found[file] = Path(hf_hub_download(name, file)).read_bytes()
        except LocalEntryNotFoundError:
            if not constants.HF_HUB_OFFLINE:
                raise ModelError(
                    f"{name}: no such folder; the hub cannot be reached, and its cache has no {file} of that name"
                ) from None
        except EntryNotFoundError:
            continue
        except Exception as error:  # the hub's client raises its transport's errors too
            raise ModelError(f"{name}: no such folder, and cannot be fetched from the hub: {_words(error)}") from None
    if not any(file in found for file in required):
        where = "no such folder, and not in the hub's cache (HF_HUB_OFFLINE is set)"
        missing = f"has neither {' nor '.join(required)}"
        raise ModelError(f"{name}: {where if constants.HF_HUB_OFFLINE and not found else missing}")
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the hub's client from drawing bars and logging retries: what goes wrong becomes one ModelError."""
    from huggingface_hub.utils import logging
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    silent, level = are_progress_bars_disabled(), logging.get_verbosity()
    disable_progress_bars()
    logging.set_verbosity(CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if not silent:
            enable_progress_bars()


def _words(error: BaseException) -> str:
    return clip(" ".join(str(error).split()), 160) or type(error).__name__
