"""A run that is played by the clock of its sheet leaves its nights out."""

import pytest

from tests.rehearsal.runfile.scenarios import scenario
from venuewatch.rehearsal.plan.sheet import Row
from venuewatch.rehearsal.playing.pace import moments

HOUR_S = 3_600


def row(number: int, day: int, hour: int) -> Row:
    """Return one that is played for an hour."""
    starts_at = ((day - 1) * 24 + hour) * HOUR_S
    return Row(
        day=day,
        starts_at=starts_at,
        ends_at=starts_at + HOUR_S,
        officer="Officer 1",
        scenario=scenario(number),
    )


def test_days_follow_one_another_without_their_nights() -> None:
    rows = [row(1, 1, 8), row(2, 1, 10), row(3, 2, 9), row(4, 2, 9)]

    assert moments(rows) == {1: 0.0, 2: 2 * HOUR_S, 3: 3 * HOUR_S, 4: 3 * HOUR_S}


@pytest.mark.parametrize("rows", [[], [row(7, 3, 12)]], ids=["none", "one on the third day"])
def test_first_one_begins_at_once(rows: list[Row]) -> None:
    assert list(moments(rows).values()) == [0.0] * len(rows)
