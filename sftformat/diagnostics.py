"""One finding about the data: its code, its place and its words, and the two functions that make text safe to show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters; OFF means that the code is reported only when selected."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table of codes: `SFT003 duplicate-key`, its default severity, what it finds, how to mend it."""

    code: str
    name: str
    severity: Severity
    finds: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `line` is the 1-based physical line where the record starts (Parquet and Arrow: the 1-based row) and None for a
    finding about a whole file or data set; `byte` is the 0-based offset of the record (or of the bad byte inside it)
    in the uncompressed file; `path` is a JSON Pointer into the record. `expected` and `got` hold at most 80 characters
    of a value. Text from the data may stand in every string: pass it through `visible` before a terminal sees it.
    """

    code: str
    name: str
    severity: Severity
    message: str
    file: str = ""
    line: int | None = None
    byte: int | None = None
    path: str = ""
    keyword: str = ""
    expected: str = ""
    got: str = ""
    hint: str = ""
    split: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are set, in a fixed order, ready for a JSON writer."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values["severity"] = self.severity.value
        return {name: value for name, value in values.items() if value not in ("", None)}


E_, W_, I_ = Severity.ERROR, Severity.WARNING, Severity.INFORMATION

#: Codes that are emitted where the thing happens. SFT2xx to SFT4xx are in `sftformat.rules`, a file each.
CODES: Mapping[str, Code] = {
    row.code: row
    for row in (
        Code("SFT001", "bad-json", E_, "the line is not JSON", "mend the text at the column named"),
        Code(
            "SFT002",
            "not-an-object",
            E_,
            "the record is an array, a string, a number or null",
            "write one object a record",
        ),
        Code(
            "SFT003",
            "duplicate-key",
            E_,
            "a key stands twice in one object",
            "keep one of them; which one was meant cannot be known",
        ),
        Code(
            "SFT004",
            "not-a-number",
            E_,
            "NaN, Infinity, or a number beyond every range",
            "write null or leave the key out",
        ),
        Code(
            "SFT005",
            "lone-surrogate",
            E_,
            "half of a UTF-16 pair, which is no character",
            "write the whole pair, or the character itself",
        ),
        Code(
            "SFT006",
            "bad-encoding",
            E_,
            "bytes that are not text in the file's encoding",
            "name the encoding with --encoding, or convert the file to UTF-8",
        ),
        Code(
            "SFT007",
            "byte-order-mark",
            I_,
            "a byte order mark at the start of the file (stripped) or inside a text",
            "save as UTF-8 without BOM",
        ),
        Code("SFT008", "nul-byte", E_, "a NUL byte", "remove it; the file may be UTF-16 or binary"),
        Code(
            "SFT009",
            "line-too-long",
            E_,
            "a record over --max-line-bytes",
            "raise --max-line-bytes, or cut the record",
        ),
        Code("SFT010", "too-deep", E_, "a record nested deeper than 512", "flatten it"),
        Code("SFT011", "blank-line", I_, "blank lines, which are counted and are no records", "nothing to do"),
        Code(
            "SFT012",
            "ragged-row",
            E_,
            "more or fewer cells than the header",
            "quote cells that hold the delimiter or a line break",
        ),
        Code(
            "SFT013",
            "bad-quoting",
            E_,
            "an unclosed quote, text after a closing quote, or a bare quote",
            "quote the whole cell and double the quotes inside",
        ),
        Code(
            "SFT014",
            "bad-header",
            E_,
            "a duplicate or blank column name",
            "name every column once, or use --no-header --columns",
        ),
        Code(
            "SFT015",
            "header-suspect",
            W_,
            "the first row looks like data, or the delimiter looks wrong",
            "use --no-header --columns, or --delimiter",
        ),
        Code("SFT016", "damaged-file", E_, "a truncated or corrupt container", "fetch or write the file again"),
        Code("SFT017", "truncated-last-line", E_, "the last record breaks off", "fetch the file again"),
        Code(
            "SFT018",
            "mixed-line-ends",
            I_,
            "both CRLF and LF line ends",
            "nothing to do; values are not changed",
        ),
        Code(
            "SFT101",
            "schema-violation",
            E_,
            "a value that the schema forbids",
            "mend the value at this path, or the schema where it is too strict",
        ),
        Code(
            "SFT102",
            "missing-field",
            E_,
            "a required column or key is not there",
            "add it, or map another one with --map",
        ),
        Code(
            "SFT103",
            "unexpected-field",
            W_,
            "a key that the schema does not know",
            "remove it, or add it to the schema",
        ),
        Code(
            "SFT104",
            "wrong-type",
            E_,
            "a value of another type than the schema says",
            "write the value as the type expected",
        ),
        Code(
            "SFT105",
            "mixed-types",
            E_,
            "one column holds values of several JSON types",
            "write the column in one type",
        ),
        Code(
            "SFT106",
            "field-missing-in-split",
            W_,
            "a column that one split has and another has not",
            "add the column, or leave it out everywhere",
        ),
        Code(
            "SFT107",
            "field-not-held",
            W_,
            "a field that the layout written to has no place for",
            "write to another layout, or to canonical",
        ),
        Code(
            "SFT108",
            "schema-part-ignored",
            W_,
            "something in your own schema that checks nothing: a foreign keyword or format, or what $ref hides",
            "remove it, spell it as the dialect does, or begin its name with x-",
        ),
        Code(
            "SFT501",
            "truncated",
            W_,
            "texts longer than --max-length",
            "raise --max-length, or cut the texts yourself",
        ),
        Code(
            "SFT502",
            "unknown-tokens",
            W_,
            "a large share of unknown tokens",
            "use a tokenizer that knows this language",
        ),
        Code("SFT503", "empty-after-tokenization", E_, "a text of which no token is left", "remove the record"),
        Code("SFT504", "target-lost", E_, "truncation leaves nothing to train on", "raise --max-length"),
        Code(
            "SFT505",
            "tokenizer-model-mismatch",
            E_,
            "the tokenizer has ids that the model has not",
            "use the tokenizer of the model",
        ),
        Code(
            "SFT901",
            "damaged-folder",
            E_,
            "a file that is not what the manifest says: hash, size, rows, missing or extra",
            "make the folder again",
        ),
        Code("SFT902", "unknown-version", E_, "a folder written by a newer version", "update sftformat"),
        Code("SFT903", "bad-manifest", E_, "no manifest, or one that is damaged", "make the folder again"),
    )
}


def diagnostic(code: str, message: str, **fields: Any) -> Diagnostic:
    """Make a Diagnostic for a code of `CODES`, with the code's own name and severity unless `severity` is given."""
    row = CODES[code]
    fields.setdefault("severity", row.severity)
    fields.setdefault("hint", row.fix)
    return Diagnostic(code=code, name=row.name, message=message, **fields)


# Everything that a terminal could take for a command or that cannot be seen: C0 and C1 controls, DEL, bidi controls,
# zero-width and other invisible format characters, lone surrogates, line separators.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    number = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def visible(text: str) -> str:
    """Return text with every control, bidi and invisible character as a visible escape (`\\x1b`, `\\u202e`, `\\n`)."""
    return _UNSAFE.sub(_escape, text)


def clip(value: object, limit: int = 80) -> str:
    """Return at most `limit` characters of a value for a message; what was cut is shown by an ellipsis."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
