"""A host that sends more than its budget: refused, counted, named, and never called down for it."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from aggregator.core.allowances import ALLOWANCES
from aggregator.core.budget import BEATS_BURST, LOUD_BYTES, QUIET_S, TOLD_AFTER_S, Discarding
from aggregator.core.outputs import HostChanged, Store
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from tests.kit.machine import DEADLINE_S, Machine, Message
from tests.kit.story import STEP_S, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.topics import Stream

LOUD = "s1"
JUNK = b"?" * 100
Attack = Callable[[Machine, float], Message]


def topic_of(machine: Machine, stream: Stream) -> str:
    return topics.topic(machine.venue, machine.name, stream)


def junk(machine: Machine, now: float) -> Message:
    del now
    return Message(topic_of(machine, Stream.BEAT), JUNK)


def repeat(machine: Machine, now: float) -> Message:
    machine.seq -= 1
    return machine.beat(now)


_boots = itertools.count()


def new_boot(machine: Machine, now: float) -> Message:
    boot, machine.boot = machine.boot, f"x{next(_boots)}"
    said = machine.beat(now)
    machine.boot, machine.seq = boot, machine.seq - 1
    return said


ATTACKS = {"junk": junk, "repeats": repeat, "a new boot each": new_boot}


def flood(story: Story, attack: Attack, seconds: float, *, a_step: int = 100) -> None:
    """Let one host send far more than it may, beside its agent and everybody else."""
    for _ in range(round(seconds / STEP_S)):
        story.run(STEP_S)
        story.deliver(*[attack(story.machines[LOUD], story.now) for _ in range(a_step)])


def refused(story: Story) -> dict[str, int]:
    return story.host(LOUD).refused or {}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_host_over_budget_is_never_down_for_it(story: Story, attack: Attack) -> None:
    flood(story, attack, 40.0)
    story.run(10.0)

    assert story.state(LOUD) is HostState.UP
    assert [out for out in story.said() if isinstance(out, HostChanged)] == []
    assert refused(story)["beat"] > 0.7 * 40.0 / STEP_S * 100


def test_beats_are_refused_beyond_a_burst(story: Story) -> None:
    story.run(60.0)
    story.mute(LOUD)
    story.beat(story.now, 1_000, LOUD, boot="b1")

    story.deliver(*[junk(story.machines[LOUD], story.now) for _ in range(500)])

    rejected = story.centre.intake.rejected
    decoded = rejected[Reason.INVALID_JSON]
    assert decoded == BEATS_BURST - 1
    assert rejected[Reason.OVER_BUDGET] == refused(story)["beat"] == 500 - decoded


@pytest.mark.parametrize("stream", ALLOWANCES)
def test_each_stream_has_a_budget_refused_before_decoding(story: Story, stream: str) -> None:
    burst = int(ALLOWANCES[stream].messages.burst)
    message = Message(topic_of(story.machines[LOUD], Stream(stream)), b"?")
    story.run(60.0)

    story.deliver(*[message] * (burst + 50))

    assert story.centre.intake.rejected[Reason.INVALID_JSON] == burst
    assert refused(story) == {stream: 50}


@pytest.mark.parametrize("stream", [Stream.VITALS, Stream.CHECKS, Stream.CATALOGUE])
def test_readings_have_a_budget_of_bytes(story: Story, stream: Stream) -> None:
    large = Message(topic_of(story.machines[LOUD], stream), b"?" * 200_000)
    story.run(60.0)

    story.deliver(*[large] * 10)

    assert refused(story) == {stream.value: 7}


def test_streams_of_readings_share_one_budget(story: Story) -> None:
    machine = story.machines[LOUD]
    shared = [Stream.VITALS, Stream.CHECKS, Stream.CATALOGUE]
    story.run(60.0)

    story.deliver(*[Message(topic_of(machine, stream), b"?") for stream in shared * 20])

    assert sum(refused(story).values()) == 30


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_kill_elsewhere_is_known_in_the_usual_time(story: Story, attack: Attack) -> None:
    flood(story, attack, 12.0)
    heard_at = story.host("a1").evidence_at
    assert heard_at is not None
    story.mute("a1")

    flood(story, attack, DEADLINE_S + 1.0)

    fallen = [
        out for out in story.said() if isinstance(out, HostChanged) and out.after is HostState.DOWN
    ]
    assert [(out.host, out.at) for out in fallen] == [("a1", heard_at + DEADLINE_S)]


def test_host_over_budget_is_named_after_ten_seconds(story: Story) -> None:
    flood(story, junk, TOLD_AFTER_S - 1.0)
    assert story.opened() == []

    flood(story, junk, 3.0)
    assert story.opened() == [(f"budget {LOUD}", "over_budget")]
    detail = story.evidence("budget", LOUD)["budget"].detail
    assert int(str(detail["beat_refused"])) > 1_000
    assert detail["bytes_refused"] == int(str(detail["beat_refused"])) * len(JUNK)

    story.run(QUIET_S - 1.0)
    assert story.lines() == []
    story.run(2.0)
    assert [(change, who) for _, change, who, _ in story.lines()] == [("closed", f"budget {LOUD}")]


def test_short_burst_over_budget_names_nobody(story: Story) -> None:
    flood(story, junk, 5.0)
    story.run(2 * QUIET_S)

    assert story.opened() == []
    assert story.centre.decisions.expectation.budget.over == {}


def test_incident_over_budget_ends_after_a_restart(story: Story) -> None:
    flood(story, junk, TOLD_AFTER_S + 2.0)
    story.restart()
    story.open()
    story.forget()

    story.run(QUIET_S + 1.0)

    assert [change for _, change, _, _ in story.lines()] == ["closed"]


def test_agent_beside_a_flood_comes_up_again(story: Story) -> None:
    story.mute(LOUD)
    flood(story, junk, 10.0)
    assert story.state(LOUD) is HostState.DOWN

    story.unmute(LOUD)
    flood(story, junk, 5.0)

    assert story.state(LOUD) is HostState.UP


def test_time_that_was_not_read_is_credited(story: Story) -> None:
    fast = story.machines[LOUD]
    fast.interval_s = STEP_S
    story.deliver(fast.birth())
    story.run(5.0)

    story.stall(40.0)
    story.run(5.0)

    assert refused(story) == {}


def test_time_without_a_connection_is_credited(story: Story) -> None:
    story.reconnect(40.0)
    held = [story.machines[LOUD].check(story.now, number, "ok") for number in range(80)]

    story.deliver(*held)

    assert refused(story) == {}


def test_held_back_beats_of_a_slow_broker_are_credited(story: Story) -> None:
    fast = story.machines[LOUD]
    fast.interval_s = STEP_S
    story.deliver(fast.birth())
    story.run(5.0)

    story.hold(30.0)
    story.run(5.0)

    assert refused(story) == {}


def test_blindness_names_the_loudest_hosts(story: Story) -> None:
    flood(story, junk, 5.0, a_step=200)
    story.canary_s = None
    for _ in range(80):
        story.run(STEP_S)
        story.deliver(*[junk(story.machines[LOUD], story.now)] * 200)

    seen = story.incident("centre").evidence
    assert story.incident("centre").cause is Cause.AGGREGATOR_BLIND
    loud = [one for one in seen if one.seen == "loud"]
    assert [one.by for one in loud] == [LOUD]
    assert int(str(loud[0].detail["messages_refused"])) > 1_000


def test_host_within_its_budget_is_loud_by_its_bytes(story: Story) -> None:
    machine = story.machines[LOUD]
    backlog = Message(topic_of(machine, Stream.BACKLOG), b"?" * (LOUD_BYTES // 4))

    story.deliver(*[backlog] * 6)

    assert [one.host for one in story.centre.decisions.expectation.budget.loudest()] == [LOUD]


def test_host_whose_messages_are_discarded_unread_is_named(story: Story) -> None:
    of_it = {topic_of(story.machines[LOUD], Stream.BACKLOG): Discarding(1_000, 4_000_000)}

    for _ in range(round((TOLD_AFTER_S + 1.0) / STEP_S)):
        story.run(STEP_S)
        story.centre.discarded(story.now, of_it)
    story.run(1.0)

    assert story.incident("budget", LOUD).cause is Cause.OVER_BUDGET
    assert refused(story)["backlog"] >= 10_000


@pytest.mark.parametrize("venue", ["AQU", "NOPE"], ids=["another's", "nobody's"])
@pytest.mark.parametrize("stream", [Stream.BEAT, Stream.VITALS, Stream.BACKLOG])
def test_flood_under_a_wrong_venue_is_named(story: Story, stream: Stream, venue: str) -> None:
    said = Message(topics.topic(venue, LOUD, stream), JUNK)

    for _ in range(round((TOLD_AFTER_S + 2.0) / STEP_S)):
        story.run(STEP_S)
        story.deliver(*[said] * 100)
    story.run(1.0)

    assert story.opened() == [(f"budget {LOUD}", "over_budget")]
    assert story.state(LOUD) is HostState.UP


def test_host_with_a_wrong_venue_in_its_configuration_is_not_over_budget(story: Story) -> None:
    for _ in range(30):
        story.run(1.0)
        story.deliver(Message(topics.topic("NOPE", LOUD, Stream.BEAT), JUNK))

    assert story.centre.intake.budget.refused == 0
    assert story.centre.intake.rejected[Reason.UNKNOWN_VENUE] == 30


def test_flood_of_names_that_nobody_lists_is_evidence_by_venue(story: Story) -> None:
    large = b"?" * 10_000
    for number in range(100):
        story.deliver(Message(topics.topic("AQU", f"x{number}", Stream.VITALS), large))
        story.deliver(Message(topics.topic("NOPE", f"x{number}", Stream.VITALS), large))

    loud = story.centre.decisions.expectation.budget.loudest()

    assert [(one.host, one.taken_bytes) for one in loud] == [("AQU/*", 100 * len(large))]


@pytest.mark.parametrize("topic", ["venuewatch/v1/none/sx/vitals", "venuewatch/v1/_centre/x/bulk"])
def test_what_is_discarded_of_no_host_is_nobodys(story: Story, topic: str) -> None:
    story.centre.discarded(story.now, {topic: Discarding(1, 10)})

    assert story.centre.intake.budget.refused == 0


def stores(story: Story) -> Iterator[Store]:
    return (out for out in story.said() if isinstance(out, Store))


def test_new_boot_in_each_message_fills_nothing(story: Story) -> None:
    machine, dedup = story.machines[LOUD], story.centre.reception.readings.dedup
    kept: set[tuple[str, str, str]] = set()
    for number in range(400):
        machine.boot = f"x{number}"
        story.deliver(machine.vitals(story.now, 1))
        story.run(0.5)
        for store in stores(story):
            kept -= set(store.forgotten)
            kept |= {page[:3] for page in store.heard}

    assert dedup.boots_forgotten > 300
    assert len([page for page in kept if page[0] == LOUD]) <= 2 * 16
    assert refused(story) == {}
