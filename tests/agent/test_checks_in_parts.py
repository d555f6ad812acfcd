"""Results of checks go in as many messages as the wire and the broker want."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.checks import Reading, SimpleCheck, file
from agent.readings import Readings
from venuewatch.base.wire.messages import Checks, decode_checks
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.topics import Stream

CHECKS = 20
PACKET_BYTES_MAX = 2_000
FOUND = "".join(
    f'[[check]]\nkind = "file"\nname = "files-{at}"\npattern = "/nowhere/*"\nevery_s = 2\n'
    for at in range(CHECKS)
)


class AtOnce:
    """Threads that do their work when they are asked to."""

    def run(self, work: Callable[[], None]) -> None:
        work()


class Scattered(SimpleCheck[file.Config]):
    """A check whose detail does not pack."""

    def read(self) -> Reading:
        return Reading("ok", random.Random(self._config.name).randbytes(200).hex())


@pytest.fixture
def readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Readings:
    monkeypatch.setattr(file, "Check", Scattered)
    (tmp_path / "agent.toml").write_text(f'venue = "STA"\nhost = "STA-1"\n{FOUND}')
    return Readings(
        config.read(tmp_path / "agent.toml"),
        boot="b0",
        threads=AtOnce(),
        start=0.0,
        rng=random.Random(0),
        own=dict,
    )


def results(readings: Readings) -> list[Checks]:
    """Return the messages of checks, when each has ended once."""
    readings.advance(2.0, 1)
    messages = readings.advance(4.0, 1)
    found = [each.payload for each in messages if each.stream is Stream.CHECKS]
    return [decode_checks(payload) for payload in found]


def names(messages: list[Checks]) -> list[str]:
    return sorted(result.check for message in messages for result in message.readings)


ALL = sorted(f"files-{at}" for at in range(CHECKS))


def test_one_message_takes_them_all_where_nothing_forbids_it(readings: Readings) -> None:
    messages = results(readings)

    assert len(messages) == 1
    assert names(messages) == ALL


def test_broker_that_takes_little_gets_several_small_ones(readings: Readings) -> None:
    readings.packet_bytes_max = PACKET_BYTES_MAX

    messages = results(readings)

    sizes = [len(packed(msgspec.json.encode(message))) for message in messages]
    assert max(sizes) <= PACKET_BYTES_MAX
    assert names(messages) == ALL
    assert [message.seq for message in messages] == list(range(len(messages)))


def test_result_that_fits_no_message_goes_alone(readings: Readings) -> None:
    readings.packet_bytes_max = 300

    messages = results(readings)

    assert len(messages) == CHECKS, "the outbox counts those that the broker refuses"


@pytest.mark.parametrize(("results_max", "bytes_max"), [(6, 262_144), (256, 4_000)])
def test_no_message_is_larger_than_the_wire_takes(
    readings: Readings, monkeypatch: pytest.MonkeyPatch, results_max: int, bytes_max: int
) -> None:
    monkeypatch.setattr("agent.readings.CHECKS_MAX", results_max)
    monkeypatch.setattr("agent.readings.MAX_PAYLOAD_BYTES", bytes_max)

    messages = results(readings)

    assert max(len(message.readings) for message in messages) <= results_max
    assert max(len(msgspec.json.encode(message)) for message in messages) <= bytes_max
    assert names(messages) == ALL
