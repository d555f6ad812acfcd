"""Brokers that do not say what is wrong: read rights that are missing, a second one of our name.

Mosquitto 2.0.11 answers each subscription with success, and ends a session that another one of its
name has taken without a word.
"""

from pathlib import Path

import pytest

from tests.integration.older_agent import OlderAgent
from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of, running_agents, until

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long]

HOST, OTHER = "STA-1", "STA-2"
INVENTORY = inventory_of(("STA", "wired", 2))
GRACE_S = 15.0
"""How long (s) a host may take after the aggregator's start, with its margin."""

NAMED_WITHIN_S = 10.0
KNOWN_WITHIN_S = 20.0
NUMBER, AFTER = 5, 20
"""The number of the last beat in a snapshot, and that at which its machine is put back."""

BACK_WITHIN_S = 8.0
"""A host whose beats are not believed needs ``AFTER - NUMBER`` s until its numbers are new."""


def causes(aggregator: Aggregator) -> dict[str, set[str]]:
    """Return the kinds of evidence of each cause that is told."""
    return {each.cause: each.kinds for each in aggregator.incidents().incidents}


@pytest.mark.parametrize(
    "rights",
    [
        "topic write venuewatch/v1/STA/#\ntopic readwrite venuewatch/v1/_centre/#\n",
        "topic write venuewatch/v1/#\n",
    ],
    ids=["of its hosts", "of anything"],
)
def test_broker_that_lets_us_read_nothing_is_told_and_no_host(tmp_path: Path, rights: str) -> None:
    (tmp_path / "acl").write_text(rights)
    with (
        Mosquitto(tmp_path, extra=[f"acl_file {tmp_path / 'acl'}"]) as broker,
        Agent(tmp_path, broker.port, HOST),
        Aggregator(tmp_path, broker.port, inventory=INVENTORY) as aggregator,
    ):
        until(
            "it is told",
            lambda: "aggregator_blind" in causes(aggregator),
            within_s=GRACE_S + NAMED_WITHIN_S,
        )

        assert causes(aggregator).keys() == {"aggregator_blind"}
        if "readwrite" in rights:
            assert "nobody_heard" in causes(aggregator)["aggregator_blind"]
        assert aggregator.accused() == []
        assert aggregator.state(HOST) in {"unseen", "unknown"}


def test_second_aggregator_of_our_name_is_named_and_hosts_are_watched(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with Mosquitto(tmp_path) as broker:
        first = Aggregator(tmp_path, broker.port, inventory=INVENTORY)
        second = Aggregator(tmp_path / "second", broker.port, inventory=INVENTORY)
        with first, running_agents(tmp_path, broker, first, (HOST, OTHER)) as agents, second:
            until(
                "it is named",
                lambda: any("duplicate_aggregator" in causes(each) for each in (first, second)),
                within_s=NAMED_WITHIN_S,
            )
            assert first.accused() == second.accused() == []

            agents[HOST].kill()

            until(
                "its end is known",
                lambda: "down" in {each.state(HOST) for each in (first, second)},
                within_s=KNOWN_WITHIN_S,
            )
            assert {str(change["host"]) for change in first.accused() + second.accused()} == {HOST}


def test_machine_that_was_put_back_is_up_again_long_before_its_numbers_are_new(
    tmp_path: Path,
) -> None:
    with (
        Mosquitto(tmp_path) as broker,
        Aggregator(tmp_path, broker.port, inventory=INVENTORY) as aggregator,
        OlderAgent(broker.port, HOST) as machine,
    ):
        aggregator.wait_for(HOST, "up")
        until("it has beaten for a while", lambda: machine.number >= AFTER, within_s=2.0 * AFTER)

        machine.put_back(NUMBER)

        until(
            "it lives again",
            lambda: aggregator.value("venuewatch_host_restarts_total", host=HOST) == 1.0,
            within_s=BACK_WITHIN_S,
        )
        aggregator.wait_for(HOST, "up", within_s=1.0)
