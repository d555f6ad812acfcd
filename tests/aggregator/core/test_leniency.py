"""What was granted to a host is not taken back by what is granted to everybody."""

import pytest

from aggregator.core.deadlines import Deadlines
from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.leniency import Leniency
from tests.aggregator.scene import MARGIN_S


@pytest.mark.parametrize(("granted_until", "excused_until"), [(0.0, 20.0), (70.0, 70.0)])
def test_the_longer_excuse_counts(granted_until: float, excused_until: float) -> None:
    host = Host("STA", "s1", margin_s=MARGIN_S)
    venue = Venue("STA", margin_s=MARGIN_S)
    venue.hosts["s1"] = host
    fleet = Fleet([venue])
    deadlines = Deadlines(fleet, lambda _host, _at: None)
    leniency = Leniency(fleet, deadlines, reconnect_max_s=5.0 - MARGIN_S)
    host.excused_until = granted_until

    leniency.excuse([host], 10.0)

    assert host.excused_until == excused_until
