"""Datagrams of a results program to the agent's check ``push``."""

from collections.abc import Sequence

from agent.checks.push import Config, Program
from agent.checks.reading.times import Now

ERRORS: tuple[type[Exception], ...] = ()  # what is wrong is counted


def read(data: bytes) -> None:
    """Take in a datagram, and judge."""
    program = Program(Config(name="p"), Now(0.0, 1e9))
    program.hear(data, Now(1.0, 1e9))
    program.judge(Now(2.0, 1e9))


def seeds() -> Sequence[bytes]:
    """Return what programs say."""
    return [b'{"last":12,"live":true,"name":"p"}', b'{"bye":true}']
