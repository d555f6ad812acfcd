"""The shipped bridge of a venue, between two real brokers: what passes, and how."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.brokers import AGGREGATOR, BRIDGE_STATE, CENTRE_STATE, NAME, UPWARD, Broker
from tests.deploy.certified import Centre, bridged
from tests.deploy.peer import Peer
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with Centre(tmp_path_factory.mktemp("centre")) as broker:
        yield broker


@pytest.fixture
def venue(centre: Centre, aggregator: Peer, tmp_path: Path) -> Iterator[Broker]:
    """Start a venue's broker, and wait until what the centre says arrives there."""
    aggregator.listen(BRIDGE_STATE)
    aggregator.say(CENTRE_STATE, b"online", retain=True)
    with bridged(centre, tmp_path) as broker:
        with Peer(broker.port, "first") as first:
            first.listen(CENTRE_STATE)
            first.hear()
        while aggregator.hear() != (BRIDGE_STATE, b"1", False):
            pass
        yield broker


def test_a_bridge_passes_births_on_as_live_and_keeps_them_at_the_centre(
    venue: Broker, centre: Centre, aggregator: Peer
) -> None:
    birth = "venuewatch/v1/STA/STA-born/birth"
    aggregator.listen(birth)
    with Peer(venue.port, "STA-born") as born:
        born.say(birth, b"born", retain=True)

        assert aggregator.hear() == (birth, b"born", False)
    with Peer(centre.port, "late") as late:
        late.listen(birth)

        assert late.hear() == (birth, b"born", True)


def test_a_bridge_passes_every_stream_of_a_host_on(venue: Broker, aggregator: Peer) -> None:
    said = [f"venuewatch/v1/STA/STA-all/{stream}" for stream in UPWARD]
    aggregator.listen("venuewatch/v1/STA/STA-all/+")

    with Peer(venue.port, "STA-all") as host:
        for topic in said:
            host.say(topic, b"all")
        heard = [aggregator.hear() for _ in said]

    assert sorted(heard) == [(topic, b"all", False) for topic in said]


def test_a_bridge_passes_the_largest_backlog_on(venue: Broker, aggregator: Peer) -> None:
    topic, largest = "venuewatch/v1/STA/STA-large/backlog", bytes(MAX_PAYLOAD_BYTES)
    aggregator.listen(topic)

    with Peer(venue.port, "STA-large") as host:
        host.say(topic, largest)

        assert aggregator.hear() == (topic, largest, False)


def test_a_bridge_passes_the_will_of_a_lost_host_on(venue: Broker, aggregator: Peer) -> None:
    death = "venuewatch/v1/STA/STA-lost/death"
    aggregator.listen(death)
    with Peer(venue.port, "STA-lost", will=death) as lost:
        lost.vanish()

        assert aggregator.hear() == (death, b"lost", False)


def test_a_bridge_brings_commands_and_ticks_down_and_none_of_them_back(
    venue: Broker, aggregator: Peer
) -> None:
    command, beat = "venuewatch/v1/STA/STA-told/cmd", "venuewatch/v1/STA/STA-told/beat"
    ticks = [topics.TICK, topics.centre_tick(NAME)]
    aggregator.listen("venuewatch/v1/STA/STA-told/#")
    with Peer(venue.port, "STA-told") as told:
        told.listen(command)
        told.listen(topics.TICK)
        told.listen(topics.TICKS)
        aggregator.say(command)
        for tick in ticks:
            aggregator.say(tick, qos=0)

        assert [told.hear()[0] for _ in range(3)] == [command, *ticks]
        told.say(beat, qos=0)
        assert [aggregator.hear()[0], aggregator.hear()[0]] == [command, beat]


def test_the_centre_hears_when_a_bridge_is_lost(venue: Broker, aggregator: Peer) -> None:
    venue.stop()

    assert aggregator.hear() == (BRIDGE_STATE, b"0", False)


def test_a_bridge_that_returns_says_old_births_again_and_not_as_retained(
    venue: Broker, aggregator: Peer
) -> None:
    """So a birth or death of a boot and session that are known already is no news."""
    birth = "venuewatch/v1/STA/STA-old/birth"
    with Peer(venue.port, "STA-old") as old:
        old.say(birth, b"born", retain=True)
    venue.stop()
    assert aggregator.hear() == (BRIDGE_STATE, b"0", False)
    aggregator.listen(birth)
    assert aggregator.hear() == (birth, b"born", True)

    with venue:
        again = next(heard for heard in iter(aggregator.hear, None) if heard[0] == birth)

    assert again == (birth, b"born", False)


def test_bridge_keeps_readings_of_a_cut_over_a_restart(tmp_path: Path) -> None:
    """Those that its agents sent before they noticed the cut; old beats would say nothing."""
    (tmp_path / "venue").mkdir()
    centre = Centre(tmp_path / "centre")
    venue = bridged(centre, tmp_path / "venue")
    streams = ("beat", "vitals", "checks", "death")
    said = [f"venuewatch/v1/STA/STA-cut/{stream}" for stream in streams]
    with centre, venue, centre.peer(AGGREGATOR) as aggregator:
        aggregator.listen(BRIDGE_STATE)
        while aggregator.hear()[1] != b"1":
            pass
        centre.stop()
        with Peer(venue.port, "STA-cut") as host:
            for topic in said:
                host.say(topic, b"of the cut", qos=0 if topic.endswith("beat") else 1)
        venue.stop()

    with centre, centre.peer(AGGREGATOR) as aggregator:
        aggregator.listen("venuewatch/v1/STA/STA-cut/+")
        with venue:
            heard = [aggregator.hear() for _ in said[1:]]

    assert heard == [(topic, b"of the cut", False) for topic in said[1:]]
