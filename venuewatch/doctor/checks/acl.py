"""Looks at what this host may publish and read at the broker."""

from typing import NamedTuple

from venuewatch.doctor.findings import Finding, unknown, well, wrong
from venuewatch.doctor.reasons import about_packets
from venuewatch.doctor.site import Site

PLACES = frozenset({"host"})
NEEDS = ("credentials",)


class Rights(NamedTuple):
    """What the broker refused, a topic or a line each, and whether an aggregator was heard.

    ``is_known``: there was a session, the agent's or one that was tried.
    """

    host: str
    is_known: bool
    refused: tuple[str, ...] = ()
    hears_centre: bool = False


def look(site: Site) -> Rights:
    """Ask the agent, or look at the session that was tried."""
    host, status, trial = site.agent.host, site.running.status, site.trial
    if status is not None:
        return Rights(host, status.is_connected, status.refused, status.hears_centre)
    if trial is None:
        return Rights(host, is_known=False)
    return Rights(host, not trial.error, trial.refused, trial.hears_tick)


def judge(facts: Rights) -> list[Finding]:
    """Find topics that the host may not use, and a centre that is not heard."""
    if not facts.is_known:
        return [unknown("no session was tried, so no topic was")]
    large = set(about_packets(facts.refused))  # the limits' to tell
    refused = [line for line in facts.refused if line not in large]
    if refused:
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        text = f"the broker refuses {facts.host} {refused[0]}{more}"
        return [wrong(text, "Compare `venue` and `host` with the ACL: venuewatch venue list")]
    if not facts.hears_centre:
        text = "no aggregator is heard: none runs, or this host may not read its tick"
        return [wrong(text, "Run venuewatch doctor in the centre, and compare the ACL")]
    return [well("this host may publish, and hears the centre")]
