"""Cases to judge, each with a word for what is special about it; the rest is as it usually is."""

from typing import Literal

from aggregator.core.cases import (
    Absence,
    Boots,
    Case,
    Clocks,
    Deafness,
    Elsewhere,
    Falls,
    Feed,
    Inquiry,
    OneWay,
    Port,
    Silence,
    Votes,
    Word,
)
from aggregator.core.evidence import Evidence, Verdict, Wait
from aggregator.core.fleet import Host, Venue
from tests.aggregator.scene import INTERVAL_S, MARGIN_S
from venuewatch.base.wire.checks import CheckState, CheckValues
from venuewatch.base.wire.messages import CheckReading

AT = 20.0
HEARD_AT = 17.25
CLOSED_AT = 18.0


def host(name: str = "s1", *, closed_at: float | None = None) -> Host:
    """Return a host that beats each second, and was last heard at ``HEARD_AT``."""
    made = Host("STA", name, margin_s=MARGIN_S)
    made.allowance_s = INTERVAL_S + MARGIN_S
    made.evidence_at = HEARD_AT
    made.session = 4
    made.closed_at = closed_at
    return made


def hosts(count: int, *, first: int = 1) -> tuple[Host, ...]:
    return tuple(host(f"s{number}") for number in range(first, first + count))


def silence(  # noqa: PLR0913 - each is a word for what is special
    *,
    silent: int = 1,
    heard: int = 0,
    overdue: int = 0,
    elsewhere: Elsewhere = "heard",
    closed_at: float | None = None,
    inquiry: Inquiry | None = None,
    bridge: bool | None = None,
    is_closed: bool = False,
    is_cut: bool = False,
) -> Silence:
    """Return the silence of s1, with ``silent`` hosts (it among them) against ``heard``."""
    votes = Votes(hosts(silent), hosts(heard, first=silent + 1), overdue)
    votes.silent[0].closed_at = closed_at
    venue = Venue("STA", margin_s=MARGIN_S)
    venue.bridge = None if bridge is None else (15.0, bridge)
    return Silence(
        AT,
        votes.silent[0],
        venue,
        votes,
        elsewhere,
        inquiry or Inquiry(),
        is_closed=is_closed,
        is_cut=is_cut,
    )


def word(by: str, *, is_reached: bool | None, detail: str = "") -> Word:
    return Word(19.5, by, is_reached, "icmp", detail)


def asked(*words: Word, mute: tuple[str, ...] = (), is_over: bool = True) -> Inquiry:
    """Return what came of asking those who spoke, and the ``mute``."""
    return Inquiry((*(said.by for said in words), *mute), words, is_over=is_over)


REACHED = asked(word("s2", is_reached=True))
UNREACHED = asked(word("s2", is_reached=False), word("s3", is_reached=False))


def feed(state: CheckState, *, detail: str = "") -> Feed:
    values = CheckValues(results_data_age_seconds=95.0, results_live_units=2.0)
    reading = CheckReading(
        check="odf",
        kind="http",
        state=state,
        every_s=10.0,
        wall_ms=0,
        duration_s=0.1,
        detail=detail,
        values=values,
    )
    return Feed(AT, host(), reading)


def deafness(port: Port | None = None) -> Deafness:
    return Deafness(AT, 14.0, "canary", port)


Kind = Literal["silence", "deafness", "absence", "one_way", "clocks", "boots", "feed", "falls"]

OF_EACH_KIND: dict[Kind, Case] = {
    "silence": silence(silent=3, closed_at=CLOSED_AT, inquiry=REACHED, elsewhere="silent"),
    "deafness": deafness("refuses"),
    "absence": Absence(AT, host(), 5.0),
    "one_way": OneWay(AT, hosts(2), 3, 40),
    "clocks": Clocks(AT, host(), 9.0, 0.0, 0.0),
    "boots": Boots(AT, host(), "b1", "b2"),
    "feed": feed("frozen"),
    "falls": Falls(AT, "STA", "s1", 3, 2_900.0),
}


def cause_of(said: Verdict | Wait | None) -> str | None:
    """Return the cause of a verdict; None for anything else."""
    return said.cause if isinstance(said, Verdict) else None


def evidence_of(said: Verdict | Wait | None) -> dict[str, Evidence]:
    """Return what a verdict lists, by what was seen."""
    assert isinstance(said, Verdict)
    return {seen.seen: seen for seen in said.evidence}
