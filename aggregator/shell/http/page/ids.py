"""Ids of the elements that a change replaces, and the attributes that scripts read.

Each id below is on one element at most of any page, and the fragment of that name is this element
whole, itself included. So a page that has the element replaces it, and any other page has nothing
to do. Links in fragments are absolute paths below the page's root, so one fragment fits all pages.

| id | element | on |
|---|---|---|
| ``head`` | counts with the names of venues, the centre's hearing | every page |
| ``problems`` | the list of problems, worst and oldest first, and its heading | overview, wall |
| ``i-17`` | one problem in such a list | overview, wall, venue, host, incidents |
| ``v-STA`` | a venue's tile | overview, wall |
| ``m-STA`` | a venue's mark on the map | map |
| ``monitor`` | the tile of the monitor itself | overview, wall |
| ``h-NAME`` | a host in the list of its venue | venue |
| ``venue-STA`` ``host-NAME`` ``incident-17`` | all below the head | the page of that one |

Fixed elements, which no fragment replaces: ``announce`` (the live region, empty), ``lost`` (the
banner of a lost centre, hidden), ``blind`` (an empty list for "this page was blind 0:42", which a
script puts below the problems), ``sound``, ``theme``, ``silence`` and ``help`` (controls, hidden
until a script shows them), ``search`` (the field).

Attributes: ``html[data-root]`` is the root of all paths, ``html[data-page]`` the kind of page,
``html[data-at]`` when it was rendered (s since 1970), ``html[data-version]`` by which version.
``[data-news]`` is a list of incidents, the newest first, to which newer ones are added: those of
the venue that it names, with ``[data-open]`` only open ones. ``[data-since]`` has a duration as its
text, counted from that time (s since 1970). ``time[data-clock]`` shows the time of day now, so many
s ahead of UTC, as hours, minutes and seconds. ``[data-severity]`` is critical, warning or info, on
each problem and tile that has one. ``.wallpage`` are the pages of the wall, all but one ``hidden``,
each to be shown for ``[data-turn]`` (s). ``html.is-lost`` greys everything.
"""

from typing import Final

HEAD: Final = "head"
PROBLEMS: Final = "problems"
MONITOR: Final = "monitor"
ANNOUNCE: Final = "announce"
LOST: Final = "lost"
BLIND: Final = "blind"
SOUND: Final = "sound"
THEME: Final = "theme"
SILENCE: Final = "silence"
HELP: Final = "help"
SEARCH: Final = "search"


def tile(venue: str) -> str:
    """Return the id of a venue's tile."""
    return f"v-{venue}"


def mark(venue: str) -> str:
    """Return the id of a venue's mark on the map."""
    return f"m-{venue}"


def row(host: str) -> str:
    """Return the id of a host in the list of its venue."""
    return f"h-{host}"


def problem(number: int) -> str:
    """Return the id of an incident in a list."""
    return f"i-{number}"


def venue_page(venue: str) -> str:
    """Return the id of all that a venue's own page shows."""
    return f"venue-{venue}"


def host_page(host: str) -> str:
    """Return the id of all that a host's own page shows."""
    return f"host-{host}"


def incident_page(number: int) -> str:
    """Return the id of all that an incident's own page shows."""
    return f"incident-{number}"


def slot(what: str, of: str) -> str:
    """Return the id of an empty place for what later comes: owner, roster, timetable."""
    return f"{what}-{of}"
