"""One scenario as it is played in a simulated world, from its first look to the last.

1. The witness of every step looks before anything is done.
2. Each step is struck when it is due, and mended after its length.
3. Its witness looks again and again until it sees an effect, and after the end until it sees none.
4. The scenario is over when all is mended and seen, and its subjects are well again; or it is given
   up after twice its bound.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from aggregator.core.incidents.record import Subject
from aggregator.core.states import ALIVE, VenueState
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.live.health import LINGERING
from venuewatch.rehearsal.playing import terms
from venuewatch.rehearsal.playing.sights import SIGHTS
from venuewatch.rehearsal.runfile.rows import (
    AttemptState,
    Phase,
    Row,
    Sees,
    Step,
    StepWhat,
    Witness,
)
from venuewatch.rehearsal.scenario import Order, Scenario, subject_of
from venuewatch.rehearsal.world.world import World

_LOOKS_S: Final = (0.02, 0.1, 0.3, 0.6, 1.0)
_LOOK_EVERY_S: Final = 1.0


class Act:
    """A scenario that is played. ``write`` gets each row; ``begin`` is to be called once.

    Attributes:
        state: "begun", until it is "ended" or "given_up".
        began_at: when (s) it began.
        void_reason: why it could not be made true, empty where it could.
    """

    def __init__(self, world: World, scenario: Scenario, write: Callable[[Row], None]) -> None:
        self.scenario = scenario
        self.state: AttemptState = "begun"
        self.void_reason = ""
        self._world = world
        self._write = write
        self.began_at = world.now
        self._open = len(scenario.orders)
        self._given_up_s = terms.given_up_s(scenario)
        self._looks = 0
        self._last_at = world.now

    def begin(self) -> None:
        """Look at all that is to be hit; then do it."""
        orders = self.scenario.orders
        waiting = [len(orders)]

        def looked() -> None:
            waiting[0] -= 1
            if not waiting[0]:
                for order in orders:
                    self._world.loop.after(order.at_s, partial(self._strike, order))

        for order in orders:
            try:
                fault = _fault_of(order)
            except (ValueError, TypeError) as error:
                self.void_reason = f"step {order.step} can't be simulated: {error}"
                self._open = 0
                return
            self._look(order, fault, "before", lambda _sees: looked())

    def look(self) -> bool:
        """Tell whether it is over, by now."""
        now = self._world.now
        if self.state != "begun":
            return True
        is_done = not self._open and not self._looks
        if (
            is_done
            and now - max(self.began_at, self._last_at) >= terms.watched_s(self.scenario)
            and self.is_well
        ):
            self.state = "ended"
        elif now - self.began_at > self._given_up_s:
            self.state = "given_up"
        return self.state != "begun"

    @property
    def is_well(self) -> bool:
        """Whether its subjects are well, by the monitor's own word."""
        return is_well(self._world, self.scenario)

    def _strike(self, order: Order) -> None:
        fault, subjects = _fault_of(order), _subjects_of(order)
        self._note(order, "ordered")
        self._note(order, "armed")
        self._note(order, "begun")
        fault.strike(self._world, subjects)
        self._world.loop.after(order.lasts_s, partial(self._mend, order, fault))
        self._look_until(order, fault, "during", "effect")

    def _mend(self, order: Order, fault: Fault) -> None:
        fault.mend(self._world, _subjects_of(order))
        self._note(order, "ended")
        self._note(order, "healed")
        self._open -= 1
        self._look_until(order, fault, "after", "healed")

    def _look_until(self, order: Order, fault: Fault, phase: Phase, wanted: Sees) -> None:
        """Look until the wanted is seen, or for as long as it may take."""
        lasts_s = order.lasts_s if phase == "during" else terms.over_within_s(self.scenario)
        ends_at = self._world.now + lasts_s
        waits_s = iter(_LOOKS_S)

        def look() -> None:
            wait_s = next(waits_s, _LOOK_EVERY_S)
            self._world.loop.after(wait_s, partial(self._look, order, fault, phase, looked))

        def looked(sees: Sees) -> None:
            if sees == wanted or self._world.now >= ends_at:
                self._looks -= 1
                self._last_at = self._world.now
            else:
                look()

        self._looks += 1
        look()

    def _look(self, order: Order, fault: Fault, phase: Phase, then: Callable[[Sees], None]) -> None:
        sight = SIGHTS.get(fault.SEEN_BY)
        subjects = _subjects_of(order)
        found: list[bool | None] = []

        def end(is_right: bool | None) -> None:  # noqa: FBT001 - it is what was found
            found.append(is_right)
            if len(found) == len(subjects):
                sees = terms.in_one_word(found, phase)
                self._write(
                    Witness(
                        self.scenario.number,
                        order.step,
                        self._world.now,
                        phase,
                        sees,
                        fault.SEEN_BY,
                    )
                )
                then(sees)

        for subject in subjects:
            if sight is None:
                end(None)
            else:
                sight(self._world, subject, end)

    def _note(self, order: Order, what: StepWhat) -> None:
        self._write(Step(self.scenario.number, order.step, what, self._world.now))


def is_well(world: World, scenario: Scenario) -> bool:
    """Tell whether the venues of a scenario, or all of a centre's, are well by the monitor.

    What lingers after it is over is not waited for.
    """
    centre = world.observer.centre
    if not centre.is_ready:
        return False
    venues = centre.fleet.venues
    codes = set(venues) if scenario.runs_alone else set(scenario.venues)
    for incident in centre.decisions.incidents.open.values():
        if incident.cause.value in LINGERING:
            continue
        if incident.subject.venue in codes or not incident.subject.venue:
            return False
    return all(
        venues[code].state is VenueState.OK
        and all(host.state in ALIVE or not host.is_listed for host in venues[code].hosts.values())
        for code in codes
    )


def lingers(world: World) -> bool:
    """Tell whether an incident is open whose cause stays for minutes after it is over."""
    incidents = world.observer.centre.decisions.incidents.open.values()
    return any(incident.cause.value in LINGERING for incident in incidents)


def _fault_of(order: Order) -> Fault:
    return terms.fault_of(order, faults.can_be_ordered, "a simulated way")


def _subjects_of(order: Order) -> list[Subject]:
    return [subject_of(text) for text in order.targets]
