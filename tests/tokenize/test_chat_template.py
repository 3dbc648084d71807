"""Chat templates: the text and the trained tokens are transformers' own, and what a template refuses is one row."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftformat.errors import ModelError, UsageError
from sftformat.schema.arrow import arrow_schema
from sftformat.tokenize.causal import causal
from sftformat.tokenize.chat_template import render
from sftformat.tokenize.conversation import conversations
from sftformat.tokenize.load import Reference, load_tokenizer
from sftformat.tokenize.rendered import rendered
from sftformat.tokenize.templates import BUILT_IN, find_template
from tests.tokenize.shard_samples import save, word_piece
from tests.tokenize.text_samples import TEMPLATES, byte_level, chat, turn

WORDS = st.text(st.sampled_from([*"ab the\n", "é", "你", "👍"]), min_size=1, max_size=12)
#: Marks that end an answer as the templates end it would move the end.
TURNS = st.lists(st.tuples(WORDS, WORDS, st.sampled_from([None, 0.0, 1.0])), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tokenizers")
    return {name: byte_level(root / name, text) for name, text in TEMPLATES.items()}


@pytest.fixture(scope="module")
def theirs(folders: dict[str, Path]) -> dict[str, Any]:
    transformers = pytest.importorskip("transformers")
    return {name: transformers.AutoTokenizer.from_pretrained(folder) for name, folder in folders.items()}


@pytest.fixture(scope="module")
def ours(folders: dict[str, Path]) -> dict[str, Reference]:
    return {name: load_tokenizer(str(folder)) for name, folder in folders.items()}


def batch(*rows: dict[str, Any], task: str = "chat") -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=arrow_schema(task))


def messages_of(pairs: list[tuple[str, str, float | None]]) -> list[dict[str, Any]]:
    made = []
    for question, answer, weight in pairs:
        made += [turn("user", question), turn("assistant", answer, **({} if weight is None else {"weight": weight}))]
    return made


@pytest.mark.parametrize("name", TEMPLATES)
@given(pairs=TURNS)
def test_rendered_and_tokenized_as_transformers_does(
    name: str, pairs: list[tuple[str, str, float | None]], theirs: dict[str, Any], ours: dict[str, Reference]
) -> None:
    messages = messages_of([(question, answer, None) for question, answer, _ in pairs])
    reference = ours[name]
    template = find_template(reference, None, None)
    for prompt, part in ((False, messages), (True, messages[:-1])):
        expected = theirs[name].apply_chat_template(part, tokenize=False, add_generation_prompt=prompt)
        assert render(template, part, add_generation_prompt=prompt).text == expected
    made = causal(batch(chat(*messages)), "chat", reference, template, 1 << 30)
    whole = theirs[name].apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    assert made.encoded.input_ids.tolist() == whole["input_ids"]
    if name == "generation":
        mask = [int(label >= 0) for label in made.labels.array[0].as_py()]
        assert mask == whole["assistant_masks"]


@pytest.mark.parametrize("name", [*TEMPLATES, *BUILT_IN])
@given(pairs=TURNS)
def test_trained_are_the_trained_turns_and_nothing_else(
    name: str, pairs: list[tuple[str, str, float | None]], ours: dict[str, Reference]
) -> None:
    reference = ours["chatml"] if name in BUILT_IN else ours[name]
    template = find_template(reference, name if name in BUILT_IN else None, None)
    messages = messages_of(pairs)
    (talk,) = conversations(batch(chat(*messages)), "chat")
    found = rendered(template, talk)
    assert found.fault is None
    answers = [answer for _, answer, weight in pairs if weight != 0]
    assert [
        found.text[start:stop].startswith((answer, f" {answer}"))
        for (start, stop), answer in zip(found.spans, answers, strict=True)
    ] == [True] * len(answers)
    extra = sum(stop - start for start, stop in found.spans) - sum(map(len, answers))
    assert extra <= len(answers) * len("<|im_end|>\n")
    labels = causal(batch(chat(*messages)), "chat", reference, template, 1 << 30).labels.array[0].as_py()
    learned = reference.tokenizer.decode([label for label in labels if label >= 0], skip_special_tokens=False)
    assert learned == "".join(found.text[start:stop] for start, stop in found.spans)


@pytest.mark.parametrize("name", BUILT_IN)
@given(pairs=TURNS, system=st.sampled_from([None, "Be brief."]))
def test_built_in_templates_ask_as_they_were_trained(
    name: str, pairs: list[tuple[str, str, float | None]], system: str | None, ours: dict[str, Reference]
) -> None:
    """What stands before each answer in training is what the generation prompt gives in use."""
    template = find_template(ours["chatml"], name, None)
    messages = [turn("system", system)] * (system is not None) + messages_of([(q, a, None) for q, a, _ in pairs])
    whole = render(template, messages)
    answers = [number for number, each in enumerate(messages) if each["role"] == "assistant"]
    for number, (start, _) in zip(answers, whole.spans, strict=True):
        assert render(template, messages[:number], add_generation_prompt=True).text == whole.text[:start]


def test_alpaca_has_a_place_for_the_input(ours: dict[str, Reference]) -> None:
    row = {"system": "Be brief.", "instruction": "Add.", "input": "1 1", "target": "2"}
    (talk,) = conversations(batch(row, task="text-to-text"), "text-to-text")
    found = rendered(find_template(ours["chatml"], "alpaca", None), talk)
    assert found.text == "Be brief.\n\n### Instruction:\nAdd.\n\n### Input:\n1 1\n\n### Response:\n2</s>"
    assert [found.text[start:stop] for start, stop in found.spans] == ["2</s>"]


def test_tools_and_calls_are_shown_as_transformers_shows_them(
    theirs: dict[str, Any], ours: dict[str, Reference]
) -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": {"x": [1, 2.5, "<é>"]}}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    messages = [
        turn("user", "a", tool_call_id=None),
        turn("assistant", None, tool_calls=[call]),
        turn("tool", "3", name="f"),
        turn("assistant", "b", reasoning="since"),
    ]
    kept = [{key: value for key, value in each.items() if key not in ("tool_calls", "reasoning")} for each in messages]
    kept[1]["tool_calls"], kept[3]["extra"] = json.dumps([call]), json.dumps({"reasoning": "since", "#from": "gpt"})
    row = batch({"input": kept[:1], "target": kept[1:], "tools": json.dumps(tools)})
    (talk,) = conversations(row, "chat")
    expected = theirs["tools"].apply_chat_template(messages, tools=tools, tokenize=False)
    found = rendered(find_template(ours["tools"], None, None), talk)
    assert found.text == expected
    assert [found.text[start:stop] for start, stop in found.spans] == [
        '\n<call>f {"x": [1, 2.5, "<é>"]}</call><|im_end|>\n',
        "b<|im_end|>\n",
    ]
    assert talk.messages[3] == {"role": "assistant", "content": "b", "reasoning": "since"}
    bare = [turn("user", "a"), turn("assistant", None, tool_calls='{"name": "f", "arguments": {}}')]
    (talk,) = conversations(batch({"input": bare[:1], "target": bare[1:]}), "chat")
    assert talk.messages[1]["tool_calls"] == [{"type": "function", "function": {"name": "f", "arguments": {}}}]


@pytest.mark.parametrize(
    ("template", "said", "path"),
    [
        ("{{ raise_exception('no, thank you') }}", "no, thank you", ""),
        ("{{ messages[7].content }}", "no element 7", ""),
        ("{% for m in messages %}{{ m.content + 1 }}{% endfor %}", "concatenate", ""),
        (
            "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}",
            "otherwise than within",
            "/target/0",
        ),
        ("{% for m in messages | reverse %}{{ m.content }}{% endfor %}", "otherwise than within", "/target/0"),
        ("{{ ''.__class__.__mro__ }}", "unsafe", ""),
        ("{{ messages.append(1) }}", "unsafe", ""),
    ],
)
def test_what_a_template_refuses_is_one_finding(template: str, said: str, path: str, tmp_path: Path) -> None:
    (tmp_path / "t.jinja").write_text(template)
    reference = load_tokenizer(str(byte_level(tmp_path / "t")))
    (talk,) = conversations(batch(chat(turn("user", "a"), turn("assistant", "b"))), "chat")
    found = rendered(find_template(reference, str(tmp_path / "t.jinja"), None), talk)
    assert found.fault is not None
    assert (found.text, found.spans, found.fault.code, found.fault.path) == ("", (), "SFT506", path)
    assert said in found.fault.said
    assert "\n" not in found.fault.said


def test_the_day_is_an_option(tmp_path: Path) -> None:
    folder = byte_level(tmp_path / "t", "{{ strftime_now('%d %b %Y') }}")
    reference = load_tokenizer(str(folder))
    with pytest.raises(UsageError, match="--template-day"):
        find_template(reference, None, None)
    assert render(find_template(reference, None, date(2026, 1, 31)), []).text == "31 Jan 2026"


def test_where_a_template_is_found(tmp_path: Path) -> None:
    many = [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]
    reference = load_tokenizer(str(byte_level(tmp_path / "many", None, chat_template=many)))
    template = find_template(reference, None, None)
    assert render(template, []).text == "d"
    assert render(template, [], []).text == "t"
    (byte_level(tmp_path / "file", "config") / "chat_template.jinja").write_text("file")
    reference = load_tokenizer(str(tmp_path / "file"))
    assert render(find_template(reference, None, None), []).text == "file"
    named = [{"name": "rag", "template": "r"}]
    with pytest.raises(UsageError, match="none called default"):
        find_template(load_tokenizer(str(byte_level(tmp_path / "none", None, chat_template=named))), None, None)


@pytest.mark.parametrize("content", [b"{% if %}", b"{{ a", b"\xff", b"{% generation %}", b"x" * (1 << 21)])
def test_a_file_that_is_no_template(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.jinja").write_bytes(content)
    reference = load_tokenizer(str(byte_level(tmp_path / "t")))
    with pytest.raises(UsageError, match=r"--template .*bad\.jinja: "):
        find_template(reference, str(tmp_path / "bad.jinja"), None)


def test_templates_that_cannot_be_had(tmp_path: Path) -> None:
    reference = load_tokenizer(str(byte_level(tmp_path / "t", eos_token=None)))
    with pytest.raises(UsageError, match="has no chat template"):
        find_template(reference, None, None)
    with pytest.raises(UsageError, match="no such file; plain, chatml, alpaca are built in"):
        find_template(reference, "chatlm", None)
    with pytest.raises(ModelError, match="no eos_token"):
        find_template(reference, "plain", None)
    bert = load_tokenizer(str(save(tmp_path / "bert", word_piece())))
    with pytest.raises(ModelError, match=r"has no token <\|im_start\|>, .* cut into pieces"):
        find_template(bert, "chatml", None)


#: Templates that no machine comes to the end of, and words of what is said of them.
RUNAWAYS = {
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}": "over 1,000,000 steps",
    "{% for a in range(99999) %}{% for b in range(99999) %}aaaaaaaa{% endfor %}{% endfor %}": "characters of one row",
    "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(99) }}": "over 1,000,000 steps",
    "{{ 'a' * 10 ** 10 }}": "characters of one row",
    "{{ 10 ** 10 ** 10 ** 10 }}": "a number of over 1,024 bits",
    "{{ 'a' | center(10 ** 12) }}": "characters of one row",
    "{{ 'a'.ljust(10 ** 12) }}": "characters of one row",
    **{
        "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = OF %}{% endfor %}".replace("OF", of): (
            "characters of one row"
        )
        for of in ("ns.x ~ ns.x", "ns.x + ns.x", "ns.x.replace('a', 'aa')", "ns.x | replace('a', 'aa')")
    },
}


@pytest.mark.parametrize("template", RUNAWAYS)
def test_a_template_without_an_end_is_refused_before_any_row(template: str, tmp_path: Path) -> None:
    (tmp_path / "t.jinja").write_text(template)
    reference = load_tokenizer(str(byte_level(tmp_path / "t")))
    with pytest.raises(UsageError, match=r"--template t\.jinja: it (takes|makes) .*") as caught:
        find_template(reference, str(tmp_path / "t.jinja"), None)
    assert RUNAWAYS[template] in str(caught.value)


def test_a_row_that_a_template_does_not_end_on_is_one_finding(tmp_path: Path) -> None:
    """A row may be long, and what is written of it as long; sixteen times as long it may not be."""
    text = (
        "{% for m in messages %}{% if 'again' in m.content %}{{ m.content * 99 }}{% endif %}{{ m.content }}{% endfor %}"
    )
    reference = load_tokenizer(str(byte_level(tmp_path / "t", text)))
    template, long = find_template(reference, None, None), "a" * (3 << 20)
    fine, wild = (
        rendered(template, next(conversations(batch(chat(turn("user", said), turn("assistant", "b"))), "chat")))
        for said in (long, long + "again")
    )
    assert fine.fault is None
    assert fine.text == long + "b"
    assert wild.fault is not None
    assert (wild.fault.code, wild.text) == ("SFT506", "")
    assert "characters of one row" in wild.fault.said
