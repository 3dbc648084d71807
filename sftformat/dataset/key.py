"""The key under which a unit is kept: everything that decides what comes of it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from sftformat.folder.manifest import fingerprint
from sftformat.layouts.layout import Binding
from sftformat.plan import Plan, Unit

_NOWHERE = Path()
#: Another number when what a kept unit consists of is another: none is then taken over.
_FORM = 2
_encoder = msgspec.json.Encoder(enc_hook=repr, order="deterministic")


def unit_key(unit: Unit, found: Plan, binding: Binding, content: Mapping[str, Any]) -> str:
    """Return the sha256 of what a unit is made from: the content of its input, how it is read, options, version.

    Of the content what comes after the unit is no part. `content` is that of the options, without a limit.

    The name of the input is part of it, as it stands in every row; its path is not, nor the number of the unit.
    """
    own, source = found.inputs[unit.input], replace(unit.source, path=_NOWHERE)
    if source.beside is not None:
        source = replace(source, beside=replace(source.beside, path=_NOWHERE))
    if source.rows is not None:
        source = replace(source, rows=replace(source.rows, path=_NOWHERE))
    read = [source, replace(binding, compiled=None), own.split, own.canonical, own.prefixed, content]
    said = _encoder.encode(read).decode()
    return fingerprint({"stage": "unit", "form": _FORM, "sha256": unit.sha256, "read": said})


def part_key(key: str, limit: int | None, forms: Mapping[str, str]) -> str:
    """Return the key of what is made of a unit if it is cut at `limit` records, and labels are written in `forms`."""
    if limit is None and not forms:
        return key
    return fingerprint({"stage": "unit", "unit": key, "limit": limit, "forms": dict(sorted(forms.items()))})
