"""Writer of the journal: one thread, one transaction after the other.

``store`` returns at once. What it is given becomes durable as a whole or not at all, and in the
order in which it was given.

The journal is a help, never a condition:

1. A journal that is damaged is set aside, at the start or later. Another one takes its place, and
   the core is asked for all that it knows. Sound rows of the old one come in later (``salvage``).
2. One that was deleted or replaced underneath is no journal any more: likewise.
3. One that can not be used now (full, locked, read-only) stays where it is. What is ordered waits,
   within a bound (``waiting``), and is tried again until the disk takes it.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from aggregator.core.storing import Number
from aggregator.shell.journal import rows as journal_rows
from aggregator.shell.journal.file import (
    File,
    LostError,
    connect_for_reading,
    is_damage,
    may_exist,
    set_aside,
)
from aggregator.shell.journal.lived import Lived
from aggregator.shell.journal.merge import ClosingNotice
from aggregator.shell.journal.orders import write_order
from aggregator.shell.journal.rows import NEXT_NUMBER, JournalContent, Notice, Rows, nothing_known
from aggregator.shell.journal.salvage import Salvage, end_incidents
from aggregator.shell.journal.schema import migrate
from aggregator.shell.journal.set_aside import merge_set_aside, set_aside_newer, unknown_number
from aggregator.shell.journal.upkeep import STEP_APART_S, Figures, Upkeep, prepare
from aggregator.shell.journal.waiting import ROOM_UNTIL, WAITING_MAX, Order, Waiting, size_of
from venuewatch.base import clock, log, threads
from venuewatch.base.config import in_words

DAY_S = 86_400.0
_RETRY_AFTER_S = 5.0
_LOOK_EVERY_S = 5.0
_REST_S = 60.0  # between two journals that are set aside: a disk may damage each one
_READ_S = 0.7  # how long the sound rows of a damaged journal may be read at the start
_START_S = 20.0  # a disk that does not even fail must not keep us from watching
_CLOSE_S = 10.0
_TELL_APART_S = 3_600.0

_logger = logging.getLogger("aggregator.journal")


class Reports(NamedTuple):
    """What a journal reports, on the loop that runs when it is made.

    ``stored``: the tokens of orders, once, after the commit that they share. ``refused``: one of
    them before that, once, if the disk refused it first. ``dropped``: tokens that will never be
    stored, and the late readings that were dropped. ``failing``: why it can not be written now;
    None when it can again. ``lost``: why it was begun anew, and the name of the file that was set
    aside, or "". ``notices``: of incidents of before that ended. ``has_room``: whether late
    readings are taken.
    """

    stored: Callable[[Sequence[int]], None]
    refused: Callable[[int], None]
    dropped: Callable[[Sequence[int], Sequence[Number]], None]
    failing: Callable[[str | None], None]
    lost: Callable[[str, str], None]
    notices: Callable[[Sequence[Notice]], None]
    has_room: Callable[[bool], None]


class Journal:
    """The database at ``path``, which keeps what is over for ``keep_days`` of lived time.

    It has some ``max_bytes`` on disk at most, with its WAL. A journal of a newer venuewatch is set
    aside, and one that was is merged when it can be read: incidents that end with that get a
    ``closing_notice``. An order with a value that no database takes is refused, and given up.

    Attributes:
        trouble: why it can not be written now; None if it can.
        figures: how large it is.
    """

    def __init__(
        self,
        path: Path,
        *,
        closing_notice: ClosingNotice,
        keep_days: float,
        max_bytes: int,
        reports: Reports,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        """Begin to open it, beside."""
        self._path = path
        self._closing_notice = closing_notice
        self._keep_s, self._max_bytes = keep_days * DAY_S, max_bytes
        self._reports = reports
        self._loop = asyncio.get_running_loop()
        self._room_until = waiting_max * ROOM_UNTIL // WAITING_MAX
        self._waiting = Waiting(self._note_dropped, size_max=waiting_max)
        self._has_room = True
        self.trouble: str | None = None
        self.figures = Figures()
        self._content = nothing_known(1)
        self._is_read = threading.Event()
        self._is_late = False
        self._file: File | None = None
        self._upkeep: Upkeep | None = None
        self._retry_at = self._step_at = self._tell_at = clock.monotonic()
        self._set_aside_at = self._retry_at - _REST_S
        self._lost_why = ""
        self._refused: set[int] = set()
        self._aside: Path | None = None
        self._has_ended_others = False  # since it was set aside
        self._salvage: Salvage | None = None
        self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many bytes wait to be stored, about."""
        return self._waiting.size

    def remembered(self) -> JournalContent:
        """Return what earlier processes have left, as far as it can be read in time."""
        if not self._is_read.wait(_START_S):
            self._is_late = True
            return nothing_known(unknown_number())
        return self._content

    def store(self, rows: Rows, token: int | None = None) -> None:
        """Have ``rows`` stored in one transaction; without a ``token`` no report is made."""
        self._waiting.put(Order(rows, () if token is None else (token,), size_of(rows)))
        self._look_for_room()

    def end_others(self, numbers: Iterable[int]) -> None:
        """Have each open incident but these ended, behind what is ordered: nobody knows them.

        Sound rows of a journal that was set aside come in from then on.
        """
        self._waiting.put(Order(Rows(), ends=frozenset(numbers)))

    def close(self) -> None:
        """Store what was ordered, and close; a disk that hangs is not waited for."""
        if self._salvage is not None:
            self._salvage.end()
        self._waiting.close()
        self._thread.join(_CLOSE_S)

    # From here on: in the thread.

    def _serve(self) -> None:
        try:
            self._begin()
        finally:
            self._is_read.set()
        if self._is_late:
            self._report(self._reports.lost, "it could not be read in time", "")
        is_over = False
        while not is_over:
            orders, is_over = self._waiting.take(self._rest_s())
            try:
                if self._is_resting() and not is_over:
                    self._keep(orders)
                elif orders or is_over or self.trouble is not None or self._waiting.has_kept:
                    self._store(self._waiting.all(orders))
            except Exception as error:  # noqa: BLE001 - nothing of the journal ends this thread
                self._keep(orders)
                if isinstance(error, LostError | sqlite3.Error) and is_damage(error):
                    self._begin_anew(error)
                else:
                    self._note_trouble(error)
            if not is_over:
                self._look_after()
        self._close_file()

    def _is_resting(self) -> bool:
        return self.trouble is not None and clock.monotonic() < self._retry_at

    def _rest_s(self) -> float:
        """Return how long (s) the journal is left alone, unless an order comes."""
        if self.trouble is not None:
            return max(0.0, self._retry_at - clock.monotonic())
        if self._waiting.has_kept:
            return 0.0
        is_due = self._file is not None and self._upkeep is not None and self._upkeep.is_due
        return max(0.0, self._step_at - clock.monotonic()) if is_due else _LOOK_EVERY_S

    def _look_after(self) -> None:
        """Look at the file, and do a step of upkeep; another program may hold it just now."""
        file, upkeep = self._file, self._upkeep
        if file is None or upkeep is None or self.trouble is not None:
            return
        if clock.monotonic() < self._step_at:
            return
        try:
            file.look()
            if upkeep.is_due:
                upkeep.step(clock.monotonic())
            self._note_figures(upkeep.figures(file.size_bytes()))
        except Exception as error:  # noqa: BLE001 - nothing of the journal ends this thread
            upkeep.is_due = False
            if isinstance(error, LostError | sqlite3.Error):
                if is_damage(error):
                    self._begin_anew(error)
            elif not isinstance(error, OSError):  # a bug
                log.failure(_logger, "journal_upkeep_fails", error)
        self._step_at = clock.monotonic() + STEP_APART_S

    def _begin(self) -> None:
        """Open the journal, and read what is in it; of a damaged one, what can be read."""
        try:
            self._file = self._opened()
            self._content = journal_rows.read(self._file.database)
        except Exception as error:  # noqa: BLE001 - nothing of the journal keeps us from watching
            self._close_file()
            self._content = self._read_sound()
            if is_damage(error):
                self._begin_anew(error)
            else:
                self._note_trouble(error)

    def _opened(self) -> File:
        set_aside_newer(self._path)
        return File(self._path, self._prepare)

    def _prepare(self, database: sqlite3.Connection) -> None:
        prepare(database)
        migrate(database)
        database.execute("PRAGMA journal_mode = WAL")
        merge_set_aside(database, self._path, self._closing_notice)
        with database:
            database.execute("BEGIN IMMEDIATE")  # a file that can be read only is found out here
            lived = Lived(database, clock.monotonic(), clock.wall())
        self._upkeep = Upkeep(database, lived, keep_s=self._keep_s, max_bytes=self._max_bytes)
        self.figures = self._upkeep.figures(0)

    def _read_sound(self) -> JournalContent:
        """Return what can be read of a journal that is damaged, or can not be used now."""
        try:
            return _sound(self._path)
        except Exception as error:  # noqa: BLE001 - then nothing is known
            if may_exist(self._path):
                self._lost_why = f"it could not be read: {in_words(error)}"
            return nothing_known(unknown_number())

    def _begin_anew(self, why: Exception) -> None:
        """Set the journal aside, and begin another one."""
        self._lost_why = self._lost_why or in_words(why)
        self._close_file()
        now = clock.monotonic()
        try:
            if now < self._set_aside_at + _REST_S:
                raise why  # noqa: TRY301 - one way to note it
            self._aside = set_aside(self._path)
            self._has_ended_others = False
            self._set_aside_at = now
            self._file = self._opened()
        except Exception as error:  # noqa: BLE001 - tried again later
            self._note_trouble(error)
        else:
            self._tell_loss()

    def _tell_loss(self) -> None:
        """Tell, once the journal is open, that it is another one than before."""
        if self._lost_why:
            aside = "" if self._aside is None else self._aside.name
            log.event(_logger, logging.ERROR, "journal_lost", why=self._lost_why, file=aside)
            self._report(self._reports.lost, self._lost_why, aside)
            self._lost_why = ""

    def _store(self, orders: Sequence[Order]) -> None:
        """Write orders, and report them; one that never can be is refused, and given up.

        Raises:
            LostError, sqlite3.Error, OSError: none of them is written.
        """
        if self._file is None:
            self._file = self._opened()
            self._tell_loss()
        self._file.look()
        notices: list[Notice] = []
        written, unwritable = self._write(self._file.database, orders, notices)
        self._waiting.stored()
        if self.trouble is not None:
            self.trouble = None
            log.event(_logger, logging.INFO, "journal_well")
            self._report(self._reports.failing, None)
        tokens = [token for order in written for token in order.tokens]
        self._refused.difference_update(tokens)
        if tokens:
            self._report(self._reports.stored, tokens)
        self._refuse(unwritable)
        if notices:
            self._report(self._reports.notices, notices)
        self._has_ended_others |= any(order.ends is not None for order in written)
        if self._aside is not None and self._has_ended_others:
            salvage = Salvage(
                self._path,
                self._aside,
                self._closing_notice,
                lambda found: self._report(self._reports.notices, found),
            )
            with suppress(RuntimeError):  # there is no thread: with a later order
                threads.begin(salvage)
                self._salvage, self._aside = salvage, None
        if not self._has_room:
            self._report(self._look_for_room)

    def _write(
        self, database: sqlite3.Connection, orders: Sequence[Order], notices: list[Notice]
    ) -> tuple[list[Order], list[Order]]:
        """Write ``orders`` in one transaction; return those written, and those never to be."""
        assert self._upkeep is not None  # noqa: S101 - the file is open
        now = clock.wall()
        written: list[Order] = []
        unwritable: list[Order] = []
        with database:
            database.execute("BEGIN IMMEDIATE")
            for order in orders:
                (written if write_order(database, order) else unwritable).append(order)
                if order.ends is not None:
                    notices += self._end_others(database, order.ends, now)
            late = sum(len(order.rows.readings) for order in written)
            self._upkeep.keep(clock.monotonic(), now, late)
        return written, unwritable

    def _end_others(
        self, database: sqlite3.Connection, known: frozenset[int], now: float
    ) -> list[Notice]:
        found = database.execute("SELECT number FROM incidents WHERE closed_at IS NULL").fetchall()
        others = [number for (number,) in found if number not in known]
        return end_incidents(database, others, now, self._closing_notice)

    def _keep(self, orders: Sequence[Order]) -> None:
        """Keep orders that can not be stored now."""
        self._waiting.keep(orders)
        self._refuse(orders)

    def _refuse(self, orders: Iterable[Order]) -> None:
        for order in orders:
            for token in order.tokens:
                if token not in self._refused:
                    self._refused.add(token)
                    self._report(self._reports.refused, token)

    def _note_trouble(self, error: Exception) -> None:
        self._retry_at = clock.monotonic() + _RETRY_AFTER_S
        trouble = in_words(error)
        if trouble != self.trouble:
            self.trouble = trouble
            log.event(_logger, logging.ERROR, "journal_fails", why=trouble)
            self._report(self._reports.failing, trouble)

    def _note_figures(self, figures: Figures) -> None:
        is_more, self.figures = figures.dropped != self.figures.dropped, figures
        if is_more and clock.monotonic() >= self._tell_at:
            self._tell_at = clock.monotonic() + _TELL_APART_S
            log.event(_logger, logging.WARNING, "journal_full", **figures.dropped)

    def _note_dropped(self, tokens: Sequence[int], readings: Sequence[Number]) -> None:
        self._report(self._reports.dropped, tokens, readings)

    def _close_file(self) -> None:
        if self._salvage is not None:
            self._salvage.end()
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = self._upkeep = None

    def _report(self, report: Callable[..., None], *about: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
            self._loop.call_soon_threadsafe(report, *about)

    def _look_for_room(self) -> None:
        """Report, on the loop, when late readings have no room, or have some again."""
        has_room = self._waiting.size <= self._room_until
        if has_room != self._has_room:
            self._has_room = has_room
            self._reports.has_room(has_room)


def _sound(path: Path) -> JournalContent:
    database, is_whole = connect_for_reading(path)
    with closing(database):
        end = clock.monotonic() + _READ_S
        database.set_progress_handler(lambda: clock.monotonic() > end, 10_000)
        content = journal_rows.read_sound(database, unknown_number())
    if not is_whole:
        content.marks[NEXT_NUMBER] = unknown_number()
    return content
