"""One live sitting of a run: makes the world, plays what is left of the run in it, and ends it.

1. Nothing is made where this machine has no room, or an earlier rehearsal has left something.
2. The outside reader and the receiver are there before the first scenario. Their rows are written
   by a thread of its own, since the file of a run belongs to the thread that has opened it.
3. Scenarios are played one after the other, in the order of the run, each in a well world.
4. An abort, an interrupt or a file that can't be written ends the sitting. All of it is mended, the
   scenario is played again in the next sitting, and nothing is left of the world.
"""

import queue
import shlex
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from aggregator.inventory import Inventory
from venuewatch.base import clock
from venuewatch.base.config import one_line
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.live import room
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.reader import Reader
from venuewatch.rehearsal.live.receiver import URL, Receiver
from venuewatch.rehearsal.live.world import World
from venuewatch.rehearsal.playing.live import Act, Ending, is_well
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.runfile.rows import Counter, Row, Well, counted_name
from venuewatch.rehearsal.scenario import Counted, Scenario
from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.stage.guardian import LEASE_S
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.run import Run, run_of_namespaces

LINES: Final[dict[Link, Way]] = {"satellite": Way(delay_s=0.27, jitter_s=0.01, loss=0.01)}
"""Each direction of an uplink, by its class of link; others are perfect."""

_WELL_S: Final = 180.0
_WELL_EVERY_S: Final = 0.5
_OPEN_S: Final = 30.0
_WAITING: Final = 10_000  # then reader and receiver wait for the disk


class Progress(NamedTuple):
    """A scenario that has come to its end in this sitting."""

    scenario: Scenario
    ending: Ending


def play_sitting(
    path: Path, inventory: Inventory, on_progress: Callable[[Progress], None] = lambda _: None
) -> int:
    """Play what is left of the run in the file ``path``; return how many were played.

    Raises:
        StageError: this machine can't play it, or the world can't be made well again.
        RunFileError: the file can't be used, another plays the run, or it was aborted.
    """
    with RunFile.open(path) as file:
        file.take_control()
        if file.is_aborted:
            raise AbortedError(f"{one_line(path)}: was aborted: --allow lets it go on")
        end_unfinished(file)
        left = [each.scenario for each in file.scenarios() if not each.is_finished]
        left = [scenario for scenario in left if "live" in scenario.modes]
        if not left:
            return 0
        room.check(inventory)
        with _world(path, inventory) as (world, name):
            for scenario in left:
                ending = _play_one(file, world, name, scenario)
                on_progress(Progress(scenario, ending))
    return len(left)


def end_unfinished(file: RunFile) -> None:
    """End what an earlier sitting has begun: its world is gone, and all of it with that."""
    for number in file.unfinished():
        file.record_ended(number, at=clock.monotonic(), state="interrupted")


@contextmanager
def _world(path: Path, inventory: Inventory) -> Iterator[tuple[World, str]]:
    """Yield a well world and its name; a reader and a receiver write what it tells."""
    ways = {venue.code: LINES[venue.link] for venue in inventory.venue if venue.link in LINES}
    with ExitStack() as stack:
        run = stack.enter_context(run_of_namespaces(LEASE_S))
        world = World(_folder_of(run), run, inventory, ways=ways, webhook_url=URL)
        stack.callback(world.close)
        world.start()
        write = stack.enter_context(_writing(path))
        receiver = Receiver(world.centre, run.prefix, lambda row: write([row]))
        world.receiver = stack.enter_context(receiver)
        reader = stack.enter_context(Reader(world.aggregator, run.prefix, write))
        if not reader.await_open(_OPEN_S):
            raise StageError("the aggregator's stream of events does not begin")
        world.await_well()
        write([Well(run.prefix, clock.monotonic(), "stage", is_well=True)])
        yield world, run.prefix


def _folder_of(run: Run) -> Path:
    """Make a folder that bears the name of a run, and that its guardian removes."""
    folder = Path(tempfile.mkdtemp(prefix=run.prefix))
    remove = f"rm -rf {shlex.quote(str(folder))}"
    again = f"{remove} || {{ sleep 1; {remove}; }}"  # a program may write in it as it ends
    run.guardian.make(lambda: None, ("sh", "-c", again))
    return folder


@contextmanager
def _writing(path: Path) -> Iterator[Callable[[Sequence[Row]], None]]:
    """Yield what writes rows of other threads, in their order; all are written at the end."""
    rows: queue.Queue[Sequence[Row] | None] = queue.Queue(_WAITING)
    failed: list[RunFileError] = []

    def write() -> None:
        try:
            with RunFile.open(path) as file:
                while (some := rows.get()) is not None:
                    file.record(*some)
        except RunFileError as error:
            failed.append(error)
            while rows.get() is not None:  # so that none of the others waits for ever
                pass

    thread = threading.Thread(target=write, name="writer")
    thread.start()
    try:
        yield rows.put
    finally:
        rows.put(None)
        thread.join()
        if failed:
            raise failed[0]


def _play_one(file: RunFile, world: World, name: str, scenario: Scenario) -> Ending:
    """Play one scenario, and write its end, whatever that is."""
    file.record_begun(scenario.number, world=name, at=clock.monotonic())
    try:
        until(
            f"the venues of scenario {scenario.number} are well",
            lambda: is_well(world, scenario),
            within_s=_WELL_S,
            every_s=_WELL_EVERY_S,
        )
        before = _counts(world, scenario)
        ending = Act(world, scenario, file.record).play()
    except AbortedError:
        file.record_ended(scenario.number, at=clock.monotonic(), state="aborted")
        raise
    except (StageError, KeyboardInterrupt):
        file.record_ended(scenario.number, at=clock.monotonic(), state="interrupted")
        raise
    after = _counts(world, scenario)
    counters = [Counter(scenario.number, name, before[name], after[name]) for name in before]
    file.record(*counters)
    at, (state, void_reason) = clock.monotonic(), ending
    file.record_ended(scenario.number, at=at, state=state, void_reason=void_reason)
    return ending


def _counts(world: World, scenario: Scenario) -> dict[str, float | None]:
    return {
        counted_name(each.metric, each.labels): _count(world, each) for each in scenario.counted
    }


def _count(world: World, counted: Counted) -> float | None:
    """Return the sum of a number of ``/metrics`` over all series with these labels."""
    found = [value for _, value in world.aggregator.page().of(counted.metric, **counted.labels)]
    return sum(found) if found else None
