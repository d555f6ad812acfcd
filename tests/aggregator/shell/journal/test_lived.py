"""Lived time: no row is deleted by the word of a wall clock."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from aggregator.shell.journal.lived import EVERY_S, Lived
from aggregator.shell.journal.schema import migrate

NOW = 1.8e9
HOUR_S, DAY_S, YEAR_S = 3_600.0, 86_400.0, 31_536_000.0
KEEP_S = 3 * DAY_S


class Life:
    """An aggregator that lives with a journal, and stores a row each hour."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:")
        migrate(self.database)
        self.now, self.wall = 0.0, NOW
        self.rows: dict[float, float] = {}
        self.lived = self._begin()

    def _begin(self) -> Lived:
        return Lived(self.database, self.now, self.wall)

    def restart(self, *, off_s: float = 0.0) -> None:
        self.now, self.wall = self.now + off_s, self.wall + off_s
        self.lived = self._begin()

    def live(self, days: float) -> None:
        for _ in range(int(days * 24)):
            self.now, self.wall = self.now + HOUR_S, self.wall + HOUR_S
            self.lived.note(self.database, self.now, self.wall)
            self.rows[self.now] = self.wall
            over = self.lived.over(self.database, KEEP_S)
            for _, low, high in over:
                self.rows = {at: of for at, of in self.rows.items() if not low <= of < high}
            self.lived.forget(self.database, over)

    def ages_s(self) -> list[float]:
        """Return the ages of the oldest and of the youngest row that is left."""
        return [self.now - min(self.rows), self.now - max(self.rows)]


@pytest.fixture
def life() -> Iterator[Life]:
    life = Life()
    with closing(life.database):
        yield life


def test_a_row_is_kept_for_its_time_and_no_longer(life: Life) -> None:
    life.live(8)

    oldest_s, _ = life.ages_s()
    assert KEEP_S <= oldest_s <= KEEP_S + 2 * EVERY_S


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S, 2 * HOUR_S, -2 * HOUR_S])
@pytest.mark.parametrize("is_at_start", [True, False], ids=["at the start", "while running"])
def test_a_jump_deletes_nothing(life: Life, jump_s: float, *, is_at_start: bool) -> None:
    life.live(2)
    before = len(life.rows)

    life.wall += jump_s
    if is_at_start:
        life.restart()
    life.live(0.5)

    assert len(life.rows) == before + 12


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_rows_of_a_wrong_clock_are_deleted_in_their_time(life: Life, jump_s: float) -> None:
    life.live(1)
    life.wall += jump_s
    life.live(1)
    life.wall -= jump_s
    life.live(8)

    oldest_s, _ = life.ages_s()
    assert KEEP_S <= oldest_s <= KEEP_S + 2 * EVERY_S
    assert len(life.rows) <= 4 * 24


def test_time_in_which_no_aggregator_ran_makes_nothing_older(life: Life) -> None:
    life.live(2)
    before = len(life.rows)

    life.restart(off_s=YEAR_S)
    life.live(0.5)

    assert len(life.rows) == before + 12


def test_many_restarts_at_one_moment_are_many_rows(life: Life) -> None:
    for jump_s in (YEAR_S, -2 * YEAR_S, YEAR_S):
        life.wall += jump_s
        life.restart()

    walls = life.database.execute("SELECT wall FROM lived ORDER BY lived_s").fetchall()
    assert [wall for (wall,) in walls] == [0.0, NOW, NOW + YEAR_S, NOW - YEAR_S, NOW]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE marks SET value = 9e9 WHERE name = 'lived_s'",
        "UPDATE marks SET value = -5 WHERE name = 'lived_s'",
        "UPDATE marks SET value = 'often' WHERE name = 'lived_s'",
        "DELETE FROM marks",
        "UPDATE lived SET lived_s = 9e10 WHERE lived_s = (SELECT max(lived_s) FROM lived)",
        "UPDATE lived SET lived_s = -lived_s",
        "UPDATE lived SET lived_s = 'x' || lived_s",
        "UPDATE lived SET wall = 9e999",
        "UPDATE lived SET wall = x'00'",
        "DELETE FROM lived WHERE lived_s > 0",
        "DELETE FROM lived",
    ],
)
def test_damage_makes_nothing_older(life: Life, damage: str) -> None:
    life.live(2)
    before = len(life.rows)

    life.database.execute(damage)
    life.restart()
    life.live(0.5)

    assert len(life.rows) == before + 12
