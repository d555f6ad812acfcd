"""What holds for the core whatever happens, in whatever order."""

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aggregator.core.census import OVERDUE_S
from aggregator.core.events import HostChanged
from aggregator.core.states import ALIVE, HostState, Trigger
from tests.properties.small_world import (
    FAILED,
    HOSTS,
    INTERVAL_S,
    MARGIN_S,
    SmallWorld,
)

NAMES = [name for names in HOSTS.values() for name in names]
HOLD_S = 2 * INTERVAL_S  # a host is held while everybody else at its venue is overdue too
GRACE_S = 10.0 + 5.0 + MARGIN_S

names = st.sampled_from(NAMES)
venues = st.sampled_from(list(HOSTS))
short_s = st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0])
long_s = st.sampled_from([3.0, 5.0, 12.0, 20.0, 65.0])
parts = st.lists(st.floats(0.0, 1.0, exclude_max=True), max_size=3)


class TheCore(RuleBasedStateMachine):
    """A fleet to which everything happens, and the promises that must hold all along."""

    def __init__(self) -> None:
        super().__init__()
        self.world = SmallWorld()
        self.accused = 0
        self.told = 0
        self.willed: set[str] = set()

    @rule(seconds=short_s, parts=parts)
    def time_passes(self, seconds: float, parts: list[float]) -> None:
        self.world.look_around(parts)
        self.world.run(seconds)

    @rule(seconds=long_s)
    def much_time_passes(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(name=names)
    def a_host_falls_silent(self, name: str) -> None:
        self.world.machines[name].is_mute = True

    @rule(name=names)
    def a_host_speaks_again(self, name: str) -> None:
        self.world.machines[name].is_mute = False

    @rule(name=names, beats=st.integers(1, 4))
    def beats_are_lost(self, name: str, beats: int) -> None:
        self.world.machines[name].lost_beats = beats

    @rule(name=names)
    def an_agent_restarts(self, name: str) -> None:
        machine = self.world.machines[name]
        old = machine.death(boot=machine.boot, session=machine.session)
        machine.boot, machine.session, machine.seq = machine.boot + 1, 1, 0
        if machine.venue not in self.world.cut and not machine.is_mute:
            self.world.deliver(old)
            self.world.deliver(machine.birth())

    @rule(name=names)
    def an_agent_is_killed(self, name: str) -> None:
        machine = self.world.machines[name]
        if machine.venue not in self.world.cut and not machine.is_mute:
            machine.is_mute = True
            self.willed.add(name)
            self.world.deliver(machine.death(boot=machine.boot, session=machine.session))

    @rule(name=names, back=st.integers(1, 3))
    def an_old_will_comes(self, name: str, back: int) -> None:
        machine = self.world.machines[name]
        self.world.deliver(machine.death(boot=machine.boot - back, session=1))

    @rule(name=names)
    def a_retained_will_is_replayed(self, name: str) -> None:
        machine = self.world.machines[name]
        said = machine.death(boot=machine.boot, session=machine.session, is_retained=True)
        self.world.deliver(said)

    @rule(name=names)
    def beats_come_twice_and_out_of_order(self, name: str) -> None:
        machine = self.world.machines[name]
        if machine.seq and not machine.is_mute and machine.venue not in self.world.cut:
            machine.seq -= 1
            self.world.deliver(machine.beat(self.world.now, self.world.tick))
            machine.seq += 1

    @rule(venue=venues)
    def a_venue_is_cut(self, venue: str) -> None:
        self.world.cut.add(venue)

    @rule()
    def every_venue_heals(self) -> None:
        self.world.cut.clear()

    @rule(seconds=short_s | st.just(5.0))
    def we_stall(self, seconds: float) -> None:
        if self.world.is_connected:
            self.world.stall(seconds)

    @precondition(lambda self: self.world.is_connected)
    @rule()
    def the_broker_goes(self) -> None:
        self.world.lose_broker()

    @precondition(lambda self: not self.world.is_connected)
    @rule()
    def the_broker_comes_back(self) -> None:
        self.world.regain_broker()

    @rule(step_s=st.sampled_from([-3600.0, -2.0, 2.0, 3600.0]))
    def our_clock_steps(self, step_s: float) -> None:
        self.world.wall_step_s += step_s

    @rule(name=names, step_s=st.sampled_from([-3600.0, 2.0]))
    def a_hosts_clock_steps(self, name: str, step_s: float) -> None:
        self.world.machines[name].wall_step_s += step_s

    @invariant()
    def how_often_the_shell_looks_changes_no_event(self) -> None:
        assert self.world.told_often == self.world.told

    @invariant()
    def events_come_in_order_and_never_before_they_are_true(self) -> None:
        moments = [event.at for event in self.world.told]
        assert moments == sorted(moments)
        assert not moments or moments[-1] <= self.world.now

    @invariant()
    def nobody_is_accused_inside_a_credit(self) -> None:
        for accused in self.world.accusations():
            for start, end in self.world.credits:
                assert not start < accused.at < end, accused

    @invariant()
    def nobody_is_accused_who_was_just_heard(self) -> None:
        for event in self.world.told[self.told :]:
            if isinstance(event, HostChanged) and event.after in FAILED:
                if event.trigger is Trigger.CONNECTION_LOST:
                    assert event.host in self.willed
                elif event.silent_since is not None:
                    is_cut = event.trigger is Trigger.VENUE_CUT  # decided when the first is due
                    patience_s = OVERDUE_S if is_cut else MARGIN_S
                    assert event.at >= event.silent_since + INTERVAL_S + patience_s
        self.told = len(self.world.told)

    @invariant()
    def a_silence_longer_than_the_margin_is_never_up(self) -> None:
        world = self.world
        if not world.is_connected or world.seldom.awareness.is_deaf:
            return
        credit_s = sum(end - start for start, end in world.credits)
        for name, machine in world.machines.items():
            silent_s = world.now - machine.heard_at - credit_s
            if silent_s > INTERVAL_S + MARGIN_S + HOLD_S:
                assert world.state(name) not in ALIVE, name

    @invariant()
    def of_each_subject_one_incident_is_open_at_most_and_none_is_told_twice(self) -> None:
        is_open: set[object] = set()
        for event in self.world.incidents():
            subject = event.incident.subject
            if event.change == "opened":
                assert subject not in is_open
                is_open.add(subject)
            elif event.change == "closed":
                is_open.remove(subject)
            else:
                assert subject in is_open
        assert is_open == set(self.world.seldom.incidents.open)

    @invariant()
    def every_host_that_is_down_has_an_incident(self) -> None:
        with_one = {subject.host for subject in self.world.seldom.incidents.open}
        for name in NAMES:
            if self.world.state(name) is HostState.DOWN:
                assert name in with_one

    def teardown(self) -> None:
        """Heal everything: nobody may stay wrong, and nothing pending."""
        world = self.world
        if not world.is_connected:
            world.regain_broker()
        world.cut.clear()
        for machine in world.machines.values():
            machine.is_mute = False
            machine.lost_beats = 0
            machine.wall_step_s = world.wall_step_s = 0.0
        world.run(GRACE_S + 10.0)
        assert {name: world.state(name) for name in NAMES} == dict.fromkeys(NAMES, HostState.UP)
        if world.seldom.incidents.open:
            world.run(1_200.0)  # until every penalty has faded
        assert world.seldom.incidents.open == {}


TheCore.TestCase.settings = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes; the blob replays it
)
TestTheCore = TheCore.TestCase
