"""SFT214 boilerplate-refusal."""

from __future__ import annotations

import pytest

from sftformat.check import Settings, active

CODE = "SFT214"

NOOP = [
    "I'm sorry to say that it was the other team.",
    "I'm sorry for your loss.",
    "I can't write enough good things about this camera!",
    "I cannot recommend it.",
    "As an AI engineer, I build models.",
    "As an aid to memory, write it down.",
    "As a language teacher, I can help.",
    "The bot said: As an AI language model, I cannot help.",
    "抱歉，我来晚了。",
    "作为一名教师，我喜欢读书。",
    "Als Kind war ich dort.",
    "Sorry seems to be the hardest word.",
    "I won't do that again, promised the boy.",
    "I can't help falling in love.",
    "I'm an AI researcher and I like it.",
    "I am an AI made to help with your letters.",
    "Es tut mir leid, aber der Zug ist weg.",
    "Lo siento, pero no puedo ir a la fiesta.",
    "Je suis désolé, mais je ne suis pas venu.",
]
WRONG = [
    "As an AI language model, I don't have opinions.",
    "as an AI, I can't feel.",
    "As a large language model, I cannot browse.",
    "I'm sorry, but as an AI assistant, I can't do that.",
    "I am sorry, but I cannot fulfill this request.",
    "I’m sorry, but I can’t assist with that.",
    "I apologize, but I cannot provide that information.",
    "I cannot assist with that request.",
    "\n I'm unable to help with that.\nMore.",
    "作为一个人工智能语言模型，我无法……",
    "很抱歉，我无法帮助您预订机票。",
    "Als KI-Sprachmodell habe ich keine Meinung.",
    "Als KI habe ich keine Gefühle.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "En tant qu'IA, je ne ressens rien.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Unfortunately, I cannot help with that.",
    "I'm just an AI, I can't feel that.",
    "I am an AI language model and cannot see pictures.",
    "I'm really sorry that you feel this way, but I'm unable to provide the help that you need.",
    "I can't do that.",
]


def answered(text):
    return [{"input": text, "target": "x"}, {"input": "x", "target": text}]


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, answered(text), "text-to-text") == []


@pytest.mark.parametrize("text", WRONG)
def test_finds_answers_not_questions(found, text):
    (finding,) = found(CODE, answered(text), "text-to-text")
    assert (finding.line, finding.path) == (2, "/target")
    assert "\n" not in finding.message


def test_off_by_default_and_only_where_answers_are_learned():
    assert CODE not in {rule.code for rule in active(Settings(), "chat")}
    assert active(Settings((CODE,)), "classification") == ()


def test_only_what_the_assistant_says(found):
    said = "As an AI, I cannot know."
    turns = [{"role": role, "content": said} for role in ("user", "assistant", "system", "tool")]
    findings = found(CODE, [{"input": turns, "target": turns}, {"input": [], "target": None}], "chat")
    assert [each.path for each in findings] == ["/input/1/content", "/target/1/content"]
