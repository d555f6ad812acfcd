"""What every verdict on one silent host lists: its silence, its will, and its neighbours' words."""

from aggregator.core.cases import Silence
from aggregator.core.evidence import BROKER, CENTRE, Evidence, Scalar


def seen_of(case: Silence) -> tuple[Evidence, ...]:
    """Return the evidence on ``case.host``, in order of who gave it."""
    host = case.host
    silence: dict[str, Scalar] = {
        "interval_s": host.interval_s,
        "margin_s": host.margin_s,
        "last_heard_s_ago": None
        if host.evidence_at is None
        else round(case.at - host.evidence_at, 3),
        "others_heard": len(case.votes.heard),
    }
    seen = [Evidence(case.at, CENTRE, "silence", silence)]
    if host.closed_at is not None:
        seen.append(Evidence(host.closed_at, BROKER, "will", {"session": host.session}))
    inquiry = case.inquiry
    for word in inquiry.words:
        said: dict[str, Scalar] = {"reached": word.is_reached, "way": word.way}
        if word.detail:
            said["detail"] = word.detail
        seen.append(Evidence(word.at, word.by, "probe", said))
    mute = sorted(set(inquiry.asked) - {word.by for word in inquiry.words})
    if inquiry.is_over and mute and inquiry.reached_by is None:
        seen.append(Evidence(case.at, CENTRE, "no_word", {"of": ", ".join(mute)}))
    if inquiry.obstacle:
        seen.append(Evidence(case.at, CENTRE, "nobody_to_ask", {"why": inquiry.obstacle}))
    return tuple(seen)
