"""What a layout means in one process it means in another."""

from __future__ import annotations

import pickle

import pytest

from sftformat.layouts import LAYOUTS
from sftformat.layouts.bind import bind
from sftformat.layouts.layout import MISSING, layout


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_survives_the_way_to_a_worker(name: str) -> None:
    sent = pickle.loads(pickle.dumps(layout(name)))
    assert sent == layout(name)
    assert all(
        (sent.fields[key].const is MISSING) == (rule.const is MISSING) for key, rule in layout(name).fields.items()
    )


def test_a_field_mapped_to_the_name_of_another_keeps_its_type() -> None:
    record = {"score": 1, "text": "a"}
    found = bind(layout("text-score"), [record], {"input": "score", "target": "text"})
    assert found.compiled is not None
    assert not found.compiled.fits(record)
    assert found.compiled.fits({"score": "a text", "text": 0.5})
