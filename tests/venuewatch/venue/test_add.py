"""``venuewatch venue add`` beside what is there already: it takes nothing away."""

import os
import shutil
from pathlib import Path

import pytest

from tests.venuewatch.venue.centre import HOSTS, Centre, added_in, refused, text_in
from venuewatch.base import clock
from venuewatch.venue import inventory_file
from venuewatch.venue.authority.certificates import (
    common_name,
    make_authority,
    make_certificate,
    read_certificate,
    read_key,
    validity,
)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


@pytest.fixture
def added(tmp_path: Path) -> Centre:
    return added_in(tmp_path)


def describe_aqu(centre: Centre) -> None:
    """Have the two files of a venue describe another one."""
    centre.write("hosts.csv", "host\nAQU-1\n")
    centre.write("venue.toml", "")


@pytest.mark.parametrize(
    "text",
    [
        '[[venue]]\ncode = "OTHER"\n',
        "venue = []\n",
        f'{inventory_file.MARK}\n[[venue]]\ncode = "OTHER"\n',
        f'{inventory_file.MARK}\n[[venue]]\ncode = "AQU"\n[[venue]]\ncode = "OTHER"\n',
    ],
)
def test_file_that_no_command_wrote_is_never_replaced(
    added: Centre, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    added.write("inventory.d/AQU.toml", text)
    describe_aqu(added)
    before = added.files()

    (line,) = refused(capsys, added.add("AQU"))

    assert "inventory.d/AQU.toml" in line
    assert "written by hand" in line
    assert added.files() == before


def test_copy_of_a_venues_file_counts_as_an_operators(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    path = added.place / "inventory.d" / "STA.toml"
    path.rename(path.with_name("stadium.toml"))

    (line,) = refused(capsys, added.add())

    assert "stadium.toml, which was written by hand" in line


@pytest.mark.parametrize("code", ["STA", "AQU"])
def test_lost_authority_is_not_replaced_by_a_new_one(
    added: Centre, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    shutil.rmtree(added.place / "pki")
    if code == "AQU":
        describe_aqu(added)
    before = added.files()

    (line,) = refused(capsys, added.add(code))

    assert "restore a backup" in line
    assert added.files() == before


def test_foreign_hosts_keep_all_that_they_have(centre: Centre) -> None:
    assert centre.add("STA", "--csr") == 0
    centre.write("agents/STA/STA-1/host.pem", "theirs")
    before = centre.files()
    centre.write("hosts.csv", HOSTS + "STA-3,,\n")

    assert centre.add() == 0

    after = centre.files()
    for name in ("agents/STA/STA-1/host.pem", "pki/hosts/STA/STA-1.key", "pki/hosts/STA/STA-2.key"):
        assert after[name] == before[name]
    assert "agents/STA/STA-2/host.pem" not in after
    assert common_name(read_certificate(after["agents/STA/STA-3/host.pem"])) == "STA-3"


def test_request_leaves_a_key_that_has_our_certificate(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    before = added.files()
    added.write("hosts.csv", HOSTS + "STA-3,,\n")

    assert added.add("STA", "--csr") == 0

    after = added.files()
    assert after["pki/hosts/STA/STA-1.key"] == before["pki/hosts/STA/STA-1.key"]
    assert "agents/STA/STA-1/host.csr" not in after
    assert "agents/STA/STA-3/host.csr" in after
    said = capsys.readouterr().out
    assert "no request was made for hosts with a certificate of ours: STA-1, STA-2\n" in said


@pytest.mark.parametrize("is_lost", ["host.pem", "host.csr"])
def test_host_without_its_file_gets_another_one(centre: Centre, is_lost: str) -> None:
    assert centre.add("STA", *(["--csr"] if is_lost == "host.csr" else [])) == 0
    path = centre.place / "agents" / "STA" / "STA-1" / is_lost
    path.unlink()

    assert centre.add("STA", *(["--csr"] if is_lost == "host.csr" else [])) == 0

    assert path.exists()


def test_checks_of_a_host_stay_when_its_venue_is_added_again(added: Centre) -> None:
    path = added.place / "agents" / "STA" / "STA-1" / "agent.toml"
    checks = '\n[[check]]\nname = "ntp"\nkind = "ntp"\nservers = ["10.0.0.1"]\n'
    path.write_text(path.read_text() + checks)
    added.write("hosts.csv", HOSTS + "STA-3,,10.0.3.1\n")

    assert added.add() == 0

    text = path.read_text()
    assert text.endswith(f"docs/checks.md.\n{checks}")
    assert '"10.0.3.0/24"' in text


@pytest.mark.parametrize("line", ["[broker]\n", "# venuewatch venue wrote"])
def test_configuration_that_was_edited_stays_and_is_told(
    added: Centre, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    path = added.place / "agents" / "STA" / "STA-1" / "agent.toml"
    text = path.read_text().replace(line, f'{line}proxy = "10.0.0.9:3128"\n')
    path.write_text(text)
    added.write("hosts.csv", HOSTS + "STA-3,,10.0.3.1\n")

    assert added.add() == 0

    assert path.read_text() == text
    assert "agent.toml was edited, and stays: STA-1\n" in capsys.readouterr().out


def test_trial_of_a_first_venue_leaves_nothing(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    assert centre.add("STA", "--dry-run") == 0

    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("inventory.toml", '[[venue]]\ncode = "OLD"\n[[venue.host]]\nname = "STA-1"\n'),
        ("inventory.d/also.toml", '[[venue]]\ncode = "OLD"\n[[venue.host]]\nname = "STA-1"\n'),
        ("inventory.d/also.toml", '[[venue]]\ncode = "STA"\n'),
    ],
)
def test_fleet_that_the_aggregator_would_refuse_is_refused(
    added: Centre, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    added.write(name, text)
    before = added.files()

    (line,) = refused(capsys, added.add())

    assert "in one file" in line
    assert added.files() == before


def test_program_that_was_not_reloaded_is_told_with_what_to_do(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    added.write("venues.toml", text_in(added.place, reload_broker='["false", "a b"]'))

    assert added.add() == 1

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "not reloaded: false 'a b': exit code 1; mend that, then: false 'a b'"


def test_bridge_is_brought_to_the_venues_broker(
    added: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    assert added.add("STA", "--bridge") == 0

    files = set(added.files())
    assert {"agents/STA/_bridge-STA/host.pem", "pki/hosts/STA/_bridge-STA.key"} <= files
    assert "to the broker of STA" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["venuewatch.acl", "agents/STA/STA-1/host.pem"])
def test_pipe_in_the_place_of_a_file_keeps_no_command_waiting(added: Centre, name: str) -> None:
    (added.place / name).unlink()
    os.mkfifo(added.place / name)

    added.add()


def test_certificate_of_others_that_was_put_there_stays(added: Centre) -> None:
    path = added.place / "agents" / "STA" / "STA-1" / "host.pem"
    others = make_authority("others", clock.wall())
    pem = make_certificate(others, "STA-1", use="client", valid=validity(clock.wall(), 9))
    path.write_bytes(pem.certificate)

    assert added.add() == 0

    assert path.read_bytes() == pem.certificate


def test_earlier_certificate_that_came_back_is_replaced(added: Centre) -> None:
    path = added.place / "agents" / "STA" / "STA-1" / "host.pem"
    earlier = path.read_bytes()
    assert added.run("renew", "STA/STA-1") == 0
    path.write_bytes(earlier)

    assert added.add() == 0

    certificate = read_certificate(path.read_bytes())
    key = read_key(added.files()["pki/hosts/STA/STA-1.key"], None)
    assert certificate.public_key() == key.public_key()


@pytest.mark.parametrize("name", ["clients.pem", "crl.pem", "server.pem", "server.key"])
def test_broker_with_certificates_by_hand_keeps_them(
    centre: Centre, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (centre.place / "broker").mkdir()
    centre.write(f"broker/{name}", "by hand")
    before = centre.files()

    (line,) = refused(capsys, centre.add())

    assert f"broker/{name} is of another authority" in line
    assert centre.files() == before


FILTERS = Path(__file__).parents[3] / "deploy" / "nftables"


def test_packet_filter_by_hand_stays_and_is_told(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand = (FILTERS / "example-venues.nft").read_text()
    centre.write("venues.nft", by_hand)

    assert centre.add() == 0
    assert centre.run("renew", "STA") == 0

    assert centre.files()["venues.nft"].decode() == by_hand
    assert "venues.nft was written by hand, and stays: add STA there\n" in capsys.readouterr().out


def test_packet_filter_without_a_venue_gets_them(centre: Centre) -> None:
    centre.write("venues.nft", (FILTERS / "venues.nft").read_text())

    assert centre.add() == 0

    assert b"goto venue_STA" in centre.files()["venues.nft"]
