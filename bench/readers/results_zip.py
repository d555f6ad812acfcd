"""Zips of a results feed, in pieces."""

import io
import zipfile
from collections.abc import Sequence

from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.zips import members

ERRORS = (FeedError,)

_MAX_BYTES = 1024 * 1024
_STEP = 37


class _Pipe(io.BytesIO):
    """A file that nobody can go back in: sizes are written behind what they are of."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError


def read(data: bytes) -> None:
    """Read all members."""
    steps = (data[at : at + _STEP] for at in range(0, len(data), _STEP))
    for member in members(steps, _MAX_BYTES):
        for piece in member.pieces:
            assert piece  # noqa: S101


def seeds() -> Sequence[bytes]:
    """Return zips that are stored and deflated, one of them to more than may come out."""
    small, large = b"<a/>" * 99, bytes(2 * _MAX_BYTES)
    return [
        _zip(io.BytesIO(), zipfile.ZIP_STORED, small),
        _zip(io.BytesIO(), zipfile.ZIP_DEFLATED, small),
        _zip(io.BytesIO(), zipfile.ZIP_DEFLATED, large),
        _zip(_Pipe(), zipfile.ZIP_DEFLATED, small),
    ]


def _zip(into: io.BytesIO, method: int, content: bytes) -> bytes:
    with zipfile.ZipFile(into, "w", method) as archive:
        for name in ("day/1.xml", "2.xml"):
            archive.writestr(name, content)
    return into.getvalue()
