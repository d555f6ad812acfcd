"""Plays a speaker to the check of its profile, on a virtual clock, through a way in of its own.

The way brings what the box sent between two readings, in one piece a message or, of a stream, cut
anywhere. What the check says is kept: a box that waits to be asked talks only then.
"""

import random
from collections.abc import Sequence
from typing import Literal, TypeAlias

from agent.checks import Reading, profiles
from agent.checks.reading.times import Deadline, Now
from agent.checks.streams.follow import Follower
from agent.checks.streams.settings import plan_of
from agent.checks.ways import Heard, Piece
from tests.agent.checks.profiles.speaking import Phase, speaker

EVERY_S = 30
CONNECTION = "10.1.0.30"
TEN_O_CLOCK = 1_795_773_600.0  # 2026-11-27, UTC

Act: TypeAlias = Phase | Literal["silent", "cut", "garbage"]


class Stage:
    """One box and its check; ``states`` are those of all readings so far.

    ``encoding``: that of the box and the check, where it is not the profile's.
    """

    def __init__(self, name: str, encoding: str | None = None) -> None:
        self._speaker = speaker(name)
        self._random = random.Random(name)
        self._second = self._worked_s = 0
        self._trouble = ""
        self._waiting: list[Piece] = []
        self._begun = [CONNECTION]
        self._ended: list[str] = []
        self.said: list[bytes] = []
        self.states: list[str] = []
        profile = profiles.load(name)
        self._way = profile.about.give.partition(" ")[0]
        self._encoding = encoding
        self.plan = plan_of(profiles.Settings(encoding=encoding), profile.check)
        extractors = {fact: extract.extractor() for fact, extract in self.plan.extracts.items()}
        self._follower = Follower(
            self.plan,
            self,
            extractors,
            self._now,
            timeout_s=5.0,
            sees_all=self._way not in {"poll", "files"},
        )
        self._waiting += self._speaker.hello

    @property
    def longest_s(self) -> int:
        """How long a thing may last before the check has to say so."""
        plan = self.plan
        limits = (plan.silence_limit_s, plan.latency_limit_s, plan.clock_rests_s)
        return int(max(limit for limit in (*limits, plan.number_rests_s) if limit)) + 3 * EVERY_S

    def play(self, act: Act, seconds: int) -> Reading:
        """Let the box act for some time, in full readings; return the last one."""
        if act == "cut":
            self._cut()
        elif self._trouble:
            self._mend()
        begun = self._worked_s if act == "heat" else 0
        for at in range(begun, begun + -(-seconds // EVERY_S) * EVERY_S):
            self._second += 1
            self._worked_s += act == "heat"
            self._waiting += self._pieces(act, at)
            if self._second % EVERY_S == 0:
                reading = self._follower.read()
                self.states.append(reading.state)
        return reading

    def hear(self, _now: Now, _deadline: Deadline) -> Heard:
        """Bring what the box sent, and forget it."""
        pieces, self._waiting = self._recut(self._waiting), []
        begun, self._begun = self._begun, []
        ended, self._ended = self._ended, []
        is_gone = bool(self._trouble) and self._way == "files"
        return Heard(pieces, self._trouble, begun=begun, ended=ended, is_unreadable=is_gone)

    def say(self, content: bytes, _source: str = "") -> str:
        """Keep what the check says."""
        self.said.append(content)
        return ""

    def close(self) -> None:
        """Hold nothing."""

    def _now(self) -> Now:
        return Now(500.0 + self._second, TEN_O_CLOCK + self._second)

    def _pieces(self, act: Act, at: int) -> Sequence[Piece]:
        if self._speaker.asked not in b"".join(self.said):
            return []
        match act:
            case "silent" | "cut":
                return []
            case "garbage":
                sent = self._speaker.says("heat", self._second, at)
                return [self._garbled(piece) for piece in sent]
            case _:
                return self._speaker.says(act, self._second, at)

    def _garbled(self, piece: Piece) -> Piece:
        if self._speaker.garbage:
            return piece._replace(content=self._speaker.garbage)
        noise = (self._random.randrange(0x80, 0x100) for _ in piece.content)
        return piece._replace(content=bytes(noise))

    def _cut(self) -> None:
        """Break off within a message; it can't be connected again."""
        self._trouble = "no such folder" if self._way == "files" else "connection refused"
        self._ended = [CONNECTION]
        self._waiting = [
            piece._replace(content=piece.content[: len(piece.content) // 2])
            for piece in self._waiting[:1]
            if not piece.is_whole
        ]

    def _mend(self) -> None:
        """Connect again: the box says hello, and waits to be asked."""
        self._trouble = ""
        self._begun = [CONNECTION]
        self.said.clear()
        self._waiting = list(self._speaker.hello)

    def _recut(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Return whole pieces as they are, and a stream as a network may cut it."""
        stream = b"".join(piece.content for piece in pieces if not piece.is_whole)
        if self._encoding is not None:
            stream = stream.decode("latin-1").encode(self._encoding)
        cut: list[Piece] = [piece for piece in pieces if piece.is_whole]
        while stream:
            size = self._random.randint(1, 1460)
            cut.append(Piece(stream[:size], source=CONNECTION))
            stream = stream[size:]
        return cut
