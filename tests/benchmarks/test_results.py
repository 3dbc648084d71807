"""What README.md says of speed is what was measured, and the plot too; `test_readme.py` holds the table to it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from .entrant import OURS, Race
from .entrants import ENTRANTS, RACES
from .results import PICTURE, Line, Results, fastest, picture, section, verdicts

RACE = {"a": Race("what is done", 2.0, (10, 20), (1,)), "b": Race("else", 1.0, (5,), (1,), "MB")}
LINES = (
    Line("a", OURS, 10, 3, 1.0, 50, 1.0, 1.0, 1.0),
    Line("a", "slow", 10, 3, 9.0, 80, 9.0, 8.0, 9.5),
    Line("a", "quick", 10, 3, 4.0, 80, 4.0, 3.0, 5.0),
    Line("a", OURS, 20, 3, 2.0, 55, 1.0, 1.0, 1.0),
    Line("a", "quick", 20, 3, 3.0, 160, 1.5, 1.4, 1.6),
    Line("b", OURS, 5, 3, 1.0, 50, 1.0, 1.0, 1.0),
    Line("b", "quick", 5, 3, 1.0, 50, 1.01, 1.0, 1.2),
)


def test_the_plot_is_drawn_of_the_numbers() -> None:
    results = Results.load()
    assert results.lines
    assert PICTURE.read_text(encoding="utf-8") == picture(results)
    ElementTree.fromstring(picture(results))


def test_every_peer_stands_at_its_largest_size_and_the_fastest_is_what_counts() -> None:
    said = section(Results("a machine", LINES), RACE)
    assert "| a | 10 rows | 3 | slow | 9.00 | 1.00 | 80 | 50 | 9.00x (8.00 to 9.50) |  |" in said
    assert "| a | 20 rows | 3 | quick | 3.00 | 2.00 | 160 | 55 | 1.50x (1.40 to 1.60) | 2x |" in said
    assert "| a | 10 rows to 20 rows: 2x | ours | 2.0x | 1.1x |" in said
    assert "| b | 5 MB | 3 | quick | 1.00 | 1.00 | 50 | 50 | 1.01x (1.00 to 1.20) | 1x |" in said
    assert list(verdicts(Results("", LINES), RACE)) == [
        "a: 1.50 times the speed of quick, 2 wanted: too slow",
        "b: 1.01 times the speed of quick, 1 wanted: enough",
    ]
    assert fastest(LINES[:3], "a").entrant == "quick"


def test_races_that_did_not_run_stay_if_the_machine_is_the_same() -> None:
    old, new = Results("m", LINES), Results("m", (Line("b", OURS, 5, 1, 7.0, 9, 1.0, 1.0, 1.0),))
    assert new.over(old, RACE).lines == (*LINES[:5], *new.lines)
    assert new.over(Results("other", LINES), RACE) == new


@pytest.mark.parametrize("race", RACES)
def test_ours_runs_in_every_race_and_some_peer_at_every_size(race: str) -> None:
    entrants = [each for each in ENTRANTS if each.race == race]
    assert entrants[0].name == OURS
    for size in (*RACES[race].sizes, *RACES[race].quick):
        assert [each for each in entrants[1:] if size <= each.at_most and not each.needs]
