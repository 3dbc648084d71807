r"""Flag an answer that begins by refusing or by speaking of itself as a model: "As an AI language model, I cannot …".

Off by default: select it with `--select SFT214`. Only the beginning of a target, or of an assistant turn, is looked at;
English, Chinese, German, French and Spanish.

Why it matters: such answers were copied from another model; a model tuned on them refuses what it could answer.

What to do: leave the record out, unless refusing is what you teach.

Breaks it (text-to-text):
    {"id": "1", "input": "Who won?", "target": "As an AI language model, I don't have access to results."}

Breaks it (chat):
    {"input": [], "target": [{"role": "assistant", "content": "I'm sorry, but I can't assist with that."}]}

Keeps it (text-to-text):
    {"id": "1", "input": "Who won?", "target": "I'm sorry to say that it was the other team."}
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sftformat.diagnostics import clip
from sftformat.rules.rule import Finding, Thresholds, quoted
from sftformat.rules.texts import flat
from sftformat.rules.view import Text, View, indexes

_SORRY = (
    r"(?:(?:i(?:'|’)?m |i am |i )?(?:very |so |really )?(?:sorry|apologi[sz]e|afraid)"
    r"(?:[^.!?\n]{0,20}?,? ?(?:but |that )?|[^.!?\n]{0,60}?, but )|unfortunately,? )"
)
_CANNOT = (
    r"i(?: cannot| can(?:'|’)?t| can not|(?: am|(?:'|’)m) (?:not able|unable) to| won(?:'|’)t| will not)"
    r" (?:be able to )?"
)
_DO_IT = (
    r"(?:(?:assist|fulfill?|comply|engage|help (?:you )?with|provide (?:assistance|help|instructions|you))\b"
    r"|do that ?[.,!])"
)
_DO_ANYTHING = (
    r"(?:assist|help|fulfill?|comply|provide|answer|complete|process|create|generate|write|engage|support|do)\b"
)
_AS_MODEL = (
    r"as an? (?:(?:ai|artificial intelligence)"
    r"(?:,| i\b|[ -](?:assistant|(?:language )?model|chatbot|bot|program|system))"
    r"|(?:large )?language model\b|llm\b)"
    r"|i(?:'|’| a)m (?:just |only )?an? (?:ai|large language model|language model)\b[^.!?\n]{0,40}?"
    r" (?:cannot|can(?:'|’)t|don(?:'|’)t|do not|am unable)\b"
)
# RE2.
REFUSAL = (
    rf"(?i)\A\s*(?:(?:{_SORRY})?{_AS_MODEL}|{_SORRY}{_CANNOT}{_DO_ANYTHING}|{_CANNOT}{_DO_IT}"
    r"|(?:很?抱歉|对不起)?[，,。]?\s*(?:我)?作为(?:一个|一名|一款)?\s*(?:AI|人工智能|大?语言模型)"
    r"|(?:很?抱歉|对不起)[，,]?\s*(?:但)?我(?:不能|无法)(?:帮助|协助|回答|提供|满足|执行|完成|生成)"
    r"|als (?:ein )?(?:ki|ai)-?\s?(?:sprach)?modell\b|als (?:eine )?ki (?:bin|habe|kann)\b"
    r"|(?:es )?tut mir leid,? aber [^.!?\n]{0,30}?kann [^.!?\n]{0,30}?(?:nicht|keine)\b"
    r"|en tant qu(?:e|'|’)\s?(?:modèle de langage|ia\b)"
    r"|(?:je suis )?désolée?,? mais je ne (?:peux|suis) pas (?:vous aider|fournir|répondre|en mesure)"
    r"|como (?:un )?(?:modelo de lenguaje|ia\b)"
    r"|lo siento,? pero no puedo (?:ayudar|cumplir|proporcionar|responder))"
)


def check(view: View, _: Thresholds) -> Iterator[Finding]:
    """Find the answers that begin with a refusal."""
    for text in view.texts:
        for index in _answers(view, text):
            row, path = text.place(index)
            start = clip(text.values[index].as_py().strip().splitlines()[0], 60)
            yield Finding(row, f"the answer begins {quoted(start)}", path, "an answer", start)


def _answers(view: View, text: Text) -> list[int]:
    if text.field == "target" and view.task != "chat":
        return text.matching(REFUSAL)
    if view.task != "chat" or text.field not in ("input", "target"):
        return []
    messages, _ = flat(view.column(text.field))
    said = pc.equal(pc.struct_field(messages, "role"), pa.scalar("assistant"))
    return indexes(pc.and_kleene(said, pc.match_substring_regex(text.values, REFUSAL)))
