"""Files of ours that are no regular ones: nothing waits for them, and one line says what is wrong.

A pipe without a writer would keep its reader waiting for ever: each test has a deadline.
"""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import config as agent_config
from agent.checks.dns import first_nameserver
from agent.checks.feed import Config as FeedConfig
from agent.checks.feed import _receiver
from agent.checks.net.tls import Trust, _context
from agent.checks.results_feed.door import Desk
from agent.spool.disk import Spool
from aggregator import config as aggregator_config
from aggregator import inventory
from aggregator.shell.http import web_config
from venuewatch import cli
from venuewatch.base.config import Broker, ConfigError, read_secret, tls_context, trusting
from venuewatch.base.files import (
    CONFIG_MAX,
    SECRET_MAX,
    UnfitFileError,
    open_found,
    open_regular,
    read_regular,
)

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="Windows has no such files"),
    pytest.mark.timeout(20),
]


def a_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def a_directory(path: Path) -> None:
    path.mkdir()


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, contextlib.chdir(path.parent):
        one.bind(path.name)  # its address has at most 107 bytes


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS = [a_pipe, a_directory, a_socket, a_device]
Make = Callable[[Path], None]


def words(make: Make) -> str:
    return f"expected a regular file, got {make.__name__.replace('_', ' ')}"


def _encrypted(path: Path) -> object:
    return tls_context(Broker(cert_file=str(path), key_file=str(path)))


def _feed(path: Path) -> object:
    config = FeedConfig(
        name="f", zone="UTC", listen_port=1, cert_file=str(path), key_file=str(path)
    )
    return _receiver(config, Desk(print, print))


READERS: dict[str, Callable[[Path], object]] = {
    "agent.toml": agent_config.read,
    "aggregator.toml": aggregator_config.read,
    "inventory.toml": inventory.read,
    "secret": lambda path: read_secret(str(path)),
    "ca.pem": lambda path: trusting(str(path)),
    "cert.pem": _encrypted,
    "feed.pem": _feed,
    "web.yml": lambda path: web_config.load(str(path)),
}


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", READERS)
def test_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, name: str, make: Make) -> None:
    path = tmp_path / name
    make(path)

    with pytest.raises(ConfigError) as refused:
        READERS[name](path)

    assert str(refused.value) == f"{path}: {words(make)}"
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("field", ["cert_file", "key_file", "client_ca_file"])
def test_certificate_of_another_kind_is_refused(tmp_path: Path, field: str, make: Make) -> None:
    files = {"cert_file": "c", "key_file": "k", "client_ca_file": "a"}
    for name in files.values():
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o600)
    (tmp_path / files[field]).unlink()
    make(tmp_path / files[field])
    lines = "".join(f"  {key}: {name}\n" for key, name in files.items())
    (tmp_path / "web.yml").write_text(
        f"tls_server_config:\n{lines}  client_auth_type: RequireAndVerifyClientCert\n"
    )

    with pytest.raises(ConfigError, match=words(make)):
        web_config.load(str(tmp_path / "web.yml"))


@pytest.mark.parametrize("make", KINDS)
def test_check_config_names_a_secret_of_another_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Make
) -> None:
    make(tmp_path / "token")
    config = tmp_path / "aggregator.toml"
    config.write_text(
        f'[notify]\nwebhook_url = "http://192.0.2.1/"\nbearer_token_file = "{tmp_path / "token"}"\n'
    )

    assert cli.main(["check-config", str(config)]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'token'}: {words(make)}\n"


def test_check_config_does_not_wait_for_a_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_pipe(tmp_path / "inventory.toml")

    assert cli.main(["check-config", str(tmp_path / "inventory.toml")]) == 2
    assert words(a_pipe) in capsys.readouterr().err


@pytest.mark.parametrize("make", KINDS)
def test_checks_of_an_agent_wait_for_no_file(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "file")

    assert first_nameserver(tmp_path / "file") is None
    with pytest.raises(UnfitFileError):
        _context(Trust(str(tmp_path / "file"), is_verified=True), 0)


@pytest.mark.parametrize("name", ["acknowledged", "acknowledged.new", "lock", f"{1:016x}.spool"])
def test_pipe_in_the_spool_keeps_no_agent_waiting(tmp_path: Path, name: str) -> None:
    a_pipe(tmp_path / name)

    spool = Spool(str(tmp_path), host="STA-1", max_bytes=100_000)
    numbers = [spool.append(b"a"), spool.append(b"b")]
    spool.acknowledge(1)
    spool.sync()

    assert numbers == [1, 2]
    assert [record.payload for record in spool.read(1, max_bytes=1_000)] == [b"b"]
    spool.close()


def test_file_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x" * (SECRET_MAX + 1))

    with pytest.raises(ConfigError, match=f"^{path}: expected at most 65,536 bytes$"):
        read_secret(str(path))
    assert len(read_regular(path, CONFIG_MAX)) == SECRET_MAX + 1


def test_link_to_a_regular_file_is_as_good(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("s3cret\n")
    (tmp_path / "link").symlink_to("file")

    assert read_secret(str(tmp_path / "link")) == "s3cret"


def test_pipe_that_comes_after_the_look_is_found_once_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_pipe(tmp_path / "pipe")
    monkeypatch.setattr("venuewatch.base.files.check_regular", lambda _: None)

    with pytest.raises(UnfitFileError, match="got a pipe"):
        open_regular(tmp_path / "pipe")


def a_link(path: Path) -> None:
    (path.parent / "elsewhere").write_text("text")
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("make", [a_pipe, a_directory, a_socket, a_link])
def test_other_kind_in_the_place_of_a_found_file_is_refused(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "found")

    with pytest.raises(UnfitFileError, match=words(make)):
        open_found(tmp_path / "found")


def test_found_file_is_opened_with_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "found").write_text("text")

    opened = open_found(tmp_path / "found")
    content = os.read(opened.descriptor, 5)
    os.close(opened.descriptor)

    assert (content, opened.status.st_size) == (b"text", 4)
