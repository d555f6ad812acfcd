from typing import cast

import psutil

from agent.vitals import processes

COMING_AND_GOING = 50


def test_the_count_is_psutils_give_or_take_what_starts_and_ends_meanwhile() -> None:
    before = len(psutil.pids())

    count = cast("int", processes.read()["node_processes_pids"])

    assert abs(count - before) <= COMING_AND_GOING
    assert count >= 1
