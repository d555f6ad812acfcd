"""Plays scenarios in a simulated world: virtual time, the real core.

The reader of incidents is the simulated outlet of the aggregator, the receiver that of notices.
"""

import gc
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple

from agent.config import KEEPALIVE_S
from aggregator.core.incidents.record import IncidentChanged
from aggregator.inventory import HostEntry, Inventory, VenueEntry
from aggregator.shell import exposition
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.fleet import AWAY_LIMIT_S, GATEWAY, RESULTS, SPARE, checks_of
from venuewatch.rehearsal.playing import terms
from venuewatch.rehearsal.playing.act import Act, is_well, lingers
from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.playing.worlds import WorldPlan
from venuewatch.rehearsal.runfile.rows import (
    AttemptState,
    Counter,
    Ending,
    Notice,
    Row,
    Seen,
    Well,
    counted_name,
)
from venuewatch.rehearsal.scenario import Counted, Scenario, text_of
from venuewatch.rehearsal.world.layout import layout_of
from venuewatch.rehearsal.world.venue import SimHost
from venuewatch.rehearsal.world.world import World

RECEIVER: Final = "webhook"

CALM_AFTER_S: Final = 20.0
"""How long (s) a world goes on after its last scenario, to hear what nobody should say."""

_WARM_UP_S = 20.0  # two rounds of vitals, four of checks
_PEACE_WITHIN_S = 300.0
_LOOK_S = 0.5
_PLAYED_WITHIN_S = 12 * 3_600.0


class PlayedWorld(NamedTuple):
    """What came of a world, by its name. ``virtual_s``: how much time passed in it."""

    name: str
    endings: tuple[Ending, ...]
    rows: tuple[Row, ...]
    virtual_s: float


def play_world(plan: WorldPlan, inventory: Inventory) -> PlayedWorld:
    """Play all scenarios of a world; the same comes of it each time."""
    with _without_collector():
        return _Player(plan, inventory).play()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Leave what a world makes to its end: nearly all of it goes by itself, or lives that long."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)  # all that was made meanwhile
        if was_enabled:
            gc.enable()


