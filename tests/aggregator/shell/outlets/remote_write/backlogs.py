"""Late readings of a scripted host, as the core hands them over."""

from collections.abc import Sequence

from msgspec.structs import replace

from aggregator.core.host import Host
from aggregator.core.outputs import LateReading, Store
from aggregator.shell.outlets.remote_write.instants import Instant, JobLabels, instants_of
from tests.kit.machine import WALL
from tests.kit.story import ALONE, HOST, Story
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.messages import Backlog, CheckReading, Checks, Vitals
from venuewatch.base.wire.readings import Readings

JOBS = JobLabels({"job": "node"}, {"job": "venuewatch", "instance": "centre:8039"})
AT = 20.0
"""When the backlog comes (s of the story)."""


LOADS = Catalogue([("node_load1", [[]]), ("node_load5", [[]])])


def wall_ms(at: float) -> int:
    return int((WALL + at) * 1000)


def vitals(seq: int, at: float, readings: Readings | None = None) -> Vitals:
    of = Readings(node_load1=float(seq)) if readings is None else readings
    return Vitals("a", 1, seq, wall_ms(at), of)


def loads(seq: int, at: float, *values: float | None) -> Vitals:
    """Return vitals against a catalogue; None is a number that there is not just now."""
    return Vitals("a", 1, seq, wall_ms(at), catalogue=LOADS.key, values=list(values))


def check(at: float, *, name: str = "isp", loss: float = 0.0) -> CheckReading:
    return CheckReading(
        check=name,
        kind="ping",
        state="ok",
        every_s=30.0,
        wall_ms=wall_ms(at),
        duration_s=0.25,
        values=CheckValues(check_loss_ratio=loss),
    )


def slow(at: float) -> CheckReading:
    return replace(check(at, name="slow"), every_s=61.0)


def checks(seq: int, *readings: CheckReading) -> Checks:
    return Checks("a", 1, seq, readings[0].wall_ms, list(readings))


def told(*messages: Vitals | Checks, ahead_s: float | None = 0.0) -> Story:
    """Return the story of a host that is up and sends these late, at ``AT``."""
    story = Story(ALONE)
    story.subscribe(0.0)
    story.bring_up()
    story.run(AT - story.now)
    story.host().clock_offset_s = ahead_s
    vitals = [one for one in messages if isinstance(one, Vitals)]
    checks = [one for one in messages if isinstance(one, Checks)]
    backlog = Backlog("a", 1, len(messages), vitals, checks, [LOADS])
    story.deliver(story.machines[HOST].said(backlog))
    return story


def late(*messages: Vitals | Checks, ahead_s: float | None = 0.0) -> list[LateReading]:
    said = told(*messages, ahead_s=ahead_s).said()
    return [reading for out in said if isinstance(out, Store) for reading in out.readings]


def instants(*messages: Vitals | Checks, ahead_s: float | None = 0.0) -> list[Instant]:
    readings, host = late(*messages, ahead_s=ahead_s), Host("STA", HOST, margin_s=1.0)
    return [one for reading in readings for one in instants_of(host, reading.known, JOBS)]


def each(ats: Sequence[float], readings: Readings | None = None) -> list[Instant]:
    """Return the instants of vitals that were read at these times."""
    return instants(*(vitals(seq, at, readings) for seq, at in enumerate(ats)))
