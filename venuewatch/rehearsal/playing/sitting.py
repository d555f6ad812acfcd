"""One live sitting of a run: makes the world, plays what is left of the run in it, and ends it.

1. Nothing is made where this machine has no room, or an earlier rehearsal has left something.
2. The outside reader and the receiver are there before the first scenario. Their rows are written
   by a thread of its own, since the file of a run belongs to the thread that has opened it.
3. Scenarios are played in the order of the run, as many at once as isolate cleanly, each in venues
   that are well.
4. An abort, an interrupt, a file that can't be written, or a server, a reader or a receiver that
   ends by itself ends the sitting. All of it is undone, what was played is played again in the next
   sitting, and nothing is left of the world.
5. Where only so much time is given, those are played that fit into it (``fitting.py``). The others
   wait for the next sitting.
6. The next sitting has a world of its own, whose aggregator begins with an empty journal. So what
   an earlier one has hit needs no rest there, and no time of it is compared with one of before.
"""

import errno
import queue
import shlex
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from agent.config import KEEPALIVE_S
from aggregator.inventory import Inventory
from venuewatch.base import clock
from venuewatch.base.config import one_line
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal import fleet
from venuewatch.rehearsal.live import kept_journal, room
from venuewatch.rehearsal.live.reader import Reader
from venuewatch.rehearsal.live.receiver import URL, Receiver
from venuewatch.rehearsal.live.world import World
from venuewatch.rehearsal.playing.fitting import fitting
from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.playing.live import Act
from venuewatch.rehearsal.playing.player import Means, Player, Progress
from venuewatch.rehearsal.playing.terms import usual_length_s
from venuewatch.rehearsal.playing.turns import Turns
from venuewatch.rehearsal.playing.workers import Workers
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.runfile.rows import Notice, Played, Row, Well
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.stage.guardian import LEASE_S
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.run import Run, run_of_namespaces

LINES: Final[dict[Link, Way]] = {"satellite": Way(delay_s=0.27, jitter_s=0.01, loss=0.01)}
"""Each direction of an uplink, by its class of link; others are perfect."""

BEGIN_A_SECOND: Final = 5
"""How many scenarios begin within a second: with forty, two hardware threads were a second late."""

_OPEN_S: Final = 30.0
_WAITING: Final = 10_000  # then reader and receiver wait for the disk


class _Set(NamedTuple):
    """A world that is well, its name in the run's file, and who works in it.

    ``refusal``: why nothing may be played in it any more; empty where it may.
    """

    world: World
    name: str
    workers: Workers
    refusal: Callable[[], str]


class _Rows(NamedTuple):
    """What writes rows of other threads, and why it can't any more; empty where it can."""

    write: Callable[[Sequence[Row]], None]
    refusal: Callable[[], str]


