"""Several feeds or servers, one of which may be lost before the public sees it."""

import pytest

from agent.checks import Reading
from agent.checks.redundancy import Check, Config

FLOWS = Reading("flowing")
RUNS = Reading("ok")
GONE = Reading("critical", "no process")
FROZEN = Reading("frozen", "no new data")
DELAYED = Reading("delayed", "late")
SILENT = Reading("silent", "nothing")
OFF = Reading("not_expected")


def read(**members: Reading | None) -> Reading:
    return Check(Config(name="spare", members=tuple(members)), members.get).read()


def test_all_members_working_is_flowing() -> None:
    reading = read(primary=FLOWS, backup=RUNS)

    assert reading.state == "flowing"
    assert (reading.values.check_members_up, reading.values.check_members) == (2, 2)


@pytest.mark.parametrize("lost", [GONE, FROZEN, DELAYED, SILENT])
def test_one_member_lost_is_redundancy_lost_and_says_which_and_why(lost: Reading) -> None:
    reading = read(primary=FLOWS, backup=lost)

    assert reading[:2] == ("redundancy_lost", f"1 of 2 up; down: backup ({lost.detail})")


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ((SILENT, SILENT), "silent"),
        ((SILENT, FROZEN), "frozen"),
        ((FROZEN, DELAYED), "delayed"),
        ((GONE, GONE), "critical"),
        ((GONE, SILENT), "critical"),
    ],
)
def test_with_no_member_left_it_is_what_the_best_of_them_is(
    members: tuple[Reading, Reading], state: str
) -> None:
    assert read(primary=members[0], backup=members[1]).state == state


def test_members_that_are_not_expected_do_not_count() -> None:
    reading = read(primary=FLOWS, backup=OFF)

    assert reading.state == "flowing"
    assert reading.values.check_members == 1
    assert read(primary=OFF, backup=OFF).state == "not_expected"


@pytest.mark.parametrize("other", [FLOWS, SILENT, OFF])
def test_what_is_not_yet_known_is_not_guessed(other: Reading) -> None:
    assert read(primary=other, backup=None).state == "unknown"
