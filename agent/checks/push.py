"""Receives the state of a results program from the program itself: alive, and last result n.

It sends UDP datagrams of JSON to this machine, such as ``{"last": 123, "live": true}``
(:mod:`venuewatch.push` does). Datagrams, because a program that results depend on must never
wait for its monitor. On Linux they may come through a Unix socket, which tells whose they are.
"""

import re
from collections.abc import Callable
from datetime import UTC
from typing import Annotated, NamedTuple

from msgspec.structs import replace

from agent.checks import CheckConfig, Latest, LimitS, Reading, about, worded
from agent.checks.host.inbox import Inbox
from agent.checks.reading import times
from agent.checks.reading.said import EXPECTED, MAX_DATAGRAM, Said, read_said
from agent.checks.reading.times import Now, Since, on_wall
from agent.checks.reading.words import short
from venuewatch.base.config import Port, in_words
from venuewatch.base.wire.checks import CheckState, CheckValues

_MAX_DATAGRAMS = 2_000  # a reading; the kernel keeps some 300 between two


class Config(CheckConfig, frozen=True, tag="push"):
    """Listens on this machine only. A port, or a socket, is for one program and one check.

    A program that said goodbye is not missed before it speaks again. Over UDP every user of this
    machine may say so: where not all are trusted, use `listen_socket` with `user`, in a folder that
    only this user and the agent can enter. Datagrams of others are counted, and move nothing.

    Numbers may be texts, truths 0, 1 or words, and the text UTF-8, UTF-16 or cp1252. An odd field
    is unknown. Where nothing that can be read comes for `silence_limit_s`, but other datagrams do,
    the state is `delayed`; where only those of others come, it is `critical`.
    """

    listen_address: Annotated[str, about("loopback address to listen at", "::1")] = "127.0.0.1"
    listen_port: Annotated[Port, about("UDP port", 8040)] = 8040
    listen_socket: Annotated[
        str,
        worded(r"\A(/[^\x00]{1,100})?\Z", "a whole path of at most 100 characters"),
        about(
            "path of a Unix socket to listen at instead of the port; Linux only",
            "/run/venuewatch-agent/scores.sock",
        ),
    ] = ""
    user: Annotated[
        str, about("who may push to it, by name or number; anybody if empty", "scoreboard")
    ] = ""
    program: Annotated[
        str, about("`name` that the program says; any if empty", "scoreboard", max_length=64)
    ] = ""
    silence_limit_s: Annotated[LimitS, about("how long it may say nothing, in s", 30.0)] = 60.0
    frozen_after_s: Annotated[
        LimitS, about("how long `last` may rest while it says `live`, in s", 45.0)
    ] = 300.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"127\.[0-9.]+|::1|localhost", self.listen_address):
            raise ValueError("Expected `listen_address` to be a loopback address")
        if self.user and not self.listen_socket:
            raise ValueError("Expected `listen_socket` beside `user`: UDP does not tell who sends")


class Unheard(NamedTuple):
    """Datagrams since the last sound one that had no effect; the last came ``at``."""

    number: int = 0
    at: float = 0.0
    why: str = ""

    def more(self, count: int, now: Now, why: str = "") -> "Unheard":
        """Return them with ``count`` more, the last at ``now``."""
        return Unheard(self.number + count, now.monotonic_s, why)

    def is_recent(self, now: Now, limit_s: float) -> bool:
        """Return whether one came within the limit."""
        return self.number > 0 and now.monotonic_s - self.at <= limit_s


_NOTHING = Unheard()


