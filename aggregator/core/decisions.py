"""Decisions: every verdict on a fleet, its venues and ourselves, in order of time.

The life of a lost host, as ``advance`` and what it calls have it:

1. ``deadlines`` hands over the host whose deadline has passed, before anything later is decided.
2. ``liveness`` says what has come to an end for it: patience, evidence, connection or grace.
3. ``judging`` says what that means: nobody is heard (we are blind), it is lost with many others,
   two agents have its name (wait), or it is this host alone, and why.
4. ``liveness`` changes its state along the table: one change.
5. The change begins an incident (``incidents``), or the host is a child of one (``losses``).
6. ``probes`` ask its neighbours to reach it; their answers make the cause more precise.
7. It beats on time three times: it is up, its incident closes, and the way to its venue is back.

Whatever was due before a message is decided before it, so that how often the shell looks changes
no event. Times are monotonic seconds.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal

from aggregator.core.blindness import BlindnessIncident
from aggregator.core.connections import Connections
from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Fleet
from aggregator.core.hearing import Hearing
from aggregator.core.host import INF, Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.incidents.store import IncidentStore
from aggregator.core.incidents.troubles import Troubles
from aggregator.core.judging import BLIND, Judging, Outcome
from aggregator.core.liveness import Liveness
from aggregator.core.losses import Loss, Losses
from aggregator.core.outputs import AskPort, Connection, HostChanged, Output, Publish
from aggregator.core.probes import EndedInquiry, Probes
from aggregator.core.slices import Rest
from aggregator.core.states import ALIVE, HostState, Trigger
from aggregator.core.ticks import Ticks
from aggregator.core.verdicts import silence
from aggregator.core.verdicts.causes import Cause, Excuse, Reason, Verdict
from aggregator.core.verdicts.centre import Port
from aggregator.core.verdicts.checks import FailedChecks
from aggregator.core.verdicts.clocks import REFERENCE_EVERY, Clocks
from aggregator.core.verdicts.hang_ups import HangUps
from aggregator.core.verdicts.loudness import Loudness
from aggregator.core.verdicts.one_way import OneWay
from aggregator.core.verdicts.twins import Twins
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Probed, Tick

_STEADY = 3
_NOT_ALIVE = frozenset(HostState) - ALIVE


class Decisions:
    """The verdicts. It begins blind, until ``opened``. ``outputs`` is where they are appended.

    ``name``: the aggregator's; ``boot`` and ``has_bulk`` as in ``connections``.

    Attributes:
        fleet: what is known of every host.
        store: the incidents that are open, and those that were closed lately.
        incidents: when they begin, change and end.
        troubles: what is wrong with parts of the centre.
        hearing: whether we hear.
        connections: ours, and what they mean; blindness: the incident of our own hearing.
        expectation: deadlines and excuses.
        rest: what has been begun of many hosts, and is to be finished first.
        due_at: before this (s) nothing is to be decided; INF if nothing is due.
    """

    def __init__(  # noqa: PLR0913 - each is one setting
        self,
        fleet: Fleet,
        outputs: list[Output],
        *,
        name: str,
        reconnect_limit_s: float,
        away_limit_s: float,
        boot: str = "",
        has_bulk: bool = False,
    ) -> None:
        self.fleet = fleet
        self._outputs = outputs
        self.hearing = Hearing()
        self.expectation = Expectation(fleet, reconnect_limit_s=reconnect_limit_s)
        self.liveness = Liveness(fleet, self.expectation, away_limit_s=away_limit_s)
        self.store = IncidentStore(fleet, outputs)
        self.incidents = Incidents(fleet, self.store)
        self.troubles = Troubles(self.incidents)
        self.loudness = Loudness(self.expectation.budget, self.incidents)
        self.probes = Probes(name)
        self.one_way = OneWay(fleet, self.incidents)
        self.clocks = Clocks(fleet, self.incidents)
        self.twins = Twins(fleet, self.incidents, self.expectation, outputs)
        self.checks = FailedChecks(fleet, self.incidents)
        self.ticks = Ticks(name)
        self.losses = Losses(fleet, self.incidents, self.expectation, self.liveness)
        self.hang_ups = HangUps(fleet, self.incidents)
        self.connections = Connections(
            self.hearing, self.checks, self.troubles, outputs, boot=boot, has_bulk=has_bulk
        )
        self.blindness = BlindnessIncident(
            fleet, self.hearing, self.connections, self.incidents, self.loudness
        )
        self.judging = Judging(fleet, self.expectation, self.hearing, self.losses, self.hang_ups)
        self._deadlines = self.expectation.deadlines
        self.rest = Rest()
        self._others_at = INF
        self.due_at = -INF
        self._canaries_in_time = 0

    @property
    def is_settled(self) -> bool:
        """Whether we can hear, and each host is decided that we had when we began to."""
        return not self.hearing.is_blind and not self.expectation.is_waiting

    def advance(self, now: float, units: int = sys.maxsize) -> bool:
        """Decide everything that was due by ``now``, in order of time; return whether all is.

        No more than so many ``units`` of work are done (``slices.py``).
        """
        if self.hearing.since is None and self.hearing.missing is not None:
            self.hearing.go_blind(now, "starting", now)
            self.plan()
        while True:
            if self.rest.is_left:
                units = self.rest.go_on(units)
            if units <= 0:
                return False
            before = min(self.hearing.doubt_at, self._others_at)
            due = self._deadlines.take_due(now, before=before)
            if due is None:
                if self._others_at > now:
                    break
                self._step(self._others_at)
                continue
            host, at = due  # 1.
            end = self.liveness.pass_deadline(host, at)  # 2.
            outcome = self.judging.judge(host, end, at) if isinstance(end, Trigger) else end  # 3.
            is_down = host.state is HostState.DOWN  # as one that is required, and has left
            if isinstance(end, Trigger) and isinstance(outcome, Verdict) and not is_down:
                change = self.liveness.change(host, end, at, outcome)  # 4.
                self.apply_change(host, change, outcome)  # 5., and 6. from there
            elif isinstance(outcome, HostChanged):
                self.apply_change(host, outcome)
            else:
                self._follow(host, outcome, at)
            self._deadlines.queue(host)
            self.plan()
            units -= 1
        self.plan()
        return True

    def tick(self, now: float, *, waited_s: float = 0.0) -> Tick:
        """Return the tick to publish now (``waited_s`` late); its return to us is our canary."""
        self.advance(now)
        tick = self.ticks.next(now)
        self.hearing.sent(tick.number, now, waited_s=waited_s)
        self.connections.sent(tick.number, now)
        if self.is_settled:
            self.expectation.grace.end()
            self.troubles.end(Cause.GRACE_TOO_LONG, now)
            self.blindness.look_for_anybody(self.judging.hears_since, now)
        if tick.number % REFERENCE_EVERY == 0:
            self.clocks.take_reference(now)
        self.plan()
        return tick

    def opened(self, now: float, connection: Connection) -> None:
        """Begin to hear (again): on the live connection, the fleet has its grace to return."""
        self.advance(now)
        self.connections.opened(connection, now)
        if connection == "live":
            self.recover(now)
        self.plan()

    def lost(self, now: float, connection: Connection, *, is_taken_over: bool) -> None:
        """Note the end of a connection: without the live one, nobody's silence means anything."""
        self.advance(now)
        self.connections.lost(connection, now, is_taken_over=is_taken_over)
        if connection == "live":
            self.hearing.go_blind(now, "connection", now)
            self._go_blind(now)
        self.plan()

    def stalled(self, start: float, end: float) -> None:
        """Credit the time from ``start``, when our process last ran, to ``end``.

        What was due by ``start`` is decided, and nothing after it.

        Raises:
            ValueError: an end before its start.
        """
        if end < start:
            raise ValueError(f"a stall cannot end ({end}) before it starts ({start})")
        self.advance(start)
        self._canaries_in_time = 0
        self._begin_rest(self.expectation.credit(start, end, Reason.STALL))
        self.hearing.credit(start, end)
        self.connections.credit(start, end)
        self.probes.credit(end - start)
        self.checks.credit(end - start)
        self.hang_ups.credit(end - start)
        self.plan()

    def port_said(self, answer: Port, now: float) -> None:
        """Take in what the broker's port answered to a stranger."""
        self.advance(now)
        self.hearing.port_said(answer)
        self.blindness.port_said(now)
        self.plan()

    def ask(self, host: Host, at: float) -> None:
        """Ask the neighbours of a host that is down; if nobody can be asked, that is evidence."""
        asked = self.probes.ask(self.fleet.venues[host.venue], host, at)
        for name, probe in asked.probes:
            self._outputs.append(Publish(f"{topics.ROOT}/{host.venue}/{name}/cmd", probe, qos=1))
        if asked.inquiry.is_over:
            self._end_inquiry(EndedInquiry(at, host, asked.inquiry))

    def _follow(self, host: Host, outcome: Outcome | None, at: float) -> None:
        if isinstance(outcome, Verdict):
            self._sharpen(host, outcome, at)
        elif isinstance(outcome, Excuse):
            self.expectation.put_off(host, outcome)
        elif outcome is not None:
            self._lose(outcome, at)

    def _lose(self, loss: Loss | Literal["blind"], at: float) -> None:
        """Tell a loss of many hosts as one incident; of all of them, it is ours."""
        if loss == BLIND:
            self._go_blind(at)
        else:
            self._begin_rest(self._applying(self.losses.begin(loss, at)))

    def _applying(self, changes: Iterable[tuple[Host, HostChanged] | None]) -> Iterator[None]:
        for changed in changes:
            if changed is not None:
                self.apply_change(*changed)
            yield

    def note_hang_up(self, host: Host, now: float) -> None:
        """Note that a host's connection was closed; many at once are judged together, later."""
        members = self.hang_ups.note(host, now)
        if self.hang_ups.case_of(host) is None:  # of an earlier one no more: it was back
            self.expectation.end_hung_up(host, now)
        for each in members:
            case = self.hang_ups.case_of(each)
            if each.state is HostState.DOWN:  # told already, and may be well: nobody is asked of it
                self.probes.forget(each)
            elif case is not None:
                self.expectation.put_off_hung_up(each, case.until)
        self.plan()

    def _go_blind(self, at: float) -> None:
        self._canaries_in_time = 0
        self.hang_ups.forget_all()
        self.connections.live_heard(INF)
        self._begin_rest(self._applying(self.liveness.blind(at)))

    def apply_change(self, host: Host, change: HostChanged, verdict: Verdict | None = None) -> None:
        """Begin or end the incident of a change, and ask the neighbours of a host that fell."""
        self._outputs.append(change)
        at, subject = change.at, Subject("host", host.venue, host.name)
        if change.after is HostState.DOWN and verdict is not None:
            self.incidents.fall(subject, verdict, at, silent_since=host.evidence_at)
            if verdict.cause in silence.UNEXPLAINED:
                self.ask(host, at)
        elif change.before is HostState.DOWN:
            self.probes.forget(host)
            if change.after is HostState.UP:
                fell_at = min(at, self.incidents.fallen_at(subject))
                self.expectation.end_silence(host, fell_at, at)
            self.incidents.rise(subject, at)
        if change.after is HostState.AWAY:
            self.incidents.leave(host, at)
        if host.name in self.checks.of_host:
            self.checks.follow(host, change.after, at)
        if change.before in _NOT_ALIVE:
            self.losses.follow(host, change)
            if change.after is HostState.UP:
                self._ask_again(host.venue, at)
        self.plan()

    def take_answer(self, by: Host, probed: Probed, now: float) -> None:
        """Take in what a neighbour found when it was asked to reach a silent host."""
        if (ended := self.probes.receive_answer(by, probed, now)) is not None:
            self._end_inquiry(ended)

    def _end_inquiry(self, ended: EndedInquiry) -> None:
        """Make the cause more precise: the neighbours have answered, or did not in time."""
        at, host, inquiry = ended
        has_spoken = host.evidence_at is not None and host.evidence_at > host.since
        if host.state is not HostState.DOWN or has_spoken:
            return
        verdict = self.judging.verdict_after(inquiry, host, at)
        if verdict.cause in silence.UNEXPLAINED and host.is_listed and host.address:
            self.probes.ask_later(host)
        self._sharpen(host, verdict, at)

    def _sharpen(self, host: Host, verdict: Verdict, at: float) -> None:
        host.cause = verdict.cause
        self.incidents.sharpen(Subject("host", host.venue, host.name), verdict, at)

    def _ask_again(self, venue: str, at: float) -> None:
        for host in self.probes.take_unexplained(venue):
            if host.state is HostState.DOWN and host.cause in silence.UNEXPLAINED:
                self.ask(host, at)

    def recover(self, now: float) -> None:
        """Hear again: every host has its grace to find its way back."""
        is_return = self.hearing.missing != "starting"
        self.hearing.recover(now)
        self.connections.live_heard(now)
        self.judging.hears_since, self._canaries_in_time = now, 0
        self._begin_rest(self.expectation.resume(now, is_return=is_return))

    def _begin_rest(self, part: Iterator[None]) -> None:
        self.rest.begin(chain(part, iter(self.plan, None)))  # once: it returns None

    def take_canary(self, tick: Tick, now: float) -> None:
        """Note that our own tick came back to us through the broker."""
        hearing, returned = self.hearing, self.hearing.returned
        was_missing = hearing.missing == "canary"
        doubted_since = hearing.came_back(tick.number, now) if self.ticks.is_ours(tick) else None
        if hearing.returned == returned:
            return
        if was_missing:
            self.recover(now)
        elif doubted_since is not None:
            self._canaries_in_time = 0
            self._begin_rest(self.expectation.credit(doubted_since, now, Reason.DOUBT))
            self.hang_ups.credit(now - doubted_since)
        elif not hearing.is_blind:
            self._canaries_in_time += 1
            is_over = self._canaries_in_time >= _STEADY and hearing.is_over(now)
            self.blindness.follow(now, is_over=is_over)

    def _step(self, at: float) -> None:
        hearing = self.hearing
        hearing.doubt(at)
        if hearing.blind_at <= at and not hearing.is_only_behind(at):
            hearing.go_blind(hearing.proof_at, "canary", at)
            self._go_blind(at)
            return  # what has begun with that is first
        if hearing.take_port_question(at):
            self._outputs.append(AskPort(at))
        if self.connections.next_at <= at:
            self.connections.advance(at)
        blindness = hearing.take_blindness(at)
        if blindness is not None and self.connections.explains(blindness):
            hearing.suspension.explain(self.connections.doubling.ends_at)
        elif blindness is not None:
            self.blindness.tell(blindness, at)
        is_explained = self.connections.doubling.is_known or hearing.expects_stop(at)
        self.troubles.follow_grace(self.expectation.grace, at, is_explained=is_explained)
        for ended in self.probes.take_ended(at):
            self._end_inquiry(ended)
        self.loudness.advance(at)
        if not self.connections.holds_checks:
            self.checks.advance(at)
        self.losses.advance(at)
        if at < hearing.doubt_at:
            self._judge_cases(at)
        self.incidents.advance(at)
        self.plan()

    def _judge_cases(self, at: float) -> None:
        for case in self.hang_ups.take_over(at):
            for loss in self.judging.judge_case(case, at):
                self._lose(loss, at)

    def queue(self, host: Host) -> None:
        """Look at ``host`` by its present deadline."""
        self._deadlines.queue(host)
        self.plan()

    def plan(self) -> None:
        """Note what is due next, after anything but a plain beat."""
        case_at = self.hang_ups.next_at
        self._others_at = min(
            self.hearing.next_deadline(),
            self.probes.next_deadline(),
            self.incidents.next_deadline(),
            INF if self.connections.holds_checks else self.checks.next_at,
            self.connections.next_at,
            self.expectation.grace.broken_at,
            self.losses.next_at,
            case_at if case_at < self.hearing.doubt_at else INF,
            self.expectation.budget.next_at,
        )
        host_at = self._deadlines.next_at()
        is_doubtful = host_at >= self.hearing.doubt_at
        self.due_at = self._others_at if is_doubtful else min(host_at, self._others_at)
