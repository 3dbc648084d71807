"""Keys and tokens inside texts: found by the forms that their issuers documented, and never shown whole."""

from __future__ import annotations

import base64
import binascii
import json
import re

#: What kinds of secret there are, and their form; each holds a run of SHORTEST letters, digits, `-` and `_`, and chance
#: makes none without a digit or capital in it.
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
    "a Groq key": r"gsk_[A-Za-z0-9]{52}",
    "an xAI key": r"xai-[A-Za-z0-9]{80}",
    "an OpenRouter key": r"sk-or-v1-[0-9a-f]{64}",
    "a Perplexity key": r"pplx-[A-Za-z0-9]{48}",
    "a Replicate token": r"r8_[A-Za-z0-9]{37}",
    "a LangSmith key": r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
    "a Databricks token": r"dapi[0-9a-f]{32}",
    "a DigitalOcean token": r"do[opr]_v1_[0-9a-f]{64}",
    "a Shopify token": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "a Vault token": r"hv[bs]\.[A-Za-z0-9_-]{90,}",
    "a Google client secret": r"GOCSPX-[A-Za-z0-9_-]{28}",
    "an Azure storage key": r"(?<=AccountKey=)[A-Za-z0-9+/]{86}==",
    "a Discord webhook": r"(?<=/api/webhooks/)[0-9]{17,20}/[A-Za-z0-9_-]{60,}",
    "a Telegram bot token": r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
    "a JSON Web Token": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "a private key": r"-----BEGIN [A-Z ]{,12}PRIVATE KEY-----(?:\s|\\[nr])+(?:[\w-]+: .+\n)*\s*[A-Za-z0-9+/=]{40,}+"
    r"(?:(?:\s|\\[nr])++[A-Za-z0-9+/=]{16,}+)*(?:(?:\s|\\[nr])++[A-Za-z0-9+/=]++(?=(?:\s|\\[nr])*-----END))?",
}
#: RE2: how each of them begins, or what stands in front of it. A text without any of this holds none.
SUSPECT = (
    r"A[KS]IA|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hooks\.slack\.com|AIza|sk-|[sr]k_live_|hf_|npm_|pypi-AgE|SG\."
    r"|gsk_|xai-|pplx-|r8_|lsv2_|dapi|do[opr]_v1_|shp(?:at|ca|pa|ss)_|hv[bs]\.|GOCSPX-|AccountKey=|/api/webhooks/"
    r"|[0-9]:AA|eyJ|-----BEGIN"
)
_FORM = re.compile("(?<![A-Za-z0-9_-])(?:" + "|".join(f"({form})" for form in KINDS.values()) + ")(?![A-Za-z0-9_-])")
SHORTEST = 20
_STRONG = re.compile("[0-9A-Z]")
_NAMES = tuple(KINDS)
_MADE_UP = re.compile(
    r"example|sample|dummy|fake|placeholder|your|redacted|x{4}|\*{3}|(.)\1{5}|012345|123456|abcdef", re.I
)
# A private key is long: of four letters chance makes any word in it, and its own format writes zeros (A) between its
# parts, OpenSSH's a first line of nothing else.
_MADE_UP_KEY = re.compile(
    r"example|sample|dummy|placeholder|redacted|(?:fake|your)(?:private|secret)?key|([^A])\1{5}|012345|123456|abcdef",
    re.I,
)
_KEY_LINE = 64
_OPENSSH = "b3BlbnNzaC1rZXktdjE"
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
    if kind == "a private key":
        return _is_key(secret)
    return not _MADE_UP.search(secret) and len(set(secret[4:])) >= 9 and bool(_STRONG.search(secret))


def _is_token(token: str) -> bool:
    """Whether the first two parts are JSON, and it is not the token of John Doe that every manual shows."""
    try:
        head, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    except (ValueError, binascii.Error):
        return False
    return isinstance(head, dict) and "alg" in head and isinstance(payload, dict) and payload.get("sub") != "1234567890"


def _is_key(key: str) -> bool:
    """Whether the letters of a private key, without what every key of its format begins with, look like one's own."""
    body = re.sub(r"\s|\\[nr]", "", key.split("KEY-----", 1)[1])
    own = body[2 * _KEY_LINE :] if body.startswith(_OPENSSH) else body
    return len(set(own)) >= 9 and not _MADE_UP_KEY.search(own)


def without_secrets(text: str) -> str:
    """Return the beginning of a text with every secret masked, made up or not; what is shorter than one stays."""
    return text if len(text) < SHORTEST else _FORM.sub(lambda match: masked(match.group()), text[:_LOOKED_AT])
