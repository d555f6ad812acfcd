"""``venuewatch venue bundle``, as an operator calls it."""

import argparse
import hashlib
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import HOST, credentials, files_of_host, make_wheel
from venuewatch.venue.commands import bundle


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make what ``venue add`` writes, and a folder of wheels, and go there."""
    folder = tmp_path / "agents" / "STA" / HOST
    folder.mkdir(parents=True)
    for name, content in files_of_host().items():
        (folder / name).write_bytes(content)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("venuewatch", "pip", "cryptography"):
        make_wheel(wheels, name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(*words: str) -> int:
    parser = argparse.ArgumentParser()
    bundle.add_arguments(parser)
    return bundle.run(parser.parse_args(["--wheels", "wheels", "--agents", "agents", *words]))


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert called(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert not list(Path().glob("*.tar")) + list(Path().glob(".*.new"))
    return said.err.rstrip("\n")


def names_in(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return archive.getnames()


@pytest.mark.usefixtures("centre")
def test_a_bundle_says_its_digest_and_what_is_next(capsys: pytest.CaptureFixture[str]) -> None:
    code = called("STA")

    digest = hashlib.sha256(Path("venuewatch-STA.tar").read_bytes()).hexdigest()
    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "venuewatch-STA.tar: 1 host, Python 3.11 on x86_64",
        f"SHA-256 {digest}",
        "next: tell the venue this SHA-256 by another way than the file, such as by telephone",
        "on each host, where sha256sum venuewatch-STA.tar says the same:",
        "  tar xf venuewatch-STA.tar && sudo venuewatch-STA/install --host HOST --key HOST.key",
    ]


@pytest.mark.usefixtures("centre")
def test_a_bundle_that_can_make_keys_names_that_way(capsys: pytest.CaptureFixture[str]) -> None:
    called("STA", "--csr")

    line = capsys.readouterr().out.splitlines()[-1]
    assert line.endswith("venuewatch-STA/install --host HOST --csr HOST.csr")


@pytest.mark.usefixtures("centre")
def test_draft_of_another_command_is_left_alone() -> None:
    other = Path(".venuewatch-STA.tar.new")
    other.write_text("half of it")

    assert called("STA") == 0
    assert other.read_text() == "half of it"


@pytest.mark.usefixtures("centre")
def test_a_bundle_has_its_manifest_first_and_its_commands() -> None:
    called("STA")

    names = names_in(Path("venuewatch-STA.tar"))
    assert names[0] == "venuewatch-STA/MANIFEST"
    assert {"install", "upgrade", "uninstall", "venuewatch-agent.service"} <= {
        name.removeprefix("venuewatch-STA/") for name in names
    }
    with tarfile.open("venuewatch-STA.tar") as archive:
        assert archive.getmember("venuewatch-STA/install").mode == 0o755


def test_no_private_key_is_in_a_bundle(centre: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (centre / "agents/STA" / HOST / "extra.pem").write_bytes(credentials()[2])

    line = refusal(capsys, "STA")

    assert line == (
        f"{HOST}/extra.pem holds a private key, and a bundle has none: "
        "move it, and hand it over by itself"
    )


def test_key_and_request_beside_the_certificate_stay_behind(centre: Path) -> None:
    (centre / "agents/STA" / HOST / "host.key").write_bytes(credentials()[2])
    (centre / "agents/STA" / HOST / "host.csr").write_bytes(b"request")

    code = called("STA")

    assert code == 0
    names = names_in(Path("venuewatch-STA.tar"))
    assert not [name for name in names if name.endswith((".key", ".csr"))]
    assert credentials()[2] not in Path("venuewatch-STA.tar").read_bytes()


@pytest.mark.usefixtures("centre")
def test_a_python_without_wheels_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    make_wheel(Path("wheels"), "h11", tags="cp311-cp311-manylinux2014_x86_64")
    Path("wheels/venuewatch-1.0-py3-none-any.whl").unlink()
    make_wheel(Path("wheels"), "venuewatch", requires=["h11"])

    line = refusal(capsys, "STA", "--python", "3.11-x86_64", "--python", "3.13-aarch64")

    assert line.startswith("no wheel of h11 for Python 3.13 on aarch64: ")


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize("word", ["3.10-x86_64", "3.11", "3.11-sparc", "x86_64"])
def test_a_python_that_none_is_for_is_refused(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        called("STA", "--python", word)

    assert caught.value.code == 2
    assert "expected VERSION-ARCHITECTURE of 3.11, 3.12, 3.13 and x86_64" in capsys.readouterr().err


@pytest.mark.usefixtures("centre")
def test_an_unknown_venue_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, "STAD").startswith('agents: unknown venue "STAD" - did you mean "STA"?')


@pytest.mark.usefixtures("centre")
def test_neither_venue_nor_centre_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys) == "expected either a venue's code or --centre FOLDER"


def test_a_host_without_its_configuration_is_refused(
    centre: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (centre / "agents/STA" / HOST / "agent.toml").unlink()

    assert refusal(capsys, "STA") == f"{HOST}: expected its agent.toml, got none"


@pytest.mark.usefixtures("centre")
def test_a_full_disk_leaves_no_half_archive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", fail)

    assert refusal(capsys, "STA") == "venuewatch-STA.tar: the disk is full"


def test_the_centre_has_a_bundle_of_its_own(centre: Path) -> None:
    files = centre / "files"
    files.mkdir()
    (files / "aggregator.toml").write_text('inventory = "inventory.toml"\n')
    (files / "inventory.toml").write_text("venue = []\n")

    code = called("--centre", "files")

    names = names_in(Path("venuewatch-centre.tar"))
    assert code == 0
    assert "venuewatch-centre/venuewatch-aggregator.service" in names
    assert "venuewatch-centre/hosts/centre/aggregator.toml" in names


@pytest.mark.real
@pytest.mark.usefixtures("centre")
def test_manifest_is_read_by_sha256sum() -> None:
    called("STA", "--csr")
    subprocess.run(["tar", "xf", "venuewatch-STA.tar"], check=True)

    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", "MANIFEST"],
        cwd="venuewatch-STA",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")
