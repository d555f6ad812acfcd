"""A venue that is cut off is one incident, whenever, however long, and it names no host."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.states import HostState
from tests.kit.examples import examples
from tests.properties.small_world import HOSTS, SmallWorld

steps_s = st.integers(0, 12).map(lambda count: count * 0.25)
lasting_s = st.integers(16, 200).map(lambda count: count * 0.25)


@examples(40)
@given(before_s=steps_s, cut_s=lasting_s, stall_s=steps_s, after_s=steps_s)
def test_venue_that_is_cut_is_one_incident_without_hosts(
    before_s: float, cut_s: float, stall_s: float, after_s: float
) -> None:
    world = SmallWorld()
    world.run(before_s)

    world.cut("STA")
    world.run(cut_s - after_s)
    world.stall(stall_s)
    world.run(after_s)
    world.heal()
    world.run(40.0)

    reported = [(event.change, event.incident.subject.scope) for event in world.incidents()]
    reported = [told for told in reported if told[1] != "centre"]  # of a long stall
    assert reported == [("opened", "venue"), ("closed", "venue")]
    first = next(world.incidents()).incident
    assert set(first.children) == set(HOSTS["STA"])
    assert {world.state(name) for names in HOSTS.values() for name in names} == {HostState.UP}


@given(before_s=steps_s, apart_s=steps_s, killed=st.permutations(HOSTS["STA"]))
def test_hosts_that_die_beside_a_living_one_are_told_apart(
    before_s: float, apart_s: float, killed: list[str]
) -> None:
    world = SmallWorld()
    world.run(before_s)

    for name in killed[1:]:
        world.mute(name)
        world.run(apart_s)
    world.run(10.0)

    accused = sorted(
        event.incident.subject.host for event in world.incidents() if event.change == "opened"
    )
    assert accused == sorted(killed[1:])
    assert world.state(killed[0]) is HostState.UP
