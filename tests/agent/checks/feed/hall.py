"""A results feed on a virtual clock in UTC, and what its source says."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from fnmatch import fnmatch
from typing import Any

from agent.checks import Reading
from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.header import Message
from agent.checks.results_feed.state import Feed, Flag
from agent.checks.results_feed.world import Limits

NOON = datetime(2024, 8, 3, 12, tzinfo=UTC).timestamp()
UNIT = "BKBWTEAM5-----GPA-000700"
LIMITS = Limits(keep_alive_s=90.0, latency_s=60.0, data_default_s=300.0, data_s={"BKB": 45.0})

OF_A_UNIT = {"CURRENT", "RESULT", "RESULT_UPDATE"}
READ: dict[str, Callable[[str], Any]] = {
    "version": int,
    "stamped_s": float,
    "logical_date": date.fromisoformat,
    "schedule": lambda text: (tuple(text.split("/")),),
}


TIMES = re.compile(r"; since [^,]+, (last good message [^;]+|no good message yet)")


def untimed(detail: str) -> str:
    """Return a detail without since when its state is so."""
    assert len(TIMES.findall(detail)) == 1, detail
    return TIMES.sub("", detail)


class Hall:
    """A feed, and a clock that starts at noon; times are seconds since then."""

    def __init__(self, flag: Flag = "P", ahead_s: float = 0.0) -> None:
        self.feed = Feed(LIMITS, Calendar(UTC, time(3)), flag)
        self.ahead_s = ahead_s
        self.stepped_s = 0.0

    def says(self, at_s: float, kind: str, *, stamped_s: float | None = None, **more: Any) -> None:
        stamp_s = NOON + self.ahead_s + (at_s if stamped_s is None else stamped_s)
        stamp = datetime.fromtimestamp(stamp_s, UTC).replace(tzinfo=None)
        header = {"source": "HALL1", "stamp": stamp, "flag": "P", **more}
        self.feed.hear(Message(kind, **header), self.now(at_s))

    def score(self, at_s: float, version: int | None = None, **more: Any) -> None:
        header = {"code": UNIT, "status": "LIVE", "version": version, **more}
        self.says(at_s, header.pop("kind", "DT_CURRENT"), **header)

    def at(self, at_s: float) -> Reading:
        return self.feed.judge(self.now(at_s))

    def now(self, at_s: float) -> Now:
        return Now(1000.0 + at_s, NOON + at_s + self.stepped_s)

    def plays(self, story: str) -> None:
        """Go through a story, moment (s) by moment.

        In capitals it is what the source says: ``20 RESULT status=OFFICIAL``; else what a reading
        must find: ``40 frozen live_units=1: its detail*``. ``15h`` is 15 hours.
        """
        for moment in story.split("; "):
            what, _, detail = moment.partition(": ")
            at, word, *fields = what.split()
            at_s = float(at.removesuffix("h")) * (3600.0 if at.endswith("h") else 1.0)
            pairs = [field.split("=") for field in fields]
            if word.isupper():
                of_unit = {"code": UNIT, "status": "LIVE"} if word in OF_A_UNIT else {}
                more = {name: READ.get(name, str)(value) for name, value in pairs}
                self.says(at_s, f"DT_{word}", **of_unit | more)
            else:
                reading = self.at(at_s)
                assert reading.state == word, moment
                assert fnmatch(untimed(reading.detail), detail or "*"), moment
                for name, value in pairs:
                    assert getattr(reading.values, f"results_{name}") == float(value), moment


def each(seconds: Iterable[int], said: str) -> str:
    """Return the part of a story in which the same is said every few seconds."""
    return "; ".join(f"{at} {said.format(at)}" for at in seconds)
