"""SFT212 secret. The keys are made up, and put together here so that no scanner stops at them."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sftformat.masking import masked, secrets, without_secrets

CODE = "SFT212"

BODY = "q7Rt2ZbK9mWx4LpV8cNd3HsYf6GjT1uEaQoB5iXvDzMkPwJrSlCyOhUgFnAe0q7Rt2ZbK9mWx4LpV8cNd3HsYf6GjT1uEaQoB5iXvD"

HEX = "9f86d0818a4c7d65ca2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def token(payload: dict[str, object]) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, payload)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, BODY[:43]])


SECRETS = {
    "an AWS access key": "AKIA" + "5QZ7TRNVW2KXJ4MD",
    "a GitHub token": "ghp_" + BODY[:36],
    "a GitLab token": "glpat-" + BODY[:20],
    "a Slack token": "xoxb-" + "2847561930-" + BODY[:24],
    "a Google API key": "AIza" + BODY[:35],
    "an OpenAI key": "sk-" + BODY[:20] + "T3Blbk" + "FJ" + BODY[20:40],
    "an Anthropic key": "sk-ant-" + "api03-" + BODY[:90],
    "a Stripe key": "sk_" + "live_" + BODY[:24],
    "a Hugging Face token": "hf_" + "".join(letter for letter in BODY if letter.isalpha())[:34],
    "an npm token": "npm_" + BODY[:36],
    "a PyPI token": "pypi-AgE" + BODY[:80],
    "a SendGrid key": "SG." + BODY[:22] + "." + BODY[22:65],
    "a Groq key": "gsk_" + BODY[:52],
    "an xAI key": "xai-" + BODY[:80],
    "an OpenRouter key": "sk-or-v1-" + HEX,
    "a Perplexity key": "pplx-" + BODY[:48],
    "a Replicate token": "r8_" + BODY[:37],
    "a LangSmith key": "lsv2_pt_" + HEX[:32] + "_" + HEX[32:42],
    "a Databricks token": "dapi" + HEX[:32],
    "a DigitalOcean token": "dop_v1_" + HEX,
    "a Shopify token": "shpat_" + HEX[:32],
    "a Vault token": "hvs." + BODY[:96],
    "a Google client secret": "GOCSPX-" + BODY[:28],
    "a Telegram bot token": "284756193:AA" + BODY[:33],
    "a JSON Web Token": token({"sub": "jane", "iat": 1516239022}),
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\n" + BODY[:64] + "\n" + BODY[:64],
}
SLACK_HOOK = "https://hooks.slack.com/services/T02KQ7ZP4/B02RM9WX1/" + BODY[:24]


def openssh(public: bytes, secret: bytes, comment: str) -> str:
    """A key as `ssh-keygen -t ed25519` writes it (PROTOCOL.key of OpenSSH)."""

    def text(value: bytes) -> bytes:
        return struct.pack(">I", len(value)) + value

    kind = text(b"ssh-ed25519") + text(public)
    inner = bytes(8) + kind + text(secret + public) + text(comment.encode())
    inner += bytes(range(1, 1 + -len(inner) % 8))
    whole = b"openssh-key-v1\0" + text(b"none") * 2 + text(b"") + struct.pack(">I", 1) + text(kind) + text(inner)
    body = base64.b64encode(whole).decode()
    lines = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join(["-----BEGIN OPENSSH " + "PRIVATE KEY-----", *lines, "-----END OPENSSH " + "PRIVATE KEY-----"])


NOOP = [
    None,
    "d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "123e4567-e89b-12d3-a456-426614174000",
    "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx sk-your-api-key-goes-here-please-now",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx hf_" + "x" * 34,
    "ghp_1234567890abcdefghijklmnopqrstuvwxyz",
    "AIza is a prefix; ghp_ too; sk-learn-contrib-something-long",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    openssh(bytes(32), bytes(32), "")[:110] + "\n...\n",
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
    + "EXAMPLE" * 5
    + "\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\n" + BODY[:64] + "\n-----END PUBLIC KEY-----",
    token({"sub": "1234567890", "name": "John Doe", "iat": 1516239022}),
    "eyJhbGciOi.eyJub3Rqc29uISEhISEh.aaaaaaaaaaaaaaaaaaaaaaaa",
    "https://example.org/a-very-long-path-with-many-words-and-no-secret",
    "xAKIA5QZ7TRNVW2KXJ4MD AKIA5QZ7TRNVW2KXJ4MDX akia5qz7trnvw2kxj4md",
    "data:image/png;base64," + BODY * 4 + "==",
    f"{HEX} commit {HEX[:40]} key-{HEX[:32]} dapi gsk_ r8_ xai- hvs.",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7" + BODY,
    "Donaudampfschifffahrtsgesellschaftskapitän aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": "x"}]) == []


@pytest.mark.parametrize("kind", SECRETS)
def test_finds_and_masks(found, kind):
    secret = SECRETS[kind]
    (finding,) = found(CODE, [{"input": "fine"}, {"input": f"key='{secret}'.", "target": "x"}])
    assert (finding.line, finding.path) == (2, "/input")
    assert finding.message.startswith(f"{kind} in the text: {secret[:4]}…")
    assert secret[4:12] not in str(finding.to_json())


def test_webhook(found):
    (finding,) = found(CODE, [{"input": SLACK_HOOK}])
    assert finding.message.startswith("a Slack webhook")


@pytest.mark.parametrize(
    ("before", "secret", "kind"),
    [
        ("https://discord.com/api/webhooks/", f"284756193028475619/{BODY[:68]}", "a Discord webhook"),
        ("AccountName=a;AccountKey=", f"{BODY[:60]}+/{BODY[:24]}==", "an Azure storage key"),
    ],
)
def test_what_is_known_by_what_stands_before_it(found, before, secret, kind):
    (finding,) = found(CODE, [{"input": f"so: {before}{secret}"}])
    assert finding.message.startswith(kind)
    assert secret[4:] not in str(finding.to_json())


def test_says_how_many(found):
    two = f"{SECRETS['an AWS access key']} {SECRETS['a GitHub token']}"
    (finding,) = found(CODE, [{"input": two}])
    assert finding.message == "an AWS access key and 1 more in the text: AKIA… (20 characters)"


def test_a_word_in_small_letters_is_none(found):
    assert (
        found(CODE, [{"input": "set sk_live_thequickbrownfoxjumpsoverit or hf_thequickbrownfoxjumpsoverdogsss"}]) == []
    )
    assert len(found(CODE, [{"input": "set sk_live_thequickbrownfox7umpsoverit"}])) == 1


@given(st.text(max_size=200))
def test_chance_makes_none(text):
    assert secrets(text) == []


@given(st.text(min_size=20, max_size=60))
def test_a_mask_shows_four_characters(secret):
    assert masked(secret) == f"{secret[:4]}… ({len(secret)} characters)"


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.sampled_from(["", "root@host"]))
def test_keys_of_openssh(public, secret, comment):
    assume(len(set(secret)) >= 16)
    key = openssh(public, secret, comment)
    for text in (f"my key:\n{key}\nkeep it", json.dumps({"key": key}), key.replace("\n", "\r\n")):
        ((kind, _),) = secrets(text)
        assert kind == "a private key"
        shown = without_secrets(text)
        assert not any(line in shown for line in key.splitlines()[1:-1])
