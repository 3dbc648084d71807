"""One finding about the data: its code, its place and its words, and the table of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sftformat.shown import clip, visible

__all__ = ["CODES", "Code", "Diagnostic", "Severity", "clip", "diagnostic", "visible"]


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
            "SFT009", "line-too-long", E_, "a record over --max-line-bytes", "raise --max-line-bytes, or cut the record"
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
        Code("SFT018", "mixed-line-ends", I_, "both CRLF and LF line ends", "nothing to do; values are not changed"),
        Code("SFT019", "bad-entry", E_, "an entry of a catalogue that cannot be read", "mend it at the line named"),
        Code("SFT020", "cell-form-unknown", I_, "cells held without their form", "enter 007 or 1.10 as text"),
        Code("SFT021", "not-learned", I_, "parts of a file that are no rows", "nothing to do; they are not trained on"),
        Code(
            "SFT022",
            "no-partner",
            E_,
            "a row without the one row that it belongs to",
            "add that row, or leave this out",
        ),
        Code("SFT023", "linked-rows", I_, "turns that were put together", "nothing to do, or name another layout"),
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
            "SFT109",
            "bad-span",
            E_,
            "a span that no tags can say",
            "mark it again, apart from others; its end is the first character after it",
        ),
        Code("SFT110", "span-inside-word", W_, "a span that cuts a word", "look whether it is one character off"),
        Code("SFT111", "offset-units", W_, "offsets in UTF-16, counted anew", "look at the spans behind an emoji"),
        Code("SFT112", "left-out", I_, "a record not to be used, as it says", "nothing; it is in rejects.jsonl"),
        Code("SFT113", "ids-and-names-disagree", E_, "one label with two ids, or one id with two names", "correct one"),
        Code(
            "SFT119",
            "fix-not-made",
            W_,
            "a fix given with --apply whose row is not there, or has another target",
            "see what the row holds now; take the line out of the file of fixes",
        ),
        Code("SFT501", "truncated", W_, "texts longer than --max-length", "raise --max-length, or cut the texts"),
        Code("SFT502", "unknown-tokens", W_, "a large share of unknown tokens", "use a tokenizer of this language"),
        Code("SFT503", "empty-after-tokenization", E_, "a text, or a tagged word, without token", "remove the record"),
        Code("SFT504", "target-lost", E_, "nothing of the target is left to train on", "raise --max-length"),
        Code(
            "SFT505",
            "tokenizer-model-mismatch",
            E_,
            "the tokenizer has ids that the model has not",
            "use the tokenizer of the model",
        ),
        Code("SFT506", "template-refuses", E_, "a row that its chat template refuses", "mend it, or change --template"),
        Code("SFT507", "window-too-narrow", E_, "a first text that leaves no room for windows", "a wider --window"),
        Code(
            "SFT508",
            "weight-not-read",
            W_,
            "weights of rows in shards for a causal model, whose trainers read none",
            "leave out rows of weight 0, repeat those that should count more, or read the column weight yourself",
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
