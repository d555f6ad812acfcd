"""Terms on which a scenario is played, simulated or live: how long, and what a witness sees."""

from collections.abc import Callable
from typing import Final

import msgspec

from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.live.health import LINGERING
from venuewatch.rehearsal.plan.apart import ends_s, length_s
from venuewatch.rehearsal.runfile.rows import Phase, Sees
from venuewatch.rehearsal.scenario import Order, Scenario

WATCHED_S: Final = 20.0
"""For how long (s) the world is watched where nothing is done."""

AFTERWARDS_S: Final = 5.0
"""And for how long (s) after the last look of a witness."""

SLACK_S: Final = 60.0
"""How much longer (s) than twice its bound a scenario may take before it is given up."""

LOOKED_S: Final = 3.0
"""For how long (s) witnesses look before a scenario begins, as a rule."""


def watched_s(scenario: Scenario) -> float:
    """Return for how long (s) the world is watched at least, after the last that was done."""
    return AFTERWARDS_S if scenario.orders else WATCHED_S


def given_up_s(scenario: Scenario) -> float:
    """Return after how long (s) a scenario is given up."""
    return 2 * length_s(scenario) + SLACK_S


def usual_length_s(scenario: Scenario) -> float:
    """Return how long (s) a scenario takes as a rule, from its turn until it is over.

    It is back after half of the time that it has for that; what lingers takes all of it.
    """
    back_s = 0.0
    for each in scenario.expected:
        lingers = not LINGERING.isdisjoint(each.causes)
        back_s = max(back_s, each.over_within_s if lingers else each.over_within_s / 2)
    return LOOKED_S + ends_s(scenario) + max(back_s, watched_s(scenario))


def over_within_s(scenario: Scenario) -> float:
    """Return for how long (s) a witness looks for the end of an effect."""
    return max((each.over_within_s for each in scenario.expected), default=SLACK_S)


def fault_of(order: Order, is_able: Callable[[type[Fault]], bool], way: str) -> Fault:
    """Return the fault that an order is of, if ``is_able``; ``way`` says what it lacks else.

    Raises:
        ValueError: there is none of that name, it is not able, or has other fields.
    """
    kind = faults.load(order.fault)
    if not is_able(kind):
        raise ValueError(f"expected a fault with {way}, got {order.fault!r}")
    return msgspec.convert({**order.fields, "lasts_s": order.lasts_s}, kind, strict=False)


def in_one_word(found: list[bool | None], phase: Phase) -> Sees:
    """Return what a witness sees of all subjects of a step: each as it should be, or not."""
    if any(each is None for each in found):
        return "cant_see"
    is_right = all(found) if phase != "during" else any(found)
    if not is_right:
        return "effect"
    return "healed" if phase == "after" else "no_effect"