def play_sitting(  # noqa: PLR0913 - each is one setting
    path: Path,
    inventory: Inventory,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    moments: Mapping[int, float] | None = None,
    most: int | None = None,
    within_s: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Play what is left of the run in the file ``path``; return how many were played.

    ``moments``: how long (s) after the first of them each may begin at the earliest. ``most``: how
    many are played at once; None: as many as isolate cleanly. ``within_s``: by when (s) after the
    stage stands all is over; None: when all of it is played. ``say`` gets what is waited for.

    Raises:
        StageError: this machine can't play it, or the world can't be made well again.
        RunFileError: the file can't be used, another plays the run, or it was aborted.
    """
    with RunFile.open(path) as file:
        file.take_control()
        if file.is_aborted:
            raise AbortedError(f"{one_line(path)}: was aborted: --allow lets it go on")
        end_unfinished(file)
        all_of = file.scenarios()
        left = [each.scenario for each in all_of if not each.is_finished]
        left = [scenario for scenario in left if "live" in scenario.modes]
        if within_s is not None:
            left = _fitting(left, inventory, within_s, all_of)
        if not left:
            return 0
        room.check(inventory)
        with _disk_named(), _world(path, inventory, say) as (world, name, workers, refusal):
            isolation = isolation_of(inventory)
            turns = Turns(
                left,
                isolation,
                moments=_from_now(left, moments or {}),
                most=most,
                most_a_second=BEGIN_A_SECOND,
                ends_at=None if within_s is None else clock.monotonic() + within_s,
            )
            means = Means(
                workers,
                lambda scenario: Act(world, scenario, workers, file.record),
                world.health,
                refusal,
                say=say,
            )
            try:
                Player(file, name, means, turns, isolation).play(on_progress)
            except (OSError, StageError) as error:  # mostly it comes of what has ended
                if why := refusal():
                    raise StageError(why) from error
                raise
            file.record(Well(name, clock.monotonic(), "stage", is_well=True))  # until now
        done = sum(each.is_finished for each in file.scenarios())
        return done - sum(each.is_finished for each in all_of)


def _fitting(
    left: Sequence[Scenario], inventory: Inventory, within_s: float, all_of: Sequence[Played]
) -> list[Scenario]:
    """Return those that fit into so long (s), in the order in which they are to be played.

    Raises:
        StageError: none does.
    """
    played = {each.scenario.kind for each in all_of if each.is_finished}
    begun = {each.scenario.number for each in all_of if each.attempts and not each.is_finished}
    found = fitting(left, isolation_of(inventory), within_s, played=played, begun=begun)
    if left and not found:
        shortest_s = min(map(usual_length_s, left))
        raise StageError(
            f"expected at least {shortest_s:.0f} s, as the shortest scenario takes so long, got "
            f"{within_s:.0f} s"
        )
    return [each.scenario for each in found]


def end_unfinished(file: RunFile) -> None:
    """End what an earlier sitting has begun: its world is gone, and all of it with that."""
    for number in file.unfinished():
        file.record_ended(number, at=clock.monotonic(), state="interrupted")


def isolation_of(inventory: Inventory) -> Isolation:
    """Return the rules by which scenarios are played at once on a fleet; nothing was hit yet."""
    keepalives_s = {venue.code: KEEPALIVE_S[venue.link] for venue in inventory.venue}
    hosts = {venue.code: len(venue.host) for venue in inventory.venue}
    return Isolation(keepalives_s.__getitem__, hosts.__getitem__)


def world_of(run: Run, inventory: Inventory, *, webhook_url: str = "") -> World:
    """Return the world of a run, as every sitting has it; nothing of it is started."""
    return World(
        _folder_of(run),
        run,
        inventory,
        ways={venue.code: LINES[venue.link] for venue in inventory.venue if venue.link in LINES},
        webhook_url=webhook_url,
        checks=fleet.checks_of,
    )


def _folder_of(run: Run) -> Path:
    """Make a folder that bears the name of a run, and that its guardian removes."""
    folder = Path(tempfile.mkdtemp(prefix=run.prefix))
    remove = f"rm -rf {shlex.quote(str(folder))}"
    again = f"{remove} || {{ sleep 1; {remove}; }}"  # a program may write in it as it ends
    run.guardian.make(lambda: None, ("sh", "-c", again))
    return folder


def _from_now(left: Sequence[Scenario], moments: Mapping[int, float]) -> dict[int, float]:
    """Return the moments of what is left by the clock of the run: the first of them is now."""
    theirs = {each.number: moments[each.number] for each in left if each.number in moments}
    shift_s = clock.monotonic() - min(theirs.values(), default=0.0)
    return {number: moment + shift_s for number, moment in theirs.items()}


@contextmanager
def _world(path: Path, inventory: Inventory, say: Callable[[str], None]) -> Iterator[_Set]:
    """Yield a well world; a reader and a receiver write what it tells."""
    with ExitStack() as stack:
        workers = stack.enter_context(Workers())  # what they start ends with them: they end last
        run = stack.enter_context(run_of_namespaces(LEASE_S))
        world = world_of(run, inventory, webhook_url=URL)
        stack.callback(world.close)
        say(f"{len(world.hosts)} hosts start")
        world.start()
        keep = kept_journal.command(world.disk.journal, path, run.prefix)
        run.guardian.make(lambda: None, keep)  # undone before that disk is
        write, why_not = stack.enter_context(_writing(path))
        is_heard = threading.Event()  # what is told while the fleet starts is of no scenario

        def write_notice(row: Notice) -> None:
            if is_heard.is_set():
                write([row])

        receiver = Receiver(world.centre, run.prefix, write_notice)
        world.receiver = stack.enter_context(receiver)
        say("all hosts are up, and have to be well")
        world.await_well()
        reader = stack.enter_context(Reader(world.aggregator, run.prefix, write))
        if not reader.await_open(_OPEN_S):
            raise StageError("the aggregator's stream of events does not begin")
        is_heard.set()
        write([Well(run.prefix, clock.monotonic(), "stage", is_well=True)])
        yield _Set(world, run.prefix, workers, lambda: world.refusal or reader.refusal or why_not())


@contextmanager
def _disk_named() -> Iterator[None]:
    """Have a disk that is full bear the name of the folder in which a world is, if it has none."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from error
        raise


@contextmanager
def _writing(path: Path) -> Iterator[_Rows]:
    """Yield what writes rows of other threads, in their order; all are written at the end."""
    rows: queue.Queue[Sequence[Row] | None] = queue.Queue(_WAITING)
    failed: list[Exception] = []

    def write() -> None:
        try:
            with RunFile.open(path) as file:
                while (some := rows.get()) is not None:
                    file.record(*some)
        except Exception as error:  # noqa: BLE001 - it is raised at the end
            failed.append(error)
            while rows.get() is not None:  # so that none of the others waits for ever
                pass

    thread = threading.Thread(target=write, name="writer")
    thread.start()
    try:
        yield _Rows(rows.put, lambda: str(failed[0]) if failed else "")
    finally:
        rows.put(None)
        thread.join()
        if failed:
            raise failed[0]
