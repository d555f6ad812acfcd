"""Journal outlet: stores what has to outlive the process, and gives it back to the next one.

Each ``Store`` of the core is one transaction, so that no crash leaves the half of it. ``late`` is
grey and no verdict: it is kept as a host's present state, and is no transition of the record.

What is wrong with the journal is told like any other trouble of the centre, and keeps nothing from
being watched.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.config import JournalConfig
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.intake import Intake
from aggregator.core.outputs import HostChanged, KnownHost, Output, Store
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.storing import Number
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.our_clock import JUMP_S
from aggregator.shell.http.api.record import incident_json
from aggregator.shell.journal import late_readings, rows
from aggregator.shell.journal.boots import boot, jump_between, marks_of
from aggregator.shell.journal.merge import ClosingNotice
from aggregator.shell.journal.restore import memory_of
from aggregator.shell.journal.upkeep import Figures
from aggregator.shell.journal.writer import Journal, Reports
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock

MARK_EVERY_S = 30.0
"""How often (s) it is stored that we live, while nothing else is to be stored."""

LOSS_TOLD_S = 300.0
"""How long (s) the incident of a lost journal stays open: it tells of something that is over."""

_GREY = frozenset({(HostState.UP, HostState.LATE), (HostState.LATE, HostState.UP)})


class Inlets(NamedTuple):
    """What the journal says to the core, each on the loop: see ``Driver``."""

    stored: Callable[[Sequence[int]], None]
    not_stored: Callable[[int], None]
    not_kept: Callable[[Sequence[int], Sequence[Number]], None]
    take_late: Callable[[bool], None]
    begin_trouble: Callable[[Cause, str], None]
    end_trouble: Callable[[Cause], None]
    store_all: Callable[[Callable[[Iterable[int]], None]], None]


class JournalOutlet:
    """The journal of ``settings``, for the core with these ``inlets``.

    ``closing_notice``: see ``merge``. ``notice_of``: makes the notice of a change; None without a
    webhook, and no notice is kept. ``waiting``: returns the notices that are still to be sent;
    ``send``: takes those of incidents of before that ended.

    Attributes:
        losses: how often it was begun anew.
        skipped: how many of the rows that were left make no sense.
    """

    def __init__(  # noqa: PLR0913 - it stands between core and webhook
        self,
        settings: JournalConfig,
        wall: WallTime,
        inlets: Inlets,
        *,
        closing_notice: ClosingNotice,
        notice_of: Callable[[IncidentChanged], rows.Notice] | None,
        waiting: Callable[[], Sequence[rows.Notice]] = tuple,
        send: Callable[[Sequence[rows.Notice]], None] | None = None,
    ) -> None:
        self._wall, self._boot = wall, boot()
        self._inlets = inlets
        self._notice_of = notice_of
        self._waiting = waiting
        self._send = send
        self.losses = self.skipped = 0
        self._marks: dict[str, float] = {}
        self._ordered_at = -math.inf
        self.journal = Journal(
            Path(settings.path),
            closing_notice=closing_notice,
            keep_days=settings.keep_days,
            max_bytes=settings.max_bytes,
            reports=Reports(
                stored=inlets.stored,
                refused=inlets.not_stored,
                dropped=inlets.not_kept,
                failing=self._note_failing,
                lost=self._note_loss,
                notices=self._note_notices,
                has_room=inlets.take_late,
            ),
        )

    def state(self) -> "JournalState":
        """Return how it stands."""
        journal = self.journal
        is_failing = journal.trouble is not None
        return JournalState(is_failing, journal.waiting, self.losses, self.skipped, journal.figures)

    def left(self) -> tuple[Memory, Sequence[rows.Notice]]:
        """Return what earlier processes have left: for the core, and for the webhook."""
        content = self.journal.remembered()
        jump_s = jump_between(content.marks, *self._wall.start)
        if abs(jump_s) > JUMP_S:
            self._wall.recall(jump_s)
        memory = memory_of(content, self._wall)
        self._note_skipped(content.skipped.total() + len(content.incidents) - len(memory.incidents))
        return memory._replace(jump_s=jump_s if abs(jump_s) > JUMP_S else 0.0), content.notices

    def take(self, outputs: Sequence[Output]) -> None:
        """Have every ``Store`` stored; one of which no rows can be made counts as refused.

        Raises:
            Exception: why no rows could be made of the last such store; all others are ordered.
        """
        failure: Exception | None = None
        for output in outputs:
            if isinstance(output, Store):
                try:
                    self._order(output)
                except Exception as error:  # noqa: BLE001 - the others are stored all the same
                    failure = error
                    self._inlets.not_stored(output.token)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Store what was ordered, and close the journal."""
        if self._marks:
            self.journal.store(rows.Rows(marks=self._marks, at=clock.wall()))
        self.journal.close()

    def _order(self, store: Store) -> None:
        """Have a store stored; that we live waits for another one, or for its time."""
        found = self._rows_of(store)
        is_mark = store.is_alive and not store.next_number
        is_mark = is_mark and not any(found._replace(marks={}, at=0.0))
        marks = {**self._marks, **found.marks}
        if is_mark and store.at < self._ordered_at + MARK_EVERY_S:
            self._marks = marks
        else:
            self._marks, self._ordered_at = {}, store.at
            self.journal.store(found._replace(marks=marks), store.token)

    def _note_failing(self, why: str | None) -> None:
        if why is None:
            self._inlets.end_trouble(Cause.JOURNAL_FAILING)
        else:
            self._inlets.begin_trouble(Cause.JOURNAL_FAILING, why)

    def _note_loss(self, why: str, aside: str) -> None:
        """Store all that is known in the journal that was begun anew, and tell of it."""
        self.losses += 1
        said = f"{why}; it was set aside as {aside}" if aside else why
        self._inlets.begin_trouble(Cause.MEMORY_LOST, said)
        notices = self._waiting()
        if notices:
            self.journal.store(rows.Rows(notices=notices, at=clock.wall()))
        self._inlets.store_all(self.journal.end_others)
        end = partial(self._inlets.end_trouble, Cause.MEMORY_LOST)
        asyncio.get_running_loop().call_later(LOSS_TOLD_S, end)

    def _note_skipped(self, count: int) -> None:
        """Tell, once the core runs, of rows that make no sense; they stay where they are."""
        self.skipped = count
        if count:
            loop = asyncio.get_running_loop()
            why = f"{count} rows of the journal make no sense: they were left out, and stay in it"
            loop.call_soon(self._inlets.begin_trouble, Cause.MEMORY_LOST, why)
            loop.call_later(LOSS_TOLD_S, self._inlets.end_trouble, Cause.MEMORY_LOST)

    def _note_notices(self, notices: Sequence[rows.Notice]) -> None:
        if self._send is not None:
            self._send(notices)

    def _rows_of(self, store: Store) -> rows.Rows:
        now = clock.wall()
        changed = [change for change in store.changes if isinstance(change, IncidentChanged)]
        reported = [change for change in changed if change.seq]
        is_set = any(change.incident.cause is Cause.CLOCK_JUMP for change in changed)
        is_dated = store.is_alive or is_set  # a later process compares its clock with this one
        marks = marks_of(store.at, self._wall.wall(store.at), self._boot) if is_dated else {}
        numbers = [change.incident.number for change in reported if change.change == "opened"]
        if numbers or store.next_number:
            marks[rows.NEXT_NUMBER] = max([store.next_number, *(number + 1 for number in numbers)])
        return rows.Rows(
            readings=[late_readings.reading_row(reading, now) for reading in store.readings],
            catalogues=late_readings.catalogues_of(store.readings),
            pages=store.heard,
            forgotten=store.forgotten,
            incidents=[incident_json(incident, self._wall) for incident in store.incidents],
            changes=[self._change_row(change) for change in reported],
            known=[
                rows.ChangeRow(
                    incident.number,
                    store.told[incident.number],
                    self._wall.wall(incident.opened_at),
                    rows.KNOWN,
                    incident.cause.value,
                )
                for incident in store.incidents
                if incident.number in store.told
            ],
            transitions=[
                self._transition_row(change)
                for change in store.changes
                if isinstance(change, HostChanged) and (change.before, change.after) not in _GREY
            ],
            hosts=[self._host_row(host) for host in store.hosts],
            gone=store.gone,
            notices=list(map(self._notice_of, reported)) if self._notice_of is not None else (),
            settled=store.settled,
            marks=marks,
            at=now,
        )

    def _change_row(self, change: IncidentChanged) -> rows.ChangeRow:
        incident, at = change.incident, self._wall.wall(change.at)
        return rows.ChangeRow(incident.number, change.seq, at, change.change, incident.cause.value)

    def _transition_row(self, change: HostChanged) -> rows.TransitionRow:
        silent_since = change.silent_since
        return rows.TransitionRow(
            self._wall.wall(change.at),
            change.venue,
            change.host,
            change.before.value,
            change.after.value,
            change.trigger.value,
            None if silent_since is None else self._wall.wall(silent_since),
        )

    def _host_row(self, host: KnownHost) -> rows.HostRow:
        return rows.HostRow(
            host.name,
            host.venue,
            host.state.value,
            self._wall.wall(host.since),
            None if host.cause is None else host.cause.value,
            round(host.interval_s, 3),
            None if host.evidence is None else round(host.evidence.wall, 3),
            was_up=host.was_up,
        )


