"""SFT210 template-leftover."""

from __future__ import annotations

import pytest

CODE = "SFT210"

NOOP = [
    None,
    '{"a": {"b": {}}} {{}} {{ }} {{1}} {0} {name} %(name)s ${name} [Name]',
    r"x_{{i}} and x^{{ij}} and \frac{{ab}}{{cd}} and $\mathbf{{name}}$ {{x}}",
    "in an f-string write {{name}} for braces",
    "Jinja: Hello {{ user.name }}!",
    "run: echo ${{ secrets.TOKEN }}",
    "{{hug}} {{{name}}} {{cite web|url=x}}",
    "The Vue component shows {{ message }}",
    "f <| g |> h, a <|> b, <|, |>, <||>, 1 <|2|> 3",
    "### Response time\n### Instructions\n#### Response:\ntext ### Response: in a line",
    "<s>struck</s> out, <start>, <end>, [inst], [1], [/url], << 2, cout << x << y",
    "<think>hm</think> <tool_call>{}</tool_call> <image>",
    "ChatML puts <|im_start|> before every turn.",
    "The tokenizer adds <|endoftext|> and </s>",
]


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": "x"}]) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("I am {{name}}, made by {{author}}.", "{{name}}"),
        ("我是{{name}}。", "{{name}}"),
        ("Dear {{ first_name }}", "{{ first_name }}"),
        ("3<|im_end|>", "<|im_end|>"),
        ("<|im_start|>user\nhi<|im_end|>", "<|im_start|>"),
        ("bye<|endoftext|>", "<|endoftext|>"),
        ("<|eot_id|>", "<|eot_id|>"),
        ("<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        ("[INST] hi [/INST]", "[INST]"),
        ("<<SYS>>\nBe good.\n<</SYS>>", "<<SYS>>"),
        ("<start_of_turn>model", "<start_of_turn>"),
        ("### Instruction:\nAdd.\n\n### Response:\n3", "### Instruction:"),
        ("3\n### Response:", "### Response:"),
        ("the end</s>", "</s>"),
    ],
)
def test_finds(found, text, first):
    (finding,) = found(CODE, [{"input": "fine"}, {"input": text, "target": "x"}])
    assert (finding.line, finding.path, finding.got) == (2, "/input", first)


def test_says_how_many(found):
    (finding,) = found(CODE, [{"input": "I am {{name}}, made by {{author}} of {{city}}."}])
    assert finding.message == '"{{name}}" and 2 more of a prompt template left in the text'


def test_what_the_record_speaks_of_is_looked_for_in_all_its_texts(found):
    record = {"instruction": "Fill the template.", "input": "", "target": "Dear {{name}}"}
    assert found(CODE, [record], "text-to-text") == []
    record["instruction"] = "Write a letter."
    assert [each.path for each in found(CODE, [record], "text-to-text")] == ["/target"]
