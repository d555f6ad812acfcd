"""The files that follow from a fleet: access rules, inventory, agents, packet filter."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from agent import config as agent_config
from aggregator import inventory
from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.venue import acl, agent_file, inventory_file, nftables

STA = VenueEntry(
    "STA",
    'Stadium "North"',
    town="Zürich\x7f",
    link="satellite",
    margin_s=7.5,
    host=(
        HostEntry("STA-1", "results", "10.0.0.1", 22, required=True),
        HostEntry("STA-2", address="10.0.1.2", revoked=True),
    ),
    uplink_addresses=("192.0.2.0/28", "2001:db8::/48"),
)
AQU = VenueEntry("AQU", host=(HostEntry("AQU-1"),), uplink_addresses=("198.51.100.7/32",))
RULES = acl.rules([STA, AQU], ["aggregator"])
SHIPPED = Path(__file__).parents[3] / "mosquitto" / "venuewatch.acl"


def block(user: str, rules: str = RULES) -> list[str]:
    """Return the lines of a user, without the first."""
    blocks = {each.split("\n")[0]: each.split("\n")[1:] for each in rules.split("\n\n")}
    return blocks.get(f"user {user}", [])


def test_host_has_literal_lines_of_its_own_venue_only() -> None:
    lines = block("STA-1")

    assert "topic write venuewatch/v1/STA/STA-1/beat" in lines
    assert "topic read venuewatch/v1/STA/STA-1/cmd" in lines
    assert not [line for line in lines if "+" in line or "#" in line or "pattern" in line]
    written = [line for line in lines if line.startswith("topic write")]
    assert all("/STA/STA-1/" in line for line in written)


def test_revoked_host_has_no_block() -> None:
    assert block("STA-2") == []


def test_user_that_deletes_may_write_two_topics_of_that_host_alone() -> None:
    rules = acl.rules([STA], ["aggregator"], clearing=[("STA", "STA-2")])

    assert [line for line in block(acl.CLEARING, rules) if line] == [
        "topic write venuewatch/v1/STA/STA-2/birth",
        "topic write venuewatch/v1/STA/STA-2/death",
    ]
    assert block(acl.CLEARING) == []


def test_bridge_speaks_for_its_venue_alone() -> None:
    lines = block("_bridge-STA", acl.rules([STA], ["aggregator"], ["STA"]))

    written = [line for line in lines if line.startswith("topic write")]
    assert "topic write venuewatch/v1/_bridge/STA" in written
    assert all("/STA/+/" in line or line.endswith("_bridge/STA") for line in written)


def test_lines_of_an_operator_stay_around_ours() -> None:
    before = "user me\ntopic read #"
    first = acl.within(f"{before}\n", RULES) + "user other\ntopic read a\n"

    second = acl.within(first, "user x\n")

    assert second.startswith(f"{before}\n{acl.BEGIN}\nuser x\n{acl.END}\n")
    assert second.endswith("user other\ntopic read a\n")
    assert "STA-1" not in second


def test_rules_that_are_shipped_are_gone_on_with() -> None:
    text = acl.within(SHIPPED.read_text(), RULES)

    lines = text.splitlines()
    for user in ("_centre-aggregator", "_bulk-aggregator", "STA-1"):
        assert lines.count(f"user {user}") == 1
    assert acl.within(text, RULES) == text


@pytest.mark.parametrize(
    "text",
    [acl.BEGIN, acl.END, f"{acl.END}\n{acl.BEGIN}", f"{acl.BEGIN}\n{acl.END}\ntopic read #"],
)
def test_rules_whose_marks_are_damaged_are_refused(text: str) -> None:
    with pytest.raises(acl.AclError, match="expected"):
        acl.within(text, RULES)


def test_inventory_reads_what_is_written_for_it(tmp_path: Path) -> None:
    path = tmp_path / "STA.toml"
    path.write_text(inventory_file.text_of(STA), encoding="utf-8")

    assert inventory.read(path).venue == (STA,)
    assert inventory_file.is_ours(path.read_text(encoding="utf-8"))


def test_host_is_revoked_and_admitted_again() -> None:
    revoked = inventory_file.with_revoked(STA, {"STA-1"}, is_revoked=True)

    assert [host.revoked for host in revoked.host] == [True, True]
    again = inventory_file.with_revoked(revoked, {"STA-1"}, is_revoked=False)
    assert again == STA


def test_agent_reads_what_is_written_for_it(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(agent_file.text_of(STA, STA.host[0], "2001:db8::1", 8883), encoding="utf-8")

    found = agent_config.read(path)

    assert (found.venue, found.host, found.role) == ("STA", "STA-1", "results")
    assert (found.broker.address, found.broker.link) == ("2001:db8::1", "satellite")
    assert found.broker.key_file == "/etc/venuewatch/host.key"
    assert found.probe.networks == ("10.0.0.0/24", "10.0.1.0/24")


def test_agent_probes_no_loopback_and_no_names() -> None:
    hosts = [HostEntry(f"h{at}", address=where) for at, where in enumerate(("127.0.0.1", "x", ""))]

    assert agent_file.probed_networks(hosts) == []
    assert "[probe]" not in agent_file.text_of(AQU, AQU.host[0], "c", 8883)
    assert tomllib.loads(agent_file.text_of(AQU, AQU.host[0], "c", 8883))["host"] == "AQU-1"


def test_each_network_leads_to_the_chain_of_its_venue() -> None:
    text = nftables.elements([STA, AQU])

    assert "192.0.2.0/28 : goto venue_STA" in text
    assert "2001:db8::/48 : goto venue_STA" in text
    assert "198.51.100.7/32 : goto venue_AQU" in text
    assert "rate over 2/second burst 2 packets" in text
    assert "ct count over 20" in text


def test_chain_has_a_name_that_the_filter_takes() -> None:
    names = {nftables.chain_of(code) for code in ("A-B", "A.B", "A_B", "AB")}

    assert len(names) == 4
    assert all(name.replace("_", "").isalnum() for name in names)


def test_network_of_two_venues_is_told() -> None:
    other = msgspec.structs.replace(AQU, uplink_addresses=("192.0.2.5/32",))

    assert nftables.overlapping([STA, other]) == [
        "192.0.2.5/32 of AQU overlaps 192.0.2.0/28 of STA"
    ]
    assert nftables.overlapping([STA, AQU]) == []