class _Player:
    def __init__(self, plan: WorldPlan, inventory: Inventory) -> None:
        rng = random.Random(plan.seed)
        venues = [
            venue for venue in inventory.venue if not plan.venues or venue.code in plan.venues
        ]
        layout = layout_of(Inventory(tuple(venues)), _kinds_of_checks, rng)
        self._plan = plan
        self._world = World(layout, rng, away_limit_s=AWAY_LIMIT_S)
        for venue in layout.written.venue:
            _look_at_pair(self._world, venue)
        links = {venue.code: venue.link for venue in venues}
        hosts = {venue.code: len(venue.host) for venue in venues}
        self._isolation = Isolation(
            lambda code: KEEPALIVE_S[links[code]], hosts.__getitem__, self._world.broker.first_look
        )
        self._waiting = list(plan.scenarios)
        self._acts: list[Act] = []
        self._before: dict[int, dict[str, float | None]] = {}
        self._endings: list[Ending] = []
        self._rows: list[Row] = []
        self._told = self._taken = 0

    def play(self) -> PlayedWorld:
        """Play until all is played, or nothing more can be."""
        world = self._world
        world.start()
        world.run(_WARM_UP_S)
        is_at_peace = world.run_until(lambda: not world.trouble(), within_s=_PEACE_WITHIN_S)
        by_stage = Well(self._plan.name, world.now, "stage", is_well=is_at_peace)
        self._rows.append(by_stage)
        end = world.now + _PLAYED_WITHIN_S
        while (self._waiting or self._acts) and world.now < end:
            self._begin_some()
            world.run(_LOOK_S)
            self._end_some()
        self._await_what_lingers()
        world.run(CALM_AFTER_S)
        self._write_told()
        self._rows.append(Well(self._plan.name, world.now, "stage", is_well=True))  # until now
        if self._waiting and is_at_peace:
            self._rows.append(Well(self._plan.name, world.now, "monitor", is_well=False))
        for scenario in self._waiting:
            why = "its venues were not well in time"
            self._end(scenario.number, world.now, "given_up", why)
        return PlayedWorld(self._plan.name, tuple(self._endings), tuple(self._rows), world.now)

    def _await_what_lingers(self) -> None:
        """Go on until it is over: that is judged, though no scenario waits for it."""
        most_s = max(map(terms.over_within_s, self._plan.scenarios), default=0.0)
        self._world.run_until(lambda: not lingers(self._world), within_s=most_s)

    def _begin_some(self) -> None:
        """Begin what may, in their order at each venue that plays nothing."""
        now = self._world.now
        taken = {code for act in self._acts for code in act.scenario.venues}
        for scenario in list(self._waiting):
            is_first = taken.isdisjoint(scenario.venues)
            taken.update(scenario.venues)
            if is_first and self._isolation.may_begin(scenario, now):
                if not is_well(self._world, scenario):
                    continue
                self._waiting.remove(scenario)
                self._isolation.begin(scenario, now)
                self._before[scenario.number] = self._counts(scenario)
                act = Act(self._world, scenario, self._rows.append)
                self._acts.append(act)
                act.begin()

    def _end_some(self) -> None:
        for act in [act for act in self._acts if act.look()]:
            scenario = act.scenario
            self._acts.remove(act)
            self._isolation.end(scenario, self._world.now)
            before, after = self._before.pop(scenario.number), self._counts(scenario)
            self._rows += [
                Counter(scenario.number, name, before[name], after[name]) for name in before
            ]
            self._end(scenario.number, act.began_at, act.state, act.void_reason)

    def _end(self, number: int, began_at: float, state: AttemptState, void_reason: str) -> None:
        now = self._world.now
        self._endings.append(Ending(number, self._plan.name, state, began_at, now, void_reason))

    def _write_told(self) -> None:
        """Write what the outlets have got: of a whole world at once, by their own times."""
        observer, name = self._world.observer, self._plan.name
        self._rows += [_seen(name, told.at, told.changed) for told in observer.told]
        self._rows += [
            _notice(name, at, notice.content)
            for at, notice in observer.notifier.taken
            if isinstance(notice.content, IncidentChanged)
        ]

    def _counts(self, scenario: Scenario) -> dict[str, float | None]:
        return {
            counted_name(each.metric, each.labels): self._count(each) for each in scenario.counted
        }

    def _count(self, counted: Counted) -> float | None:
        """Return the sum of a number of ``/metrics`` over all series with these labels."""
        centre = self._world.observer.centre
        venue = centre.fleet.venues.get(counted.labels.get("venue", ""))
        venues = centre.fleet.venues.values() if venue is None else [venue]
        page = b"".join(exposition.pieces(venues, self._world.now)).decode()
        labels = [f'{name}="{value}"' for name, value in counted.labels.items()]
        found = [
            float(line.rpartition(" ")[2])
            for line in page.splitlines()
            if line.startswith(f"{counted.metric}{{") and all(label in line for label in labels)
        ]
        return sum(found) if found else None


def _kinds_of_checks(host: HostEntry, venue: VenueEntry) -> Mapping[str, str]:
    return {check.name: check.kind for check in checks_of(host, venue)}


def _look_at_pair(world: World, venue: VenueEntry) -> None:
    """Have the gateway's look at the results servers follow from whether they are there."""
    hosts = world.venues[venue.code].hosts
    pair = [hosts[host.name] for host in venue.host if host.role == RESULTS]
    for host in venue.host:
        spare = hosts[host.name].machine.watched.get(SPARE)
        if host.role == GATEWAY and spare is not None:
            spare.follows = partial(_state_of_pair, pair)


def _state_of_pair(pair: list[SimHost]) -> CheckState:
    there = sum(host.machine.is_on_lan for host in pair)
    if there == len(pair):
        return "flowing"
    return "redundancy_lost" if there else "critical"


def _seen(world: str, at: float, changed: IncidentChanged) -> Seen:
    incident = changed.incident
    return Seen(
        world,
        at,
        incident.number,
        changed.change,
        text_of(incident.subject),
        incident.cause.value,
        len(incident.children),
        incident.opened_at,
    )


def _notice(world: str, at: float, changed: IncidentChanged) -> Notice:
    incident = changed.incident
    return Notice(
        world,
        at,
        RECEIVER,
        incident.number,
        changed.seq,
        changed.change,
        text_of(incident.subject),
        incident.cause.value,
    )
