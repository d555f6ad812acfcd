"""Writes down what the core says has happened, and gives it back to the next process.

All that one moment brought, states, incidents and what somebody is to be told of them, is one
transaction, so that no crash leaves the half of it. ``late`` is grey and no verdict: it is kept
as a host's present state and is no transition of the record.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Literal

from aggregator.core.events import Event, HostChanged, Incident, IncidentChanged
from aggregator.core.fleet import INF
from aggregator.core.memory import restore
from aggregator.core.states import HostState
from aggregator.core.watch import Watch
from aggregator.shell.http.incidents import incident_json
from aggregator.shell.journal.restore import host_row, memory_of, resumed
from aggregator.shell.journal.rows import (
    ALIVE_AT,
    NEXT_NUMBER,
    ChangeRow,
    HostRow,
    Notice,
    Rows,
    TransitionRow,
    notice,
)
from aggregator.shell.journal.writer import Journal
from aggregator.shell.outlets.webhook import Notifier
from aggregator.shell.walltime import WallTime

_GREY = frozenset({(HostState.UP, HostState.LATE), (HostState.LATE, HostState.UP)})


class Record:
    """The memory of one ``watch``; without a ``journal`` it ends with the process.

    Notices go to ``notifier`` once they are in the journal. When the disk refuses them they go at
    once: whoever has to know is told, even if a crash may then tell it again or leave it out.
    """

    def __init__(self, watch: Watch, wall: WallTime, *, name: str) -> None:
        self._watch = watch
        self._wall = wall
        self._name = name
        self._told: dict[int, int] = {}
        self._first = Rows()
        self._tokens = count()
        self._waiting: dict[int, tuple[Callable[[], None] | None, Sequence[Notice]]] = {}
        self._has_begun = False
        self.journal: Journal | None = None
        self.notifier: Notifier | None = None

    def restore(self, now: float) -> None:
        """Give the core what earlier processes have left in the journal.

        Raises:
            sqlite3.Error, msgspec.MsgspecError, ValueError: it is damaged.
        """
        if self.journal is None:
            return
        left = self.journal.remembered()
        self._watch.intake.reported.restore(self.journal.pages())
        gone = restore(self._watch, memory_of(left, self._wall), now)
        self._told = dict(left.told)
        hosts, transitions = resumed(left, self._watch)
        if self.notifier is not None:
            self.notifier.add(left.notices)
        self._first = Rows(
            hosts=hosts,
            transitions=transitions,
            gone=[known.name for known in gone],
            settled=[notice.id for notice in left.notices] if self.notifier is None else (),
            marks={ALIVE_AT: self._wall.wall(now)},
        )

    def begin(self) -> None:
        """Begin to write: from now on it is we who own the journal, and no other process."""
        if self.journal is not None:
            self.journal.store(self._first)
            self._has_begun = True

    def take(self, events: Iterable[Event], acknowledge: Callable[[], None] | None = None) -> None:
        """Write down what became true, with the readings that came late.

        ``acknowledge`` is called when all of it is stored.
        """
        incidents = self._watch.register.touched()
        rows = self._rows_of(events)
        intake = self._watch.intake
        readings, intake.reported.stored = intake.reported.stored, []
        if self.journal is None:
            if self.notifier is not None:
                self.notifier.add(rows.notices)
            if acknowledge is not None:
                acknowledge()
        elif rows.hosts or rows.changes or incidents or acknowledge is not None:
            token = next(self._tokens)
            self._waiting[token] = (acknowledge, rows.notices)
            self.journal.store(
                rows._replace(
                    readings=readings,
                    pages=[] if acknowledge is None else intake.reported.ledger.changed(),
                    incidents=[incident_json(incident, self._wall) for incident in incidents],
                ),
                token,
            )

    def stored(self, token: int) -> None:
        """Acknowledge, and have told, what is now in the journal."""
        self.refused(token)
        acknowledge, _ = self._waiting.pop(token)
        if acknowledge is not None:
            acknowledge()

    def refused(self, token: int) -> None:
        """Have told at once what the disk refuses."""
        acknowledge, notices = self._waiting[token]
        self._waiting[token] = (acknowledge, ())
        if self.notifier is not None and notices:
            self.notifier.add(notices)

    def save(self, wall: float) -> None:
        """Write down, from time to time, that we live, and which readings were heard live."""
        if self.journal is not None:
            pages = self._watch.intake.reported.ledger.changed()
            self.journal.store(Rows(pages=pages, marks={ALIVE_AT: round(wall, 3)}))

    def settle(self, ids: Sequence[str]) -> None:
        """Forget notices that wait no more."""
        if self.journal is not None:
            self.journal.store(Rows(settled=ids))

    def close(self, wall: float) -> None:
        """Store what is left, and close the journal."""
        if self.journal is not None:
            if self._has_begun:
                self.save(wall)
            self.journal.close()

    def _rows_of(self, events: Iterable[Event]) -> Rows:
        hosts: dict[str, None] = {}
        transitions, changes, notices = [], [], []
        marks: dict[str, float] = {}
        for event in events:
            match event:
                case HostChanged():
                    hosts[event.host] = None
                    if (event.before, event.after) not in _GREY:
                        transitions.append(self._transition(event))
                case IncidentChanged(change="opened" | "sharpened" | "closed" as change):
                    changes.append(self._change(event))
                    notices += self._notices(change, event.incident, changes[-1].seq)
                    if event.incident.subject.scope == "host":
                        hosts[event.incident.subject.host] = None  # its cause may be another one
                    if change == "opened":
                        marks[NEXT_NUMBER] = event.incident.number + 1
        return Rows(
            changes=changes,
            transitions=transitions,
            hosts=self._host_rows(hosts),
            notices=notices,
            marks=marks,
        )

    def _transition(self, event: HostChanged) -> TransitionRow:
        silent_since = None if event.silent_since is None else self._wall.wall(event.silent_since)
        return TransitionRow(
            self._wall.wall(event.at),
            event.venue,
            event.host,
            event.before.value,
            event.after.value,
            event.trigger.value,
            silent_since,
        )

    def _change(self, event: IncidentChanged) -> ChangeRow:
        number = event.incident.number
        seq = self._told[number] = self._told.get(number, 0) + 1
        if event.change == "closed":
            del self._told[number]
        at = self._wall.wall(event.at)
        return ChangeRow(number, seq, at, event.change, event.incident.cause)

    def _notices(
        self, change: Literal["opened", "sharpened", "closed"], incident: Incident, seq: int
    ) -> list[Notice]:
        if self.notifier is None:
            return []
        return [notice(change, incident_json(incident, self._wall), seq, self._name)]

    def _host_rows(self, names: Iterable[str]) -> list[HostRow]:
        hosts = (self._watch.fleet.find(name) for name in names)
        return [
            host_row(host, self._wall.wall(host.since))
            for host in hosts
            if host is not None and host.since > -INF
        ]
