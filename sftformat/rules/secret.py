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

import base64
import binascii
import json
import re
from collections.abc import Iterator

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.signs import WORD
from sftformat.rules.view import View

#: What kinds of secret there are, and their form; each holds a run of `_SHORTEST` letters, digits, `-` and `_`.
KINDS = {
    "an AWS access key": r"A(?:KI|SI)A[A-Z2-7]{16}",
    "a GitHub token": r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    "a GitLab token": r"glpat-[A-Za-z0-9_-]{20}",
    "a Slack token": r"xox[abeoprs]-[0-9]{10,13}-[A-Za-z0-9-]{20,}",
    "a Slack webhook": r"(?<=hooks\.slack\.com/services/)T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{24}",
    "a Google API key": r"AIza[A-Za-z0-9_-]{35}",
    "an OpenAI key": r"sk-(?:[a-z]+-)?[A-Za-z0-9_-]{20,74}T3BlbkFJ[A-Za-z0-9_-]{20,74}",
    "an Anthropic key": r"sk-ant-[a-z]+[0-9]{2}-[A-Za-z0-9_-]{80,}",
    "a Stripe key": r"[sr]k_live_[A-Za-z0-9]{24,}",
    "a Hugging Face token": r"hf_[A-Za-z]{34}",
    "an npm token": r"npm_[A-Za-z0-9]{36}",
    "a PyPI token": r"pypi-AgE[A-Za-z0-9_-]{60,}",
    "a SendGrid key": r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "a Telegram bot token": r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
    "a JSON Web Token": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "a private key": r"-----BEGIN [A-Z ]{,12}PRIVATE KEY-----(?:\s|\\[nr])+(?:[\w-]+: .+\n)*\s*[A-Za-z0-9+/=]{40,}",
}
_FORM = re.compile("(?<![A-Za-z0-9_-])(?:" + "|".join(f"({form})" for form in KINDS.values()) + ")(?![A-Za-z0-9_-])")
_SHORTEST = 20
_NAMES = tuple(KINDS)
_MADE_UP = re.compile(
    r"example|sample|dummy|fake|placeholder|your|redacted|x{4}|\*{3}|(.)\1{5}|012345|123456|abcdef", re.I
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold a secret; one finding a text."""
    for text in view.texts:
        for index, value in text.some(text.signs.owners(text.signs.runs(WORD, _SHORTEST))):
            if found := secrets(value):
                row, path = text.place(index)
                kind, secret = found[0]
                more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
                message = f"{kind}{more} in the text: {masked(secret)}"
                yield Finding(row, message, path, "no secrets", masked(secret))


def secrets(text: str) -> list[tuple[str, str]]:
    """Return the kind and the value of each secret of a text, in order; what is plainly made up is left out."""
    found = [(_NAMES[(match.lastindex or 1) - 1], match.group()) for match in _FORM.finditer(text)]
    return [(kind, secret) for kind, secret in found if _is_real(kind, secret)]


def masked(secret: str) -> str:
    """Return the first four characters of a secret and how long it is."""
    return f"{secret[:4]}… ({len(secret):,} characters)"


def _is_real(kind: str, secret: str) -> bool:
    if kind == "a JSON Web Token":
        return _is_token(secret)
    return not _MADE_UP.search(secret) and len(set(secret[4:])) >= 9


def _is_token(token: str) -> bool:
    """Whether the first two parts are JSON, and it is not the token of John Doe that every manual shows."""
    try:
        head, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    except (ValueError, binascii.Error):
        return False
    return isinstance(head, dict) and "alg" in head and isinstance(payload, dict) and payload.get("sub") != "1234567890"
