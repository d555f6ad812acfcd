"""Journal outlet: stores what has to outlive the process, and gives it back to the next one.

Each ``Store`` of the core is one transaction, so that no crash leaves the half of it. ``late`` is
grey and no verdict: it is kept as a host's present state, and is no transition of the record.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from aggregator.config import JournalConfig
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import HostChanged, KnownHost, Output, Store
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.shell.http.api.record import incident_json
from aggregator.shell.journal import rows
from aggregator.shell.journal.merge import ClosingNotice
from aggregator.shell.journal.restore import memory_of
from aggregator.shell.journal.writer import Journal
from aggregator.shell.walltime import WallTime
from venuewatch.base.config import ConfigError

_GREY = frozenset({(HostState.UP, HostState.LATE), (HostState.LATE, HostState.UP)})


class JournalOutlet:
    """The journal of ``settings``.

    ``closing_notice``: see ``merge``. ``on_stored``, ``on_refused`` get a ``Store``'s token.
    ``notice_of``: makes the notice of a change; None without a webhook, and no notice is kept.
    """

    def __init__(
        self,
        settings: JournalConfig,
        wall: WallTime,
        *,
        closing_notice: ClosingNotice,
        on_stored: Callable[[int], None],
        on_refused: Callable[[int], None],
        notice_of: Callable[[IncidentChanged], rows.Notice] | None,
    ) -> None:
        """Open the journal.

        Raises:
            ConfigError: it cannot be used.
        """
        self._path = settings.path
        self._wall = wall
        self._on_refused = on_refused
        self._notice_of = notice_of
        try:
            self._journal = Journal(
                Path(settings.path),
                closing_notice=closing_notice,
                keep_days=settings.keep_days,
                on_stored=on_stored,
                on_refused=on_refused,
            )
        except (sqlite3.Error, ValueError) as error:
            raise ConfigError(f"{settings.path}: {error}") from None

    def left(self) -> tuple[Memory, Sequence[rows.Notice]]:
        """Return what earlier processes have left: for the core, and for the webhook.

        Raises:
            ConfigError: the journal is damaged.
        """
        try:
            content = self._journal.remembered()
        except sqlite3.Error as error:
            raise ConfigError(f"{self._path}: {error}") from None
        return memory_of(content, self._wall), content.notices

    def take(self, outputs: Sequence[Output]) -> None:
        """Have every ``Store`` stored; one of which no rows can be made counts as refused.

        Raises:
            Exception: why no rows could be made of the last such store; all others are ordered.
        """
        failure: Exception | None = None
        for output in outputs:
            if isinstance(output, Store):
                try:
                    self._journal.store(self._rows_of(output), output.token)
                except Exception as error:  # noqa: BLE001 - the others are stored all the same
                    failure = error
                    self._on_refused(output.token)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Store what was ordered, and close the journal."""
        self._journal.close()

    def _rows_of(self, store: Store) -> rows.Rows:
        changed = [change for change in store.changes if isinstance(change, IncidentChanged)]
        reported = [change for change in changed if change.seq]
        marks = {rows.ALIVE_AT: self._wall.wall(store.at)} if store.is_alive else {}
        for change in reported:
            if change.change == "opened":
                marks[rows.NEXT_NUMBER] = change.incident.number + 1
        return rows.Rows(
            readings=store.readings,
            pages=store.heard,
            forgotten=store.forgotten,
            incidents=[incident_json(incident, self._wall) for incident in store.incidents],
            changes=[self._change_row(change) for change in reported],
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
