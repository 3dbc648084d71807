"""SFT213 personal-data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.check import Settings, active
from sftformat.rules.personal_data import personal

CODE = "SFT213"

NOOP = [
    None,
    "info@example.com a@b.example x@localhost root@server.local a@test.example.org @user user@ 12:30@home",
    "git@github.com:owner/repo.git https://user:pass@host.org/x a@b a@1.2",
    "4111 1111 1111 1111 and 4242424242424242 are test cards",
    "card 4539 5787 6362 1487",  # a wrong check digit
    "the sum of 4539578763621486 and 1646615806005",  # a number, nobody speaks of cards
    "card 4539.5787.6362.1486 4539578763621486.5 0 4539578763621486123 1",
    "ISBN 978-3-16-148410-0, phone +49 170 1234567, 2024-01-01 12:00, 192.168.0.1",
    "card 0000 0000 0000 0000",
    "DE89 3704 0044 0532 0130 00, GB82WEST12345698765432",  # of the manual
    "NL03 ABNA 0123 4567 89, XX02 ABNA 0123 4567 89, NL02ABNA01234567891",
]


def luhn(number: str) -> str:
    doubled = [int(d) * (1 if place % 2 else 2) for place, d in enumerate(reversed(number))]
    return number + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": "x"}]) == []


def test_off_by_default():
    assert CODE not in {rule.code for rule in active(Settings(), "classification")}


@pytest.mark.parametrize(
    ("text", "message", "hidden"),
    [
        ("mail jane.roe+x@mail-box.co.uk!", "an e-mail address in the text: j…@m….uk", "jane.roe"),
        ("<jane@mailbox.org>", "an e-mail address in the text: j…@m….org", "mailbox"),
        ("4539 5787 6362 1486", "a card number in the text: … 1486", "4539"),
        ("4539-5787-6362-1486.", "a card number in the text: … 1486", "4539"),
        ("my card is 4539578763621486", "a card number in the text: … 1486", "4539"),
        ("3782 822463 10013", "a card number in the text: … 0013", "3782"),
        ("IBAN NL02 ABNA 0123 4567 89", "an IBAN in the text: NL… (18 characters)", "ABNA"),
        ("NL02ABNA0123456789", "an IBAN in the text: NL… (18 characters)", "ABNA"),
        ("a.b@mailbox.org and c@mailbox.org", "an e-mail address and 1 more in the text: a…@m….org", "a.b"),
    ],
)
def test_finds_and_masks(found, text, message, hidden):
    findings = found(CODE, [{"input": "fine"}, {"input": text, "target": "x"}])
    assert [each.message for each in findings] == [message]
    assert all(hidden not in str(each.to_json()) for each in findings)


@given(st.text("0123456789", min_size=14, max_size=14))
def test_the_check_digit_decides(digits):
    card = luhn(f"4{digits}")
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert personal(f"card {wrong}") == []
    assert len(personal(f"card {card}")) == (len(set(card)) >= 4 and not personal(f"card {wrong}"))


@given(st.text("0123456789", min_size=18, max_size=18))
def test_the_two_check_digits_decide(digits):
    checks = 98 - int(f"{digits}131400") % 97
    assert personal(f"DE{checks:02}{digits}") in ([("an IBAN", "DE… (22 characters)")], [])
    assert personal(f"DE{(checks + 1) % 97:02}{digits}") == []
