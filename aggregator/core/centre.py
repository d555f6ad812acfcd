"""The centre: the whole core as one object without I/O.

A driver (the product's shell, a simulator, a test, a bench) calls an inlet for whatever happens,
with the time at which it happened, takes the outputs, and calls ``woke`` at ``due()``. That is all:
ticks, pacing, stalls of the driver, commands to agents and acknowledgements are decided here.

The life of a lost host, seen from here:

1. ``receive`` brings its last beat; ``due()`` is then at the latest when its patience ends.
2. ``woke`` finds the deadline passed. Had the driver come later than ``due()`` promised, every
   deadline would be credited with that first: an observer that was stalled accuses nobody.
3. ``decisions`` say what the silence means (see there), and append outputs: the host's change, the
   incident, and a ``Publish`` for each neighbour that is asked.
4. ``take`` hands the outputs over, behind a ``Store`` of all that has to outlive the process.
5. ``stored`` (or ``not_stored``) releases each ``Tell``, and the acknowledgements if stored.

Times are monotonic seconds; ``wall`` is seconds since 1970.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from aggregator.core import commands, inventory_change
from aggregator.core.budget import Discarding
from aggregator.core.commands import AskNeighbours
from aggregator.core.credit import Credit
from aggregator.core.decisions import Decisions
from aggregator.core.expectation import RECONNECT_LIMIT_S
from aggregator.core.fleet import Fleet
from aggregator.core.forking import fork_in_pieces
from aggregator.core.host import INF, Host
from aggregator.core.inlets import LOOK_EVERY_S, Inlets, inlet
from aggregator.core.intake import BEAT, Fact, Intake, Message
from aggregator.core.liveness import AWAY_LIMIT_S
from aggregator.core.outputs import (
    Connected,
    Connection,
    Disconnected,
    Moment,
    Output,
    Stalled,
    Store,
)
from aggregator.core.presence import Presence
from aggregator.core.readings import LateReadings
from aggregator.core.reception import Reception
from aggregator.core.restore import Memory, memory_of, restore
from aggregator.core.slices import MESSAGES_AT_ONCE, SLICE, WAKE_WITH_WORK
from aggregator.core.storing import NUMBERINGS_AT_ONCE, Number, Storing, as_known
from aggregator.core.ticks import until_next_s
from aggregator.core.verdicts.causes import Cause, Excuse, Scalar
from aggregator.core.verdicts.centre import Port
from venuewatch.base.wire.errors import MalformedMessageError, Reason

LOOK_APART_S = 0.02
"""How long (s) two looks are apart at least; a verdict is stamped with its own deadline anyway."""

STALL_S = 0.3
"""A lag (s) of the driver from which on deadlines are credited with it."""

COALESCE_S = 0.010
"""How long (s) a connection rests after a read; see ``docs/decisions/0005-coalesced-reads.md``."""

SAVE_EVERY_S = 5.0
"""How often (s) it is stored that we run, and which live readings came."""


class Centre(Inlets):
    """The core. ``name``: the aggregator's; ``start``: the present (monotonic s).

    ``away_limit_s``, ``reconnect_limit_s``: see ``liveness`` and ``expectation``. ``stall_s``: INF
    for a driver whose time is virtual and never lags; it calls ``stalled`` itself. ``boot``:
    another one for each process, and the later the process began, the later it sorts.
    ``has_bulk``: readings come on a connection of their own.

    Attributes:
        fleet, decisions, presence, reception, intake, credit: what is known, for reading.
    """

    def __init__(  # noqa: PLR0913 - each is one setting
        self,
        fleet: Fleet,
        *,
        name: str = "aggregator",
        start: float = 0.0,
        away_limit_s: float = AWAY_LIMIT_S,
        reconnect_limit_s: float = RECONNECT_LIMIT_S,
        stall_s: float = STALL_S,
        boot: str = "",
        has_bulk: bool = False,
    ) -> None:
        self.fleet = fleet
        outputs: list[Output] = []
        decisions = Decisions(
            fleet,
            outputs,
            name=name,
            reconnect_limit_s=reconnect_limit_s,
            away_limit_s=away_limit_s,
            boot=boot,
            has_bulk=has_bulk,
        )
        super().__init__(decisions, outputs)
        decisions.connections.begin(start)
        self.intake = Intake(fleet, name, decisions.expectation.budget)
        self.presence = Presence(name, fleet, self._outputs, boot=boot, has_bulk=has_bulk)
        self.credit = Credit(fleet, name, self.decisions.connections.bulk)
        self.reception = Reception(self.decisions, self.presence, self._outputs)
        self._stall_s = stall_s
        self._start = self._ran_at = self._turned_at = self._look_at = self._tick_at = start
        self._save_at, self._received_at = start + SAVE_EVERY_S, -INF
        dedup = self.reception.readings.dedup
        self._storing = Storing(fleet, self.decisions.store, dedup, self._outputs)

    @property
    def is_ready(self) -> bool:
        """Whether we can hear, and each host is decided that we had when we began to."""
        return self.decisions.is_settled

    @property
    def hears_readings(self) -> bool:
        """Whether readings come, so that the latest ones say how things are."""
        return self.decisions.connections.bulk.loss is None

    def due(self) -> float:
        """Return when (s) ``woke`` is to be called at the latest; past while work is left."""
        if self.held.is_on:
            return self.held.until
        return self._ran_at if self.is_behind else min(self._look_at, self._tick_at, self._save_at)

    def take(self) -> list[Output]:
        """Hand over, once, what came of the inlets' calls, in order."""
        if not self._outputs:
            return []
        taken, self._outputs[:] = self._outputs[:], []
        self._storing.taken()
        return taken

    def memory(self, alive: Moment) -> Memory:
        """Return what a later process has to know, if we last ran at ``alive``."""
        return memory_of(self.decisions, alive)

    def excuses(self, now: float) -> list[tuple[Host | None, Excuse]]:
        """Return what puts verdicts off now; of everybody where no host is named."""
        return self.decisions.expectation.excuses_now(now)

    # Inlets. Each takes the time at which it happened first.

    @inlet
    def _woke(self, now: float, wall: float | None) -> None:
        self._turned_at = now
        if wall is not None:
            self.reception.note_clocks(now, wall)
        self._taken += WAKE_WITH_WORK * (now >= min(self._tick_at, self._save_at))
        if now >= self._tick_at:
            self.presence.publish_tick(self.decisions.tick(now, waited_s=self._works_at - now))
            self._tick_at = now + until_next_s(self._start, now)
            self._storing.forget(self.reception.forget(self.intake.settle_unlisted(now), now), now)
        if now >= self._look_at:
            self.decisions.advance(now)
            self._look_at = now + LOOK_EVERY_S
            hearing, takes = self.decisions.hearing, self.intake.takes_backlogs
            self._outputs += self.credit.advance(now, hearing, self._storing, takes_backlogs=takes)
        if now >= self._save_at:
            is_all = self._storing.store_progress(now, NUMBERINGS_AT_ONCE)
            self._save_at = now + (SAVE_EVERY_S if is_all else LOOK_APART_S)

    def receive(self, now: float, messages: Sequence[Message], wall: float) -> None:
        """Take in what one read brought, at ``wall`` (s since 1970)."""
        self.unread += len(messages)
        self.call(now, partial(self._take_in, now, messages, wall))
        self.read_up(now)

    def _take_in(self, now: float, messages: Sequence[Message], wall: float) -> None:
        """Take in messages until they, or what has come of them, are a slice; the others wait."""
        self._turned_at = now
        decisions, read, reception = self.decisions, self.intake.read, self.reception
        take, take_beat, outputs = reception.take, reception.take_beat, self._outputs
        rest, enough = decisions.rest, len(outputs) + SLICE
        if now > self._received_at:
            self._received_at = now
            reception.begin(now, wall)
        for taken, message in enumerate(messages):
            if taken == MESSAGES_AT_ONCE or rest.is_left or len(outputs) > enough:
                self.waiting.appendleft((now, partial(self._take_in, now, messages[taken:], wall)))
                self._read(taken)
                return
            try:
                fact = read(message.topic, message.payload, message.retain)
                if fact is None:
                    continue
                if fact[0] is BEAT:
                    take_beat(fact[1], fact[2], now, wall)
                    continue
                late = take(fact, now, wall)
            except MalformedMessageError as error:
                self._outputs += self.intake.refused(error, message.topic)
                continue
            if now >= decisions.due_at:  # an end of doubt, say: decided before what follows
                decisions.advance(now)
            if late is not None:
                self._keep_backlog(fact, late, message)
        self._read(len(messages))

    @inlet
    def refuse(self, _now: float, reason: Reason) -> None:
        """Count a message that could not even be decoded as a packet."""
        self.intake.rejected[reason] += 1

    @inlet
    def discarded(self, _now: float, over: Mapping[str, Discarding]) -> None:
        """Count against their hosts what was discarded as too much of the same topic waited."""
        self.intake.discarded(over)

    @inlet
    def opened(self, now: float, connection: Connection = "live") -> None:
        """Begin to hear: everything published from now on comes on this connection."""
        self._outputs.append(Connected(now, connection))
        self.decisions.opened(now, connection)
        if connection == "live":
            self.presence.opened()

    @inlet
    def lost(
        self, now: float, connection: Connection = "live", *, is_taken_over: bool = False
    ) -> None:
        """Note that a connection ended; without the live one nobody's silence means anything.

        ``is_taken_over``: the broker says that another client has its place.
        """
        self._outputs.append(Disconnected(now, connection))
        self.decisions.lost(now, connection, is_taken_over=is_taken_over)
        if connection == "live":
            self.presence.lost()
            self.credit.clear()

    @inlet
    def port_said(self, now: float, answer: Port) -> None:
        """Take in what the broker's port answered to a stranger (``AskPort``)."""
        self.decisions.port_said(answer, now)

    @inlet
    def stored(self, _now: float, *tokens: int) -> None:
        """Note that stores are durable: acknowledge the backlogs in them, send their notices."""
        self._storing.stored(*tokens)

    @inlet
    def not_stored(self, _now: float, token: int) -> None:
        """Note that the journal cannot take a ``Store`` now: notices go, acknowledgements wait."""
        self._storing.not_stored(token)

    @inlet
    def not_kept(self, _now: float, tokens: Iterable[int], readings: Iterable[Number]) -> None:
        """Note that the journal dropped late readings, and that these stores are never whole."""
        self._storing.not_kept(tokens, readings)

    @inlet
    def store_again(self, now: float, hosts: Iterable[str], incidents: Sequence[int]) -> None:
        """Store how these stand, for a journal that was begun anew."""
        self._storing.store_again(now, hosts, incidents)

    @inlet
    def notice_settled(self, now: float, ids: Sequence[str]) -> None:
        """Note that notices wait no more: they were delivered, or dropped."""
        self._storing.add(Store(0, now, settled=tuple(ids)))

    def restore(self, now: float, memory: Memory) -> None:
        """Begin at ``now`` with what an earlier process knew; nothing may have been heard yet."""
        self._start = self._ran_at = self._turned_at = self._look_at = self._tick_at = now
        self._save_at = now + SAVE_EVERY_S
        self.decisions.connections.begin(now)
        hosts, changes, gone = restore(self.decisions, self.reception, memory, now)
        self._storing.add(Store(0, now, hosts=hosts, changes=changes, gone=gone, is_alive=True))
        self._end(now)

    def stop(self, now: float) -> None:
        """Have stored what is left: the process ends."""
        self.held.release()
        self._save(now)
        self.finish(now)  # it may have had to wait

    @inlet
    def _save(self, now: float) -> None:
        self._storing.store_progress(now)

    @inlet
    def change_inventory(self, now: float, expected: Fleet) -> None:
        """Expect another fleet from now on; what is known of hosts that stay is kept."""
        gone, moved, changed = inventory_change.apply(self.decisions, expected, now)
        self.intake.forget_routes()
        if gone or moved:
            self._storing.add(Store(0, now, gone=gone, hosts=[as_known(host) for host in moved]))
        self._outputs.append(changed)

    @inlet
    def put_off(self, now: float, hosts: Iterable[str], until: float) -> None:
        """Give no verdict on hosts before ``until``: their agents starve on our own machine."""
        self.decisions.expectation.put_off_starved(hosts, now, until)

    @inlet
    def begin_trouble(
        self,
        now: float,
        cause: Cause,
        why: str,
        figures: Mapping[str, Scalar] = MappingProxyType({}),
        *,
        since: float | None = None,
    ) -> None:
        """Note what is wrong with a part of the centre (``incidents.troubles``), or still is."""
        self.decisions.advance(now)
        self.decisions.troubles.begin(cause, why, now, figures, since=since)
        self.decisions.plan()

    @inlet
    def end_trouble(self, now: float, cause: Cause) -> None:
        """Note that it is over."""
        self.decisions.advance(now)
        self.decisions.troubles.end(cause, now)
        self.decisions.plan()

    def keep_readings(self, now: float, count: int) -> None:
        """Keep so many of each host's latest vitals, while a scraper asks for as many."""
        self.reception.readings.keep(count, now)

    def command(self, now: float, command: AskNeighbours) -> None:
        """Do what an operator asks for.

        Raises:
            ValueError: it cannot be done, in words for the operator.
        """
        self._ask_neighbours(now, commands.host_of(self.fleet, command).name)

    @inlet
    def _ask_neighbours(self, now: float, name: str) -> None:
        commands.ask_neighbours(self.decisions, name, now)

    def fork(self) -> "Centre":
        """Return an independent copy: nothing that changes is shared, either way."""
        self.finish(self._ran_at)
        forked = copy.deepcopy(self)
        forked.held.release()
        return forked

    def fork_in_pieces(self) -> "Iterator[Centre | None]":
        """Yield None after each piece of work, and the fork at last: for a loop that runs.

        Calls of inlets are held meanwhile, and made afterwards with their own times: since how
        often the driver looks changes no event, they lead to the same. ``stop`` ends it early,
        without a fork.

        Raises:
            RuntimeError: another such fork has not ended yet.
        """
        if self.held.is_on:
            raise RuntimeError("expected one fork in pieces at a time; the other has not ended")
        self.finish(self._ran_at)
        parts = (
            *self.fleet.pieces(),
            (self.decisions.expectation.deadlines,),
            *self.reception.readings.dedup.pieces(),
        )
        return fork_in_pieces(self, self.held, parts, until=self.due())

    def _lag_s(self, now: float) -> float:
        """Return how late the driver is that has neither woken us nor read: calls show neither."""
        promised = min(self._look_at, self._tick_at, self._save_at)
        return now - max(promised, self._turned_at)

    def _decided_until(self, at: float) -> float:
        return self._ran_at if self._lag_s(at) > self._stall_s else at

    def _begin(self, now: float) -> None:
        """Credit our lag, if we come too late to be fair."""
        lag_s = self._lag_s(now)
        if lag_s > self._stall_s:
            self._outputs.append(Stalled(now, lag_s))
            self._credit_stall(self._turned_at, now)
        self._ran_at = now

    def _credit_stall(self, start: float, now: float) -> None:
        self.decisions.stalled(start, now)
        self._ran_at = self._look_at = self._turned_at = now

    def _end(self, now: float) -> None:
        """Have stored what became true, and promise to come again in time."""
        if self._outputs or self._storing.is_due or self.decisions.store.unsaved:
            self._storing.store_changes(now)
        self._look_at = min(self._look_at, max(self.decisions.due_at, now + LOOK_APART_S))

    def _keep_backlog(self, fact: Fact, late: LateReadings, message: Message) -> None:
        """Have a backlog stored, if it is one and not a question for a grant."""
        for refusal in late.refused:
            self._outputs += self.intake.refused(refusal, message.topic)
        host, backlog, size = fact[1], fact[2], len(message.payload)
        self.credit.note(host, backlog)
        if backlog.number:
            self._storing.keep_backlog(host, late.to_store, backlog, size)
