"""Verdict on two agents under one name: a boot id is random, so one that returns is a second one.

The two throw each other out, and a broker need not say so. The one that was first heard later is
told to make way (``Yield``): it waits, longer each time, and looks again. The other one keeps the
name, and learns of the same command that it is not alone.

If one of them disappears without a will, the host stays silent until the other reconnects; wills
do not count for a minute after each turn. It is over when the name has belonged to one boot for
longer than the other one was told to wait. Times are monotonic seconds.
"""

from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Fleet
from aggregator.core.host import Host, KnownBoot
from aggregator.core.identity import BootReturned
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.outputs import Output, Publish
from aggregator.core.states import ALIVE
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Scalar, Verdict
from venuewatch.base.wire import topics
from venuewatch.base.wire.links import YIELD_MAX_S, yield_wait_s
from venuewatch.base.wire.messages import Yield
from venuewatch.base.wire.topics import Stream

ALTERNATION_S = 60.0
"""How long (s) a name must belong to one boot until two are no more believed to take turns."""

OVER_S = 30.0
"""How long (s) beyond the wait of the one that made way nothing must have been heard of it."""

_SPELL_S = 15.0  # what it is told within this time it obeys once
_MAKES_WAY = "makes_way"


class Twins:
    """Begins and ends the incidents of names that two agents have; tells one of them to yield."""

    def __init__(
        self,
        fleet: Fleet,
        incidents: Incidents,
        expectation: Expectation,
        outputs: list[Output],
    ) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._expectation = expectation
        self._outputs = outputs

    def report(self, returned: BootReturned, now: float, *, is_first: bool) -> None:
        """Report that a boot came back after another one: two processes have one name.

        ``is_first``: of several aggregators it is us who tells. Each may have heard another first.
        """
        host, between = returned.host, returned.between
        detail: dict[str, Scalar] = {
            "returned": returned.returned.boot,
            "between": between.boot,
            "address": returned.returned.address,
        }
        if between.address:
            detail["address_between"] = between.address
        told = self._tell(returned, now, is_first=is_first)
        if told is not None:
            detail[_MAKES_WAY] = told.boot
        verdict = Verdict(Cause.DUPLICATE_IDENTITY, (Evidence(now, CENTRE, "boots", detail),))
        subject = Subject("identity", host.venue, host.name)
        self._incidents.begin(subject, verdict, now)
        lasts_s = ALTERNATION_S if told is None else yield_wait_s(told.told) + OVER_S
        self._contest(subject, now, lasts_s)

    def restore(self, incident: Incident, now: float) -> None:
        """Go on with an incident of an earlier process, which may have told one of them to wait."""
        has_told = any(_MAKES_WAY in seen.detail for seen in incident.evidence)
        lasts_s = YIELD_MAX_S + OVER_S if has_told else ALTERNATION_S
        self._contest(incident.subject, now, lasts_s)

    def _tell(self, returned: BootReturned, now: float, *, is_first: bool) -> KnownBoot | None:
        """Tell the boot that has to make way, if it obeys; return what is known of it now."""
        host, loser = returned.host, returned.loser
        if loser is None or not loser.yields:
            return None
        is_again = now - loser.told_at < _SPELL_S
        told = loser._replace(told=loser.told + (not is_again), told_at=now)
        host.boots = tuple(told if each.boot == told.boot else each for each in host.boots)
        if is_first:
            topic = topics.topic(host.venue, host.name, Stream.CMD)
            command = Yield(told.boot, returned.winner.address)
            self._outputs.append(Publish(topic, command, qos=1))
        return told

    def _contest(self, subject: Subject, now: float, lasts_s: float) -> None:
        """Keep the incident for so long, and excuse the host while the two may take turns."""
        self._incidents.end_at(subject, now + lasts_s)
        host = self._fleet.find(subject.host)
        if host is not None:
            self._expectation.contest(host, now, now + ALTERNATION_S)


def is_contested(host: Host) -> bool:
    """Tell whether a living host's silence may be that of one of two agents."""
    return "identity" in host.problems and host.state in ALIVE
