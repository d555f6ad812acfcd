"""Traces: whatever may happen to three hosts of a venue, for Hypothesis to choose from."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, TypeAlias

from hypothesis import strategies as st

from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import AskPort, HostChanged, Output, Publish
from tests.kit.story import Story
from venuewatch.base.wire.messages import Probe, Rebirth

HOSTS = ("alpha", "beta", "gamma")
VENUE = {"STA": HOSTS}

Kind: TypeAlias = Literal["beat", "birth", "lost", "farewell", "stalled", "blinded", "subscribed"]
STEPS_S = (0.0, 0.125, 0.25, 0.5, 1.0, 1.75, 2.75, 5.0, 16.75, 61.75)
OFTEN: tuple[Kind, ...] = ("beat", "beat", "beat", "birth")
SELDOM: tuple[Kind, ...] = ("lost", "farewell", "stalled", "blinded", "subscribed")


class Happening(NamedTuple):
    """Something received or suffered, ``after_s`` later than what was before it."""

    after_s: float
    kind: Kind
    host: str
    boot: str
    session: int
    interval_s: float
    is_retained: bool


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
traces = st.lists(happenings, max_size=30)


def happen(story: Story, seq: int, what: Happening, at: float) -> None:
    """Let something happen by ``at``, where its time ends."""
    boot, session, is_retained = what.boot, what.session, what.is_retained
    match what.kind:
        case "beat":
            story.beat(at, seq, what.host, boot=boot, session=session)
        case "birth":
            said = {"boot": boot, "session": session, "interval_s": what.interval_s}
            story.birth(at, what.host, is_retained=is_retained, **said)
        case "lost" | "farewell" as reason:
            story.death(at, reason, what.host, boot=boot, session=session, is_retained=is_retained)
        case "stalled":
            story.look()
            story.now = at
        case "blinded":
            story.advance(at)
            story.lose_connection()
        case "subscribed":
            story.subscribe(at)


def play(
    trace: Iterable[Happening],
    story: Story,
    *,
    look: Callable[[Story, float, float], None] = lambda *_: None,
    then_s: float = 100.0,
) -> list[Output]:
    """Let a trace happen, and time pass; return what the core says.

    ``look`` is called between any two things, with the times of both.
    """
    now = story.now
    for seq, what in enumerate(trace, start=1):
        before, now = now, now + what.after_s
        if what.kind != "stalled":
            look(story, before, now)
        happen(story, seq, what, now)
    look(story, now, now + then_s)
    story.advance(now + then_s)
    return story.said()


def decided(outputs: Iterable[Output]) -> list[Output]:
    """Return what the core has decided, and what it asks agents for."""
    return [
        out
        for out in outputs
        if isinstance(out, HostChanged | IncidentChanged | AskPort)
        or (isinstance(out, Publish) and isinstance(out.message, Probe | Rebirth))
    ]
