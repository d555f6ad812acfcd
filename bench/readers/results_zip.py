"""Zips of a results feed, in pieces."""

import io
import zipfile
from collections.abc import Sequence

from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.zips import members

ERRORS = (FeedError,)

_MAX_BYTES = 1024 * 1024
_STEP = 37


def read(data: bytes) -> None:
    """Read all members."""
    steps = (data[at : at + _STEP] for at in range(0, len(data), _STEP))
    for member in members(steps, _MAX_BYTES):
        for piece in member.pieces:
            assert piece  # noqa: S101


def seeds() -> Sequence[bytes]:
    """Return zips that are stored and deflated, one of them to more than may come out."""
    made = []
    for method, content in (
        (zipfile.ZIP_STORED, b"<a/>"),
        (zipfile.ZIP_DEFLATED, b"<a/>" * 99),
        (zipfile.ZIP_DEFLATED, bytes(2 * _MAX_BYTES)),
    ):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", method) as writer:
            writer.writestr("day/1.xml", content)
            writer.writestr("2.xml", content)
        made.append(archive.getvalue())
    return made
