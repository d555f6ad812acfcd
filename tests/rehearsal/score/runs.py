"""Run files of a monitor that does everything right, as the controller of a run writes them."""

from collections.abc import Iterable
from pathlib import Path

from tests.rehearsal.runfile.scenarios import HOST, order, run_of, scenario
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Notice, Row, Seen, Step, Well, Witness
from venuewatch.rehearsal.scenario import Scenario

WORLD = "w"
SLOT_S = 300.0


def play(run: RunFile, number: int, *, began: float, host: str = HOST) -> None:
    """Write one scenario from its begin to its end, and what was said of it."""
    run.record_begun(number, world=WORLD, at=began)
    run.record(Step(number, "off", "ordered", began), Step(number, "off", "armed", began))
    run.record(*rows(number, began, host))
    run.record_ended(number, at=began + 30.0)


def rows(number: int, began: float, host: str) -> Iterable[Row]:
    """Yield what is written between a scenario's begin and its end."""
    true, seen, mended, over = (began + more for more in (1.0, 3.0, 21.0, 25.0))
    yield Well(WORLD, began, "stage", is_well=True)
    yield Witness(number, "off", began + 0.5, "before", "no_effect")
    yield Step(number, "off", "begun", true, "by hand")
    yield Witness(number, "off", true + 0.5, "during", "effect")
    yield Seen(WORLD, seen, number, "opened", host, "host_down", 0, true)
    yield Notice(WORLD, seen + 0.2, "webhook", number, 1, "opened", host, "host_down")
    yield Step(number, "off", "ended", mended)
    yield Step(number, "off", "healed", mended)
    yield Witness(number, "off", mended + 0.5, "after", "healed")
    yield Seen(WORLD, over, number, "closed", host, "host_down", 0, true)
    yield Notice(WORLD, over + 0.2, "webhook", number, 2, "closed", host, "host_down")


def right_run(path: Path, scenarios: int = 3) -> RunFile:
    """Return the file of a run, open, in which all scenarios were played and told rightly."""
    run = run_of(path, map(one_of, range(1, scenarios + 1)))
    for number in range(1, scenarios + 1):
        play(run, number, began=number * SLOT_S)
    return run


def one_of(number: int) -> Scenario:
    """Return the scenario that :func:`play` plays."""
    return scenario(number, orders=(order(),))
