"""Storing: what has to outlive the process, and what waits until it is stored.

A ``Store`` carries a token. A notice about an incident is sent once its store is durable, or as
soon as the journal said that it cannot take it: people are told in any case. An agent's backlog
is acknowledged only when it is durable: until then the agent keeps it. Times are monotonic
seconds.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias

from aggregator.core.dedup import Dedup, HeardRanges
from aggregator.core.fleet import Fleet
from aggregator.core.host import INF, Host
from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.incidents.store import IncidentStore
from aggregator.core.outputs import (
    HostChanged,
    KnownHost,
    LateReading,
    Moment,
    Output,
    Publish,
    Store,
    Tell,
)
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Acknowledge, Backlog
from venuewatch.base.wire.topics import Stream


def as_known(host: Host) -> KnownHost:
    """Return how ``host`` stands, to be given back to a later process."""
    evidence = None
    if host.evidence_at is not None and host.evidence_wall is not None:
        evidence = Moment(host.evidence_at, host.evidence_wall)
    return KnownHost(
        host.venue,
        host.name,
        host.state,
        host.since,
        host.cause,
        host.interval_s,
        evidence,
        was_up=host.counts_as_up,
    )


NUMBERINGS_AT_ONCE = 500
"""Of how many it is stored at once which readings came: some 5 ms."""

Number: TypeAlias = tuple[str, str, str, int]
"""A reading: its host, boot and stream, and its number."""

_NUMBERED = (Stream.VITALS, Stream.CHECKS)


class _Waiting(NamedTuple):
    notices: tuple[Tell, ...]
    acknowledgements: tuple[Publish, ...]
    backlog_bytes: int


class Storing:
    """Collects what is to be stored, and releases what waits for it. It appends to ``outputs``.

    Attributes:
        is_due: whether a backlog waits to be stored.
        is_refused: whether the journal could not take the last store that it answered.
    """

    def __init__(
        self, fleet: Fleet, incidents: IncidentStore, dedup: Dedup, outputs: list[Output]
    ) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._dedup = dedup
        self._outputs = outputs
        self._seen = 0  # outputs that have been looked through
        self.is_due = self.is_refused = False
        self._readings: list[LateReading] = []
        self._late: dict[str, None] = {}  # the hosts of these, and of their repeats
        self._acknowledgements: list[Publish] = []
        self._backlog_bytes = 0  # of these
        self._token = 0
        self._waiting: dict[int, _Waiting] = {}

    @property
    def unstored_bytes(self) -> int:
        """How many payload bytes of backlog wait for the journal."""
        return self._backlog_bytes + sum(each.backlog_bytes for each in self._waiting.values())

    def keep_backlog(
        self, host: Host, readings: Sequence[LateReading], backlog: Backlog, size: int
    ) -> None:
        """Keep the readings of a backlog of ``size`` bytes, to be stored and then acknowledged."""
        self.is_due = True
        self._backlog_bytes += size
        self._readings += readings
        self._late[host.name] = None
        topic = topics.topic(host.venue, host.name, Stream.CMD)
        acknowledge = Acknowledge(backlog.boot, backlog.number)
        self._acknowledgements.append(Publish(topic, acknowledge, qos=1))

    def store_changes(self, now: float) -> None:
        """Store what the outputs since the last call say, if there is anything."""
        new = self._outputs[self._seen :]
        changes = [out for out in new if isinstance(out, HostChanged | IncidentChanged)]
        incidents = self._incidents.take_unsaved()
        if changes or incidents or self._acknowledgements:
            store = Store(
                0,
                now,
                changes=changes,
                incidents=incidents,
                hosts=[as_known(host) for host in self._changed_hosts(changes)],
                readings=self._readings,
            )
            self.add(self._with_numbers_of_readings(store) if self._acknowledgements else store)
            self._readings = []
        self._seen = len(self._outputs)
        self.is_due = False

    def store_progress(self, now: float, at_most: int | None = None) -> bool:
        """Store that we run, and which live readings came; return whether that was all of them.

        ``at_most``: of how many numberings; of all without it.
        """
        heard, forgotten = self._dedup.changed(at_most), self._dedup.forgotten()
        self.add(Store(0, now, heard=heard, forgotten=forgotten, is_alive=True))
        return not self._dedup.has_changed

    def forget(self, hosts: Sequence[str], now: float) -> None:
        """Have forgotten what is stored of hosts that are watched no more."""
        if hosts:
            self.add(Store(0, now, gone=hosts))

    def add(self, store: Store) -> None:
        """Append a store under the next token; the notices of its changes wait for it."""
        self._token += 1
        self._outputs.append(store._replace(token=self._token))
        notices = tuple(
            Tell(change)
            for change in store.changes
            if isinstance(change, IncidentChanged) and change.seq
        )
        acknowledgements, self._acknowledgements = self._acknowledgements, []
        backlog_bytes, self._backlog_bytes = self._backlog_bytes, 0
        if notices or acknowledgements:
            waiting = _Waiting(notices, tuple(acknowledgements), backlog_bytes)
            self._waiting[self._token] = waiting

    def stored(self, *tokens: int) -> None:
        """Release all that waited for stores."""
        self.is_refused = False
        for token in tokens:
            waiting = self._waiting.pop(token, None)
            if waiting is not None:
                self._outputs += waiting.acknowledgements
                self._outputs += waiting.notices

    def not_stored(self, token: int) -> None:
        """Release the notices that waited for a store, and no acknowledgement."""
        self.is_refused = True
        waiting = self._waiting.get(token)
        if waiting is not None:
            self._outputs += waiting.notices
            self._waiting[token] = waiting._replace(notices=())

    def not_kept(self, tokens: Iterable[int], readings: Iterable[Number]) -> None:
        """Forget late readings that the journal dropped; they are never acknowledged.

        Their agents send them again, and they are new then. What else waited is released.
        """
        for token in tokens:
            self.not_stored(token)
            self._waiting.pop(token, None)
        for reading in readings:
            self._dedup.take_back(*reading)

    def store_again(self, now: float, names: Iterable[str], incidents: Sequence[int]) -> None:
        """Store how hosts and incidents stand, for a journal that knows nothing of them."""
        hosts = [host for name in names if (host := self._fleet.find(name)) is not None]
        for host in hosts:
            self._dedup.say_again(host.name, _NUMBERED)
        pages = (self._dedup.changed_of(host.name, _NUMBERED) for host in hosts)
        found = [self._incidents.find(number) for number in incidents]
        reported = self._incidents.reported
        store = Store(
            0,
            now,
            hosts=[as_known(host) for host in hosts if host.is_listed and host.since > -INF],
            incidents=[incident for incident in found if incident is not None],
            heard=list(chain.from_iterable(pages)),
            told={number: reported[number] for number in incidents if number in reported},
            next_number=self._incidents.next_number,
            is_alive=True,
        )
        self.add(store)

    def taken(self) -> None:
        """Note that the outputs were taken."""
        self._seen = 0

    def _with_numbers_of_readings(self, store: Store) -> Store:
        """Return a store of its readings' numbers, too: none of them is taken again."""
        heard: list[HeardRanges] = []
        for host in self._late:
            heard += self._dedup.changed_of(host, _NUMBERED)
        self._late = {}
        return store._replace(heard=heard, forgotten=self._dedup.forgotten())

    def _changed_hosts(self, changes: Iterable[HostChanged | IncidentChanged]) -> Iterable[Host]:
        names: dict[str, None] = {}
        for change in changes:
            if isinstance(change, HostChanged):
                names[change.host] = None
            elif change.incident.subject.scope == "host":  # its cause may be another one
                names[change.incident.subject.host] = None
        hosts = (self._fleet.find(name) for name in names)
        return (host for host in hosts if host is not None and host.since > -INF)
