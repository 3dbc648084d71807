"""The JSON Schema Test Suite through the schema object that rows go through, `format` not asserted as the suite wants.

`jsonschema`, the reference library, is asked too. Where the two disagree the right answer is ours; REFERENCE lists
every such group of cases and why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
from jsonschema_specifications import REGISTRY
from referencing.jsonschema import specification_with

from sftformat.schema.decide import Compiled, compile_schema

ROOT = Path(os.environ.get("SFTFORMAT_CORPORA", "/nonexistent")) / "JSON-Schema-Test-Suite"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="SFTFORMAT_CORPORA names no folder of public corpora")

#: Folder of the suite -> the dialect, and how many required cases there are.
DRAFTS = {
    "draft3": ("http://json-schema.org/draft-03/schema#", 435),
    "draft4": ("http://json-schema.org/draft-04/schema#", 618),
    "draft6": ("http://json-schema.org/draft-06/schema#", 839),
    "draft7": ("http://json-schema.org/draft-07/schema#", 927),
    "draft2019-09": ("https://json-schema.org/draft/2019-09/schema", 1259),
    "draft2020-12": ("https://json-schema.org/draft/2020-12/schema", 1299),
}
#: (draft, file, group) -> why the reference library answers wrongly there, or not at all.
REFERENCE = {
    ("draft2019-09", "unevaluatedProperties", "unevaluatedProperties with adjacent non-bool additionalProperties"): (
        "takes properties that additionalProperties has seen for unevaluated"
    ),
    ("draft2019-09", "vocabulary", "schema that uses custom metaschema with with no validation vocabulary"): (
        "knows no custom vocabularies"
    ),
    ("draft2020-12", "vocabulary", "schema that uses custom metaschema with with no validation vocabulary"): (
        "knows no custom vocabularies"
    ),
    ("draft2020-12", "pattern", "pattern with Unicode property escape requires unicode mode"): (
        "uses the patterns of Python, which have no \\p{…}"
    ),
    ("draft2020-12", "patternProperties", "patternProperties with Unicode property escape"): (
        "uses the patterns of Python, which have no \\p{…}"
    ),
}


@dataclass(frozen=True)
class Group:
    """One schema of the suite with its cases."""

    draft: str
    file: str
    words: str
    schema: Any
    tests: tuple[dict[str, Any], ...]


@cache
def remotes(draft: str) -> dict[str, Any]:
    """Return the schemas that cases may refer to: those for every draft and those for this one."""
    folder = ROOT / "remotes"
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.json"))}
    others = {*DRAFTS, "v1"} - {draft}
    return {
        f"http://localhost:1234/{name}": json.loads(path.read_text("utf-8"))
        for name, path in found.items()
        if name.partition("/")[0] not in others
    }


def groups(draft: str) -> Iterator[Group]:
    for path in sorted((ROOT / "tests" / draft).glob("*.json")):
        for each in json.loads(path.read_text("utf-8")):
            yield Group(draft, path.stem, each["description"], each["schema"], tuple(each["tests"]))


def compiled(group: Group) -> Compiled:
    return compile_schema(group.schema, formats=False, beside=remotes(group.draft), latest=DRAFTS[group.draft][0])


def reference(group: Group) -> Any:
    dialect = DRAFTS[group.draft][0]
    specification = specification_with(dialect)
    resources = [
        (uri, referencing.Resource.from_contents(each, default_specification=specification))
        for uri, each in remotes(group.draft).items()
    ]
    known = jsonschema.validators.validator_for({"$schema": dialect})
    return known(group.schema, registry=REGISTRY.with_resources(resources))


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_required_case(draft: str) -> None:
    count = 0
    wrong = []
    for group in groups(draft):
        schema = compiled(group)
        for test in group.tests:
            count += 1
            value, valid = test["data"], test["valid"]
            answers = (schema.fits(value), schema.all_fit([value]), schema.all_fit([value, value]))
            if answers != (valid, valid, valid):
                wrong.append((group.file, group.words, test["description"], valid, answers))
    assert wrong == []
    assert count == DRAFTS[draft][1]


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_case_with_its_dialect_named_in_the_schema(draft: str) -> None:
    for group in groups(draft):
        if not isinstance(group.schema, dict):
            continue
        named = {"$schema": DRAFTS[draft][0], **group.schema}
        schema = compile_schema(named, formats=False, beside=remotes(draft))
        for test in group.tests:
            valid = test["valid"]
            assert (schema.fits(test["data"]), schema.all_fit([test["data"]] * 2)) == (valid, valid), (group, test)


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_refusal_has_a_place_and_words(draft: str) -> None:
    for group in groups(draft):
        schema = compiled(group)
        for test in group.tests:
            if test["valid"]:
                continue
            found = schema.explain(test["data"])
            assert found, (group, test)
            for each in found:
                assert each.keyword, (group, test, each)
                assert each.expected, (group, test, each)
                assert each.path == "" or each.path.startswith("/")


def disagreements(draft: str) -> Iterator[tuple[str, str, str]]:
    """Yield the groups in which the reference library gives another answer than the suite, or none."""
    for group in groups(draft):
        validator = reference(group)
        for test in group.tests:
            try:
                same = validator.is_valid(test["data"]) == test["valid"]
            except Exception:
                same = False
            if not same:
                yield draft, group.file, group.words
                break


@pytest.mark.parametrize("draft", DRAFTS)
def test_where_the_reference_library_disagrees(draft: str) -> None:
    found = set(disagreements(draft))
    assert found == {each for each in REFERENCE if each[0] == draft}
