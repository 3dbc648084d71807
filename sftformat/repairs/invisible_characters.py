"""Remove characters that cannot be seen and that nothing needs: zero width spaces, soft hyphens, marks of direction.

Which they are, SFT208 says; U+FEFF inside a text (SFT007) goes with them.
"""

from __future__ import annotations

import numpy as np

from sftformat.rules.invisible_characters import candidates, needless
from sftformat.rules.signs import FORMAT
from sftformat.rules.view import Text, View

_MARK = "\ufeff"


def repaired(text: str) -> str:
    """Return a text without its invisible characters that say nothing."""
    text = text.replace(_MARK, "")
    if places := set(needless(text)):
        return "".join(character for place, character in enumerate(text) if place not in places)
    return text


def suspects(text: Text, _: View) -> list[int]:
    """Return the indexes of the texts that may hold one of the characters."""
    signs = text.signs
    found: list[int] = np.union1d(candidates(signs), signs.owners(signs.find(_MARK.encode(), FORMAT))).tolist()
    return found
