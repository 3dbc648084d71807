"""Trim blanks around a label: `"pos "` becomes `"pos"`.

A label of blanks only stays: it is no label (SFT202). One that `--labels` names with its blanks is meant, and stays.
Where `--labels` names ids, an id that stood between blanks becomes its name: with `1=pos`, `" 1"` becomes `"pos"`.
"""

from __future__ import annotations


def repaired(label: str) -> str:
    """Return a label without the blanks around it."""
    return label.strip() or label
