"""Equipment of a host gives its agent the checks of its role, with the limits of the stage."""

from pathlib import Path

import pytest

from agent import config
from agent.checks.feed import Config as FeedConfig
from agent.checks.uplinks import Config as UplinksConfig
from tests.rehearsal.live.watched.scene import GATEWAY, MEDIA, ROLES, SERVER, VENUE, equipment
from venuewatch.rehearsal.fleet import (
    CHECK_EVERY_S,
    CHECKS,
    DATA_LIMIT_S,
    LIMIT_S,
    checks_of,
)
from venuewatch.rehearsal.live.seen.checks import LOOKS
from venuewatch.rehearsal.live.watched.equipment import KINDS, Equipment
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.watched.names import Names
from venuewatch.rehearsal.live.watched.thing import Thing
from venuewatch.rehearsal.stage.machine import StageError


def configured(folder: Path, made: Equipment) -> config.Config:
    path = folder / "agent.toml"
    path.write_text(f'venue = "STA"\nhost = "STA-1"\n{made.settings}')
    return config.read(path)


@pytest.mark.parametrize("number", range(1, len(ROLES) + 1))
def test_agent_takes_the_checks_that_its_role_has(tmp_path: Path, number: int) -> None:
    read = configured(tmp_path, equipment(tmp_path, number))

    asked = {each.name for each in checks_of(VENUE.host[number - 1], VENUE) if each.kind in KINDS}
    assert asked <= {check.name for check in read.check}
    assert {check.every_s for check in read.check} <= {CHECK_EVERY_S}
    assert all(check.timeout_s <= CHECK_EVERY_S for check in read.check)


def test_feed_has_the_limits_of_the_stage_and_the_zone_of_its_venue(tmp_path: Path) -> None:
    read = configured(tmp_path, equipment(tmp_path, SERVER))

    (feed,) = (check for check in read.check if isinstance(check, FeedConfig))
    assert feed.keep_alive_limit_s == LIMIT_S
    assert (feed.latency_limit_s, feed.data_limit_s) == (DATA_LIMIT_S, DATA_LIMIT_S)
    assert feed.zone == "Pacific/Tahiti"


def test_gateway_looks_at_each_of_its_two_lines(tmp_path: Path) -> None:
    read = configured(tmp_path, equipment(tmp_path, GATEWAY))

    (uplinks,) = (check for check in read.check if isinstance(check, UplinksConfig))
    assert uplinks.members == ("line-1", "line-2")


def test_a_host_without_a_check_can_not_be_spoilt_so(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"^STA-6 has no check results of the kind feed$"):
        equipment(tmp_path, MEDIA).thing("results", Feed)


def test_a_check_of_another_kind_can_not_be_spoilt_so(tmp_path: Path) -> None:
    class Other(Thing):
        KIND = "other"

    with pytest.raises(StageError, match=r"^STA-2 has no check results of the kind other$"):
        equipment(tmp_path, SERVER).thing("results", Other)


def test_every_check_of_the_stage_but_a_serial_line_is_real() -> None:
    assert {check.kind for check in CHECKS} - KINDS.keys() == {"line"}


def test_every_thing_has_a_look_of_its_own() -> None:
    assert set(KINDS.values()) - LOOKS.keys() == {Names}, "names are looked at for a venue"
