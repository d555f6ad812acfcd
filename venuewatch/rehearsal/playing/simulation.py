"""Plays a whole run in simulated worlds, over several processes, and goes on where it stopped.

A world is played by one process and written at once. So a run that was killed has whole worlds,
and those that are missing are played as if nothing had been.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Final

from aggregator.inventory import Inventory
from venuewatch.rehearsal.playing.simulated import PlayedWorld, play_world
from venuewatch.rehearsal.playing.worlds import WorldPlan, divided
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.work import IsStopped, pool_of, processes

_WAITING_PER_PROCESS: Final = 2


def play(
    file: RunFile,
    inventory: Inventory,
    *,
    jobs: int | None,
    on_progress: Callable[[int, int], None],
    is_stopped: IsStopped,
) -> None:
    """Play what a run has left; ``on_progress`` is told how many scenarios are done, of how many.

    Raises:
        AbortedError: the run was aborted.
    """
    played = file.scenarios()
    finished = {each.scenario.number for each in played if each.is_finished}
    worlds = divided([each.scenario for each in played], inventory, file.about().seed)
    left = [world for world in worlds if not _is_done(world, finished)]
    done = len(finished)
    on_progress(done, len(played))
    waiting = iter(sorted(left, key=lambda world: -len(world.scenarios)))
    room = _WAITING_PER_PROCESS * (jobs or processes())
    with pool_of(jobs) as pool:
        under_way: dict[Future[PlayedWorld], WorldPlan] = {}
        while True:
            while not is_stopped() and len(under_way) < room:
                world = next(waiting, None)
                if world is None:
                    break
                under_way[pool.submit(play_world, world, inventory)] = world
            if is_stopped():
                under_way = {
                    future: world for future, world in under_way.items() if not future.cancel()
                }
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                world = under_way.pop(future)
                found = future.result()
                file.record_world(found.endings, found.rows)
                done += len(world.scenarios)
                on_progress(done, len(played))


def counts(file: RunFile) -> Mapping[str, int]:
    """Return how many scenarios of a run are in which state, and how many are void."""
    found: dict[str, int] = {}
    for each in file.scenarios():
        found[each.state] = found.get(each.state, 0) + 1
        if each.void_reason:
            found["void"] = found.get("void", 0) + 1
    return found


def _is_done(world: WorldPlan, finished: set[int]) -> bool:
    return all(scenario.number in finished for scenario in world.scenarios)
