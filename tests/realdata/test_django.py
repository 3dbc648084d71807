"""Django 5.2.19: its catalogues in a hundred languages, as `.po` and `.mo`; counted by gettext and polib."""

from __future__ import annotations

import gettext
import io
import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Call
from .archives import member, members

pytestmark = pytest.mark.slow

ENDING = "conf/locale/{}/LC_MESSAGES/django.{}"


def pairs_of(catalogue: bytes) -> list[tuple[str, str]]:
    """Return the translations of a catalogue as gettext has them: forms of a plural under (message, number)."""
    found = gettext.GNUTranslations(io.BytesIO(catalogue))._catalog  # type: ignore[attr-defined]
    return [(key if isinstance(key, str) else key[0], text) for key, text in found.items() if key]


@pytest.mark.parametrize(("language", "rows"), [("de", 362), ("ja", 348), ("ar", None), ("pl", None)])
def test_both_forms_of_a_catalogue_hold_the_same(
    call_here: Call, tmp_path: Path, language: str, rows: int | None
) -> None:
    polib = pytest.importorskip("polib")
    found: dict[str, list[dict[str, Any]]] = {}
    for ending in ("mo", "po"):
        data = member("django-5.2.19", "django/" + ENDING.format(language, ending))
        (tmp_path / f"a.{ending}").write_bytes(data)
        done = call_here("convert", f"a.{ending}", "-o", f"{ending}.jsonl", "--max-findings", "0")
        assert done.code == 0, done.out
        found[ending] = [json.loads(line) for line in (tmp_path / f"{ending}.jsonl").read_text("utf-8").splitlines()]
    whole = polib.pofile(str(tmp_path / "a.po"))
    used = [entry for entry in whole if entry.translated() and not entry.obsolete]
    wanted = sum(len(entry.msgstr_plural) or 1 for entry in used)
    assert len(found["po"]) == wanted
    left = sum(1 for entry in whole if entry not in used)
    assert (
        f"read {wanted + left} = written {wanted} + rejected 0 + duplicate 0 + filtered {left}"
        in call_here("validate", "a.po", "--max-findings", "0").out
    )
    mo = member("django-5.2.19", "django/" + ENDING.format(language, "mo"))
    assert len(found["mo"]) == len(pairs_of(mo))
    assert sorted(each["target"] for each in found["mo"]) == sorted(text for _, text in pairs_of(mo))
    assert {(each["source"], each["target"]) for each in found["mo"]} == {
        (each["source"], each["target"]) for each in found["po"]
    }
    assert rows is None or wanted == rows


def test_every_catalogue_is_read_to_its_end(call_here: Call, tmp_path: Path) -> None:
    names = [name for name in members("django-5.2.19", "LC_MESSAGES/django.mo") if name.startswith("django/conf")]
    total = 0
    for number, name in enumerate(names):
        data = member("django-5.2.19", name)
        (tmp_path / f"{number}.mo").write_bytes(data)
        total += len(pairs_of(data))
    assert len(names) > 80
    done = call_here("validate", ".", "--max-findings", "0", "--select", "SFT0,SFT1")
    assert f"read {total:,} = written {total:,} + rejected 0" in done.out
