r"""Flag a score that is no finite number once it is a 32-bit one, as in the shards: NaN, infinite, or beyond ±3.4e38.

JSON and CSV cannot say NaN (SFT004, SFT104), but `1e39` they can, and a canonical folder can hold all three.

Why it matters: one such row makes the loss infinite or NaN, and with it every weight of the model.

What to do: give the row its real score, or leave it out; check the scale of the others.

Breaks it (regression):
    {"id": "1", "input": "fine", "target": 1e39}

Keeps it (regression):
    {"id": "1", "input": "fine", "target": -3.4e38}

Keeps it (regression):
    {"id": "1", "input": "nobody knows", "target": null}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import View

TASKS = frozenset({"regression"})


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows whose target is no finite float32."""
    target = view.column("target")
    scores = target.to_numpy(zero_copy_only=False)
    given = target.is_valid().to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        finite = np.isfinite(scores.astype(np.float32))
    for row in np.flatnonzero(given & ~finite):
        got = repr(float(scores[row]))
        yield Finding(int(row), f"the score {got} is no finite 32-bit number", "/target", "a finite number", got)
