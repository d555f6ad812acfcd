"""Links between the dashboards, and from them to the aggregator's own page.

A link takes along the time range, the data source and the jobs. ``${page}`` is a variable of each
dashboard: the aggregator's external URL.
"""

from typing import NamedTuple

KEPT = "${datasource:queryparam}&${job:queryparam}&${node_job:queryparam}&${__url_time_range}"
"""What every link between dashboards takes along."""


class Link(NamedTuple):
    """A link; ``is_outside``: it leads out of Grafana."""

    title: str
    url: str
    is_outside: bool = False


def dashboard(title: str, uid: str, **variables: str) -> Link:
    """Return a link to a dashboard, with these of its variables set."""
    chosen = "".join(f"var-{name}={value}&" for name, value in variables.items())
    return Link(title, f"/d/{uid}?{chosen}{KEPT}")


def venue_links(labels: str = "__field.labels") -> tuple[Link, Link]:
    """Return the links of a venue; ``labels``: where Grafana has the series' labels."""
    venue = f"${{{labels}.venue}}"
    return (
        dashboard(f"Venue {venue}", "venuewatch-venue", venue=venue),
        Link(f"{venue} at the monitor", f"${{page}}/venues/{venue}", is_outside=True),
    )


def host_links(labels: str = "__field.labels") -> tuple[Link, Link]:
    """Return the links of a host, likewise."""
    venue, host = f"${{{labels}.venue}}", f"${{{labels}.host}}"
    return (
        dashboard(f"Host {host}", "venuewatch-host", venue=venue, host=host),
        Link(f"{host} at the monitor", f"${{page}}/hosts/{host}", is_outside=True),
    )


def incident_links(labels: str = "__field.labels") -> tuple[Link]:
    """Return the link of an incident, likewise."""
    number = f"${{{labels}.incident}}"
    return (
        Link(f"Incident {number} at the monitor", f"${{page}}/incidents/{number}", is_outside=True),
    )
