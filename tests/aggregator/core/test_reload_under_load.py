"""Reload under load: a big inventory changes while hosts live, move and die."""

from collections.abc import Mapping, Sequence

from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.states import HostState
from tests.kit.machine import MARGIN_S, Machine
from tests.kit.story import Story, fleet_of

ADDED = 1_000
KILLED_BEFORE, KILLED_AFTER, SILENT = "V30-0", "V31-0", "V32-0"
MOVED = "V20-0"


def names_of(venues: int, hosts: int) -> dict[str, tuple[str, ...]]:
    return {
        f"V{venue}": tuple(f"V{venue}-{host}" for host in range(hosts)) for venue in range(venues)
    }


def later(names: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the inventory after: ten venues lose a host, one moves, 1,000 are new."""
    after = {code: tuple(hosts) for code, hosts in names.items()}
    for venue in range(10):
        after[f"V{venue}"] = after[f"V{venue}"][1:]
    after["V20"], after["V21"] = after["V20"][1:], (*after["V21"], MOVED)
    for code in after:
        after[code] += tuple(f"{code}-new{at}" for at in range(ADDED // len(after)))
    return after


def test_reload_of_a_big_inventory_accuses_and_misses_nobody() -> None:
    before = names_of(venues=40, hosts=10)
    story = Story(before).bring_up()
    story.mute("V0-0", run_s=6.0)
    assert story.state("V0-0") is HostState.DOWN
    after = later(before)
    expected = fleet_of(after)
    story.forget()

    story.kill(KILLED_BEFORE)
    killed_at, silent_since = story.now, story.host(SILENT).evidence_at or 0.0
    story.mute(SILENT)
    story.centre.change_inventory(story.now, expected)
    for code, hosts in after.items():
        for at, name in enumerate(hosts):
            if name not in story.machines or name == MOVED:
                story.machines[name] = Machine(code, name, (at % 7 + 1) * 0.125)
                story.machines[name].boot = "b2"
                story.deliver(story.machines[name].birth())
    story.kill(KILLED_AFTER)
    story.run(25.0)

    changes = [out for out in story.said() if isinstance(out, IncidentChanged)]
    opened = {one.incident.subject.host: one.at for one in changes if one.change == "opened"}
    removed = [one.incident.subject.host for one in changes if one.change == "removed"]
    dead = {KILLED_BEFORE, KILLED_AFTER, SILENT}
    assert (set(opened), removed) == (dead, ["V0-0"])
    assert opened[KILLED_BEFORE] - killed_at <= 0.2
    assert opened[KILLED_AFTER] - killed_at <= 0.2
    assert opened[SILENT] == silent_since + 1.0 + MARGIN_S
    living = {host.name for host in story.centre.fleet if host.state is HostState.UP}
    unlisted = {f"V{venue}-0" for venue in range(1, 10)}
    assert living == ({name for names in after.values() for name in names} | unlisted) - dead
    assert (story.host(MOVED).venue, story.state(MOVED)) == ("V21", HostState.UP)