class JournalState(NamedTuple):
    """How the journal stands: see the metrics."""

    is_failing: bool = False
    waiting_bytes: int = 0
    losses: int = 0
    skipped: int = 0
    figures: Figures = Figures()


class JournalMetrics(Collector):
    """Whether the journal can be written, how large it is, and what waits for it."""

    def __init__(self, state: Callable[[], JournalState], intake: Intake) -> None:
        self._state = state
        self._intake = intake

    def collect(self) -> Iterator[Metric]:
        """Read it at a scrape."""
        state = self._state()
        yield GaugeMetricFamily(
            "venuewatch_aggregator_journal_failing",
            "1 while the journal can not be written: nothing new would outlive a restart.",
            value=state.is_failing,
        )
        yield GaugeMetricFamily(
            "venuewatch_aggregator_journal_waiting_bytes",
            "What waits to be stored in the journal, in bytes of our memory, about.",
            value=state.waiting_bytes,
        )
        yield GaugeMetricFamily(
            "venuewatch_aggregator_journal_bytes",
            "What the journal has on disk, with its WAL, in bytes.",
            value=state.figures.size_bytes,
        )
        if state.figures.oldest_at is not None:
            yield GaugeMetricFamily(
                "venuewatch_aggregator_journal_oldest_reading_timestamp_seconds",
                "When the oldest late reading in the journal was stored, in unixtime.",
                value=state.figures.oldest_at,
            )
        dropped = CounterMetricFamily(
            "venuewatch_aggregator_journal_dropped",
            "Rows that the bound of the journal has cost, the oldest first, since it was begun.",
            labels=["rows"],
        )
        for kind, count in state.figures.dropped.items():
            dropped.add_metric([kind], count)
        yield dropped
        yield CounterMetricFamily(
            "venuewatch_aggregator_journal_losses",
            "How often the journal was damaged, deleted or replaced, and was begun anew.",
            value=state.losses,
        )
        yield GaugeMetricFamily(
            "venuewatch_aggregator_journal_rows_skipped",
            "Rows that an earlier process left and that made no sense; they stay in the journal.",
            value=state.skipped,
        )
        yield CounterMetricFamily(
            "venuewatch_aggregator_backlogs_put_back",
            "Backlogs not taken: too much waits for the journal, or came of their venue; "
            "their agents keep them.",
            value=self._intake.put_back,
        )
