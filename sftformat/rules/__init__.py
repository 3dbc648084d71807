"""The rules of the check stage: one file a rule, one row in the table; the docstring is its documentation and its test.

To add a rule: write `NAME.py` (a docstring, `check`, where they apply `THRESHOLDS` and `NEEDS`), add the row, write
`tests/rules/test_NAME.py`. The modules of `MECHANISM` are no rules. A rule is imported when it is first asked to check.
"""

from __future__ import annotations

from sftformat.diagnostics import Severity
from sftformat.rules.rule import LABEL_TASKS, TASKS, Documentation, Rule

E, W, I_, OFF = Severity.ERROR, Severity.WARNING, Severity.INFORMATION, Severity.OFF
CHAT, TAGGED, ONE_LABEL = frozenset({"chat"}), frozenset({"token-classification"}), frozenset({"classification"})
ALL_BUT_CHAT = frozenset(TASKS) - CHAT

#: All rules, in the order of their codes. The last word of a row names the tasks; without it a rule is for all.
RULES: tuple[Rule, ...] = (
    Rule("SFT201", "empty-text", E, "row", ALL_BUT_CHAT),
    Rule("SFT202", "empty-target", E, "row", ALL_BUT_CHAT - {"regression"}),
    Rule("SFT203", "target-equals-input", W, "row", frozenset({"text-to-text"})),
    Rule("SFT204", "too-long-text", W, "row"),
    Rule("SFT205", "control-characters", W, "row"),
    Rule("SFT206", "replacement-character", W, "row"),
    Rule("SFT207", "mojibake", W, "row"),
    Rule("SFT208", "invisible-characters", W, "row"),
    Rule("SFT209", "html-leftover", W, "row"),
    Rule("SFT210", "template-leftover", W, "row"),
    Rule("SFT211", "mixed-script-word", W, "row"),
    Rule("SFT212", "secret", W, "row"),
    Rule("SFT213", "personal-data", OFF, "row"),
    Rule("SFT214", "boilerplate-refusal", OFF, "row", frozenset({"text-to-text", "chat"})),
    Rule("SFT220", "bad-role", E, "row", CHAT),
    Rule("SFT221", "bad-turn-order", E, "row", CHAT),
    Rule("SFT222", "empty-turn", E, "row", CHAT),
    Rule("SFT223", "no-assistant-turn", E, "row", CHAT),
    Rule("SFT224", "nothing-to-train-on", E, "row", CHAT),
    Rule("SFT225", "ends-with-user", W, "row", CHAT),
    Rule("SFT226", "tool-call-unanswered", W, "row", CHAT),
    Rule("SFT227", "tool-result-uncalled", E, "row", CHAT),
    Rule("SFT228", "bad-tool-json", E, "row", CHAT),
    Rule("SFT230", "length-mismatch", E, "row", TAGGED),
    Rule("SFT231", "bad-tag-sequence", W, "set", TAGGED),
    Rule("SFT232", "span-out-of-range", E, "row", TAGGED),
    Rule("SFT233", "span-text-mismatch", E, "row", TAGGED),
    Rule("SFT234", "non-finite-score", E, "row"),
    Rule("SFT301", "label-case-variant", W, "set", LABEL_TASKS),
    Rule("SFT302", "unlabelled-in-train", E, "row", ALL_BUT_CHAT),
    Rule("SFT303", "label-unseen-in-train", E, "set", LABEL_TASKS),
    Rule("SFT304", "label-not-in-map", E, "set", LABEL_TASKS),
    Rule("SFT305", "label-singleton", W, "set", LABEL_TASKS),
    Rule("SFT306", "label-rare", W, "set", LABEL_TASKS),
    Rule("SFT307", "label-imbalance", W, "set", ONE_LABEL),
    Rule("SFT308", "one-class", E, "set", LABEL_TASKS),
    Rule("SFT309", "label-looks-like-id", W, "set", ONE_LABEL),
    Rule("SFT310", "labels-not-contiguous", I_, "set", frozenset({"classification", "multilabel"})),
    Rule("SFT311", "label-missing-in-split", W, "set", LABEL_TASKS),
    Rule("SFT401", "duplicate-record", W, "set"),
    Rule("SFT402", "conflicting-targets", W, "set", ALL_BUT_CHAT),
    Rule("SFT403", "leakage", E, "set"),
    Rule("SFT404", "near-duplicate", Severity.OFF, "set"),
    Rule("SFT405", "near-leakage", Severity.OFF, "set"),
    Rule("SFT406", "group-leakage", E, "set"),
    Rule("SFT407", "too-few-rows", W, "set"),
    Rule("SFT408", "duplicate-id", W, "set"),
    Rule("SFT409", "empty-split", E, "set"),
)

#: Modules of this folder that are no rules.
MECHANISM = frozenset(
    {
        "rule",
        "count",
        "settings",
        "alike",
        "pile",
        "signs",
        "subjects",
        "texts",
        "folding",
        "view",
        "turns",
        "exchanges",
        "spans",
        "tags",
        "spill",
        "near",
        "tally",
        "targets",
        "census",
    }
)


def documentation(rule: Rule) -> Documentation:
    """Return a rule's docstring, taken apart: summary, why it matters, what to do, examples."""
    return rule.documentation
