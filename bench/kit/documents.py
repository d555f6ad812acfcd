"""Makes the messages of a results system, as large as one likes, and delivers them.

A message is a result of a live unit: rows of athletes, as results systems have them. It goes into a
folder, whole or not at all, or out by HTTP.
"""

import contextlib
import http.client
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from bench.kit.processes import LOOPBACK, BenchError
from venuewatch.base import clock

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Body CompetitionCode="TEST1" DocumentCode="SWMM100MFR----FNL-000100--"'
    ' DocumentType="DT_RESULT" Version="{version:09d}" ResultStatus="LIVE" Language="ENG"'
    ' FeedFlag="P" Date="{now:%Y-%m-%d}" Time="{now:%H%M%S}{ms:03d}" LogicalDate="{day:%Y-%m-%d}"'
    ' Source="POOL1"><Competition Code="TEST1">\n'
)
_END = b"</Competition></Body>\n"
_DAY_ENDS = timedelta(hours=3)
_ANSWER_S = 30.0

Deliver: TypeAlias = Callable[[bytes], None]


class Document:
    """A document of exactly ``size_bytes``, but for its version and its time always the same.

    Raises:
        ValueError: nothing is so small.
    """

    def __init__(self, size_bytes: int) -> None:
        left = size_bytes - len(_head(0, 0.0)) - len(_END)
        if left < 0:
            raise ValueError("expected room for head and end")
        rows: list[bytes] = []
        for rank in itertools.count(1):
            row = _row(rank)
            if len(row) > left:
                break
            rows.append(row)
            left -= len(row)
        self._body = b"".join([*rows, b" " * left, _END])

    def content(self, version: int, wall_s: float) -> bytes:
        """Return it as it is at a moment (unixtime)."""
        return _head(version, wall_s) + self._body


def _head(version: int, wall_s: float) -> bytes:
    now = datetime.fromtimestamp(wall_s, UTC)
    ms, day = now.microsecond // 1000, now - _DAY_ENDS
    return _HEAD.format(version=version, now=now, ms=ms, day=day).encode()


def _row(rank: int) -> bytes:
    code = 1_900_000 + rank
    return (
        f'<Result Rank="{rank}" Result="{40 + rank % 60}.12" SortOrder="{rank}" Lane="{rank % 8}">'
        f'<Competitor Code="{code}" Type="A" Organisation="FRA"><Composition>'
        f'<Athlete Code="{code}" Order="1" Bib="{rank}"><Description GivenName="Zoé"'
        ' FamilyName="Example" Gender="W" BirthDate="2001-02-03"/><ExtendedResults>'
        f'<ExtendedResult Type="ER" Code="SPLIT" Pos="1" Value="{rank % 60}.34"/>'
        "</ExtendedResults></Athlete></Composition></Competitor></Result>\n"
    ).encode()


class Source:
    """A results system that delivers a document again and again, each time a new version."""

    def __init__(self, document: Document, deliver: Deliver) -> None:
        self._document = document
        self._deliver = deliver
        self.sent = 0

    def say(self) -> None:
        """Deliver the next version."""
        self._deliver(self._document.content(self.sent + 1, clock.wall()))
        self.sent += 1


def into(folder: Path) -> Deliver:
    """Return what drops messages into a folder."""
    numbers = itertools.count(1)

    def drop(content: bytes) -> None:
        draft = folder / f"DT_RESULT_{next(numbers):06d}.part"
        draft.write_bytes(content)
        draft.rename(draft.with_suffix(".xml"))

    return drop


@contextlib.contextmanager
def pushing_to(port: int) -> Iterator[Deliver]:
    """Yield what pushes messages to a port of the loopback, over one connection."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_S)

    def push(content: bytes) -> None:
        connection.request("POST", "/", content, {"Content-Type": "application/xml"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise BenchError(f"a push is answered with {answer.status}")

    with contextlib.closing(connection):
        yield push
