"""A small rehearsal in the simulated world, under the real core: what was done, seen and told."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from aggregator.core.incidents.record import Subject
from aggregator.inventory import Inventory
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.fleet import checks_of, standard_fleet
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.resolve import can_play, resolve
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Notice, Phase, Seen, Step, Witness
from venuewatch.rehearsal.scenario import Scenario, subject_of, text_of
from venuewatch.rehearsal.world.layout import layout_of
from venuewatch.rehearsal.world.world import World

KINDS = ("server_power_off", "uplink_cut", "agent_killed", "control_nothing")
WORLD = "small"
WARM_UP_S = 30.0
PEACE_WITHIN_S = 120.0


class Spell(NamedTuple):
    """A scenario, and from when to when it was played."""

    scenario: Scenario
    began_at: float
    ended_at: float


class Rehearsal(NamedTuple):
    """All that a rehearsal leaves: what the injector and witness say, and what the monitor does."""

    spells: tuple[Spell, ...]
    done: tuple[Step | Witness, ...]
    said: tuple[Seen | Notice, ...]

    def write(self, run: RunFile) -> None:
        """Write it into the file of a run of these scenarios."""
        for spell in self.spells:
            run.record_begun(spell.scenario.number, world=WORLD, at=spell.began_at)
            number = spell.scenario.number
            run.record(*(row for row in self.done if row.number == number))
            run.record_ended(number, at=spell.ended_at)
        run.record(*self.said)


def rehearse(seed: int = 1) -> Rehearsal:
    """Play one scenario of each kind, one after the other, each at the next venue."""
    fleet = three_venues()
    rng = random.Random(seed)
    layout = layout_of(
        fleet, lambda host, venue: {one.name: one.kind for one in checks_of(host, venue)}, rng
    )
    world = World(layout, rng)
    world.start()
    world.run(WARM_UP_S)
    done: list[Step | Witness] = []
    spells = []
    for scenario in scenarios_of(fleet, seed):
        assert world.run_until(lambda: not world.trouble(), within_s=PEACE_WITHIN_S)
        began_at = world.now
        done.extend(play(world, scenario))
        world.run_until(lambda: not world.trouble(), within_s=PEACE_WITHIN_S)
        spells.append(Spell(scenario, began_at, world.now))
        world.run(5.0)
    return Rehearsal(tuple(spells), tuple(done), tuple(said_by(world)))


def three_venues() -> Inventory:
    """Return three wired venues with results."""
    kind = read_kinds()["server_power_off"]
    fleet = standard_fleet()
    fit = [venue for venue in fleet.venue if venue.link == "wired"]
    return Inventory(
        tuple([venue for venue in fit if can_play(kind, fleet, venue.code) is None][:3])
    )


def scenarios_of(fleet: Inventory, seed: int) -> Iterator[Scenario]:
    """Yield a scenario of each kind."""
    kinds = read_kinds()
    for number, name in enumerate(KINDS, start=1):
        venue = fleet.venue[number % len(fleet.venue)].code
        yield resolve(kinds[name], fleet, number=number, venue=venue, seed=seed)


def play(world: World, scenario: Scenario) -> Iterator[Step | Witness]:
    """Play a scenario of one step at most; yield what is written."""
    if not scenario.orders:
        world.run(20.0)
        return
    (order,) = scenario.orders
    targets = [subject_of(target) for target in order.targets]
    number, step = scenario.number, order.step
    fault = faults.load(order.fault)()
    world.run(order.at_s)
    yield Step(number, step, "ordered", world.now)
    yield look(world, number, step, targets, "before")
    yield Step(number, step, "begun", world.now)
    fault.strike(world, targets)
    world.run(order.lasts_s / 2)
    yield look(world, number, step, targets, "during")
    world.run(order.lasts_s / 2)
    yield Step(number, step, "ended", world.now)
    fault.mend(world, targets)
    world.run(1.0)
    yield look(world, number, step, targets, "after")
    yield Step(number, step, "healed", world.now)


def look(world: World, number: int, step: str, targets: list[Subject], phase: Phase) -> Witness:
    """Look whether a packet finds its way, or whether a process lives."""
    is_struck = all(is_gone(world, target) for target in targets)
    sees = "effect" if is_struck else "healed" if phase == "after" else "no_effect"
    return Witness(number, step, world.now, phase, sees)  # type: ignore[arg-type]


def is_gone(world: World, target: Subject) -> bool:
    """Tell whether a venue's line lets nothing through, or a host's agent is dead."""
    if not target.host:
        return world.venues[target.venue].uplink.up.is_cut
    agent = world.host(target).agent
    return agent is None or agent.process.is_dead


def said_by(world: World) -> Iterator[Seen | Notice]:
    """Yield what the simulated outlets got."""
    for told in world.observer.told:
        one = told.changed.incident
        yield Seen(
            WORLD,
            told.at,
            one.number,
            told.changed.change,
            text_of(one.subject),
            one.cause.value,
            len(one.children),
            one.opened_at,
        )
    for at, waiting in world.observer.notifier.taken:
        content = waiting.content
        assert not isinstance(content, bytes)
        subject, cause = text_of(content.incident.subject), content.incident.cause.value
        yield Notice(
            WORLD, at, "webhook", waiting.number, waiting.seq, content.change, subject, cause
        )
