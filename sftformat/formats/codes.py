"""SFT0: what can be wrong with a file or a row before its fields are looked at; one table, its samples are tests."""

from __future__ import annotations

from sftformat.documented import Page, Sample, fixture, jsonl, named

_GOOD = b'{"text": "Fine film.", "label": "pos"}\n'
_MAPPED = ("--task", "classification", "--map")
_ONE_COLUMN = ("--layout", "text-label", "--map", "input=text;label")
_BOM = b"\xef\xbb\xbf"


def _joined(rows: bytes) -> Sample:
    files = (("a.csv", b"id,text\n1,Fine film.\n2,Bad film.\n"), ("joined.csv", b"id,label\n" + rows))
    return Sample(files, ("--join", "joined.csv:id"))


def _linked(row: bytes) -> Sample:
    return named("a.csv", b"instruction,output,id,parent_id\nWhere did you go?,Out.,1,\n" + row)


_GZIP = bytes.fromhex("1f8b08000000000000ffab562a49ad28")

#: In the order of the codes; name, severity, words and cure stand in `diagnostics.CODES`.
PAGES: tuple[Page, ...] = (
    Page(
        "SFT001",
        "a line that is not JSON is lost, and most readers stop at the first.",
        (jsonl(_GOOD + b'{"text": "Bad film.", "label": "neg"\n'), jsonl(_GOOD + b"{'text': 'Bad', 'label': 'neg'}\n")),
        (jsonl(_GOOD + b'{"text": "{\\"Bad\\" film", "label": "neg"}\n'),),
    ),
    Page(
        "SFT002",
        "a record is an object with named fields; from a list or a text nobody knows which part is the target.",
        (jsonl(_GOOD + b'["Bad film.", "neg"]\n'), jsonl(_GOOD + b'"Bad film."\n')),
        (jsonl(_GOOD + b'{"text": "[1, 2]", "label": "neg"}\n'),),
    ),
    Page(
        "SFT003",
        "readers keep the last of two equal keys and say nothing, so one of two labels is trained on by chance.",
        (jsonl(_GOOD + b'{"text": "Bad.", "label": "neg", "label": "pos"}\n'),),
        (jsonl(_GOOD + b'{"text": "Bad.", "label": "neg", "Label": "pos"}\n'),),
    ),
    Page(
        "SFT004",
        "NaN is no JSON: strict readers refuse the file, others train on a number that is none.",
        (
            jsonl(_GOOD + b'{"text": "Bad.", "label": "neg", "weight": NaN}\n'),
            jsonl(_GOOD + b'{"text": "Bad.", "label": "neg", "weight": 1e400}\n'),
        ),
        (jsonl(_GOOD + b'{"text": "NaN", "label": "neg", "weight": 1e30}\n'),),
    ),
    Page(
        "SFT005",
        "half a UTF-16 pair is no character: it cannot be written as UTF-8, and tokenizers fail on it.",
        (jsonl(_GOOD + b'{"text": "Bad \\ud83d", "label": "neg"}\n'),),
        (jsonl(_GOOD + b'{"text": "Bad \\ud83d\\ude00", "label": "neg"}\n'),),
    ),
    Page(
        "SFT006",
        "read in the wrong encoding the text is another text; encodings are suggested and never guessed.",
        (jsonl(_GOOD + b'{"text": "Caf\xe9", "label": "neg"}\n'),),
        (
            jsonl(_GOOD + b'{"text": "Caf\xc3\xa9", "label": "neg"}\n'),
            jsonl(_GOOD + b'{"text": "Caf\xe9", "label": "neg"}\n', "--encoding", "cp1252"),
        ),
    ),
    Page(
        "SFT007",
        "read as text, the mark makes the first column another column; inside a text it is an invisible character.",
        (jsonl(_BOM + _GOOD), jsonl(_GOOD + b'{"text": "Bad.' + _BOM + b'", "label": "neg"}\n')),
        (jsonl(_GOOD),),
    ),
    Page(
        "SFT008",
        "a NUL byte in a text file is damage, or the file is UTF-16 or no text at all.",
        (jsonl(_GOOD + b'{"text": "Bad\x00", "label": "neg"}\n'),),
        (jsonl(_GOOD + b'{"text": "Bad\\u0000", "label": "neg"}\n'),),
    ),
    Page(
        "SFT009",
        "a line without end takes all memory; a 300 KB gzip can hold one of 2 GB.",
        (jsonl(_GOOD + b'{"text": "Bad ' + b"x" * 60 + b'", "label": "neg"}\n', "--max-line-bytes", "60"),),
        (jsonl(_GOOD, "--max-line-bytes", "60"),),
    ),
    Page(
        "SFT010",
        "deeply nested records crash readers; data that is learned from is never so deep.",
        (jsonl(_GOOD + b'{"text": "Bad.", "label": "neg", "x": ' + b"[" * 600 + b"]" * 600 + b"}\n"),),
        (jsonl(_GOOD + b'{"text": "Bad.", "label": "neg", "x": [[["deep"]]]}\n'),),
    ),
    Page(
        "SFT011",
        "a blank line is no record, but it counts as a line, so line numbers stay those of an editor.",
        (jsonl(_GOOD + b"\n" + b'{"text": "Bad.", "label": "neg"}\n'),),
        (jsonl(_GOOD + b'{"text": "Bad.", "label": "neg"}\n'),),
    ),
    Page(
        "SFT012",
        "a row with a cell too many or too few has its values in the wrong columns.",
        (
            named("a.csv", b"text,label\nFine film.,pos\nBad, very bad,neg\n"),
            named("a.csv", b"text,label\nFine film.,pos\nBad film.\n"),
        ),
        (named("a.csv", b'text,label\nFine film.,pos\n"Bad, very bad",neg\n'),),
    ),
    Page(
        "SFT013",
        "after an unclosed quote a reader swallows all the rows that follow as one text.",
        (
            named("a.csv", b'text,label\nFine film.,pos\n"Bad" film.,neg\n'),
            named("a.csv", b'text,label\nFine film.,pos\n"Bad film.,neg\n'),
        ),
        (named("a.csv", b'text,label\nFine film.,pos\n"""Bad"" film.",neg\n'),),
    ),
    Page(
        "SFT014",
        "with two columns of one name, or none, nobody knows which one is meant; the file is not read. Only the index "
        "that pandas writes, a first column that numbers the rows, needs no name: it is read as `index`, and told.",
        (named("a.csv", b"text,label,label\nFine film.,pos,neg\n"), named("a.csv", b"text,\nFine film.,pos\n")),
        (named("a.csv", b"text,label\nFine film.,pos\n"),),
    ),
    Page(
        "SFT015",
        "a first row of data that is taken for the header is a row lost and a column without a name.",
        (
            named("a.csv", b"7,pos\nFine film.,pos\nBad film.,neg\n", *_MAPPED, "input=7", "--map", "target=pos"),
            named("a.csv", b"text;label\nFine film.;pos\n", "--delimiter", ",", *_ONE_COLUMN),
        ),
        (named("a.csv", b"text,label\nFine film.,pos\nBad film.,neg\n"),),
    ),
    Page(
        "SFT016",
        "of a file that is cut or damaged nobody knows what is missing; nothing of it is used.",
        (named("a.jsonl.gz", _GZIP), named("a.parquet", b"PAR1\x00\x00\x00\x00PAR1")),
        (jsonl(_GOOD),),
    ),
    Page(
        "SFT017",
        "a last record that breaks off means that the rest of the file is missing, too.",
        (jsonl(_GOOD + b'{"text": "Bad fi'),),
        (jsonl(_GOOD + b'{"text": "Bad film.", "label": "neg"}'),),
    ),
    Page(
        "SFT018",
        "a file with both line ends was put together from several; the ends are no part of the texts.",
        (jsonl(_GOOD + b'{"text": "Bad film.", "label": "neg"}\r\n'),),
        (jsonl(_GOOD + b'{"text": "Bad\\r\\nfilm.", "label": "neg"}\n'),),
    ),
    Page(
        "SFT019",
        "a message without its translation, or with half of it, is no pair; the others in the file still are.",
        (
            named("a.po", b'msgid "one"\nmsgstr "eins"\n\nmsgid "two"\n\nmsgid "three"\nmsgstr "drei"\n'),
            named("a.po", b'msgid "one"\nmsgstr "eins"\n\nmsgid "say "two""\nmsgstr "zwei"\n'),
        ),
        (named("a.po", b'msgid "one"\nmsgstr "eins"\n\nmsgid "say \\"two\\""\nmsgstr "zwei"\n'),),
    ),
    Page(
        "SFT020",
        "a label that was entered as 007 is the label 7 in a sheet, and in the CSV of the same data it is not.",
        (fixture("a workbook with a column of numbers"),),
        (fixture("a workbook with cells of text only"),),
    ),
    Page(
        "SFT021",
        "lookup tables, synonyms and entities of Rasa are no examples: a model trained on the data does not know them.",
        (
            named("nlu.md", b"## intent:hi\n- hey\n- hello\n## intent:bye\n- bye\n## synonym:hi\n- hiya\n"),
            named("nlu.md", b"## intent:go\n- to [Rome](city)\n- off\n## intent:bye\n- bye\n"),
        ),
        (named("nlu.md", b"## intent:hi\n- hey\n- hello\n## intent:bye\n- bye\n"),),
    ),
    Page(
        "SFT022",
        "without its partner a row lacks a text or a label, and with two nobody knows which one is meant.",
        (_joined(b"1,pos\n3,neg\n"), _joined(b"1,pos\n2,neg\n2,pos\n"), _linked(b"And then?,Home.,3,2\n")),
        (_joined(b"2,neg\n1,pos\n"), _linked(b"And then?,Home.,2,1\n")),
    ),
    Page(
        "SFT023",
        "a row of a conversation is half of what was said; the counts say how many conversations there are.",
        (_linked(b"And then?,Home.,2,1\n"),),
        (_linked(b"And then?,Home.,2,\n"),),
    ),
)
