"""Write ``docs/causes.md`` from the table of sentences: ``python docs/make_causes.py``."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from aggregator.core.incidents.alerts import ROWS, Kind, Severity
from aggregator.core.incidents.standing import (
    CENTRE_STATES,
    HOST_STATES,
    SOME_AWAY,
    VENUE_STATES,
    State,
)

TARGET = Path(__file__).parent / "causes.md"

_HEAD = """\
# Causes

`docs/make_causes.py` makes this page from the tables of `alerts.py` and `standing.py` in
`aggregator/core/incidents/`. A test fails when the page is out of date.

An incident has one cause. Each cause has one sentence, which is the same on the page, in the
terminal, in the notice to a webhook, in an alert that the aggregator pushes, and in the description
of an alert by rule. `VENUE`, `HOST` and `CHECK` stand for the names.

An incident can get a more precise cause while it is open. Its alert stays the same one, except that
results which come late and then stop are two.
"""

_STATES = """
## Without an incident

What is told of a host, a venue or the aggregator that has no open incident. `TIME` is the moment at
which a host that said farewell counts as down: `away_limit_s` after its farewell (15 min by
default), or 15 s for one that is `required` in the inventory. A word like `AWAY` is how many hosts
are in that state.
"""

_KINDS: Mapping[Kind, str] = {
    "centre": "The centre",
    "centre part": "A part of the aggregator",
    "venue": "A venue",
    "host": "A host",
    "bridge": "The bridge of a venue",
    "venue link": "The way to a venue",
    "link": "The way to a host",
    "feed": "A results feed",
    "source": "The clock of a source of results",
    "venue check": "A check on most hosts of a venue",
    "check": "A check on one host",
    "identity": "The name of a host",
    "clock": "The clock of a host",
    "budget": "What a host sends",
    "terms": "What a host announces",
}
_WORDS = {
    "venue": "VENUE",
    "host": "HOST",
    "check": "CHECK",
    "down_at": "TIME",
    "hosts": "HOSTS",
    "unseen": "UNSEEN",
    "unknown": "UNKNOWN",
    "away": "AWAY",
}


def text() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_causes(), _STATES, *_states(), ""])


def _causes() -> Iterable[str]:
    for kind, title in _KINDS.items():
        yield f"## {title}\n"
        yield "| cause | sentence | what to do first | alert | severity |"
        yield "|---|---|---|---|---|"
        for (of, cause), row in ROWS.items():
            if of == kind:
                name, severity = row.alert.name, row.alert.severity
                alert = f"[{name}](runbooks/{name}.md)"
                yield f"| `{cause}` | {_said(row.sentence)} | {row.first} | {alert} | {severity} |"
        yield ""


def _states() -> Iterable[str]:
    yield "| state | sentence | severity |"
    yield "|---|---|---|"
    for host_state, state in HOST_STATES.items():
        yield _state(f"host `{host_state}`", state)
    for venue_state, state in VENUE_STATES.items():
        yield _state(f"venue `{venue_state}`", state)
    yield _state("venue `ok`, with hosts that are away", SOME_AWAY)
    for name, state in CENTRE_STATES.items():
        yield _state(f"aggregator, {name}", state)


def _state(name: str, state: State) -> str:
    severity: Severity | str = "all is well" if state.severity is None else state.severity
    return f"| {name} | {_said(state.sentence)} | {severity} |"


def _said(sentence: str) -> str:
    return sentence.format(**_WORDS)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
