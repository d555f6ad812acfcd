"""Identity: which run of an agent beats under a host's name, and which session a message ends.

A boot id is random per process of an agent, a session is one of its connections. A boot that is
not known is given so long an interval that nobody is accused, and is asked for its birth.

A boot that beats again after another one had its name is a second agent, if both are heard within
the time in which an agent connects again. Else a machine was put back, with an agent that had been
replaced since: it has begun anew.
"""

from typing import NamedTuple

from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Venue
from aggregator.core.host import INF, UNANNOUNCED_INTERVAL_S, Host, KnownBoot
from aggregator.core.ticks import Echoes, Ticks
from venuewatch.base.wire.messages import Beat, Birth, Death

UNANNOUNCED_KEEPALIVE_S = 5.0
"""The keepalive (s) assumed of a session that does not announce its own: the shortest we ship."""

_ASK_EVERY_S = 5.0
_ASK_AGAIN_S = 60.0  # after a birth that was refused
_KNOWN = 5
_NEAR = 0.8  # of 1.5 times the keepalive, where brokers that look seldom begin to give up


class BootReturned(NamedTuple):
    """A boot beats again under a host's name after ``between`` had beaten under it.

    Of those heard lately ``winner`` was heard first, and keeps the name. ``loser`` has to make way:
    the one that is back, or the one that the winner has just followed. It is None where the boot
    that is back is alone.
    """

    host: Host
    returned: KnownBoot
    between: KnownBoot
    winner: KnownBoot
    loser: KnownBoot | None


def begin_boot(host: Host, beat: Beat, now: float, *, lately_s: float) -> BootReturned | None:
    """Take in the first beat of another boot than the last; return whether it is one of two.

    ``lately_s``: within so long an agent that has lost its connection is back.
    """
    returned = None
    if host.boot:
        host.restarts += 1
        host.boot_heard_at = now  # the first one may have lived before we did
        returned = _replace(host, beat.boot, now, lately_s)
    host.boot = beat.boot
    host.steady = 0
    host.echoes = Echoes()
    interval_s = UNANNOUNCED_INTERVAL_S
    host.is_introduced = host.birth is not None and host.birth.boot == beat.boot
    if host.birth is not None and host.is_introduced:
        interval_s = host.birth.interval_s
        host.margin_s = host.margin_announced_by(host.birth)
    host.allowance_s = interval_s + host.margin_s
    return returned


def is_put_back(host: Host, beat: Beat, ticks: Ticks) -> bool:
    """Tell whether a beat whose number came before is of later than the last one, all the same.

    It is if it echoes a tick that we sent after we received that one: no repeat does. Then its
    machine was put back to an earlier state, and the agent goes on from there.
    """
    last_at = host.evidence_at
    echoes = beat.other_ticks if beat.tick is None else (beat.tick, *beat.other_ticks)
    return last_at is not None and any(ticks.sent_at(echo) > last_at for echo in echoes)


def begin_again(host: Host, now: float) -> None:
    """Note that the boot that beats was put back: what it sends is numbered from earlier on."""
    host.restarts += 1
    host.boot_heard_at = now
    host.steady = 0
    host.echoes = Echoes()


def _replace(host: Host, boot: str, now: float, lately_s: float) -> BootReturned | None:
    """Let ``boot`` follow the one that has beaten; return whether the two alternate."""
    boots = {known.boot: known for known in host.boots}  # in the order of their first beats
    before = boots.get(host.boot, KnownBoot(host.boot))
    heard_at = -INF if host.evidence_at is None else host.evidence_at
    boots[host.boot] = before = before._replace(heard_at=heard_at)
    known = boots.get(boot)
    boots[boot] = begun = _as_announced(known or KnownBoot(boot), host.birth)
    if len(boots) > _KNOWN:
        others = [each for each in boots.values() if each not in {begun, before}]
        del boots[min(others, key=lambda each: each.heard_at).boot]
    host.boots = tuple(boots.values())
    if known is None:
        return None
    since = now - lately_s
    if known.heard_at < since and "identity" not in host.problems:
        return None
    lately = [each for each in host.boots if each is begun or each.heard_at >= since]
    if lately[0] is begun:
        return BootReturned(host, begun, before, begun, before if before in lately else None)
    return BootReturned(host, begun, before, lately[0], begun)


def _as_announced(known: KnownBoot, birth: Birth | None) -> KnownBoot:
    if birth is None or birth.boot != known.boot:
        return known
    return known._replace(address=birth.address, yields=birth.yields)


def take_bridge(venue: Venue, expectation: Expectation, now: float) -> None:
    """Note that a venue's hosts speak through its own broker: its one uplink is stock TCP."""
    venue.margin_s = venue.stock_margin_s
    for host in venue.hosts.values():
        host.thin_margin_s = host.stock_margin_s
        expectation.expect(host, host.interval_s, host.stock_margin_s, now)


def wants_birth(host: Host, now: float) -> bool:
    """Tell, now and then, that a host has to be asked for the birth of its present boot."""
    if host.is_introduced or now - host.birth_asked_at < _ASK_EVERY_S:
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
