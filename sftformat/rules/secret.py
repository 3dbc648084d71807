r"""Flag a text with a key or token that opens an account: of AWS, GitHub, Slack, OpenAI and others, or a private key.

Only forms that their issuers documented and that chance does not make; hashes, UUIDs, and keys that are made up for a
manual (`AKIAIOSFODNN7EXAMPLE`, `sk-xxxx`) are left alone. The value is masked: no finding shows more than its first
four characters.

Why it matters: a model repeats what it has seen, and everybody who has the data set has the key.

What to do: revoke the key, then replace it in the data.

Breaks it:
    {"id": "1", "input": "use AKIA5QZ7TRNVW2KXJ4MD for the upload", "target": "pos"}

Keeps it:
    {"id": "1", "input": "AKIAIOSFODNN7EXAMPLE d41d8cd98f00b204e9800998ecf8427e sk-xxxxxxxxxxxx", "target": "pos"}
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sftformat.masking import SHORTEST, SUSPECT, masked, secrets
from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.signs import STRONG, WORD
from sftformat.rules.view import View


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts and calls of tools that hold a secret; one finding each."""
    for text in chain(view.texts, view.calls):
        for index, value in text.some(text.signs.owners(text.signs.runs(WORD, SHORTEST, STRONG)), SUSPECT):
            if found := secrets(value):
                row, path = text.place(index)
                kind, secret = found[0]
                more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
                message = f"{kind}{more} in the text: {masked(secret)}"
                yield Finding(row, message, path, "no secrets", masked(secret))
