"""Spreads pieces of work over all cores, and stops between pieces when asked to."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import count, islice
from typing import TypeAlias, TypeVar

_WAITING_PER_PROCESS = 4

T = TypeVar("T")

Progress: TypeAlias = Callable[[], None]
"""Called for each piece that is done."""

IsStopped: TypeAlias = Callable[[], bool]
"""Asked whether to leave what is not finished."""


def processes() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerLostError(Exception):
    """A process of a pool ended by itself; the text is the one line for the operator."""


@contextmanager
def pool_of(size: int | None) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of ``size`` processes, None for one a core.

    Raises:
        WorkerLostError: one of them was killed, so that no piece of work is done any more.
    """
    with ProcessPoolExecutor(
        max_workers=size or processes(),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_depend_on_the_parent,
    ) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise WorkerLostError(
                "one of the processes was killed, as a machine does that is out of memory: fewer "
                "at a time need less"
            ) from None


def done_of(
    pool: ProcessPoolExecutor,
    pieces: Mapping[str, Sequence[Callable[[], T]]],
    on_progress: Progress,
    is_stopped: IsStopped,
) -> dict[str, list[T]]:
    """Return what the pieces under each name came to, in their order.

    What was not begun when it was stopped is missing; the pieces under way are waited for.
    """
    waiting = iter([(name, piece) for name, each in pieces.items() for piece in each])
    order: list[tuple[str, Future[T]]] = []
    under_way: set[Future[T]] = set()
    while True:
        room = _WAITING_PER_PROCESS * processes() - len(under_way)
        if is_stopped():
            room, under_way = 0, {future for future in under_way if not future.cancel()}
        sent = [(name, pool.submit(piece)) for name, piece in islice(waiting, room)]
        order += sent
        under_way.update(future for _, future in sent)
        if not under_way:
            break
        finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in finished:
            future.result()
            on_progress()
    done: dict[str, list[T]] = {name: [] for name in pieces}
    for name, future in order:
        if not future.cancelled():
            done[name].append(future.result())
    return done


def counted(on_progress: Callable[[int, int], None], of: int) -> Progress:
    """Return what counts the pieces that are done, and tells how many of how many are."""
    done = count(1)
    on_progress(0, of)
    return lambda: on_progress(next(done), of)


def _depend_on_the_parent() -> None:
    """Leave interrupts to the parent, and end with it: one that was killed can not say so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, name="parent", daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # sys.exit ends this thread alone
