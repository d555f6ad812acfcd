"""The parts of broken set-ups: an agent's file, an inventory, a real broker with a tick."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

import pytest

from tests.deploy.peer import Peer
from tests.integration.real import Mosquitto
from venuewatch import cli
from venuewatch.base.in_toml import in_toml
from venuewatch.base.wire import messages, topics

VENUE: Final = "STA"
HOST: Final = "STA-1"
LOOPBACK: Final = "127.0.0.1"
TICK_EVERY_S: Final = 0.1
A_TICK: Final = messages.encode(messages.Tick(number=1, mono_ms=1))
Finding: TypeAlias = Mapping[str, str]

Words: TypeAlias = Sequence[str]
"""Words of a command line, behind ``venuewatch doctor``."""

Lay: TypeAlias = Callable[[Path], AbstractContextManager[Words]]
"""Sets something up in a folder until the block ends; yields the words to examine it by."""


class Broken(NamedTuple):
    """A broken set-up: the check that tells it, some words of its line, and how it is laid."""

    check: str
    words: str
    lay: Lay


def wrong_by(words: Words, capsys: pytest.CaptureFixture[str]) -> list[Finding]:
    """Return what the doctor finds wrong."""
    cli.main(["doctor", "--json", *words])
    told = capsys.readouterr()
    assert told.err == ""
    found: list[Finding] = [json.loads(line) for line in told.out.splitlines()]
    return [each for each in found if each["state"] == "wrong"]


def agent_of(
    folder: Path,
    *,
    venue: str = VENUE,
    host: str = HOST,
    also: Mapping[str, object] = MappingProxyType({}),
    **settings: object,
) -> Path:
    """Write an agent's file with these settings of [broker]; None takes one away."""
    path = folder / "agent.toml"
    own = in_lines({**settings, **also})
    text = f'venue = "{venue}"\nhost = "{host}"\n[broker]\n{own}'
    path.write_text(text, encoding="utf-8")
    return path


def in_lines(settings: Mapping[str, object]) -> str:
    """Return settings as lines of TOML, but for those that are None."""
    named = {key: value for key, value in settings.items() if value is not None}
    return "".join(f"{key} = {in_toml(value)}\n" for key, value in named.items())


@contextlib.contextmanager
def broker(folder: Path, *extra: str, is_heard: bool = True, qos: int = 1) -> Iterator[Mosquitto]:
    """Run a broker on this machine; where ``is_heard``, with an aggregator's tick."""
    running = Mosquitto(folder, extra=extra)
    with running:
        if is_heard:
            tick_once(running.port, qos=qos)
        yield running


def tick_once(port: int, *, qos: int = 1) -> None:
    """Leave an aggregator's tick at a broker of this machine."""
    with Peer(port, "centre") as centre:
        centre.say(topics.TICK, A_TICK, qos=qos, retain=True)


@contextlib.contextmanager
def ticking(port: int) -> Iterator[None]:
    """Tick again and again, where a broker retains nothing."""
    is_over = threading.Event()

    def tick() -> None:
        with Peer(port, "centre") as centre:
            while not is_over.wait(TICK_EVERY_S):
                centre.shout(topics.TICK, A_TICK, qos=0)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def listed(folder: Path, *hosts: Sequence[str]) -> Path:
    """Write an inventory of one venue; each host is its name, and further lines."""
    lines = ["[[venue]]", f'code = "{VENUE}"']
    for name, *more in hosts:
        lines += ["[[venue.host]]", f'name = "{name}"', *more]
    path = folder / "inventory.toml"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path
