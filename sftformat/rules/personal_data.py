r"""Flag a text with personal data of a form that can be told: an e-mail address, a card number, an IBAN.

Off by default: select it with `--select SFT213`. Card numbers must begin like a card's and fit their check digit
(Luhn), IBANs their country's length and their check digits (mod 97); numbers of manuals and addresses at `example.com`
are left alone. The value is masked.

Why it matters: a model repeats what it has seen; in many countries such data may not be kept without a reason.

What to do: replace it, or leave the record out.

Breaks it:
    {"id": "1", "input": "write to jane.roe@mailbox.org", "target": "pos"}

Breaks it:
    {"id": "1", "input": "card 4539 5787 6362 1486, IBAN NL02 ABNA 0123 4567 89", "target": "pos"}

Keeps it:
    {"id": "1", "input": "info@example.com, 4111 1111 1111 1111, order 4539 5787 6362 1487", "target": "pos"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftformat.rules.rule import Finding, Thresholds
from sftformat.rules.view import View

_EMAIL = re.compile(
    r"(?<![\w.+%/:@-])[A-Za-z0-9][\w.+%-]{0,63}@((?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24})(?![\w@-]|:\w)",
    re.A,
)
_NOBODY = re.compile(r"(?:^|\.)(?:example\.[a-z]+|test|invalid|localhost|example|local)$", re.I)
_CARD = re.compile(
    r"(?<![\w.,+/#-])"
    r"(?:[0-9]{14,16}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}|3[0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5})"
    r"(?![\w]|[.,-][0-9])",
    re.A,
)
# A number without blanks is any number unless somebody speaks of cards.
_SPEAKS_OF_CARDS = re.compile(r"card|\bcvv|\bvisa\b|amex|carte\b|tarjeta|karte|карт|卡|カード", re.I)
#: How card numbers begin, and their lengths: Visa, Mastercard, American Express, Discover, JCB, Diners Club.
_ISSUER = re.compile(
    r"4\d{15}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}"
)
#: The card numbers that the manuals of payment services show.
_MANUAL_CARDS = re.compile(
    "4111111111111111|4012888888881881|4242424242424242|4000056655665556|4000000000000002"
    "|5555555555554444|5105105105105100|5200828282828210|2223003122003222|378282246310005|371449635398431"
    "|378734493671000|6011111111111117|6011000990139424|3530111333300000|3566002020360505|30569309025904|38520000023237"
)
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)(?![A-Za-z0-9])"
)
#: The countries that have IBANs, by the length of theirs.
_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_MANUAL_IBANS = re.compile(
    "DE89370400440532013000|GB82WEST12345698765432|GB29NWBK60161331926819|GB33BUKB20201555555555"
)
# RE2: what each of the three needs.
_SUSPECT = r"[0-9A-Za-z]@[0-9A-Za-z]|[0-9]{4}[ -]?[0-9]{4,6}[ -]?[0-9]{4}|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}"


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the texts that hold personal data; one finding a text."""
    for text in view.texts:
        for index, value in text.some(text.matching(_SUSPECT)):
            if found := personal(value):
                row, path = text.place(index)
                kind, shown = found[0]
                more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
                yield Finding(row, f"{kind}{more} in the text: {shown}", path, "no personal data", shown)


def personal(text: str) -> list[tuple[str, str]]:
    """Return the kind of each piece of personal data in a text, and what may be shown of it."""
    addresses = [match for match in _EMAIL.finditer(text) if not _NOBODY.search(match[1])]
    spoken = _SPEAKS_OF_CARDS.search(text)
    numbers = [match.group() for match in _CARD.finditer(text)]
    cards = [re.sub("[ -]", "", number) for number in numbers if spoken or not number.isdigit()]
    ibans = [match.group().replace(" ", "") for match in _IBAN.finditer(text)]
    return [
        *(("an e-mail address", _masked_address(match)) for match in addresses),
        *(("a card number", f"… {number[-4:]}") for number in cards if _is_card(number)),
        *(("an IBAN", f"{number[:2]}… ({len(number)} characters)") for number in ibans if _is_iban(number)),
    ]


def _masked_address(match: re.Match[str]) -> str:
    address, domain = match.group(), match.group(1)
    return f"{address[0]}…@{domain[0]}….{domain.rpartition('.')[2]}"


def _is_card(number: str) -> bool:
    if not _ISSUER.fullmatch(number) or _MANUAL_CARDS.fullmatch(number) or len(set(number)) < 4:
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def _is_iban(number: str) -> bool:
    if number[:2] not in _COUNTRIES.get(len(number), "").split() or _MANUAL_IBANS.fullmatch(number):
        return False
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1
