"""Refusals before anything is changed: one line each, with what to do."""

from pathlib import Path

import pytest
import trustme

from tests.venuewatch.venue.bundle.played import (
    CONFIGURATION,
    HOST,
    NOW_S,
    PlayedMachine,
    credentials,
    files_of_host,
    key_file,
    run,
    unpacked,
)
from venuewatch.venue.bundle.host.machine import Machine, RefusedError
from venuewatch.venue.bundle.host.program import LOCK

YEAR_S = 365.25 * 86_400


def refused(machine: Machine, command: str, folder: Path, *words: str | Path) -> str:
    """Return the line with which a command is refused."""
    before = machine.tree() if isinstance(machine, PlayedMachine) else {}
    with pytest.raises(RefusedError) as caught:
        run(machine, command, folder, *words)
    assert not isinstance(machine, PlayedMachine) or machine.tree() == before
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_clock_before_the_bundle_was_made_is_refused(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    machine.time_of_day = 0.0

    line = refused(machine, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    assert line == (
        "this machine's clock says 1970-01-01 00:00 UTC, but the bundle was made at "
        "2027-01-15 08:00 UTC: set the clock first"
    )


def test_certificate_that_is_not_valid_yet_names_the_clock(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    machine.time_of_day = 0.0
    folder = unpacked(tmp_path, made_at_s=0.0)

    line = refused(machine, "install", folder, "--key", key_file(tmp_path))

    assert line.startswith("the certificate is valid from ")
    assert line.endswith("this machine's clock says 1970-01-01 00:00 UTC: set the clock")


def test_certificate_that_has_ended_is_refused(tmp_path: Path, machine: PlayedMachine) -> None:
    machine.time_of_day = NOW_S + 1_000 * YEAR_S  # ours here ends with the year 3000

    line = refused(machine, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    assert line.startswith("the certificate was valid until ")
    assert "renew it with venuewatch venue renew, or set the clock" in line


def test_python_without_wheels_is_refused_by_name(
    tmp_path: Path, machine: PlayedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlayedMachine, "python", property(lambda _: "3.13-aarch64"))

    line = refused(machine, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    assert line == (
        "the bundle has no wheels for Python 3.13 on aarch64, only for Python 3.11 on x86_64: "
        "make one with venuewatch venue bundle --python 3.13-aarch64"
    )


def test_disk_without_room_is_refused(tmp_path: Path, machine: PlayedMachine) -> None:
    machine.free = 1 << 20

    line = refused(machine, "install", unpacked(tmp_path), "--key", key_file(tmp_path))

    assert line.startswith("/opt/venuewatch.d has room for 1 MiB, and ")
    assert line.endswith(" MiB are needed: make room")


def test_user_other_than_root_is_refused(
    tmp_path: Path, machine: PlayedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlayedMachine, "is_root", property(lambda _: False))

    line = refused(machine, "install", unpacked(tmp_path))

    assert line == "this changes the machine: run it as root (sudo)"


def test_host_that_the_bundle_lacks_is_refused(tmp_path: Path, machine: PlayedMachine) -> None:
    hosts = {HOST: files_of_host(), "STA-scores-01": files_of_host()}

    line = refused(machine, "install", unpacked(tmp_path, hosts=hosts), "--host", "STA-reslts-01")

    assert line == (
        "the bundle of STA has no host 'STA-reslts-01': look at its spelling "
        "(it has STA-results-01, STA-scores-01)"
    )


def test_missing_key_is_refused(tmp_path: Path, machine: PlayedMachine) -> None:
    line = refused(machine, "install", unpacked(tmp_path))

    assert line == (
        "/etc/venuewatch/host.key is not there: bring it with --key FILE, "
        "or make one here with install --csr"
    )


def test_key_of_another_host_is_refused(tmp_path: Path, machine: PlayedMachine) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(trustme.CA().issue_cert("STA-scores-01").private_key_pem.bytes())

    line = refused(machine, "install", unpacked(tmp_path), "--key", other)

    assert line == (
        "the key does not belong to /etc/venuewatch/host.pem: bring the right one with --key FILE, "
        "or a bundle that was made since the certificate was renewed"
    )


@pytest.mark.parametrize("content", [b"no key", credentials()[1]], ids=["text", "certificate"])
def test_file_that_is_no_key_is_refused(
    tmp_path: Path, machine: PlayedMachine, content: bytes
) -> None:
    given = tmp_path / "given"
    given.write_bytes(content)

    line = refused(machine, "install", unpacked(tmp_path), "--key", given)

    assert line == f"{given}: expected a private key in PEM, without a passphrase"


def test_password_where_none_is_wanted_is_refused(tmp_path: Path, machine: PlayedMachine) -> None:
    password = tmp_path / "password"
    password.write_text("secret")

    line = refused(
        machine,
        "install",
        unpacked(tmp_path),
        "--key",
        key_file(tmp_path),
        "--password",
        password,
    )

    assert line == "the configuration names no password_file: leave out --password"


def test_host_with_a_password_needs_no_certificate(tmp_path: Path, machine: PlayedMachine) -> None:
    by_password = CONFIGURATION.partition("cert_file")[0] + (
        'username = "STA-results-01"\npassword_file = "/etc/venuewatch/password"\n'
    )
    password = tmp_path / "password"
    password.write_text("secret\n")
    folder = unpacked(tmp_path, hosts={HOST: files_of_host(by_password)})

    code = run(machine, "install", folder, "--password", password)

    assert code == 0
    assert machine.at("/etc/venuewatch/password").read_text() == "secret\n"


def test_second_install_names_upgrade(tmp_path: Path, machine: PlayedMachine) -> None:
    folder = unpacked(tmp_path)
    run(machine, "install", folder, "--key", key_file(tmp_path))

    line = refused(machine, "install", folder)

    assert line.startswith("an agent is installed here already: use upgrade")


def test_upgrade_of_nothing_names_install(tmp_path: Path, machine: PlayedMachine) -> None:
    line = refused(machine, "upgrade", unpacked(tmp_path), "--key", key_file(tmp_path))

    assert line == "no agent is installed here: use install"


def test_uninstall_of_nothing_is_refused(tmp_path: Path, machine: PlayedMachine) -> None:
    line = refused(machine, "uninstall", unpacked(tmp_path))

    assert line == "nothing is installed here"


def test_request_by_a_bundle_without_means_is_refused(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    line = refused(machine, "install", unpacked(tmp_path), "--csr", tmp_path / "request.pem")

    assert line.startswith("the bundle can make no key: make it with venuewatch venue bundle --csr")


def test_upgrade_keeps_the_host_that_this_machine_is(
    tmp_path: Path, machine: PlayedMachine
) -> None:
    hosts = {HOST: files_of_host(), "STA-scores-01": files_of_host()}
    key = key_file(tmp_path)
    run(machine, "install", unpacked(tmp_path, hosts=hosts), "--host", HOST, "--key", key)
    folder = unpacked(tmp_path, "2.0.0", hosts)

    line = refused(machine, "upgrade", folder, "--host", "STA-scores-01")
    code = run(machine, "upgrade", folder)

    assert line == f"this machine is {HOST}: leave out --host, or uninstall first"
    assert code == 0


def test_host_that_a_later_bundle_lacks_is_told(tmp_path: Path, machine: PlayedMachine) -> None:
    run(machine, "install", unpacked(tmp_path), "--key", key_file(tmp_path))
    folder = unpacked(tmp_path, "2.0.0", {"STA-scores-01": files_of_host()})

    line = refused(machine, "upgrade", folder)

    assert line == (
        f"this machine is {HOST}, and the bundle of STA has no such host (it has STA-scores-01): "
        "bring the bundle of its venue, or uninstall first"
    )


def test_hosts_of_a_large_bundle_are_not_all_listed(tmp_path: Path, machine: PlayedMachine) -> None:
    hosts = {f"STA-{number:03}": files_of_host() for number in range(30)}

    line = refused(machine, "install", unpacked(tmp_path, hosts=hosts), "--host", "STA-999")

    assert line.endswith("STA-008, STA-009 and 20 more)")


@pytest.mark.parametrize("command", ["install", "upgrade"])
@pytest.mark.parametrize("program", ["agent", "aggregator"])
def test_package_of_debian_is_left_alone(
    tmp_path: Path, machine: PlayedMachine, command: str, program: str
) -> None:
    unit = machine.at(f"/usr/lib/systemd/system/venuewatch-{program}.service")
    unit.parent.mkdir(parents=True)
    unit.write_text("packaged")
    (machine.at("/opt/venuewatch/bin")).mkdir(parents=True)

    line = refused(machine, command, unpacked(tmp_path), "--key", key_file(tmp_path))

    assert line.startswith(f"the Debian package venuewatch-{program} has /opt/venuewatch here: ")


@pytest.mark.parametrize("command", ["install", "upgrade", "uninstall"])
def test_second_command_at_once_is_refused(
    tmp_path: Path, machine: PlayedMachine, command: str
) -> None:
    folder = unpacked(tmp_path)

    with machine.alone(LOCK, refusal=""):
        line = refused(machine, command, folder)

    assert line == "another install, upgrade or uninstall is at work here: wait for its end"


def test_damaged_note_is_named(tmp_path: Path, machine: PlayedMachine) -> None:
    run(machine, "install", unpacked(tmp_path), "--key", key_file(tmp_path))
    note = machine.at("/var/lib/venuewatch-install/installed.json")
    note.write_bytes(b"\0" * 100)

    line = refused(machine, "upgrade", unpacked(tmp_path, "2.0.0"))

    assert line == f"{note} is damaged: look at what it was, then move it away"
