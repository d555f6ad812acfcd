"""Phases of a results system's day, and the speakers that play them; one file a system.

A speaker is a module of ``speakers/`` with the name of its profile, and pure:

- ``says(phase, second, at)`` returns the pieces that the box sends in one second since ten o'clock.
  ``heat``: it is at work, for ``at`` seconds of all heats. ``between``: it is on, and has nothing
  to do, for ``at`` seconds of this break. ``frozen``: its program hangs for so long, and the box
  does whatever it then does.
- ``HELLO``: what it says first to each new connection. ``ASKED``: what it must have been sent to
  say anything at all. ``GARBAGE``: what it says when it makes no sense; else it is as of a serial
  line with the wrong speed, which has hardly an end of a message in it.
"""

import importlib
import json
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from agent.checks.ways import Piece

Phase: TypeAlias = Literal["heat", "between", "frozen"]
Says: TypeAlias = Callable[[Phase, int, int], Sequence[Piece]]


class Speaker(NamedTuple):
    """One box."""

    says: Says
    hello: Sequence[Piece]
    asked: bytes
    garbage: bytes


def speaker(name: str) -> Speaker:
    """Return the speaker that stands for the profile ``name``."""
    module = importlib.import_module(f"tests.agent.checks.profiles.speakers.{name}")
    return Speaker(
        module.says,
        getattr(module, "HELLO", ()),
        getattr(module, "ASKED", b""),
        getattr(module, "GARBAGE", b""),
    )


def bytes_of(*texts: str, encoding: str = "latin-1") -> list[Piece]:
    """Return pieces of a stream."""
    return [Piece(text.encode(encoding)) for text in texts]


def whole(*texts: str, name: str = "") -> list[Piece]:
    """Return bodies: web messages, pages, files."""
    return [Piece(text.encode(), is_whole=True, name=name) for text in texts]


def form(**fields: str) -> Piece:
    """Return a form that was posted, as the way in gives it on."""
    return whole(json.dumps(fields, separators=(",", ":")))[0]


def clock(second: int) -> str:
    """Return a time of day, some time after ten."""
    return f"{10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
