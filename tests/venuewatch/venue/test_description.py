"""venue.toml: the inventory's own keys, and every wrong key at once."""

import pytest

from aggregator.inventory import VenueEntry
from venuewatch.venue.description import read


def test_description_is_a_venue_of_the_inventory() -> None:
    text = 'name = "Stadium"\nlink = "satellite"\nuplink_addresses = ["192.0.2.0/28"]\n'

    found = read(text.encode(), "STA")

    expected = VenueEntry("STA", "Stadium", link="satellite", uplink_addresses=("192.0.2.0/28",))
    assert found == (expected, ())


def test_every_wrong_key_is_told_at_once() -> None:
    text = 'name = 5\ntown = "Here"\nlat = 91\nlink = "wierd"\ncolour = "red"\ncode = "A"\n'

    found = read(text.encode(), "STA")

    assert found.venue is None
    assert [line.partition(":")[0] for line in found.wrong] == [
        *("line 1", "line 3", "line 4", "line 5", "line 6")
    ]
    assert 'did you mean "wired"?' in found.wrong[2]
    assert "on the command line" in found.wrong[4]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name = ", "expected TOML"),
        (b"\xff", "line 1: expected UTF-8"),
        (b"a = " + b"[" * 10_000, "expected TOML"),
        (b'uplink_addresses = ["192.0.2.1/24"]', "as in 192.0.2.0/28"),
        (b'uplink_addresses = ["fe80::1%eth0"]', "as in 192.0.2.0/28"),
    ],
)
def test_file_that_describes_no_venue_is_refused_in_one_line(data: bytes, said: str) -> None:
    (line,) = read(data, "STA").wrong

    assert said in line
    assert line.isprintable()
