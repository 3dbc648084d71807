r"""Flag a record of the train split without a target.

A record without a split belongs to train. Of chat this is SFT223 or SFT224.

Why it matters: nothing can be learned from it; tools that fill in class 0 or −1 train on a wrong label or crash on the
GPU.

What to do: label the record, remove it, or move it to another split; in test and for predict it is welcome.

Breaks it:
    {"id": "1", "input": "fine", "target": null, "split": "train"}

Keeps it:
    {"id": "1", "input": "fine", "target": "pos", "split": "train"}

Keeps it:
    {"id": "1", "input": "fine", "target": null, "split": "test"}
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import View, indexes


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the rows of train whose target is null."""
    target = view.column("target")
    if target.null_count:
        for row in indexes(pc.and_(target.is_null(), pc.equal(view.splits, pa.scalar("train")))):
            yield Finding(row, "no target in the train split", "/target", "a target", "null")
