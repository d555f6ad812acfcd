"""Commands: what an operator may ask of the core, beside what it decides by itself."""

from typing import NamedTuple

from aggregator.core.decisions import Decisions
from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.states import HostState


class AskNeighbours(NamedTuple):
    """An operator's command: ask the neighbours of a host that is down again."""

    host: str


def host_of(fleet: Fleet, command: AskNeighbours) -> Host:
    """Return the host that a command is about.

    Raises:
        ValueError: the command cannot be done, in words for the operator.
    """
    host = fleet.find(command.host)
    if host is None:
        raise ValueError(f"expected a host of the fleet, got {command.host}")
    if host.state is not HostState.DOWN:
        raise ValueError(f"expected a host that is down, {host.name} is {host.state}")
    return host


def ask_neighbours(decisions: Decisions, name: str, now: float) -> None:
    """Ask the neighbours of a host at ``now``, if it is still down then."""
    decisions.advance(now)
    host = decisions.fleet.find(name)
    if host is not None and host.state is HostState.DOWN:
        decisions.ask(host, now)
        decisions.plan()
