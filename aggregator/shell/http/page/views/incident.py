"""Page of an incident: its evidence as a timeline, what it is not, who was told."""

from collections.abc import Sequence
from typing import NamedTuple

from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.incidents import IncidentView, IncidentWhole
from aggregator.shell.http.api.venues import VenueView
from aggregator.shell.http.page.exclusions import exclusions_of
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer
from venuewatch.base import times


class Around(NamedTuple):
    """What an incident is seen against: its venue, the centre, and all that is open."""

    venue: VenueView | None
    centre: CentreView
    incidents: Sequence[IncidentView]


def article(renderer: Renderer, incident: IncidentWhole, around: Around) -> str:
    """Return the content of the page."""
    at = around.centre.at
    context = _context(renderer, incident, around)
    return renderer.article("incident-article.html", at, context)


def page(
    renderer: Renderer, picture: Picture, incident: IncidentWhole, venue: VenueView | None
) -> str:
    """Return the page."""
    around = Around(venue, picture.centre, picture.incidents)
    return renderer.page("incident.html", picture, _context(renderer, incident, around))


def _context(renderer: Renderer, incident: IncidentWhole, around: Around) -> dict[str, object]:
    venue, at = around.venue, around.centre.at
    there = None if venue is None else times.zone_of(venue.timezone)
    differs = times.offset_s(there, at) != times.offset_s(renderer.zone, at)
    return {
        "incident": incident,
        "venue_name": "" if venue is None else venue.name,
        "there": there if differs and there is not None else None,
        "steps": [step for step in incident.timeline if step.kind != "told"],
        "told": [step for step in incident.timeline if step.kind == "told"],
        "exclusions": exclusions_of(incident, venue, around.centre, around.incidents),
    }