class Program:
    """The state of a program: pure. It is missed from ``now`` on, until it says goodbye."""

    def __init__(self, config: Config, now: Now) -> None:
        self._config = config
        self._since = Since(UTC, now)
        self._said: Said | None = None
        self._heard = now
        self._moved = now
        self._last: int | None = None
        self._messages = self._odd = self._backward = 0
        self._unread = self._refused = _NOTHING

    def hear(self, datagram: bytes, now: Now) -> None:
        """Take in a datagram that came at ``now``."""
        said = read_said(datagram)
        self._odd += len(said.odd) if said else 1
        if said is None:
            self._unread = self._unread.more(1, now)
            return
        if self._config.program not in ("", said.name):
            self._odd += not said.odd
            self.refuse(1, now, f"the name {said.name!r}, not {self._config.program!r}")
            return
        self._messages += 1
        is_first_live = said.live and not (self._said and self._said.live)
        if is_first_live or (said.last is not None and said.last != self._last):
            self._moved = now
        if said.last is not None:
            self._backward += self._last is not None and said.last < self._last
            self._last = said.last
        self._heard, self._said = now, said
        self._unread = self._refused = _NOTHING

    def refuse(self, count: int, now: Now, why: str) -> None:
        """Count datagrams that are not of this program; ``why``: what they have."""
        self._refused = self._refused.more(count, now, why)

    def judge(self, now: Now) -> Reading:
        """Return the state at ``now``."""
        quiet_s = now.monotonic_s - self._heard.monotonic_s
        resting_s = now.monotonic_s - self._moved.monotonic_s
        said, config = self._said, self._config
        limit_s = config.silence_limit_s
        state: CheckState
        if said is not None and said.bye:
            state, why = "not_expected", "it said goodbye"
        elif quiet_s > limit_s and self._unread.is_recent(now, limit_s):
            state, why = "delayed", f"nothing that can be read for {quiet_s:.0f} s"
        elif quiet_s > limit_s and self._refused.is_recent(now, limit_s):
            state, why = "critical", f"nothing of the program for {quiet_s:.0f} s"
        elif quiet_s > limit_s:
            state, why = "silent", f"nothing for {quiet_s:.0f} s, limit {limit_s:g} s"
        elif said is None:
            state, why = "unknown", "nothing heard yet"
        elif said.live and resting_s > config.frozen_after_s:
            limit = f"limit {config.frozen_after_s:g} s"
            state, why = "frozen", f"alive, but last is {self._last} for {resting_s:.0f} s, {limit}"
        else:
            state, why = "flowing", f"last is {self._last}"
        times = self._since.words(state, self._heard if said else None, now)
        return Reading(state, short(f"{why}; {times}{self._notes(state)}"), self._values(now))

    def _notes(self, state: CheckState) -> str:
        """Return what was heard and could not be taken in since the last sound datagram."""
        notes = ""
        if self._said and self._said.odd:
            notes += f"; could not read {', '.join(self._said.odd)}"
        if self._unread.number:
            notes += f"; {_datagrams(self._unread.number)} could not be read, {EXPECTED}"
        if self._refused.number and state != "flowing":
            notes += f"; {_datagrams(self._refused.number)} refused, with {self._refused.why}"
        return notes

    def _values(self, now: Now) -> CheckValues:
        said = self._said
        return CheckValues(
            results_messages_total=float(self._messages),
            results_parse_errors_total=float(self._odd),
            results_version_regressions_total=float(self._backward),
            results_live_units=float(said.live) if said else None,
            results_last_number=None if self._last is None else float(self._last),
            results_last_message_timestamp_seconds=on_wall(self._heard, now) if said else None,
            results_last_data_timestamp_seconds=on_wall(self._moved, now) if said else None,
        )


class Check:
    """Listens from its making on; takes in what has come at each reading."""

    def __init__(self, config: Config, _latest: Latest, now: Callable[[], Now] = times.now) -> None:
        self._config = config
        self._now = now
        self._program = Program(config, now())
        self._inbox: Inbox | None = None
        self._listen()

    def read(self) -> Reading:
        """Hear what has come since the last reading, and judge."""
        trouble = self._listen()
        others = self._inbox.refused if self._inbox else 0
        self._drain()
        if self._inbox is not None and (new := self._inbox.refused - others):
            self._program.refuse(new, self._now(), "another user than " + self._config.user)
        reading = self._program.judge(self._now())
        if self._config.user and self._inbox is not None:
            refused = float(self._inbox.refused)
            values = replace(reading.values, results_unauthorized_total=refused)
            reading = reading._replace(values=values)
        return reading._replace(state="critical", detail=trouble) if trouble else reading

    def close(self) -> None:
        """Stop listening."""
        if self._inbox is not None:
            self._inbox.close()
            self._inbox = None

    def _listen(self) -> str:
        """Listen if nothing does yet; return what keeps it from that, "" if nothing."""
        if self._inbox is not None:
            return ""
        config = self._config
        where = config.listen_socket or (config.listen_address, config.listen_port)
        try:
            self._inbox = Inbox(where, MAX_DATAGRAM, config.user)
        except OSError as error:
            place = config.listen_socket or f"port {config.listen_port}"
            return short(f"{place}: {in_words(error)}")
        return ""

    def _drain(self) -> None:
        """Hear what has come, up to a bound: a flood is left to the kernel to drop."""
        if self._inbox is None:
            return
        for _ in range(_MAX_DATAGRAMS):
            datagram = self._inbox.take()
            if datagram is None:
                return
            self._program.hear(datagram, self._now())


def _datagrams(count: int) -> str:
    return f"{count} datagram{'s' if count > 1 else ''}"
