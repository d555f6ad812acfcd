"""Many agents return with full spools, and nobody else notices."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median

import pytest

from bench.kit.cable import CENTRE, KNOWN, cable
from tests.integration.real import START_S, Place, until
from tests.integration.returning import OTHER_MACHINES, Fleet, OtherMachines, fleet
from venuewatch.rehearsal.stage.machine import Machine, StageError

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long, pytest.mark.timeout(300)]

AGENTS = 12
SPOOL_BYTES = 7_500_000
KILLED = 5
"""How many hosts elsewhere are killed: before the agents return, and while they send."""

LATER_S = 0.5


class Behind(OtherMachines):
    """Other machines, which all have one address for the centre."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def command(self, *words: str) -> Sequence[str]:
        return self._machine.command(*super().command(*words))


@contextmanager
def one_address(stack: ExitStack, folder: Path) -> Iterator[tuple[Fleet, Place]]:
    """Yield the fleet behind the packet filter, which knows the one address of all that return."""
    try:
        laid = stack.enter_context(cable())
    except StageError as error:
        pytest.skip(str(error))
    laid.outside.ip(f"route replace {CENTRE[0]}/32 dev cable src {KNOWN[0]}")
    with fleet(
        folder, venues={"STA": AGENTS}, elsewhere=KILLED, centre=laid.centre, address=CENTRE[0]
    ) as many:
        laid.load_filter(many.broker.port)
        yield many, Behind(laid.outside)
        assert laid.dropped("venue_STA_open") == laid.dropped("venue_STA_new") == 0


@contextmanager
def own_addresses(_stack: ExitStack, folder: Path) -> Iterator[tuple[Fleet, Place]]:
    with fleet(folder, venues={"STA": AGENTS}, elsewhere=KILLED) as many:
        yield many, OTHER_MACHINES


@pytest.mark.parametrize("behind", [own_addresses, one_address])
def test_twelve_full_spools_delay_no_verdict_elsewhere(
    tmp_path: Path,
    behind: Callable[[ExitStack, Path], AbstractContextManager[tuple[Fleet, Place]]],
) -> None:
    with ExitStack() as stack:
        many, place = stack.enter_context(behind(stack, tmp_path))
        aggregator = many.aggregator
        many.fill(SPOOL_BYTES)
        quiet_s = many.kill_all()
        many.come_back(stack, place)
        many.until_up()
        until("they send", lambda: many.granted_bytes() > 1e6, within_s=START_S, every_s=0.5)
        before = many.granted_bytes()
        busy_s = many.kill_all()
        after = many.granted_bytes()

        assert after > before + 1e6, "the backlog was through before"
        assert median(busy_s) <= median(quiet_s) + LATER_S, (quiet_s, busy_s)
        assert many.incidents() == []
        assert aggregator.value("venuewatch_aggregator_backlog_hosts") == AGENTS
