"""The rules of the check stage: one file a rule, one row in the table; the docstring is its documentation and its test.

To add a rule: write `NAME.py` (a docstring, `check`, where they apply `TASKS` and `THRESHOLDS`), add the row, write
`tests/rules/test_NAME.py`. The modules of `MECHANISM` are no rules.
"""

from __future__ import annotations

from sftformat.diagnostics import Severity
from sftformat.rules import (
    bad_role,
    bad_tag_sequence,
    bad_tool_json,
    bad_turn_order,
    boilerplate_refusal,
    conflicting_targets,
    control_characters,
    duplicate_id,
    duplicate_record,
    empty_split,
    empty_target,
    empty_text,
    empty_turn,
    ends_with_user,
    group_leakage,
    html_leftover,
    invisible_characters,
    label_case_variant,
    label_imbalance,
    label_looks_like_id,
    label_missing_in_split,
    label_not_in_map,
    label_rare,
    label_singleton,
    label_unseen_in_train,
    labels_not_contiguous,
    leakage,
    length_mismatch,
    mixed_script_word,
    mojibake,
    near_duplicate,
    near_leakage,
    no_assistant_turn,
    non_finite_score,
    nothing_to_train_on,
    one_class,
    personal_data,
    replacement_character,
    secret,
    span_out_of_range,
    span_text_mismatch,
    target_equals_input,
    template_leftover,
    too_few_rows,
    too_long_text,
    tool_call_unanswered,
    tool_result_uncalled,
    unlabelled_in_train,
)
from sftformat.rules.rule import Documentation, Rule, parse, rule

E, W, I_, OFF = Severity.ERROR, Severity.WARNING, Severity.INFORMATION, Severity.OFF

#: All rules, in the order of their codes.
RULES: tuple[Rule, ...] = (
    rule("SFT201", "empty-text", E, "row", empty_text),
    rule("SFT202", "empty-target", E, "row", empty_target),
    rule("SFT203", "target-equals-input", W, "row", target_equals_input),
    rule("SFT204", "too-long-text", W, "row", too_long_text),
    rule("SFT205", "control-characters", W, "row", control_characters),
    rule("SFT206", "replacement-character", W, "row", replacement_character),
    rule("SFT207", "mojibake", W, "row", mojibake),
    rule("SFT208", "invisible-characters", W, "row", invisible_characters),
    rule("SFT209", "html-leftover", W, "row", html_leftover),
    rule("SFT210", "template-leftover", W, "row", template_leftover),
    rule("SFT211", "mixed-script-word", W, "row", mixed_script_word),
    rule("SFT212", "secret", W, "row", secret),
    rule("SFT213", "personal-data", OFF, "row", personal_data),
    rule("SFT214", "boilerplate-refusal", OFF, "row", boilerplate_refusal),
    rule("SFT220", "bad-role", E, "row", bad_role),
    rule("SFT221", "bad-turn-order", E, "row", bad_turn_order),
    rule("SFT222", "empty-turn", E, "row", empty_turn),
    rule("SFT223", "no-assistant-turn", E, "row", no_assistant_turn),
    rule("SFT224", "nothing-to-train-on", E, "row", nothing_to_train_on),
    rule("SFT225", "ends-with-user", W, "row", ends_with_user),
    rule("SFT226", "tool-call-unanswered", W, "row", tool_call_unanswered),
    rule("SFT227", "tool-result-uncalled", E, "row", tool_result_uncalled),
    rule("SFT228", "bad-tool-json", E, "row", bad_tool_json),
    rule("SFT230", "length-mismatch", E, "row", length_mismatch),
    rule("SFT231", "bad-tag-sequence", W, "set", bad_tag_sequence),
    rule("SFT232", "span-out-of-range", E, "row", span_out_of_range),
    rule("SFT233", "span-text-mismatch", E, "row", span_text_mismatch),
    rule("SFT234", "non-finite-score", E, "row", non_finite_score),
    rule("SFT301", "label-case-variant", W, "set", label_case_variant),
    rule("SFT302", "unlabelled-in-train", E, "row", unlabelled_in_train),
    rule("SFT303", "label-unseen-in-train", E, "set", label_unseen_in_train),
    rule("SFT304", "label-not-in-map", E, "set", label_not_in_map),
    rule("SFT305", "label-singleton", W, "set", label_singleton),
    rule("SFT306", "label-rare", W, "set", label_rare),
    rule("SFT307", "label-imbalance", W, "set", label_imbalance),
    rule("SFT308", "one-class", E, "set", one_class),
    rule("SFT309", "label-looks-like-id", W, "set", label_looks_like_id),
    rule("SFT310", "labels-not-contiguous", I_, "set", labels_not_contiguous),
    rule("SFT311", "label-missing-in-split", W, "set", label_missing_in_split),
    rule("SFT401", "duplicate-record", W, "set", duplicate_record),
    rule("SFT402", "conflicting-targets", W, "set", conflicting_targets),
    rule("SFT403", "leakage", E, "set", leakage),
    rule("SFT404", "near-duplicate", Severity.OFF, "set", near_duplicate),
    rule("SFT405", "near-leakage", Severity.OFF, "set", near_leakage),
    rule("SFT406", "group-leakage", E, "set", group_leakage),
    rule("SFT407", "too-few-rows", W, "set", too_few_rows),
    rule("SFT408", "duplicate-id", W, "set", duplicate_id),
    rule("SFT409", "empty-split", E, "set", empty_split),
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
        "census",
    }
)


def documentation(rule: Rule) -> Documentation:
    """Return a rule's docstring, taken apart: summary, why it matters, what to do, examples."""
    return parse(rule.docstring)
