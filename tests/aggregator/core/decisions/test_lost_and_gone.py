"""Hosts that are taken out of the fleet while they wait for their window, or are behind a loss."""

import pytest

from aggregator.core.states import HostState
from tests.kit.story import Story, fleet_of
from tests.kit.worlds import hang_up

STA = tuple(f"s{at}" for at in range(8))
AQU = ("a1", "a2")
LESS = {"STA": STA[3:], "AQU": AQU}


@pytest.fixture
def eight() -> Story:
    return Story({"STA": STA, "AQU": AQU}).bring_up()


@pytest.mark.parametrize("fleet", [LESS, {"AQU": AQU}, {"STA": STA[3:], "AQU": (*AQU, *STA[:3])}])
def test_hosts_gone_within_their_window_are_not_lost(
    eight: Story, fleet: dict[str, tuple[str, ...]]
) -> None:
    hang_up(eight, "s0", "s1", "s2", run_s=1.0)
    eight.centre.change_inventory(eight.now, fleet_of(fleet))

    eight.run(10.0)

    assert eight.opened() == []
    for venue in eight.centre.fleet.venues.values():
        assert sum(venue.counts.values()) == len(venue.hosts)
        assert min(venue.counts.values()) == 0


def test_unlisted_hosts_whose_places_fall_free_end_their_loss(eight: Story) -> None:
    strangers = ("x1", "x2")
    for name in strangers:
        eight.machines[name] = machine = type(eight.machines["s0"])("STA", name, 0.25)
        eight.deliver(machine.birth())
    eight.run(3.0)
    hang_up(eight, "s0", "s1", "s2", *strangers, run_s=10.0)
    eight.forget()
    for name in ("s0", "s1", "s2"):
        eight.deliver(eight.machines[name].reconnect())

    eight.run(120.0)

    assert ("closed", "venue STA", "hung_up_together") in [line[1:] for line in eight.lines()]
    assert {eight.state(name) for name in STA} == {HostState.UP}
