"""Keys and tokens inside texts: found by the forms that their issuers documented, and never shown whole."""

from __future__ import annotations

import base64
import binascii
import json
import re

#: What kinds of secret there are, and their form; each holds a run of SHORTEST letters, digits, `-` and `_`.
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
#: RE2: how each of them begins, or what stands in front of it. A text without any of this holds none.
SUSPECT = (
    r"A[KS]IA|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hooks\.slack\.com|AIza|sk-|[sr]k_live_|hf_|npm_|pypi-AgE|SG\."
    r"|[0-9]:AA|eyJ|-----BEGIN"
)
_FORM = re.compile("(?<![A-Za-z0-9_-])(?:" + "|".join(f"({form})" for form in KINDS.values()) + ")(?![A-Za-z0-9_-])")
SHORTEST = 20
_NAMES = tuple(KINDS)
_MADE_UP = re.compile(
    r"example|sample|dummy|fake|placeholder|your|redacted|x{4}|\*{3}|(.)\1{5}|012345|123456|abcdef", re.I
)
#: So much of a long text is looked at before some of it is shown.
_LOOKED_AT = 1 << 16


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


def without_secrets(text: str) -> str:
    """Return the beginning of a text with every secret masked, made up or not; what is shorter than one stays."""
    return text if len(text) < SHORTEST else _FORM.sub(lambda match: masked(match.group()), text[:_LOOKED_AT])
