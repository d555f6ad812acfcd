"""Says what one results system sends over its day, in local times of its venue.

A time is ``hh:mm:ss`` of the day; with ``+`` in front it is of the next day, with ``-`` of two days
before. All is said beforehand: each call adds messages with the time at which they arrive.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from venuewatch.base import odf

KEEP_ALIVE_S = 30
SCORE_S = 20
DAYS_BEFORE = 2
_FIRST_KEEP_ALIVE_S = 20


class Sent(NamedTuple):
    """A message, and when (unixtime) it arrives."""

    at_s: float
    content: bytes


class Speaker:
    """One results system.

    Attributes:
        source: its name in its messages.
        clock_ahead_s: how far its clock is ahead, from the next message on.
    """

    def __init__(self, source: str, day: date, zone: tzinfo) -> None:
        self.source = source
        self.clock_ahead_s = 0.0
        self._day = day
        self._zone = zone
        self._sent: list[Sent] = []
        self._versions: Counter[tuple[str, str]] = Counter()

    def unixtime(self, at: str) -> float:
        """Return a time of the day in unixtime."""
        return self._at(at).timestamp()

    def says(self, at: str, kind: str, code: str = "", *, body: str = "") -> None:
        """Send one document."""
        self._says(self._at(at), kind, {"DocumentCode": code}, body)

    def keeps_alive(self, begin: str, end: str, code: str = "") -> None:
        """Send a keep-alive every half minute."""
        for at in self._every(KEEP_ALIVE_S, begin, end, _FIRST_KEEP_ALIVE_S):
            self._says(at, "DT_KA", {"DocumentCode": code})

    def schedules(
        self, at: str, units: Mapping[str, str], kind: str = "DT_SCHEDULE_UPDATE"
    ) -> None:
        """Send the status of units."""
        code = odf.code_of(next(iter(units))[:3])
        self._says(self._at(at), kind, {"DocumentCode": code}, odf.schedule_of(units))

    def results(self, at: str, unit: str, status: str) -> None:
        """Send a result with a status: LIVE begins the unit, any other ends it."""
        self._tells(self._at(at), "DT_RESULT", unit, status)

    def plays(self, begin: str, end: str, unit: str, *, late_s: float = 0.0) -> None:
        """Say that a unit is live, and send its score every 20 s, ``late_s`` after it was so."""
        if not late_s:
            self.results(begin, unit, "LIVE")
        for at in self._every(SCORE_S, begin, end, 0 if late_s else SCORE_S):
            self._tells(at, "DT_CURRENT", unit, "LIVE", late_s)

    def loses(self, unit: str, messages: int) -> None:
        """Lose the next scores of a unit on their way."""
        self._versions["DT_CURRENT", unit] += messages

    def counts_anew(self) -> None:
        """Begin all versions again, as a server does that takes over and knows of none."""
        self._versions.clear()

    def sent(self) -> list[Sent]:
        """Return all messages in the order in which they arrive."""
        return sorted(self._sent, key=lambda sent: sent.at_s)

    def _tells(self, at: datetime, kind: str, unit: str, status: str, late_s: float = 0.0) -> None:
        self._versions[kind, unit] += 1
        version = self._versions[kind, unit]
        header = {"DocumentCode": unit, "ResultStatus": status, "Version": str(version)}
        self._says(at, kind, header, odf.score_of(version), late_s)

    def _says(
        self,
        at: datetime,
        kind: str,
        header: Mapping[str, str],
        body: str = "",
        late_s: float = 0.0,
    ) -> None:
        stamped = at + timedelta(seconds=self.clock_ahead_s - late_s)
        stamp, local = (each.astimezone(self._zone).replace(tzinfo=None) for each in (stamped, at))
        session = min(self._day, (local - odf.DAY_ENDS).date())  # it ends with the last match
        content = odf.document(
            kind, stamp, self.source, body=body, logical_date=session, more=header
        )
        self._sent.append(Sent(at.timestamp(), content))

    def _at(self, text: str) -> datetime:
        """Return a time of the day, in UTC: from there on clocks may change."""
        days = {"+": 1, "-": -DAYS_BEFORE}.get(text[0], 0)
        local = datetime.combine(
            self._day + timedelta(days=days), time.fromisoformat(text.lstrip("+-"))
        )
        return local.replace(tzinfo=self._zone).astimezone(UTC)

    def _every(self, step_s: int, begin: str, end: str, first_s: int) -> Iterator[datetime]:
        at, last = self._at(begin) + timedelta(seconds=first_s), self._at(end)
        while at < last:
            yield at
            at += timedelta(seconds=step_s)


def held_back(messages: list[Sent], begin_s: float, end_s: float, each_s: float) -> list[Sent]:
    """Return messages as they arrive over a way that is cut from ``begin_s`` to ``end_s``.

    They wait, and come in their order, one every ``each_s``; those that follow wait behind them.
    """
    arrived, free_s = [], end_s
    for sent in messages:
        at_s = sent.at_s
        if at_s >= begin_s and at_s < free_s:
            at_s, free_s = free_s, free_s + each_s
        arrived.append(sent._replace(at_s=at_s))
    return arrived
