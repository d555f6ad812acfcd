"""Promises of the core that hold whatever happens, in whatever order."""

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aggregator.core.centre import LOOK_APART_S
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import AskPort, HostChanged
from aggregator.core.states import ALIVE, HostState, Trigger
from aggregator.core.verdicts.venue import OVERDUE_S
from tests.kit.examples import examples
from tests.kit.machine import GRACE_S, INTERVAL_S, MARGIN_S
from tests.properties.small_world import FAILED, HOSTS, SmallWorld
from venuewatch.base.wire.messages import Death

NAMES = [name for names in HOSTS.values() for name in names]
HOLD_S = 2 * INTERVAL_S  # a host is held while everybody else at its venue is overdue too

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
        self.judged = 0
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
        self.world.mute(name)

    @rule(name=names)
    def a_host_speaks_again(self, name: str) -> None:
        for story in self.world.both:
            story.unmute(name)

    @rule(name=names, beats=st.integers(1, 4))
    def beats_are_lost(self, name: str, beats: int) -> None:
        for story in self.world.both:
            story.lost_beats[name] = beats

    @rule(name=names)
    def an_agent_restarts(self, name: str) -> None:
        for story in self.world.both:
            machine = story.machines[name]
            will = machine.death()
            machine.boot, machine.session, machine.seq = f"b{int(machine.boot[1:]) + 1}", 1, 0
            if not machine.is_mute:
                story.deliver(will)
                story.deliver(machine.birth())

    @rule(name=names)
    def an_agent_is_killed(self, name: str) -> None:
        if not self.world.seldom.machines[name].is_mute:
            self.willed.add(name)
            for story in self.world.both:
                story.kill(name)

    @rule(name=names, back=st.integers(1, 3))
    def an_old_will_comes(self, name: str, back: int) -> None:
        for story in self.world.both:
            machine = story.machines[name]
            boot = f"b{int(machine.boot[1:]) - back}"
            if boot == story.host(name).boot:  # no newer one was heard: it is as good as any
                self.willed.add(name)
            story.deliver(machine.said(Death(boot, 1, "lost")))

    @rule(name=names)
    def a_retained_will_is_replayed(self, name: str) -> None:
        for story in self.world.both:
            story.deliver(story.machines[name].death(is_retained=True))

    @rule(name=names)
    def beats_come_twice_and_out_of_order(self, name: str) -> None:
        for story in self.world.both:
            machine = story.machines[name]
            if machine.seq and not machine.is_mute:
                machine.seq -= 1
                story.deliver(machine.beat(story.now))

    @rule(venue=venues)
    def a_venue_is_cut(self, venue: str) -> None:
        self.world.cut(venue)

    @rule()
    def every_venue_heals(self) -> None:
        self.world.heal()

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
        for story in self.world.both:
            story.wall_step_s += step_s

    @rule(name=names, step_s=st.sampled_from([-3600.0, 2.0]))
    def a_hosts_clock_steps(self, name: str, step_s: float) -> None:
        for story in self.world.both:
            story.machines[name].clock_ahead_s += step_s

    @invariant()
    def how_often_the_driver_looks_changes_no_event(self) -> None:
        often, seldom = self.world.told_often, self.world.told
        known = min(len(often), len(seldom))
        assert often[:known] == seldom[:known]
        yet_to_come = (*often[known:], *seldom[known:])  # of the other, which looks a little later
        for out in yet_to_come:
            assert isinstance(out, HostChanged | IncidentChanged | AskPort), out
            assert out.at >= self.world.now - LOOK_APART_S, out

    @invariant()
    def events_come_in_order_and_never_before_they_are_true(self) -> None:
        told = self.world.told
        moments = [out.at for out in told if isinstance(out, HostChanged | IncidentChanged)]
        assert moments == sorted(moments)
        assert not moments or moments[-1] <= self.world.now

    @invariant()
    def nobody_is_accused_inside_a_credit(self) -> None:
        for accused in self.world.accusations():
            for start, end in self.world.credits:
                assert not start < accused.at < end, accused

    @invariant()
    def nobody_is_accused_who_was_just_heard(self) -> None:
        for event in self.world.told[self.judged :]:
            if isinstance(event, HostChanged) and event.after in FAILED:
                if event.trigger in {Trigger.CONNECTION_LOST, Trigger.HUNG_UP}:
                    assert event.host in self.willed
                elif event.silent_since is not None:
                    is_cut = event.trigger is Trigger.VENUE_CUT  # decided when the first is due
                    patience_s = OVERDUE_S if is_cut else MARGIN_S
                    assert event.at >= event.silent_since + INTERVAL_S + patience_s
        self.judged = len(self.world.told)

    @invariant()
    def a_silence_longer_than_the_margin_is_never_up(self) -> None:
        world = self.world
        if not world.is_connected or world.seldom.centre.decisions.hearing.is_blind:
            return
        credit_s = sum(end - start for start, end in world.credits)
        for name, heard_at in world.seldom.heard_at.items():
            silent_s = world.now - heard_at - credit_s
            host = world.seldom.host(name)
            is_awaited = host.closed_at is not None  # its will was excused
            if silent_s > (GRACE_S if is_awaited else INTERVAL_S + MARGIN_S) + HOLD_S:
                waits = world.seldom.centre.decisions.hang_ups.case_beside(host) is not None
                assert waits or world.state(name) not in ALIVE, name

    @invariant()
    def of_each_subject_one_incident_is_open_and_reported_once(self) -> None:
        is_open: set[object] = set()
        for event in self.world.incidents():
            subject = event.incident.subject
            if event.change == "opened":
                assert subject not in is_open
                is_open.add(subject)
            elif event.change in {"closed", "removed"}:
                is_open.remove(subject)
            else:
                assert subject in is_open
        assert is_open == set(self.world.seldom.centre.decisions.incidents.open)

    @invariant()
    def every_host_that_is_down_has_an_incident(self) -> None:
        with_one = {subject.host for subject in self.world.seldom.centre.decisions.incidents.open}
        for name in NAMES:
            if self.world.state(name) is HostState.DOWN:
                assert name in with_one

    def teardown(self) -> None:
        """Heal everything: nobody may stay wrong, and nothing pending."""
        world = self.world
        if not world.is_connected:
            world.regain_broker()
        world.heal()
        for story in world.both:
            story.unmute(*NAMES)
            story.lost_beats.clear()
            story.wall_step_s = 0.0
            for machine in story.machines.values():
                machine.clock_ahead_s = 0.0
        world.run(GRACE_S + 10.0)
        assert {name: world.state(name) for name in NAMES} == dict.fromkeys(NAMES, HostState.UP)
        if world.seldom.centre.decisions.incidents.open:
            world.run(1_200.0)  # until every penalty has faded
        assert world.seldom.centre.decisions.incidents.open == {}


TheCore.TestCase.settings = settings(
    examples(60),
    stateful_step_count=30,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes; the blob replays it
)
TestTheCore = TheCore.TestCase
