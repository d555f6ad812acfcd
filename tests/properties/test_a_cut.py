"""A venue that is cut off is one incident, whenever, however long, and it names no host."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.states import HostState
from tests.properties.small_world import HOSTS, STEP_S, SmallWorld

steps = st.integers(0, 12).map(lambda count: count * STEP_S)
lasting_s = st.integers(16, 400).map(lambda count: count * STEP_S)


@given(before_s=steps, cut_s=lasting_s, stall_s=steps, after_s=steps)
def test_a_venue_cut_is_one_incident_and_names_no_host(
    before_s: float, cut_s: float, stall_s: float, after_s: float
) -> None:
    world = SmallWorld()
    world.run(before_s)

    world.cut.add("STA")
    world.run(cut_s - after_s)
    world.stall(stall_s)
    world.run(after_s)
    world.cut.clear()
    world.run(40.0)

    told = [(event.change, event.incident.subject.scope) for event in world.incidents()]
    assert told == [("opened", "venue"), ("closed", "venue")]
    first = next(world.incidents()).incident
    assert set(first.children) == set(HOSTS["STA"])
    assert {world.state(name) for names in HOSTS.values() for name in names} == {HostState.UP}


@given(before_s=steps, apart_s=steps, killed=st.permutations(HOSTS["STA"]))
def test_hosts_that_die_beside_a_living_one_are_each_their_own(
    before_s: float, apart_s: float, killed: list[str]
) -> None:
    world = SmallWorld()
    world.run(before_s)

    for name in killed[1:]:
        world.machines[name].is_mute = True
        world.run(apart_s)
    world.run(10.0)

    accused = sorted(event.incident.subject.host for event in world.incidents())
    assert accused == sorted(killed[1:])
    assert world.state(killed[0]) is HostState.UP
