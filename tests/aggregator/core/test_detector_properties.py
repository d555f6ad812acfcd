"""What holds for every trace of messages, stalls and lost connections."""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.core.events import Event, HostChanged
from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger
from tests.aggregator.scene import MARGIN_S, Scene

HOSTS = ("alpha", "beta", "gamma")
LONG_AFTER_S = 10_000.0

Kind: TypeAlias = Literal["beat", "birth", "lost", "farewell", "stalled", "blinded", "subscribed"]
STEPS_S = (0.0, 0.125, 0.25, 0.5, 1.0, 1.75, 2.75, 5.0, 16.75, 61.75)


class Happening(NamedTuple):
    """Something heard or suffered, ``after_s`` later than what was before it."""

    after_s: float
    kind: Kind
    host: str
    boot: str
    session: int
    interval_s: float
    is_retained: bool


OFTEN: tuple[Kind, ...] = ("beat", "beat", "beat", "birth")
SELDOM: tuple[Kind, ...] = ("lost", "farewell", "stalled", "blinded", "subscribed")

happenings = st.builds(
    Happening,
    st.sampled_from(STEPS_S),
    st.sampled_from(OFTEN * 2 + SELDOM),
    st.sampled_from(HOSTS),
    st.sampled_from("ab"),
    st.integers(1, 2),
    st.sampled_from((0.5, 1.0, 5.0, 60.0)),
    st.booleans(),
)
traces = st.lists(happenings, max_size=40)
thoroughly = settings(max_examples=300)
looks = st.lists(st.floats(0.0, 1.0, exclude_max=True), max_size=4)


def play(
    trace: list[Happening], look: Callable[[Scene, float, float], None] = lambda *_: None
) -> tuple[Scene, list[Event]]:
    """Let a trace happen; ``look`` is called between any two things, with both their times."""
    scene, now, seq = Scene(*HOSTS), 0.0, 0
    scene.subscribe(now)
    for what in trace:
        before, now, seq = now, now + what.after_s, seq + 1
        if what.kind == "stalled":
            scene.detector.stalled(before, now)
            continue
        look(scene, before, now)
        if what.kind == "beat":
            scene.beat(now, seq, what.host, boot=what.boot, session=what.session)
        elif what.kind == "birth":
            scene.birth(
                now,
                what.host,
                boot=what.boot,
                session=what.session,
                interval_s=what.interval_s,
                is_retained=what.is_retained,
            )
        elif what.kind == "blinded":
            scene.detector.blinded(now)
        elif what.kind == "subscribed":
            scene.subscribe(now)
        else:
            scene.death(
                now,
                what.kind,
                what.host,
                boot=what.boot,
                session=what.session,
                is_retained=what.is_retained,
            )
    look(scene, now, now + LONG_AFTER_S)
    scene.detector.advance(now + LONG_AFTER_S)
    return scene, scene.detector.events()


@thoroughly
@given(traces, st.data())
def test_how_often_the_shell_looks_changes_no_event(
    trace: list[Happening], data: st.DataObject
) -> None:
    def look_around(scene: Scene, start: float, end: float) -> None:
        for part in sorted(data.draw(looks)):
            scene.detector.advance(start + part * (end - start))

    _, seldom = play(trace)
    _, often = play(trace, look_around)

    assert often == seldom


@thoroughly
@given(traces)
def test_events_come_in_order_of_time(trace: list[Happening]) -> None:
    _, events = play(trace)

    moments = [event.at for event in events]
    assert moments == sorted(moments)


@thoroughly
@given(traces)
def test_every_change_is_one_of_the_table_and_leaves_from_where_the_last_one_led(
    trace: list[Happening],
) -> None:
    _, events = play(trace)

    state = dict.fromkeys(HOSTS, HostState.UNKNOWN)
    for event in events:
        if isinstance(event, HostChanged):
            assert event.before is state[event.host]
            assert TRANSITIONS[event.before, event.trigger] is event.after
            state[event.host] = event.after


@thoroughly
@given(traces)
def test_the_venue_counts_what_a_recount_counts(trace: list[Happening]) -> None:
    recounts: list[Any] = []

    def recount(scene: Scene, _start: float, _end: float) -> None:
        recounts.append((dict(scene.venue.counts), scene.counted()))

    scene, _ = play(trace, recount)

    recount(scene, 0.0, 0.0)
    assert all(counted == recounted for counted, recounted in recounts)


@thoroughly
@given(traces)
def test_nothing_becomes_true_before_the_next_deadline(trace: list[Happening]) -> None:
    lies: list[tuple[float, list[Event]]] = []

    def look_just_before(scene: Scene, _start: float, end: float) -> None:
        told = scene.detector.events()
        due = scene.detector.next_deadline()
        scene.detector.advance(min(end, math.nextafter(math.inf if due is None else due, 0.0)))
        if found := scene.detector.events():
            lies.append((due or math.inf, [*told, *found]))

    play(trace, look_just_before)

    assert lies == []


@given(st.lists(happenings.filter(lambda what: what.kind in {"beat", "farewell"}), max_size=30))
def test_no_living_host_is_ever_overdue_and_every_verdict_comes_at_its_deadline(
    trace: list[Happening],
) -> None:
    """Every boot is announced with its interval just before its first beat, as agents do."""
    scene, now = Scene(*HOSTS), 0.0
    scene.subscribe(now)
    promised: dict[str, tuple[str, float]] = {}
    for seq, what in enumerate(trace):
        now += what.after_s
        if what.kind == "farewell":
            scene.death(now, "farewell", what.host, boot=what.boot, session=what.session)
            continue
        boot, interval_s = promised.get(what.host, ("", 0.0))
        if boot != what.boot:
            boot, interval_s = what.boot, what.interval_s
            promised[what.host] = (boot, interval_s)
            scene.birth(now, what.host, boot=boot, interval_s=interval_s)
        scene.beat(now, seq, what.host, boot=boot, session=what.session)
        for host in scene.fleet:
            if host.state in ALIVE and host.evidence_at is not None:
                assert now < host.evidence_at + promised[host.name][1] + MARGIN_S
        for event in scene.detector.events():
            if not isinstance(event, HostChanged) or event.trigger is not Trigger.DEADLINE_PASSED:
                continue
            assert event.silent_since is not None
            if event.host != what.host:
                allowance_s = promised[event.host][1] + MARGIN_S
                assert event.at == pytest.approx(event.silent_since + allowance_s)


@thoroughly
@given(traces)
def test_only_beats_bring_anybody_up(trace: list[Happening]) -> None:
    _, events = play([what for what in trace if what.kind != "beat"])

    assert not [
        event for event in events if isinstance(event, HostChanged) and event.after in ALIVE
    ]
