"""Which session a birth or a death speaks of, against the latest that was heard of."""

from aggregator.core.fleet import Host
from venuewatch.base.wire.messages import Birth, Death

UNANNOUNCED_KEEPALIVE_S = 5.0
"""The keepalive (s) assumed of a session that does not announce its own: the shortest we ship."""

_NEAR = 0.8  # of 1.5 times the keepalive, where brokers that look seldom begin to give up


def is_new_session(host: Host, birth: Birth) -> bool:
    """Tell whether ``birth`` begins a session that we have not heard of; a bridge repeats them."""
    session = (birth.boot, birth.session)
    known = None if host.birth is None else (host.birth.boot, host.birth.session)
    return session not in {(host.boot, host.session), known}


def is_of_latest_session(host: Host, death: Death) -> bool:
    """Tell whether ``death`` ends the latest session that we have heard of.

    The latest beat says which that is, unless a live birth has come since, or no beat ever.
    """
    boot, session = host.boot, host.session
    if host.birth is not None and (host.is_replaced or not boot):
        boot, session = host.birth.boot, host.birth.session
    return death.boot == boot and death.session >= session


def proves_only_silence(host: Host, now: float) -> bool:
    """Tell whether a will heard at ``now`` can be the broker's patience that ended.

    A broker says the will when a connection closes, and when it was silent for 1.5 times its
    keepalive (MQTT 5, 3.1.2.10): only the former says that something was closed.
    """
    if host.evidence_at is None:
        return True
    announced_s = 0.0 if host.birth is None else host.birth.keepalive_s
    patience_s = 1.5 * (announced_s or UNANNOUNCED_KEEPALIVE_S)
    return now - host.evidence_at >= _NEAR * patience_s
