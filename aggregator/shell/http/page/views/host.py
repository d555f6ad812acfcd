"""Page of a host: its state, its last day, link and machine, agent, checks, problems.

History belongs to Prometheus: the page links to Grafana, if the configuration names one.
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from aggregator.shell.http.api.hosts import HostView, VitalsView
from aggregator.shell.http.page import problems, strip
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer


class Vital(NamedTuple):
    """One line of the machine; ``share`` is how much of it is used, in percent, if it has such."""

    name: str
    text: str
    share: int | None = None


def article(renderer: Renderer, host: HostView, at: float) -> str:
    """Return the content of the page that changes with the host: all but its last day."""
    return renderer.article("host-article.html", at, _context(renderer, host, at))


def page(renderer: Renderer, picture: Picture, host: HostView) -> str:
    """Return the page."""
    return renderer.page("host.html", picture, _context(renderer, host, picture.at))


def grafana_link(grafana_url: str, venue: str, host: str) -> str:
    """Return where a host's history is; "" without Grafana."""
    if not grafana_url:
        return ""
    joint = "&" if "?" in grafana_url else "?"
    return grafana_url + joint + urlencode({"var-venue": venue, "var-host": host})


def _context(renderer: Renderer, host: HostView, at: float) -> dict[str, object]:
    return {
        "host": host,
        "strip": strip.strip_of(host.states, at),
        "problems": [problems.problem_of(one) for one in host.incidents],
        "vitals": list(_vitals(host.vitals)),
        "grafana": grafana_link(renderer.grafana_url, host.venue, host.host),
    }


def _vitals(vitals: VitalsView | None) -> Iterator[Vital]:
    if vitals is None:
        return
    if vitals.load_1m is not None:
        cpus = f" on {vitals.cpus} CPUs" if vitals.cpus else ""
        yield Vital("Load of 1 min", f"{vitals.load_1m:.2f}{cpus}")
    if vitals.memory_used_ratio is not None:
        yield _used("Memory in use", vitals.memory_used_ratio)
    if vitals.fullest_mount is not None and vitals.fullest_used_ratio is not None:
        yield _used("Fullest disk", vitals.fullest_used_ratio, f"{vitals.fullest_mount}, ")


def _used(name: str, ratio: float, of: str = "") -> Vital:
    return Vital(name, f"{of}{ratio:.0%}", round(100 * min(1.0, max(0.0, ratio))))
