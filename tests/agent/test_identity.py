"""The birth: facts of the machine under node_exporter's names."""

import builtins
import io
import os
import platform
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import psutil
import pytest

from agent import config, identity
from venuewatch.base.wire.messages import Birth, decode_birth, encode

TEXT = """
venue = "STA"
host = "STA-1"
[broker]
address = "127.0.0.1"
"""


def born(folder: Path) -> Birth:
    (folder / "agent.toml").write_text(TEXT)
    settings = config.read(folder / "agent.toml")
    return identity.birth(settings, boot="b0", session=1, address="192.0.2.1", stock_tcp=False)


@pytest.mark.skipif(not psutil.LINUX, reason="Linux names a domain")
def test_a_birth_has_the_systems_names(tmp_path: Path) -> None:
    birth = decode_birth(encode(born(tmp_path)))

    system = os.uname()
    for name in ("sysname", "nodename", "release", "version", "machine"):
        assert getattr(birth, name) == getattr(system, name)
    domain = Path("/proc/sys/kernel/domainname").read_text().strip()
    assert birth.domainname == domain != ""


def test_a_birth_of_an_agent_that_names_no_domain_is_read() -> None:
    said = b'{"boot":"b0","session":1,"wall_ms":1,"interval_s":1,"vitals_every_s":10,'

    birth = decode_birth(said + b'"agent_version":"0.1.0"}')

    assert birth.domainname == ""


SYSTEM = {"system": "Linux", "node": "a", "release": "6.1", "version": "#1", "machine": "x86_64"}


def system_says(monkeypatch: pytest.MonkeyPatch, **facts: str) -> None:
    said = SimpleNamespace(**SYSTEM | facts)
    monkeypatch.setattr(platform, "uname", lambda: said)


def refuse(*what: object, **_how: object) -> NoReturn:
    raise AssertionError(f"it opens {what}")


NODENAMES = {
    "Latin-1": (b"caf\xe9-01", "caf\ufffd-01"),
    "UTF-8": (b"caf\xc3\xa9-01", "café-01"),
    "quotes and a line end": (b'say "no"\n', 'say "no"\n'),
    "dots and upper case": (b"STA-1.Example.ORG", "STA-1.Example.ORG"),
    "no text at all": (b"\xff" * 64, "\ufffd" * 64),
}


@pytest.mark.parametrize(("raw", "told"), NODENAMES.values(), ids=NODENAMES)
def test_machine_with_a_name_of_any_bytes_is_born(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes, told: str
) -> None:
    system_says(monkeypatch, node=os.fsdecode(raw))

    birth = decode_birth(encode(born(tmp_path)))

    assert birth.nodename == told


def test_facts_that_are_too_long_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system_says(monkeypatch, version="#1 " + "é" * 300, release="x" * 256)

    birth = decode_birth(encode(born(tmp_path)))

    assert birth.version == "#1 " + "é" * 252 + "…"
    assert birth.release == "x" * 256


@pytest.mark.skipif(not psutil.LINUX, reason="other systems have no /proc")
def test_birth_opens_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "agent.toml").write_text(TEXT)
    settings = config.read(tmp_path / "agent.toml")
    for module, name in ((builtins, "open"), (io, "open"), (os, "open")):
        monkeypatch.setattr(module, name, refuse)

    birth = identity.birth(settings, boot="b0", session=1, address="", stock_tcp=False)
    monkeypatch.undo()

    assert birth.os_boot_ms / 1000 == pytest.approx(psutil.boot_time(), abs=2.0)
