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
    "a <s>bad</s> good film",
    "a good <s>film</s>",
    "<s>a bad</s> good film",
    "Strike it out in HTML: <s>bad</s>",
    "<s>bad</s>\nwith the tag <s> of HTML",
    "In React: {{name}}",
    "用Vue写{{name}}",
    "a chat_template with {{messages}}",
    "write \\frac{1}{2} and {{name}}",
    "{{#each items}}{{this}}{{/each}}",
    "a Helm chart takes {{name}}",
    "Answer in this format: {{answer}}",
    "Llama prompts start with [INST]",
    "In Postman set the URL to {{base_url}}",
    "the merge tag {{first_name}}",
    "Llama-3's prompt ends with <|eot_id|>",
    "the Mistral instruct template: [INST] hi [/INST]",
    "What is the end-of-sequence token </s>?",
    "What does <|im_end|> mean?",
    "What is [INST]?",
    "Generation ends with `</s>` there.",
    'The text "<|endoftext|>" is cut.',
    "the start token <s>",
    "Use [INST] for instructions.",
    "{{citation needed}} {{Citation needed}} {{Infobox film|name=X}} {{see also|Other Name}}",
    "title={{Deep Learning}}, booktitle = {{Some Big Conference}}",
    "<book> <box> <boss> <e> #### Human: x? ## Assistant: y",
    "the bos token <bos> and the eos token <eos>",
    "[Verse 1] [MASK] [CLS] <pad> <mask> <unk>, Hello [Your Name]",
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
        ("### Human: Hi### Assistant: Hello", "### Human:"),
        ("fine\n### Assistant: Hello", "### Assistant:"),
        ("<bos>Hi<eos>", "<bos>"),
        ("Hi<eos>", "<eos>"),
        ("where is order {{Order Number}} now", "{{Order Number}}"),
        ("call {{ Customer Support Phone Number }}", "{{ Customer Support Phone Number }}"),
        ("the end</s>", "</s>"),
        ("</s>", "</s>"),
        ("good film </s>", "</s>"),
        ("good film </s>\n", "</s>"),
        ("good </s> film", "</s>"),
        ("<s>good film</s>", "<s>"),
        ("<s> good film", "<s>"),
        ("a <s>b</s> c</s>", "</s>"),
        ("Dear {{first_name}}, for more information call us.", "{{first_name}}"),
        ("Hello {{name}}, the room is rectangular.", "{{name}}"),
        ("Thanks {{name}}, we were overwhelmed.", "{{name}}"),
        ("{{name}} at the helm drinks a liquid", "{{name}}"),
        ("La vue de {{name}}", "{{name}}"),
        ("a llama and an alpaca</s>", "</s>"),
        ("a parking token </s>", "</s>"),
        ('"Hello!"</s>"Bye!"', "</s>"),
        ("What is [INST] up </s>", "[INST]"),
        ("The llama prompted a smile <|im_end|>", "<|im_end|>"),
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


def test_the_result_of_a_tool_may_hold_anything(found):
    call = {"role": "assistant", "content": None, "tool_calls": '[{"name": "read"}]'}
    turns = [call, {"role": "tool", "content": "Dear {{name}}"}, {"role": "assistant", "content": "It greets."}]
    record = {"input": [{"role": "user", "content": "What is in it?"}], "target": turns}
    assert found(CODE, [record], "chat") == []
    turns[2]["content"] = "Dear {{name}}"
    assert [each.path for each in found(CODE, [record], "chat")] == ["/target/2/content"]


def test_many_bounds_take_no_time(found):
    assert found(CODE, [{"input": "x" + "<s></s>" * 20_000 + "</s>"}])
