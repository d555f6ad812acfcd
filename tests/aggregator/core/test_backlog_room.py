"""Backlog that comes without a grant: bounded by venue, and no other venue pays for it."""

from aggregator.core.backlog_room import ALL, VENUE, BacklogRoom

BATCH = 16_000
PER_S = 96
HOSTS = 12


def taken_per_s(room: BacklogRoom, venue: str, seconds: int) -> float:
    """Return how many bytes a second are taken of a venue whose hosts send all they can."""
    size = 0
    for step in range(seconds * 10):
        now = step / 10
        for _ in range(HOSTS * PER_S // 10):
            size += BATCH * room.takes(venue, BATCH, now, now)
    return size / seconds


def test_one_venue_takes_twice_what_is_granted_in_the_long_run() -> None:
    seconds = 300

    taken = taken_per_s(BacklogRoom(), "STA", seconds)

    assert VENUE.per_s * 0.99 < taken < VENUE.per_s + (VENUE.burst + BATCH) / seconds


def test_another_venue_has_its_room_beside_a_flood() -> None:
    room = BacklogRoom()
    taken_per_s(room, "STA", 60)

    assert all(room.takes("AQU", BATCH, 60.0, 60.0) for _ in range(int(VENUE.burst / BATCH)))


def test_all_venues_together_are_bounded() -> None:
    room = BacklogRoom()

    taken = sum(BATCH for _ in range(10_000) if room.takes(f"V{_ % 50}", BATCH, 0.0, 0.0))

    assert ALL.burst - BATCH < taken <= ALL.burst


def test_time_in_which_we_did_not_read_is_paid_back() -> None:
    room = BacklogRoom()
    while room.takes("STA", BATCH, 0.0, 0.0):
        pass

    assert not room.takes("STA", BATCH, 0.0, -60.0)
    assert room.takes("STA", BATCH, 60.0, 60.0)
