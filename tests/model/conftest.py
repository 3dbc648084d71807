from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from .toys import sentences, write_model, write_shards


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Tiny matrices are fastest on one thread, and slow on two when both cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = {"train": sentences(160, 0), "validation": sentences(40, 1), "test": sentences(40, 2)}
    return write_shards(tmp_path_factory.mktemp("classes") / "shards", "classification", ["pos", "neg"], rows)
