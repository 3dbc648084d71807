"""What all processes answer of a split together: each works on its share of the rows, and all know all of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sftformat import ranks
from sftformat.decoder import Decoding, write_texts
from sftformat.loader import Split
from sftformat.models import infer
from sftformat.prepare import Setup


def infer_together(setup: Setup, split: Split, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the logits of rows of a split, each process working on its share of them."""
    own = rows[ranks.rank() :: ranks.processes()]
    parts = ranks.together(infer(setup.model, split, own, setup.options.eval_batch_size) if len(own) else None)
    words = split.numbers[rows] if split.numbers is not None else None  # one logit each, not one a row
    logits = np.empty((len(rows) if words is None else len(words.values), *parts[0].shape[1:]), np.float32)
    for place, part in enumerate(parts):
        if part is not None:
            shared = np.arange(place, len(rows), len(parts))
            logits[shared if words is None else words.places(shared)] = part
    return logits


def write_together(setup: Setup, split: Split, rows: NDArray[np.int64], how: Decoding) -> list[str]:
    """Return what the model writes for rows of a split, each process writing its share of them."""
    own, texts = rows[ranks.rank() :: ranks.processes()], [""] * len(rows)
    made = write_texts(setup.model, split, own, how, setup.options.eval_batch_size) if len(own) else []
    for place, part in enumerate(parts := ranks.together(made)):
        texts[place :: len(parts)] = part
    return texts
