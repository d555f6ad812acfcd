"""A venue is cut off: its hosts fell silent together, and other venues are heard."""

from aggregator.core.cases import Case, Silence
from aggregator.core.evidence import BROKER, CENTRE, Evidence, Verdict, Wait

CAUSE = "venue_unreachable"
RANK = 30

_QUORUM = 0.6
_AT_LEAST = 2
_TOO_MANY = 5  # so many do not fail by themselves within one deadline, even beside living ones
_ASK_AGAIN_S = 0.2


def judge(case: Case) -> Verdict | Wait | None:
    """Accuse the venue's link, wait while everybody else there is overdue too, or pass.

    While a host there is heard the link works: then only many at once are the venue's.
    """
    if not isinstance(case, Silence) or case.is_closed:
        return None
    silent, heard, overdue = case.votes
    total = len(silent) + len(heard)
    is_quorum = len(silent) >= _AT_LEAST and len(silent) >= _QUORUM * total
    if is_quorum and (not heard or len(silent) >= _TOO_MANY):
        return Verdict(CAUSE, _evidence(case))
    if not heard and _is_known_to_be_cut(case):
        return Verdict(CAUSE, _evidence(case))
    if heard and overdue == len(heard):
        return Wait(case.at + _ASK_AGAIN_S)
    return None


def _is_known_to_be_cut(case: Silence) -> bool:
    """Tell whether the venue has fallen already, or its bridge has said that it is gone."""
    bridge = case.venue.bridge
    is_bridge_gone = bridge is not None and not bridge[1]
    return is_bridge_gone or case.is_cut


def _evidence(case: Silence) -> tuple[Evidence, ...]:
    votes = case.votes
    last = max((host.evidence_at or 0.0 for host in votes.silent), default=0.0)
    seen = [
        Evidence(
            case.at,
            CENTRE,
            "silence",
            {
                "silent": len(votes.silent),
                "heard": len(votes.heard),
                "first_overdue": case.host.name,
                "last_heard_s_ago": round(case.at - last, 3),
                "elsewhere": case.elsewhere,
            },
        )
    ]
    if case.venue.bridge is not None:
        at, is_connected = case.venue.bridge
        seen.append(Evidence(at, BROKER, "bridge", {"is_connected": is_connected}))
    return tuple(seen)
