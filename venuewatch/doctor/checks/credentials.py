"""Looks at the session with the broker: the running agent's, or one that is tried instead."""

from typing import NamedTuple

from venuewatch.doctor.findings import Finding, skipped, unknown, well, wrong
from venuewatch.doctor.reasons import error_of, reason_of
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("tls",)


class Session(NamedTuple):
    """Why there is no session, "" where there is one, None where nothing is known.

    ``how``: how the program that runs is known, "" where none runs.
    """

    error: str | None
    how: str


def look(site: Site) -> Session:
    """Ask the agent, or try."""
    running = site.running
    return Session(error_of(running.status, site.trial), running.how)


def judge(facts: Session) -> list[Finding]:
    """Find a session that the broker refuses."""
    if facts.error is None:
        why = facts.how or "over a websocket only an agent can tell: start it, and ask again"
        return [unknown(f"no session was tried: {why}")]
    if not facts.error:
        return [well(f"the broker takes them ({facts.how or 'tried'})")]
    reason = reason_of(facts.error)
    if reason.kind != "credentials":
        return [skipped("the broker has no room: see limits")]
    return [wrong(reason.text, reason.todo)]
