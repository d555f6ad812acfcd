"""Made-up venues, hosts, incidents and centre, as pages are given them; and a page taken apart."""

from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from aggregator.core.incidents.alerts import Severity
from aggregator.core.states import HostState, VenueState
from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.incidents import IncidentView, IncidentWhole
from aggregator.shell.http.api.venues import HostLine, VenueLine, VenueView
from aggregator.shell.http.page.problems import Picture

AT = 1_800_000_000.0
"""2027-01-15 08:00:00 UTC."""

NOTHING_TOLD: Mapping[str, Any] = {
    "sentence": None,
    "severity": None,
    "since": None,
    "incident": None,
}
VOID = frozenset({"br", "input", "link", "meta"})


def centre(**changed: Any) -> CentreView:
    """Return a centre that hears."""
    fields: dict[str, Any] = {
        **NOTHING_TOLD,
        "name": "centre-1",
        "version": "1.2.3",
        "at": AT,
        "state": "hears",
        "round_trip_s": 0.002,
        "others": (),
        "venues": 1,
        "hosts": {},
        "open": {},
    }
    return CentreView(**(fields | changed))


def venue(code: str = "STA", states: Sequence[str] = ("up",), **changed: Any) -> VenueLine:
    """Return a venue whose hosts are in these states."""
    return VenueLine(**(_venue_fields(code, states) | changed))


def venue_view(code: str = "STA", hosts: Sequence[HostLine] = (), **changed: Any) -> VenueView:
    """Return a venue with its hosts."""
    fields = _venue_fields(code, [host.state for host in hosts])
    return VenueView(**(fields | {"hosts": tuple(hosts), "open": ()} | changed))


def _venue_fields(code: str, states: Sequence[str]) -> dict[str, Any]:
    known = tuple(HostState(state) for state in states)
    return {
        **NOTHING_TOLD,
        "venue": code,
        "name": f"Arena {code}",
        "town": "Paris",
        "timezone": "UTC",
        "group": "",
        "lat": None,
        "lon": None,
        "state": VenueState.OK,
        "up": True,
        "counts": {state: known.count(state) for state in set(known)},
        "states": known,
        "incidents": (),
    }


def host(name: str = "STA-1", state: str = "up", **changed: Any) -> HostLine:
    """Return a host of STA."""
    fields: dict[str, Any] = {
        **NOTHING_TOLD,
        "host": name,
        "venue": "STA",
        "role": "results",
        "state": HostState(state),
        "up": state == "up",
        "cause": None,
        "down_at": None,
    }
    return HostLine(**(fields | changed))


def incident(number: int = 17, **changed: Any) -> IncidentView:
    """Return an open incident."""
    return IncidentView(**(_incident_fields(number) | changed))


def whole(number: int = 17, **changed: Any) -> IncidentWhole:
    """Return an open incident with a timeline."""
    return IncidentWhole(**(_incident_fields(number) | {"timeline": ()} | changed))


def _incident_fields(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "scope": "host",
        "venue": "STA",
        "host": "STA-1",
        "check": "",
        "cause": "host_down",
        "opened_at": AT - 252.0,
        "since": AT - 252.0,
        "sentence": "STA-1 in STA is gone.",
        "severity": Severity.CRITICAL,
        "alert": "VenuewatchHostDown",
        "path": f"/incidents/{number}",
    }


def lost(code: str, number: int, states: Sequence[str], **changed: Any) -> VenueLine:
    """Return a venue with an incident."""
    fields = {
        "state": VenueState.DEGRADED,
        "sentence": f"{code}-timing-01 in {code} is gone: no neighbour reaches it.",
        "severity": Severity.CRITICAL,
        "since": AT - 252.0,
        "incident": number,
        "incidents": (number,),
    }
    return venue(code, states, **(fields | changed))


def picture(
    venues: Sequence[VenueLine] = (), incidents: Sequence[IncidentView] = (), **of_centre: Any
) -> Picture:
    """Return how all stands."""
    return Picture(centre(**of_centre), venues or (venue(),), incidents)


def fleet(venues: int, hosts: int, name: str = "Arena") -> Picture:
    """Return a fleet of which some venues have a critical incident, and some a warning."""
    lines, incidents = [], []
    for number in range(venues):
        code = f"V{number:03}"
        states = ["up"] * hosts
        if number % 10 == 3:
            states[hosts // 2] = "down"
            lines.append(lost(code, number, states, name=name))
        elif number % 7 == 5:
            lines.append(
                lost(code, number, states, name=name, severity=Severity.WARNING,
                     sentence=f"The clock of {code}-timing-02 in {code} differs from the fleet's.")
            )  # fmt: skip
        else:
            lines.append(venue(code, states, name=name, timezone="Pacific/Tahiti"))
            continue
        worst = lines[-1]
        incidents.append(
            incident(number, venue=code, sentence=worst.sentence, severity=worst.severity)
        )
    return Picture(centre(venues=venues), lines, incidents)


class Parsed(HTMLParser):
    """A page taken apart: ``elements`` are its start tags in order; ``text`` is all between."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes another element"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute, of all elements that have it, in order."""
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]

    def with_class(self, name: str) -> Iterator[dict[str, str]]:
        """Yield the attributes of all elements of a class, in order."""
        for _, attrs in self.elements:
            if name in attrs.get("class", "").split():
                yield attrs
