"""Many agents return with full spools, and nobody else notices."""

from contextlib import ExitStack
from pathlib import Path
from statistics import median

import pytest

from tests.integration.real import START_S, until
from tests.integration.returning import fleet

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long, pytest.mark.timeout(300)]

AGENTS = 12
SPOOL_BYTES = 7_500_000
KILLED = 5
"""How many hosts elsewhere are killed: before the agents return, and while they send."""

LATER_S = 0.5


def test_twelve_full_spools_delay_no_verdict_elsewhere(tmp_path: Path) -> None:
    with ExitStack() as stack:
        many = stack.enter_context(fleet(tmp_path, venues={"STA": AGENTS}, elsewhere=KILLED))
        aggregator = many.aggregator
        many.fill(SPOOL_BYTES)
        quiet_s = many.kill_all()
        many.come_back(stack)
        many.until_up()
        until("they send", lambda: many.granted_bytes() > 1e6, within_s=START_S, every_s=0.5)
        before = many.granted_bytes()
        busy_s = many.kill_all()
        after = many.granted_bytes()

        assert after > before + 1e6, "the backlog was through before"
        assert median(busy_s) <= median(quiet_s) + LATER_S, (quiet_s, busy_s)
        assert many.incidents() == []
        assert aggregator.value("venuewatch_aggregator_backlog_hosts") == AGENTS
