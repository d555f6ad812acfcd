"""XML of a results feed, whole and in pieces."""

from collections.abc import Sequence

from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.messages import Reader

ERRORS = (FeedError,)

_MAX_BYTES = 1024 * 1024
_STEP = 37


def read(data: bytes) -> None:
    """Read a message."""
    reader = Reader(_MAX_BYTES)
    for at in range(0, len(data), _STEP):
        reader.feed(data[at : at + _STEP])
    reader.close()


def seeds() -> Sequence[bytes]:
    """Return messages in several encodings."""
    body = (
        '<OdfBody CompetitionCode="XX" DocumentCode="ATHM" DocumentType="DT_RESULT" Version="12"'
        ' FeedFlag="P" Date="2027-01-02" Time="101112123" LogicalDate="2027-01-02" Source="AAA1">'
        "<Competition><Unit/></Competition></OdfBody>"
    )
    names = ("utf-8", "utf-16", "iso-8859-15", "windows-1252", "us-ascii")
    return [f'<?xml version="1.0" encoding="{name.upper()}"?>{body}'.encode(name) for name in names]
