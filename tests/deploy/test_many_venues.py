"""A whole fleet of certificates: 39 venues of 40 hosts, added, and one host of them revoked."""

from pathlib import Path

import pytest

from tests.deploy.venue_broker import Certified
from tests.integration.real import until
from venuewatch.base import clock

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timed]

ADDED_WITHIN_S = 30.0
REVOKED_WITHIN_S = 10.0


def test_fleet_is_added_and_a_host_revoked_in_time(tmp_path: Path) -> None:
    began = clock.monotonic()
    broker = Certified(tmp_path, venues=39, hosts=40)
    added_s = clock.monotonic() - began
    with broker:
        broker.let_commands_reload()
        with broker.peer("STA-1") as host:
            began = clock.monotonic()

            assert broker.centre.run("revoke", "STA/STA-1") == 0

            revoked_s = clock.monotonic() - began
            until("the connection has ended", lambda: not host.is_connected)

    assert added_s <= ADDED_WITHIN_S
    assert revoked_s <= REVOKED_WITHIN_S
