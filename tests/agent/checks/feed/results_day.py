"""A competition day of a basketball hall, as its results server tells it, on a virtual clock.

All samples are our own. Times are local to the hall; a reading is taken every ``EVERY_S``, and
``PLAN`` says what each of them must find.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.checks import Reading
from agent.checks.reading.times import Now

EVERY_S = 30.0
DAY = date(2024, 8, 3)
SOURCE, UNIT = "HALL1", "BKBWTEAM5-----GPA-000700"


def xml(kind: str, stamp: datetime, **more: str) -> bytes:
    """Return one message stamped with local time; ``more`` is further attributes."""
    header = {
        "CompetitionCode": "TEST1",
        "DocumentType": kind,
        "FeedFlag": "P",
        "Source": SOURCE,
        "Date": f"{stamp:%Y-%m-%d}",
        "Time": f"{stamp:%H%M%S}{stamp.microsecond // 1000:03}",
        "LogicalDate": f"{(stamp - timedelta(hours=3)):%Y-%m-%d}",
        **more,
    }
    attributes = " ".join(f'{name}="{value}"' for name, value in header.items() if value)
    body = "<Score home='3' away='2'/>" if more.get("DocumentCode") else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Body {attributes}>{body}</Body>'.encode()


class Sent(NamedTuple):
    """A message and when (unixtime) it reaches us."""

    at_s: float
    content: bytes


class Clock:
    def __init__(self, wall_s: float) -> None:
        self.wall_s = wall_s

    def __call__(self) -> Now:
        return Now(self.wall_s - 1_000_000_000.0, self.wall_s)


class Seen(NamedTuple):
    """A reading and when (local) it was taken."""

    at: datetime
    reading: Reading


def local(text: str) -> datetime:
    """Return a time of the day, ``hh:mm:ss``; before noon and with ``+``, of the next day."""
    day = DAY + timedelta(days=text.startswith("+"))
    return datetime.combine(day, time.fromisoformat(text.removeprefix("+")))


WINDOWS = [("09:00:00", "09:20:00"), ("22:30:00", "+00:40:00")]

PLAN = [
    ("08:30:00", "08:59:59", "unknown"),  # before the first
    ("09:00:00", "09:19:59", "flowing"),
    ("09:20:00", "22:29:59", "not_expected"),  # between two windows
    ("22:30:00", "22:50:49", "flowing"),
    ("22:50:50", "22:52:59", "frozen"),  # alive 45 s after the last data of 22:49:50
    ("22:53:00", "23:06:20", "flowing"),  # 90 s after the last word of 23:04:50
    ("23:06:21", "23:08:59", "silent"),
    ("23:09:00", "23:09:49", "delayed"),  # the backlog
    ("23:09:50", "23:19:59", "flowing"),
    ("23:20:00", "23:23:59", "delayed"),  # keep-alives are fresh, data is old
    ("23:24:00", "+00:39:59", "flowing"),  # through a break, past midnight, to the end
    ("+00:40:00", "+03:30:00", "not_expected"),  # a late signature, and the end of the day
]


class ResultsDay:
    """The messages of the day, in the order that they reach us."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._version = 0

    def unixtime(self, at: datetime) -> float:
        return at.replace(tzinfo=self._zone).timestamp()

    def messages(self) -> list[Sent]:
        self._version = 0
        return sorted([*self._signs(), *self._data()], key=lambda sent: sent.at_s)

    def _signs(self) -> Iterator[Sent]:
        """Say when a window opens, that it is open, and when it closes."""
        for begin, end in WINDOWS:
            yield self._sent("DT_LOCAL_ON", local(begin))
            for at in _every(30, begin, end, first_s=20):
                if not _within(at, "23:05:00", "23:08:59"):
                    yield self._sent("DT_KA", at)
            yield self._sent("DT_LOCAL_OFF", local(end))

    def _data(self) -> Iterator[Sent]:
        yield self._result("22:40:00", "LIVE")
        yield from self._play("22:40:10", "22:50:00")
        yield from self._play("22:53:00", "22:58:00")
        self._version += 3  # lost on the way
        yield from self._play("22:58:10", "23:05:00")
        yield from self._backlog()
        yield from self._play("23:10:00", "23:20:00")
        yield from self._play("23:20:00", "23:24:00", late_s=150)
        yield from self._play("23:24:00", "23:35:00")
        yield self._result("23:35:00", "INTERMEDIATE")
        yield self._result("23:50:00", "LIVE")
        yield from self._play("23:50:10", "+00:20:00")
        yield self._result("+00:20:00", "UNOFFICIAL")
        yield self._result("+01:10:00", "OFFICIAL")

    def _play(self, begin: str, end: str, *, late_s: float = 0.0) -> Iterator[Sent]:
        """Tell the score every 20 s, ``late_s`` after it was so."""
        for at in _every(20, begin, end):
            self._version += 1
            stamp = at - timedelta(seconds=late_s)
            more = {"DocumentCode": UNIT, "ResultStatus": "LIVE", "Version": str(self._version)}
            yield Sent(self.unixtime(at), xml("DT_CURRENT", stamp, **more))

    def _backlog(self) -> Iterator[Sent]:
        """Tell what could not be told for four minutes, one each 5 s."""
        begin_s = self.unixtime(local("23:09:00"))
        for at, sent in enumerate(self._play("23:05:10", "23:09:00")):
            yield sent._replace(at_s=begin_s + 5.0 * at)

    def _result(self, at: str, status: str) -> Sent:
        return self._sent("DT_RESULT", local(at), DocumentCode=UNIT, ResultStatus=status)

    def _sent(self, kind: str, at: datetime, **more: str) -> Sent:
        return Sent(self.unixtime(at), xml(kind, at, **more))


def _every(step_s: int, begin: str, end: str, *, first_s: int = 0) -> Iterator[datetime]:
    at = local(begin) + timedelta(seconds=first_s)
    while at < local(end):
        yield at
        at += timedelta(seconds=step_s)


def _within(at: datetime, begin: str, end: str) -> bool:
    return local(begin) <= at <= local(end)


def walk(
    day: ResultsDay, clock: Clock, push: Callable[[bytes], None], read: Callable[[], Reading]
) -> list[Seen]:
    """Go through the day: push each message when it is due, read every ``EVERY_S``."""
    messages = day.messages()
    seen = []
    at = local("08:30:00")
    while at <= local("+03:30:00"):
        now_s = day.unixtime(at)
        while messages and messages[0].at_s <= now_s:
            clock.wall_s = messages[0].at_s
            push(messages.pop(0).content)
        clock.wall_s = now_s
        seen.append(Seen(at, read()))
        at += timedelta(seconds=EVERY_S)
    return seen


def planned(at: datetime) -> str | None:
    """Return the state that a reading at a local time must find; None between two of them."""
    return next((state for begin, end, state in PLAN if _within(at, begin, end)), None)
