"""Identity: which run of an agent beats under a host's name, and which session a message ends.

A boot id is random per process of an agent, a session is one of its connections. A boot that is
not known is given so long an interval that nobody is accused, and is asked for its birth.
"""

from typing import NamedTuple

from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Venue
from aggregator.core.host import UNANNOUNCED_INTERVAL_S, Host
from aggregator.core.ticks import Echoes
from venuewatch.base.wire.messages import Beat, Birth, Death

UNANNOUNCED_KEEPALIVE_S = 5.0
"""The keepalive (s) assumed of a session that does not announce its own: the shortest we ship."""

_ASK_EVERY_S = 5.0
_ASK_AGAIN_S = 60.0  # after a birth that was refused
_FORMER = 4
_NEAR = 0.8  # of 1.5 times the keepalive, where brokers that look seldom begin to give up


class BootReturned(NamedTuple):
    """A boot beats again under a host's name after ``between`` had beaten under it."""

    host: Host
    returned: str
    between: str


def begin_boot(host: Host, beat: Beat, now: float) -> BootReturned | None:
    """Take in the first beat of another boot than the last; return whether that boot was known."""
    returned = None
    if host.boot:
        host.restarts += 1
        if beat.boot in host.former_boots:
            returned = BootReturned(host, beat.boot, host.boot)
        host.former_boots = (*host.former_boots[1 - _FORMER :], host.boot)
        host.boot_heard_at = now  # the first one may have lived before we did
    host.boot = beat.boot
    host.steady = 0
    host.echoes = Echoes()
    interval_s = UNANNOUNCED_INTERVAL_S
    if host.birth is not None and host.birth.boot == beat.boot:
        interval_s = host.birth.interval_s
        host.margin_s = host.margin_announced_by(host.birth)
    host.allowance_s = interval_s + host.margin_s
    return returned


def take_bridge(venue: Venue, expectation: Expectation, now: float) -> None:
    """Note that a venue's hosts speak through its own broker: its one uplink is stock TCP."""
    venue.margin_s = venue.stock_margin_s
    for host in venue.hosts.values():
        host.thin_margin_s = host.stock_margin_s
        expectation.expect(host, host.interval_s, host.stock_margin_s, now)


def wants_birth(host: Host, now: float) -> bool:
    """Tell, now and then, that a host has to be asked for the birth of its present boot."""
    is_known = host.birth is not None and host.birth.boot == host.boot
    if is_known or now - host.birth_asked_at < _ASK_EVERY_S:
        return False
    host.birth_asked_at = now
    return True


def note_refusal(host: Host, now: float) -> bool:
    """Ask a host whose birth is refused only after a while for the next; it would say the same.

    Return whether it has to be told: it was not for a while.
    """
    asked_at = now + _ASK_AGAIN_S - _ASK_EVERY_S
    if asked_at - host.birth_asked_at < _ASK_EVERY_S:
        return False
    host.birth_asked_at = asked_at
    return True


def is_new_session(host: Host, birth: Birth) -> bool:
    """Tell whether ``birth`` begins a session that was not heard of; a bridge repeats births."""
    session = (birth.boot, birth.session)
    known = None if host.birth is None else (host.birth.boot, host.birth.session)
    return session not in {(host.boot, host.session), known}


def is_of_latest_session(host: Host, death: Death) -> bool:
    """Tell whether ``death`` ends the latest session that was heard of.

    The latest beat says which that is, unless a live birth has come since, or no beat ever.
    """
    boot, session = host.boot, host.session
    if host.birth is not None and (host.is_replaced or not boot):
        boot, session = host.birth.boot, host.birth.session
    return death.boot == boot and death.session >= session


def proves_only_silence(host: Host, now: float) -> bool:
    """Tell whether a will received at ``now`` can be the broker's patience that ended.

    A broker publishes the will when a connection closes, and when it was silent for 1.5 times its
    keepalive (MQTT 5, 3.1.2.10): only the former says that something was closed.
    """
    if host.evidence_at is None:
        return True
    announced_s = 0.0 if host.birth is None else host.birth.keepalive_s
    patience_s = 1.5 * (announced_s or UNANNOUNCED_KEEPALIVE_S)
    return now - host.evidence_at >= _NEAR * patience_s
