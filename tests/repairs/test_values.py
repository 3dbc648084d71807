"""Each repair on values: what it changes, what it leaves alone, and that twice is once whatever the text."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sftformat.repairs
from sftformat.check import Settings, active
from sftformat.repair import Wanted, repair_rows, wanted
from sftformat.repairs import MECHANISM, REPAIRS, label_form, padded_key
from sftformat.repairs.repair import changes
from sftformat.rules.view import View
from sftformat.schema.arrow import arrow_schema

BY_NAME = {each.name: each for each in REPAIRS}
CHANGED = {
    "padded-key": [(" label ", "label"), ("\ttext", "text"), ("\u00a0a b ", "a b")],
    "label-blanks": [("pos ", "pos"), ("\u3000pos\n", "pos"), (" new  york", "new  york")],
    "html-entities": [
        ("a &lt;b&gt; c", "a <b> c"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("caf&eacute; &#233; &#xE9; &#XE9;", "café é é é"),
        ("it&#146;s &#128;5", "it’s €5"),
        ("a&nbsp;b", "a\u00a0b"),
    ],
    "mojibake": [("cafÃ© noir", "café noir"), ("itâ€™s", "it’s"), ("naÃ¯ve", "naïve"), ("РїСЂРёРІРµС‚", "привет")],
    "invisible-characters": [
        ("zero\u200bwidth", "zerowidth"),
        ("\ufeffstart", "start"),
        ("soft\u00adhyphen", "softhyphen"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("Auf\u200clage", "Auflage"),
        ("a\u200db", "ab"),
        ("hi\U000e0041\U000e0042", "hi"),
    ],
}
LEFT = {
    "padded-key": ["label", "a b", "", " "],
    "label-blanks": ["pos", "", " ", "\u00a0"],
    "html-entities": [
        "AT&T",
        "?a=1&copy=2&lt=3",
        "fish & chips;",
        "&nosuchthing;",
        "&notit;",
        "&;",
        "&#0;",
        "&#xD800;",
        "&#9999999;",
        "&#7;",
        "&#x110000;",
    ],
    "mojibake": [
        "café noir",
        "voilà l'œuvre",
        "naïve – “quoted” … €5",
        "Größe Äpfel",
        "привет",
        "你好，世界",
        "こんにちは",
        "مرحبا",
        "שלום",
        "5 × 3 = 15 ± 2 µm",
        "Ünïcödé",
        "São Paulo",
    ],
    "invisible-characters": [
        "plain",
        "👩\u200d💻 and 🏳\ufe0f\u200d🌈",
        "❤\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "শ\u09cd\u200cয",
        "سلام \u200e(abc)\u200f",
        "\u202bשלום\u202c",
        "ภาษา\u200bไทย",
        "ខ្មែរ\u200bភាសា",
        "a\u00a0b\u2009c",
    ],
}


def test_every_file_is_in_the_table_and_every_row_has_a_file() -> None:
    folder = Path(sftformat.repairs.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - MECHANISM - {"__init__"} == {
        each.name.replace("-", "_") for each in REPAIRS
    }
    assert {each.name for each in REPAIRS if each.scope != "form"} == set(CHANGED) == set(LEFT)
    assert all(each.summary.endswith(".") or each.summary.endswith("`.") for each in REPAIRS)


@pytest.mark.parametrize(
    ("name", "before", "after"), [(name, *pair) for name, pairs in CHANGED.items() for pair in pairs]
)
def test_what_is_repaired(name: str, before: str, after: str) -> None:
    assert BY_NAME[name].repaired(before) == after
    if BY_NAME[name].scope == "text":
        view = View(batch("classification", {"input": ""}, {"input": before}, {"input": None}), "classification")
        assert BY_NAME[name].suspects(view.texts[0], view) == [1]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in LEFT.items() for value in values])
def test_what_is_left_alone(name: str, value: str) -> None:
    assert BY_NAME[name].repaired(value) == value


hostile = st.one_of(
    st.text(),
    st.text(
        st.sampled_from(
            "&amp;lt#x26 ;\u200b\u200c\u200d\u00ad\ufeff\u202e\u061c\u00a0\x85\x92"
            "ÃÂâ€™œ\u00a9👩💻क\u094dاשΡ\U0001f3f4\U000e0067\U000e007f"
        )
    ),
    st.text(min_size=1).map(lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1")),
    st.text(st.characters(min_codepoint=0xA0, max_codepoint=0x24FF)).map(
        lambda text: text.encode().decode("cp1252", "replace")
    ),
    st.lists(st.sampled_from(["&amp;", "amp;", "&", "lt;", "#38;", "x26;", "\u200b", " ", "é", "Ã©"])).map("".join),
).filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text))


@given(hostile)
def test_repairing_a_value_twice_is_repairing_it_once(value: str) -> None:
    for repairs in ([each] for each in REPAIRS):
        _at_rest(value, repairs)
    for order in permutations(each for each in REPAIRS if each.scope == "text"):
        _at_rest(value, [*order, BY_NAME["label-blanks"]])


def _at_rest(value: str, repairs: list[sftformat.repairs.Repair]) -> None:
    made = changes(value, repairs)
    chain = [value, *(each.after for each in made)]
    assert [each.before for each in made] == chain[:-1]
    assert changes(chain[-1], repairs) == []
    chain[-1].encode()


def test_what_never_comes_to_rest_is_left_alone() -> None:
    deep = "&" + "amp;" * 100
    assert changes(deep, [BY_NAME["html-entities"]]) == []
    assert changes("&" + "amp;" * 5, [BY_NAME["html-entities"]])[-1].after == "&"


@given(st.text(st.sampled_from("ab&;\u00ad\u061c\u180e\u200b\u200e\u202e\u2066\u2060\ufeff\U000e0041é你"), max_size=8))
def test_no_text_that_a_repair_would_change_is_overlooked(value: str) -> None:
    view = View(batch("classification", {"input": value}), "classification")
    for name in ("mojibake", "invisible-characters"):
        if BY_NAME[name].repaired(value) != value:
            assert BY_NAME[name].suspects(view.texts[0], view) == [0]


# ---------------------------------------------------------------------------------------------------- labels

labels = st.dictionaries(
    st.one_of(st.text(st.sampled_from("aAbB éÉ\u00a0ßİ"), min_size=1, max_size=4), hostile.filter(bool)),
    st.integers(1, 5),
    max_size=12,
)


@given(labels, st.sets(st.text(st.sampled_from("aAbB"), min_size=1, max_size=2), max_size=3))
def test_forms_lead_to_labels_that_stay(rows: dict[str, int], meant: set[str]) -> None:
    forms = label_form.forms(rows, meant)
    assert forms == label_form.forms(dict(reversed(rows.items())), meant)
    assert not forms.keys() & meant
    for label, form in forms.items():
        assert " ".join(label.lower().split()) == " ".join(form.lower().split())
        assert form in rows or form in meant
        assert form not in forms
    after: dict[str, int] = {}
    for label, count in rows.items():
        after[forms.get(label, label)] = after.get(forms.get(label, label), 0) + count
    assert label_form.forms(after, meant) == {}


def test_the_form_of_most_rows_and_of_equals_the_first_by_code_point() -> None:
    assert label_form.forms({"Pos": 2, "pos": 3, "neg": 1}, ()) == {"Pos": "pos"}
    assert label_form.forms({"pos": 2, "POS": 2, "Pos": 2}, ()) == {"pos": "POS", "Pos": "POS"}
    assert label_form.forms({"new york": 1, "New  York": 2}, ()) == {"new york": "New  York"}
    assert label_form.forms({"POS": 9}, ["pos"]) == {"POS": "pos"}
    assert label_form.forms({"A": 9, "a": 1, "a ": 1}, ["A", "a"]) == {}
    assert label_form.forms({"straße": 1, "strasse": 2, "1": 3, "01": 1, " ": 1, "": 2}, ()) == {}


# ---------------------------------------------------------------------------------------------------- rows


def batch(task: str, *rows: dict[str, object]) -> pa.RecordBatch:
    place = {"source": {"file": "a", "line": 1, "byte": 0}, "id": "given"}
    return pa.RecordBatch.from_pylist([place | row for row in rows], schema=arrow_schema(task))


BOTH = wanted(True, Settings())


def test_rows_of_lists_and_messages_are_repaired_in_place() -> None:
    rows, made = repair_rows(
        batch("multilabel", {"input": "a"}, {"input": "b", "target": ["x ", "y", "x"]}), "multilabel", BOTH
    )
    assert rows.column("target").to_pylist() == [None, ["x", "y"]]
    assert [(index, each.path, each.before, each.after) for index, all_ in made.items() for each in all_] == [
        (1, "/target/0", "x ", "x")
    ]
    turn = {"role": "user", "content": "a &lt; b", "weight": None, "tool_calls": '["&lt;"]'}
    chat = batch(
        "chat", {"input": [turn, {"role": "user", "content": None}], "target": [{"role": "assistant", "content": "ok"}]}
    )
    rows, made = repair_rows(chat, "chat", BOTH)
    assert rows.column("input")[0].as_py()[0] == {**chat.column("input")[0].as_py()[0], "content": "a < b"}
    assert rows.column("target").equals(chat.column("target"))
    assert [each.path for each in made[0]] == ["/input/0/content"]
    tokens = batch("token-classification", {"input": ["a\u200b", "&lt;"], "target": ["B-x ", "O"]})
    rows, made = repair_rows(tokens, "token-classification", BOTH)
    assert rows.column("input").to_pylist() == [["a", "<"]]
    assert rows.column("target").to_pylist() == [["B-x", "O"]]
    assert [each.path for each in made[0]] == ["/input/0", "/input/1", "/target/0"]


def test_tokens_stay_where_they_have_a_place_or_would_be_none() -> None:
    words = {"input": ["a\u200b", "&lt;"], "target": ["O", "O"]}
    for place in ({"text": "a\u200b &lt;"}, {"text": "a\u200b &lt;", "offsets": [[0, 2], [3, 7]]}):
        placed = batch("token-classification", words | place)
        assert repair_rows(placed, "token-classification", BOTH) == (placed, {})
    none = batch("token-classification", {"input": ["\u200b", "a&nbsp;b", "&nbsp;"], "target": ["O", "O", "O"]})
    assert repair_rows(none, "token-classification", BOTH) == (none, {})


def test_meant_labels_and_answers_keep_their_blanks() -> None:
    how = Wanted(BOTH.repairs, frozenset({" pos"}), {"Pos": "pos"})
    rows, _ = repair_rows(
        batch("classification", {"input": "a", "target": " pos"}, {"input": "b", "target": "Pos "}),
        "classification",
        how,
    )
    assert rows.column("target").to_pylist() == [" pos", "pos"]
    answer = batch("text-to-text", {"input": "a", "target": " Yes "})
    assert repair_rows(answer, "text-to-text", BOTH) == (answer, {})


@given(st.lists(st.tuples(hostile, st.none() | hostile), max_size=6))
def test_repairing_rows_twice_is_repairing_them_once(pairs: list[tuple[str, str | None]]) -> None:
    rows = batch("classification", *({"input": text, "target": label} for text, label in pairs))
    once, made = repair_rows(rows, "classification", BOTH)
    assert repair_rows(once, "classification", BOTH) == (once, {})
    before, after = rows.to_pylist(), once.to_pylist()
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        chain = {each.path: each.after for each in made.get(index, ())}
        assert new == {**old, **{path[1:]: value for path, value in chain.items()}}
        assert all(old[each.path[1:]] is not None for each in made.get(index, ()))


def test_ignored_rules_are_not_repaired() -> None:
    assert {each.name for each in wanted(False, Settings()).repairs} == {"padded-key", "label-blanks", "label-form"}
    assert {each.name for each in BOTH.repairs} == {each.name for each in REPAIRS}
    assert {each.name for each in wanted(False, Settings(ignore=("SFT301",))).repairs} == {"padded-key"}
    assert {each.name for each in wanted(True, Settings(ignore=("mojibake", "html-entities"))).repairs} == {
        "padded-key",
        "invisible-characters",
        "label-blanks",
        "label-form",
    }


@given(st.dictionaries(st.text(st.sampled_from("ab \t"), max_size=4), st.integers(), max_size=6))
def test_keys_never_clash(record: dict[str, int]) -> None:
    names = padded_key.trimmed(record)
    after = {names.get(key, key): value for key, value in record.items()}
    assert list(after.values()) == list(record.values())
    assert padded_key.trimmed(after) == {}
    assert all(key != key.strip() for key in names)


# ---------------------------------------------------------------------------------------------------- what rules find

FINDERS = {"html-entities": "SFT209", "mojibake": "SFT207", "invisible-characters": "SFT208"}
pieces = st.sampled_from(
    [
        "&amp;",
        "&lt;",
        "html",
        "&lt;html&gt;",
        "HT\u200bML",
        "<br>",
        "`",
        "&copy;",
        "cafÃ©",
        "\u200b",
        "php",
        "React",
        "x",
        " ",
    ]
)
texts = st.lists(pieces, max_size=6).map("".join)
LEARNED = ("input", "input_pair", "target")


def places(code: str, rows: pa.RecordBatch, task: str) -> set[tuple[int, str]]:
    (rule,) = active(Settings((code,)), task)
    return {(each.row, each.path) for each in rule.check(View(rows, task), rule.thresholds)}


@given(st.lists(st.tuples(texts, st.none() | texts, texts), min_size=1, max_size=4), st.sampled_from(list(FINDERS)))
def test_a_repair_changes_what_its_rule_finds_and_nothing_else(records: list[tuple[str, ...]], name: str) -> None:
    for task, fields in (("classification", LEARNED), ("text-to-text", ("input", "instruction", "target"))):
        rows = batch(task, *(dict(zip(fields, record, strict=True)) for record in records))
        how = Wanted((BY_NAME[name],))
        once, made = repair_rows(rows, task, how)
        changed = {(row, each.path) for row, all_ in made.items() for each in all_}
        assert changed <= places(FINDERS[name], rows, task)
        for index, (old, new) in enumerate(zip(rows.to_pylist(), once.to_pylist(), strict=True)):
            assert {field for field in fields if old[field] != new[field]} == {
                path[1:] for row, path in changed if row == index
            }
        assert repair_rows(once, task, how) == (once, {})
        if name == "invisible-characters":
            assert not places(FINDERS[name], once, task)


@given(st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=4))
def test_all_repairs_twice_are_all_repairs_once(records: list[tuple[str, ...]]) -> None:
    rows = batch(
        "text-to-text", *(dict(zip(("input", "instruction", "target"), each, strict=True)) for each in records)
    )
    once, _ = repair_rows(rows, "text-to-text", BOTH)
    assert repair_rows(once, "text-to-text", BOTH) == (once, {})
    for row, path in places("SFT209", once, "text-to-text"):
        text = once.column(path[1:])[row].as_py()
        assert BY_NAME["html-entities"].repaired(text) == text  # tags, and entities that stand for no character


def test_what_speaks_of_html_keeps_its_entities() -> None:
    spoken = batch(
        "text-to-text",
        {"instruction": "What does &amp; mean?", "input": "", "target": "In HTML, &amp; stands for an ampersand."},
        {"instruction": "Say it.", "input": "", "target": "The entity `&nbsp;` \u200band &lt;."},
        {"instruction": "Say it.", "input": "", "target": "Crime &amp; punishment, &copy; 1866"},
    )
    rows, made = repair_rows(spoken, "text-to-text", BOTH)
    assert rows.column("target").to_pylist() == [
        "In HTML, &amp; stands for an ampersand.",
        "The entity `&nbsp;` and &lt;.",
        "Crime & punishment, © 1866",
    ]
    assert {index: [each.name for each in all_] for index, all_ in made.items()} == {
        1: ["invisible-characters"],
        2: ["html-entities"],
    }


def test_a_label_is_one_name_whatever_its_row_speaks_of() -> None:
    rows = batch(
        "classification", {"input": "How do I write HTML?", "target": "R&amp;D"}, {"input": "x", "target": "R&amp;D"}
    )
    assert repair_rows(rows, "classification", BOTH)[0].column("target").to_pylist() == ["R&D", "R&D"]
