"""A centre that was lost, and goes on from its backup: on the real broker, by commands."""

import shutil
from pathlib import Path

import pytest

from tests.deploy.venue_broker import Certified
from tests.integration.real import until
from venuewatch.venue.broker import Reception

pytestmark = pytest.mark.real


def lose(home: Path) -> None:
    """Remove all but what an operator has in the head, or at hand."""
    for path in home.iterdir():
        if path.name != "passphrase":
            remove = shutil.rmtree if path.is_dir() else Path.unlink
            remove(path)


def test_hosts_of_a_lost_centre_need_no_new_certificate(tmp_path: Path) -> None:
    broker, backup = Certified(tmp_path), str(tmp_path / "backup")
    stolen, own = broker.pem("STA-1"), broker.pem("STA-2")
    with broker:
        broker.let_commands_reload()
        assert broker.centre.run("revoke", "STA/STA-1") == 0
        assert broker.centre.run("backup", backup, secret=False) == 0
    lose(broker.home)

    assert broker.centre.run("restore", backup, secret=False) == 0

    with broker:
        broker.let_commands_reload()
        topic = ["venuewatch/v1/STA/STA-2/birth"]
        assert broker.visit(own, "STA-2", topic).is_published
        assert broker.visit(stolen, "STA-1").reception is Reception.REVOKED
        assert broker.centre.run("renew", "STA/STA-1") == 0
        until("an admitted host is let in", lambda: is_let_in(broker, "STA-1"))
        assert broker.visit(own, "STA-2", topic).is_published
        assert broker.visit(stolen, "STA-1").reception is Reception.REVOKED


def is_let_in(broker: Certified, name: str) -> bool:
    """Tell whether a host may publish with the files that it would be given now."""
    topic = f"venuewatch/v1/STA/{name}/birth"
    return broker.visit(broker.pem(name), name, [topic]).is_published


def test_older_backup_lets_no_revoked_certificate_in(tmp_path: Path) -> None:
    broker, backup = Certified(tmp_path), str(tmp_path / "backup")
    stolen = broker.pem("STA-1")
    with broker:
        broker.let_commands_reload()
        assert broker.centre.run("backup", backup, secret=False) == 0
        assert broker.centre.run("revoke", "STA/STA-1") == 0

        assert broker.centre.run("restore", backup, "--older", secret=False) == 0

    with broker:
        assert broker.visit(stolen, "STA-1").reception is Reception.REVOKED
        broker.let_commands_reload()
        assert broker.centre.run("renew") == 0
        until("the broker has read its files", lambda: is_let_in(broker, "STA-2"))
        assert broker.visit(stolen, "STA-1").reception is Reception.REVOKED
