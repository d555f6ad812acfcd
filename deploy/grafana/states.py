"""States as numbers: each state's number, text and colour, and the queries that give them.

A panel can colour and sort numbers only. So a query gives a state as a number, the worst the
highest, and a value mapping writes its name again. Where two aggregators disagree, and where one
query covers several series, the worst state wins.
"""

from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"
BLUE, PURPLE, GREY = "blue", "purple", "#8e8e8e"

VENUE = {
    "unreachable": RED,
    "degraded": ORANGE,
    "unknown": PURPLE,
    "unseen": GREY,
    "away": BLUE,
    "ok": GREEN,
}
"""The states of a venue, worst first, with their colours."""

HOST = {
    "down": RED,
    "unreachable": ORANGE,
    "unknown": PURPLE,
    "late": GREY,
    "unseen": GREY,
    "away": BLUE,
    "up": GREEN,
}
"""The states of a host, worst first. ``unreachable`` is its venue's fault; ``late`` no alarm."""

CHECK = {
    "critical": RED,
    "frozen": RED,
    "silent": RED,
    "delayed": ORANGE,
    "redundancy_lost": YELLOW,
    "warning": YELLOW,
    "unknown": PURPLE,
    "not_expected": BLUE,
    "flowing": GREEN,
    "ok": GREEN,
}
"""The states of a check, of results systems too, worst first."""

WATCHING = {"blind": RED, "watches": GREEN}
"""The states of an aggregator."""


def numbers(states: dict[str, str]) -> dict[str, int]:
    """Return the number of each state; the best is 0."""
    return {state: number for number, state in enumerate(reversed(states))}


def mapping(states: dict[str, str]) -> ValueMap:
    """Return the value mapping that writes the names of states for their numbers."""
    return ValueMap(
        {
            str(number): ValueMappingResult(text=state, color=states[state], index=number)
            for state, number in numbers(states).items()
        }
    )


def worst(metric: str, selector: str, by: str, states: dict[str, str]) -> str:
    """Return the query of the worst state's number, by labels; the series are 1 in their state.

    The usual state is the last of the chain: ``or`` compares all that is on its left.
    """
    terms = [
        f'{number} * ({metric}{{{selector},state="{state}"}} == 1)'
        for state, number in reversed(numbers(states).items())
    ]
    inner = "\n  or\n  ".join(terms)
    return f"max by ({by}) (\n  {inner}\n)"


def venue_states(selector: str) -> str:
    """Return the query of each venue's state."""
    return worst("venuewatch_venue_state", selector, "venue", VENUE)


def host_states(selector: str) -> str:
    """Return the query of each host's state."""
    return worst("venuewatch_host_state", selector, "venue, host", HOST)


def check_states(selector: str, by: str = "venue, host, check, kind") -> str:
    """Return the query of each check's state."""
    return worst("venuewatch_check_state", selector, by, CHECK)


def results_states(selector: str) -> str:
    """Return the query of each results check's state."""
    return worst("venuewatch_results_state", selector, "venue, host, check, kind", CHECK)
