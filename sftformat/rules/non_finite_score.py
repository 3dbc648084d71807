r"""Flag a score or weight that is no finite number once it has 32 bits, as in the shards: NaN, or beyond ±3.4e38.

JSON and CSV cannot say NaN (SFT004, SFT104), but `1e39` they can, and a canonical folder can hold all three.

Why it matters: one such row makes the loss infinite or NaN, and with it every weight of the model.

What to do: give the row its real score, or leave it out; check the scale of the others.

Breaks it (regression):
    {"id": "1", "input": "fine", "target": 1e39}

Breaks it:
    {"id": "1", "input": "fine", "target": "pos", "weight": 1e39}

Keeps it (regression):
    {"id": "1", "input": "fine", "target": -3.4e38}

Keeps it (regression):
    {"id": "1", "input": "nobody knows", "target": null}
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows whose target or weight is no finite float32."""
    for name, words in (("target", "score"), ("weight", "weight")):
        column = view.column(name)
        if not pa.types.is_floating(column.type) or column.null_count == len(column):
            continue
        values = column.to_numpy(zero_copy_only=False)
        given = column.is_valid().to_numpy(zero_copy_only=False)
        with np.errstate(over="ignore"):
            finite = np.isfinite(values.astype(np.float32))
        for row in np.flatnonzero(given & ~finite):
            got = repr(float(values[row]))
            yield Finding(int(row), f"the {words} {got} is no finite 32-bit number", f"/{name}", "a finite number", got)
