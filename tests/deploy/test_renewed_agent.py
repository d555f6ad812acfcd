"""A running agent takes the files of a renewal at its next connection, and needs no restart."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.peer import Peer
from tests.deploy.venue_broker import Certified
from tests.integration.real import Agent, until
from venuewatch.venue.broker import Reception

pytestmark = pytest.mark.real

BEAT = "venuewatch/v1/STA/STA-1/beat"


class Host:
    """A host of STA: its files, as an operator brings them, and its agent's configuration."""

    def __init__(self, folder: Path, broker: Certified) -> None:
        self._folder, self._broker = folder, broker
        folder.mkdir()
        shutil.copy(broker.home / "agents" / "STA" / "STA-1" / "ca.pem", folder)
        self.bring("host.key", "host.pem")
        names = {"ca_file": "ca.pem", "cert_file": "host.pem", "key_file": "host.key"}
        lines = [f'{key} = "{folder / name}"' for key, name in names.items()]
        own = ['address = "127.0.0.1"', "reconnect_max_s = 1", *lines]
        self.agent = Agent(folder, broker.tls_port, "STA-1", broker="\n".join(own))

    def bring(self, *names: str) -> None:
        """Bring the newest files of these names."""
        certificate, key = self._broker.credentials("STA-1")
        for name in names:
            shutil.copy(key if name == "host.key" else certificate, self._folder / name)

    def await_beat(self) -> None:
        """Wait for a beat that is published from now on."""
        with Peer(self._broker.port, "watch") as watch:
            watch.listen(BEAT)
            watch.hear()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Certified]:
    with Certified(tmp_path) as broker:
        broker.let_commands_reload()
        yield broker


@pytest.mark.parametrize("first", ["host.key", "host.pem"])
def test_running_agent_takes_renewed_files_whichever_comes_first(
    tmp_path: Path, broker: Certified, first: str
) -> None:
    host = Host(tmp_path / "host", broker)
    with host.agent:
        host.await_beat()
        before = broker.pem("STA-1")
        assert broker.centre.run("revoke", "STA/STA-1") == 0
        assert broker.centre.run("renew", "STA/STA-1") == 0
        until(
            "the earlier certificate is refused",
            lambda: broker.visit(before, "STA-1").reception is Reception.REVOKED,
        )

        host.bring(first)  # for a while the key is another one
        host.bring("host.key", "host.pem")

        host.await_beat()
