"""The birth: facts of the machine under node_exporter's names."""

import os
from pathlib import Path

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
