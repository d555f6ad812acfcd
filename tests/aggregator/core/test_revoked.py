"""Hosts that are revoked: away for as long as the inventory says so, and heard no more."""

import pytest

from aggregator.core.fleet import Fleet
from aggregator.core.incidents.standing import down_at, host_told, venue_told
from aggregator.core.outputs import HostChanged, Store
from aggregator.core.states import HostState, Trigger
from tests.kit.story import STADE, Story, fleet_of
from venuewatch.base.wire.errors import Reason

LIMIT_S = 60.0


@pytest.fixture
def story() -> Story:
    return Story(away_limit_s=LIMIT_S).bring_up()


def revoking(*names: str) -> Fleet:
    """Return the fleet as an inventory has it in which these hosts are revoked."""
    fleet = fleet_of(STADE)
    for name in names:
        host = fleet.named(name)
        host.is_revoked, host.state = True, HostState.AWAY
    for venue in fleet.venues.values():
        states = [host.state for host in venue.hosts.values()]
        venue.counts = {state: states.count(state) for state in HostState}
    return fleet


def expect(story: Story, fleet: Fleet) -> None:
    story.centre.change_inventory(story.now, fleet)
    story.look()


@pytest.mark.parametrize("silent_s", [0.0, 1.0, 6.0])  # up, late, down
def test_revoked_host_is_away_and_never_missed(story: Story, silent_s: float) -> None:
    story.host("s1").is_required = True
    story.mute("s1", run_s=silent_s)
    story.forget()

    expect(story, revoking("s1"))

    assert story.changes("s1", until=story.now) == [(story.now, "away", Trigger.REVOKED)]
    story.run(LIMIT_S + 20.0)
    assert story.state("s1") is HostState.AWAY
    assert down_at(story.host("s1")) is None
    assert story.accused() == []
    assert story.centre.decisions.incidents.open == {}


def test_revoked_host_that_speaks_is_refused_and_counted(story: Story) -> None:
    expect(story, revoking("s1"))

    story.run(3.0)

    assert story.state("s1") is HostState.AWAY
    assert story.centre.intake.rejected[Reason.REVOKED] >= 2


def test_deletion_at_the_broker_is_no_message_of_a_revoked_host(story: Story) -> None:
    story.mute("s1")
    expect(story, revoking("s1"))

    for stream in ("birth", "death"):
        story.centre.intake.read(f"venuewatch/v1/STA/s1/{stream}", b"", False)  # noqa: FBT003

    assert story.centre.intake.rejected[Reason.REVOKED] == 0


def test_host_that_is_admitted_again_is_expected_from_then_on(story: Story) -> None:
    story.mute("s1")
    expect(story, revoking("s1"))
    story.run(LIMIT_S + 20.0)
    story.forget()

    expect(story, revoking())
    admitted_at = story.now
    story.run(LIMIT_S + 1.0)

    assert story.lines() == [(admitted_at + LIMIT_S, "opened", "host s1", "did_not_return")]


def test_host_that_is_admitted_again_and_beats_is_up(story: Story) -> None:
    expect(story, revoking("s1"))
    story.run(5.0)

    expect(story, revoking())
    story.run(5.0)

    assert story.state("s1") is HostState.UP
    assert story.accused() == []


def test_new_host_that_is_revoked_already_is_never_expected(story: Story) -> None:
    expect(story, fleet_of({**STADE, "STA": ("s2", "s3")}))
    story.mute("s1")

    expect(story, revoking("s1"))
    story.run(LIMIT_S + 20.0)

    assert story.state("s1") is HostState.AWAY
    assert story.accused() == []


@pytest.mark.parametrize("silent_s", [0.0, 6.0])
def test_host_revoked_while_the_aggregator_was_away_is_not_accused(
    story: Story, silent_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.mute("s1", run_s=silent_s)
    monkeypatch.setattr(story, "_fleet_of", lambda _: revoking("s1"))

    story.forget()
    story.restart()
    stores = [out for out in story.said() if isinstance(out, Store)]
    stored = [each for store in stores for each in store.changes]
    changes = [each for each in stored if isinstance(each, HostChanged) and each.host == "s1"]
    assert [(each.after, each.trigger) for each in changes] == [(HostState.AWAY, Trigger.REVOKED)]
    story.regain_connection()
    story.run(LIMIT_S + 20.0)

    assert story.state("s1") is HostState.AWAY
    assert story.centre.decisions.incidents.open == {}


def test_revoked_host_and_its_venue_say_so(story: Story) -> None:
    expect(story, revoking("s1"))

    told = host_told(story.host("s1"), [], "")
    of_venue = venue_told(story.centre.fleet.venues["STA"], [], "")

    assert told.sentence == "s1 in STA is revoked: it may say nothing, and is not expected."
    assert of_venue.sentence == "1 of 3 hosts of STA are revoked."
    assert (told.severity, of_venue.severity) == (None, None)  # an operator wanted it so
