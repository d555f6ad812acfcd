"""A machine that was put back, told from late ticks, sleep, and aggregators that begin anew."""

from hypothesis import given
from hypothesis import strategies as st

from agent.put_back import AHEAD_S, PutBack
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, Tick

FIRST = 4_000_000_000
TICK, STATE = topics.centre_tick("centre"), topics.centre_state("centre")


class Heard:
    """Ticks as they were sent, a second apart, and a machine that hears them.

    ``lost_s``: how much of the time that has passed the machine's own clock knows nothing of.
    """

    def __init__(self, boot: str = "a") -> None:
        self.put_back = PutBack()
        self.lost_s = 0.0
        self.begin(boot)

    def begin(self, boot: str) -> None:
        """Begin a session, in which the state of the aggregator is heard first."""
        self.put_back.session_began()
        self.put_back.hear_state(STATE, CentreState("online", boot))

    def tick(self, sent_at: float, late_s: float = 0.0, *, first: int = FIRST) -> bool:
        tick = Tick(first + int(sent_at), int(sent_at * 1000))
        return self.put_back.hear_tick(TICK, tick, sent_at + late_s - self.lost_s)

    def ticks(self, start: int, end: int) -> list[bool]:
        return [self.tick(at) for at in range(start, end)]


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 1, 1, 2, 7, 90, 40_000]), st.floats(0.0, AHEAD_S - 2.0)),
        max_size=80,
    ),
    st.floats(-0.005, 0.005),
)
def test_no_lost_or_late_tick_and_no_clock_that_drifts_is_a_put_back_machine(
    heard: list[tuple[int, float]], drift: float
) -> None:
    machine, at = Heard(), 0

    for passed_s, late_s in heard:
        machine.begin("a")
        at += passed_s
        machine.lost_s += drift * min(passed_s, 100)
        assert not machine.tick(at, late_s)


def test_machine_that_was_put_back_is_told_at_the_first_tick() -> None:
    machine = Heard()
    machine.ticks(0, 40)

    machine.lost_s = 30.0
    machine.begin("a")

    assert machine.ticks(45, 60) == [True, *[False] * 14]


def test_machine_that_lost_less_than_ticks_may_be_ahead_goes_on() -> None:
    machine = Heard()
    machine.ticks(0, 40)

    machine.lost_s = AHEAD_S
    machine.begin("a")

    assert not any(machine.ticks(45, 60))


def test_ticks_that_waited_and_come_at_once_are_no_sign() -> None:
    machine = Heard()
    machine.ticks(0, 40)

    assert not any(machine.tick(at, 70.0 - at) for at in range(40, 71))
    assert not any(machine.ticks(71, 80))


def test_last_tick_before_a_cut_may_be_late_by_far() -> None:
    machine = Heard()
    machine.ticks(0, 40)
    machine.tick(41, 20.0)
    machine.begin("a")

    assert not any(machine.ticks(70, 80))


def test_aggregator_that_begins_anew_is_another_one_to_compare_with() -> None:
    machine = Heard()
    machine.ticks(0, 40)

    machine.begin("b")

    assert not machine.tick(41, first=FIRST + 100_000)
    assert not machine.tick(42, first=FIRST + 100_000)


def test_tick_that_passes_the_state_of_its_aggregator_is_no_sign() -> None:
    machine = Heard()
    machine.ticks(0, 40)

    assert not machine.tick(41, first=FIRST + 100_000), "its clock says that it is another boot's"


def test_ticks_of_an_aggregator_that_says_no_boot_are_compared_with_nothing() -> None:
    machine = Heard("")
    machine.ticks(0, 40)

    machine.lost_s = 1_000.0

    assert not any(machine.ticks(1_045, 1_060))


def test_aggregator_that_stalled_hides_no_put_back_machine() -> None:
    machine = Heard()
    machine.ticks(0, 40)
    late = [
        machine.put_back.hear_tick(TICK, Tick(FIRST + at, at * 1000 + 20_000), at + 20.0)
        for at in range(40, 100)
    ]

    machine.lost_s = 60.0
    machine.begin("a")
    tick = Tick(FIRST + 200, 220_000)

    assert not any(late)
    assert machine.put_back.hear_tick(TICK, tick, 220.0 - machine.lost_s)


def test_few_aggregators_are_remembered() -> None:
    put_back = PutBack()
    for number in range(100):
        put_back.session_began()
        put_back.hear_state(STATE, CentreState("online", f"boot-{number}"))
        put_back.hear_tick(TICK, Tick(1, 1), 1.0)

    assert len(put_back._least) <= 16  # noqa: SLF001 - the bound has no other sign


def test_machine_that_slept_was_not_put_back() -> None:
    machine = Heard()
    machine.ticks(0, 40)

    machine.begin("a")  # its clock goes on while it sleeps

    assert not any(machine.ticks(28_800, 28_820))


def test_aggregator_that_went_offline_is_compared_with_nothing_until_it_is_back() -> None:
    machine = Heard()
    machine.ticks(0, 40)
    machine.lost_s = 30.0

    machine.put_back.hear_state(STATE, CentreState("offline", "a"))

    assert not machine.tick(45)
    machine.begin("a")
    assert machine.tick(46)
