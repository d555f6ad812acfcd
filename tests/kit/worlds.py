"""Worlds: what to do to a story whose hosts are up, so that each cause is given."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from aggregator.core.incidents.record import Subject
from aggregator.core.incidents.troubles import PARTS
from aggregator.core.verdicts.causes import Cause, Evidence, Verdict
from tests.kit.machine import GRACE_S
from tests.kit.story import HERE, Story
from venuewatch.base.wire.checks import CheckState, CheckValues
from venuewatch.base.wire.links import BRIEF_S


def nobody_answers_about(story: Story, *, is_reached: bool | None, is_killed: bool) -> None:
    """Silence s1 while its neighbours find what they find."""
    story.reach["s1"] = is_reached
    if is_killed:
        story.kill("s1")
    story.mute("s1")


def lose_connection(story: Story, port: str) -> None:
    story.lose_connection()
    story.centre.port_said(story.now, "refuses" if port == "refuses" else "answers")


def cut(story: Story, times: int = 1) -> None:
    for _ in range(times):
        story.unmute(*HERE, run_s=5.0)
        story.mute(*HERE, run_s=5.0)


def settle(story: Story) -> Story:
    """Let every connection last for longer than a brief one does, and forget what was said."""
    story.run(BRIEF_S + 2.0)
    story.forget()
    return story


def come_back(story: Story, *names: str) -> None:
    """Let agents connect again after their connections were closed: a new session each."""
    story.deliver(*(story.machines[name].reconnect() for name in names))


def hang_up(story: Story, *names: str, run_s: float = 0.0) -> None:
    """Close the connections of agents, and let time pass."""
    for name in names:
        story.kill(name)
    story.run(run_s)


def alternate(story: Story) -> None:
    machine = story.machines["s1"]
    for machine.boot in ("b2", "b1"):
        story.deliver(machine.beat(story.now))


def deafen(story: Story) -> None:
    story.machines["s1"].is_deaf = True


def leave_unread(story: Story) -> None:
    for seq in range(2):
        story.deliver(story.machines["s1"].check(story.now, seq, "critical", kind="feed"))
        story.run(2.0)


def set_source_clock_wrong(story: Story) -> None:
    values = CheckValues(results_clock_offset_seconds=-3600.0)
    for seq in range(3):
        reading = story.machines["s1"].check(story.now, seq, "flowing", kind="feed", values=values)
        story.deliver(reading)
        story.run(2.0)


def set_clock_wrong(story: Story) -> None:
    story.machines["s1"].clock_ahead_s = 5.0


def report(state: CheckState) -> Callable[[Story], None]:
    return lambda story: story.deliver(story.machines["s1"].check(story.now, 0, state))


def leave_required(story: Story) -> None:
    story.host("s1").is_required = True
    story.leave("s1")


def fail_check(story: Story) -> None:
    for seq in range(2):
        story.deliver(story.machines["s1"].check(story.now, seq, "critical"))


def renew_grace(story: Story) -> None:
    """Lose the connection again and again, before s1, which stays away, can be judged."""
    others = tuple(name for name in story.machines if name != "s1")
    end = story.now + GRACE_S + 5.0
    story.reconnect(0.5, *others)
    while story.now < end:
        story.run(GRACE_S / 3)
        story.reconnect(0.5, *others)


def refuse_birth(story: Story) -> None:
    machine = story.machines["s1"]
    story.deliver(machine.said(replace(machine.announced(), role="x" * 257)))


def trouble(cause: Cause) -> Callable[[Story], None]:
    return lambda story: story.centre.begin_trouble(story.now, cause, "it fails")


def enter(subject: Subject, cause: Cause) -> Callable[[Story], None]:
    seen = Evidence(0.0, "centre", "trouble", {"why": "it fails"})
    return lambda it: it.centre.decisions.incidents.begin(subject, Verdict(cause, (seen,)), it.now)


WORLDS: Mapping[Cause, Callable[[Story], None]] = {
    Cause.BROKER_DOWN: lambda story: lose_connection(story, "refuses"),
    Cause.DUPLICATE_IDENTITY: alternate,
    Cause.AGGREGATOR_BLIND: lambda story: lose_connection(story, "answers"),
    Cause.VENUE_UNREACHABLE: cut,
    Cause.ONE_WAY_LOSS: deafen,
    Cause.AGENT_STOPPED: lambda it: nobody_answers_about(it, is_reached=True, is_killed=True),
    Cause.HOST_FROZEN: lambda it: nobody_answers_about(it, is_reached=True, is_killed=False),
    Cause.HOST_DOWN: lambda it: nobody_answers_about(it, is_reached=False, is_killed=False),
    Cause.CONNECTION_LOST: lambda it: nobody_answers_about(it, is_reached=None, is_killed=True),
    Cause.SILENT: lambda it: nobody_answers_about(it, is_reached=None, is_killed=False),
    Cause.DID_NOT_RETURN: lambda story: story.leave("s1"),
    Cause.LEFT_WHILE_REQUIRED: leave_required,
    Cause.CHECK_FAILED: fail_check,
    Cause.RESULTS_FROZEN: report("frozen"),
    Cause.RESULTS_DELAYED: report("delayed"),
    Cause.RESULTS_SILENT: report("silent"),
    Cause.RESULTS_UNREADABLE: leave_unread,
    Cause.RESULTS_CLOCK: set_source_clock_wrong,
    Cause.REDUNDANCY_LOST: report("redundancy_lost"),
    Cause.CLOCK_SKEW: set_clock_wrong,
    Cause.FLAPPING: lambda story: cut(story, 3),
    Cause.BRIDGE_UNSTABLE: enter(Subject("bridge", "STA"), Cause.BRIDGE_UNSTABLE),
    Cause.OVER_BUDGET: enter(Subject("budget", "STA", "s1"), Cause.OVER_BUDGET),
    Cause.TERMS_REFUSED: enter(Subject("terms", "STA", "s1"), Cause.TERMS_REFUSED),
    Cause.BIRTH_REFUSED: refuse_birth,
    **{cause: trouble(cause) for cause in PARTS},
    Cause.GRACE_TOO_LONG: renew_grace,
    Cause.HUNG_UP_TOGETHER: lambda story: hang_up(story, "s1", "s2", "a1", "a2"),
}
