"""Looks at the session with the broker: the running agent's, or one that is tried instead.

An agent reads its file when it starts. What it says of an earlier one is of no use for this one.
"""

from typing import NamedTuple

from agent.status import Status
from venuewatch.doctor.findings import Finding, skipped, unknown, well, wrong
from venuewatch.doctor.reasons import error_of, reason_of
from venuewatch.doctor.site import AGENT_UNIT, Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("tls", "revoked")


class Session(NamedTuple):
    """Why there is no session, "" where there is one, None where nothing is known.

    ``how``: how the program that runs is known, "" where none runs. ``earlier``: what a running
    agent has of a file that was changed since: its host and broker; "" where it has this one.
    """

    error: str | None
    how: str
    earlier: str = ""


def look(site: Site) -> Session:
    """Ask the agent, or try."""
    running, trial = site.running, site.trial
    return Session(error_of(running, trial), running.how, _earlier(site, running.status))


def judge(facts: Session) -> list[Finding]:
    """Find a session that the broker refuses."""
    if facts.earlier:
        text = f"the agent runs with an earlier agent.toml: {facts.earlier}"
        return [wrong(text, f"systemctl restart {AGENT_UNIT}", is_usable=not facts.error)]
    if facts.error is None:
        why = facts.how or "over a websocket only an agent can tell: start it, and ask again"
        return [unknown(f"no session was tried: {why}")]
    if not facts.error:
        return [well(f"the broker takes them ({facts.how or 'tried'})")]
    reason = reason_of(facts.error)
    if reason.kind != "credentials":
        return [skipped("the broker has no room: see limits")]
    return [wrong(reason.text, reason.todo)]


def _earlier(site: Site, status: Status | None) -> str:
    """Return who a running agent is and where it connects, if its file says something else."""
    if status is None:
        return ""
    places = set(map(str, site.broker.places))
    is_same = (status.venue, status.host) == (site.agent.venue, site.agent.host)
    if is_same and status.broker in places:
        return ""
    return f"it is {status.host} of {status.venue}, at {status.broker}"
