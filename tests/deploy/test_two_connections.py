"""The aggregator's two connections, on the shipped TLS listener, where one user connects once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.deploy.brokers import HOST, NAME, PASSWORD, Centre
from tests.integration.real import Agent, Aggregator, inventory_of, pause, until
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES
from venuewatch.base.wire.topics import bulk_client, live_client

pytestmark = pytest.mark.real

FLEET = inventory_of(("STA", "wired", 2))
TOLD_WITHIN_S = 30.0
DUEL_S = 30.0
"""The length (s) of the duel that is not to be."""

DOUBLE, BULK_LOST = "duplicate_aggregator", "bulk_lost"


def connection(centre: Centre, user: str, folder: Path) -> str:
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    return f'ca_file = "{centre.authority}"\nusername = "{user}"\npassword_file = "{secret}"\n'


def aggregator_at(
    centre: Centre, folder: Path, *, name: str = NAME, user: str = "", bulk_user: str = ""
) -> Aggregator:
    """Return an aggregator whose two connections are the users of its name, or others."""
    folder.mkdir()
    live = connection(centre, user or live_client(name), folder)
    bulk = connection(centre, bulk_user or bulk_client(name), folder)
    broker = f"{live}[broker.bulk]\n{bulk}"
    return Aggregator(folder, centre.tls_port, inventory=FLEET, broker=broker, name=name)


@pytest.fixture
def aggregator(centre: Centre, tmp_path: Path) -> Iterator[Aggregator]:
    with (
        aggregator_at(centre, tmp_path / "first") as running,
        Agent(tmp_path, centre.tls_port, HOST, broker=connection(centre, HOST, tmp_path)),
    ):
        running.wait_for(HOST, "up", within_s=TOLD_WITHIN_S)
        yield running


def is_open(aggregator: Aggregator, cause: str) -> bool:
    name = "venuewatch_aggregator_part_problem"
    return aggregator.value(name, cause=cause) == 1.0


def opened(aggregator: Aggregator) -> list[str]:
    """Name the cause of every incident of the centre that was ever opened."""
    found = [each for each in aggregator.events("incident") if each["change"] == "opened"]
    return [str(each["cause"]) for each in found if each["scope"] == "centre"]


def changes_of(aggregator: Aggregator, host: str) -> int:
    return sum(each["host"] == host for each in aggregator.events("host_changed"))


def connections_of(centre: Centre, user: str) -> int:
    return centre.said().count(f"as {user} ")


def test_both_connections_live_side_by_side_as_two_users(
    centre: Centre, aggregator: Aggregator
) -> None:
    def has_vitals() -> bool:
        return bool(aggregator.page().of("node_load1", host=HOST))

    until("vitals arrive", has_vitals, within_s=TOLD_WITHIN_S)
    trip = "venuewatch_aggregator_bulk_round_trip_seconds"
    until("the canary of bulk is back", lambda: aggregator.value(trip) is not None)

    users = [live_client(NAME), bulk_client(NAME)]
    assert [connections_of(centre, user) for user in users] == [1, 1]
    assert aggregator.value("venuewatch_aggregator_bulk_connected") == 1.0
    assert opened(aggregator) == []


def test_a_bulk_user_that_may_not_connect_is_told_and_hosts_are_watched(
    centre: Centre, tmp_path: Path
) -> None:
    own = connection(centre, HOST, tmp_path)
    with (
        aggregator_at(centre, tmp_path / "first", bulk_user="_bulk-nobody") as aggregator,
        Agent(tmp_path, centre.tls_port, HOST, broker=own) as agent,
    ):
        until("it is told", lambda: is_open(aggregator, BULK_LOST), within_s=TOLD_WITHIN_S)
        aggregator.wait_for(HOST, "up", within_s=TOLD_WITHIN_S)
        agent.kill()
        aggregator.wait_for(HOST, "down", within_s=TOLD_WITHIN_S)

    assert opened(aggregator) == [BULK_LOST]


def test_two_under_one_name_are_one_incident_at_each_and_no_duel(
    centre: Centre, aggregator: Aggregator, tmp_path: Path
) -> None:
    with aggregator_at(centre, tmp_path / "second") as second:
        for each in (aggregator, second):
            until("both know", partial(is_open, each, DOUBLE), within_s=TOLD_WITHIN_S)
        before = connections_of(centre, live_client(NAME))
        aggregator.wait_for(HOST, "up", within_s=TOLD_WITHIN_S)
        verdicts = changes_of(aggregator, HOST)
        pause(DUEL_S)

        assert connections_of(centre, live_client(NAME)) <= before + 2
        assert changes_of(aggregator, HOST) <= verdicts + 2  # should the younger try once more
        assert [opened(each) for each in (aggregator, second)] == [[DOUBLE], [DOUBLE]]
        assert [each.accused() for each in (aggregator, second)] == [[], []]
        assert aggregator.state(HOST) == "up"
        assert second.state(HOST) in {"unknown", "unseen"}


def test_a_doubled_bulk_user_is_told_by_both_and_hosts_are_watched(
    centre: Centre, aggregator: Aggregator, tmp_path: Path
) -> None:
    other = aggregator_at(
        centre,
        tmp_path / "second",
        name="other",
        user=live_client("other"),
        bulk_user=bulk_client(NAME),
    )
    with other as second:
        for each in (aggregator, second):
            until("both know", partial(is_open, each, DOUBLE), within_s=TOLD_WITHIN_S)
        second.wait_for(HOST, "up", within_s=TOLD_WITHIN_S)
        pause(10.0)  # in which the younger one has no bulk connection

        assert [opened(each) for each in (aggregator, second)] == [[DOUBLE], [DOUBLE]]
        assert aggregator.state(HOST) == "up"
        assert aggregator.value("venuewatch_aggregator_bulk_connected") == 1.0


def test_a_packet_over_the_brokers_bound_ends_its_sender_by_name(centre: Centre) -> None:
    topic = f"venuewatch/v1/STA/{HOST}/vitals"
    with centre.peer(HOST) as host:
        host.say(topic, bytes(MAX_PAYLOAD_BYTES))
        is_taken = host.is_connected
        host.shout(topic, bytes(400_000))
        until("it is thrown out", lambda: not host.is_connected)

    assert is_taken
    assert f"Client {HOST} disconnected due to oversize packet" in centre.said()


def test_a_large_message_on_a_live_topic_is_kept_from_the_aggregator(
    centre: Centre, aggregator: Aggregator
) -> None:
    rejected = "venuewatch_aggregator_rejected_total"
    with centre.peer("STA-2") as host:
        host.say("venuewatch/v1/STA/STA-2/beat", bytes(200_000), qos=0)
        host.say("venuewatch/v1/STA/STA-2/beat", b"no beat", qos=0)

        until(
            "the small one is refused",
            lambda: aggregator.value(rejected, reason="invalid_json") == 1.0,
        )

    assert aggregator.value(rejected, reason="too_large") == 0.0
