"""The law between layouts: canonical rows that go through another layout keep all that it does not say it loses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sftformat.dataset.export import Exporter
from sftformat.errors import UsageError
from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.layout import layout
from sftformat.normalize import normalize
from sftformat.record import Record
from sftformat.schema.arrow import arrow_schema
from sftformat.validate import validate

from .strategies import RECORDS
from .test_round_trip import batch_of, manifest_of, one_type

#: What a row is besides what it says: where it stood, and what only its own layout knows.
OWN = frozenset({"id", "meta", "source"})
#: A layout that names languages must name some.
NAMED = frozenset({"source_lang", "target_lang"})


#: Calls of tools take the shape of each layout (tests/dataset/test_export.py), tags the words that its spans give.
_SHAPED = ("chat", "token-classification")


def can_hold(one: str, other: str) -> bool:
    """Whether rows of one layout can stand in another at all: a layout of pairs needs a second segment."""
    pair = "input_pair" in layout(other).fields and "input_pair" not in layout(one).fields
    return layout(one).task == layout(other).task not in _SHAPED and not pair


#: For each layout the others that can hold its rows.
OTHERS = {name: [other for other in LAYOUTS if other != name and can_hold(name, other)] for name in LAYOUTS}


def labels_of_rows(rows: list[dict[str, Any]]) -> list[str]:
    targets = [row["target"] for row in rows if row["target"] is not None]
    return sorted({label for target in targets for label in (target if isinstance(target, list) else [target])})


def as_told(value: Any) -> Any:
    """Return a value as all layouts can tell it: a label applies or not, and some layouts have no order for that."""
    return sorted(value) if isinstance(value, list) else value


def canonical(name: str, records: list[Record]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the canonical rows of records in a layout, all of which must fit, and the manifest they would have."""
    binding = bind(layout(name), records)
    fitting, rejects = validate(batch_of(records), binding)
    assert not rejects, rejects[0].diagnostics
    return normalize(fitting, binding, "train").to_pylist(), manifest_of(fitting, binding)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if OTHERS[name]])
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_another_layout_keeps_what_it_does_not_say_it_loses(name: str, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(OTHERS[name]))
    rows, manifest = canonical(name, data.draw(st.lists(RECORDS[name], min_size=1, max_size=4).filter(one_type)))
    without_meta = [{**row, "meta": None} for row in rows]  # columns of the source may have the names of fields
    exporter = Exporter(manifest, other, textual=False, labels=labels_of_rows(rows))
    try:
        records = exporter.records(without_meta)
        exporter.refuse_unfit(records)
    except UsageError:
        assume(False)
    back, _ = canonical(other, records)
    for key in set(arrow_schema(exporter.task).names) - OWN - exporter.lost.keys():
        for there, row in zip(back, rows, strict=True):
            assert as_told(there[key]) == as_told(row[key]) or (key in NAMED and row[key] is None), key
