"""Faults of many scenarios are played at once: none waits for another that takes long to begin."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.stage.guardian import Fault, Guardian

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

UNDO = ("true",)
WITHIN_S = 20.0


@pytest.fixture
def guardian() -> Iterator[Guardian]:
    with Guardian() as made:
        yield made


def test_fault_that_takes_long_to_begin_delays_no_other(guardian: Guardian) -> None:
    may_go_on, order = threading.Event(), list[str]()

    def begin_slowly() -> None:
        may_go_on.wait(WITHIN_S)
        order.append("slow")

    with ThreadPoolExecutor(1) as other:
        slow = other.submit(guardian.play, begin_slowly, UNDO)
        until("it begins", lambda: guardian._doing)  # noqa: SLF001 - nothing else shows it
        guardian.play(lambda: order.append("quick"), UNDO).end()
        may_go_on.set()
        slow.result(WITHIN_S)

    assert order == ["quick", "slow"]


def test_end_of_a_fault_waits_until_it_has_begun(guardian: Guardian, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    may_go_on = threading.Event()

    def begin_slowly() -> None:
        may_go_on.wait(WITHIN_S)
        broken.touch()

    with ThreadPoolExecutor(2) as others:
        slow = others.submit(guardian.play, begin_slowly, ("rm", str(broken)))
        until("it begins", lambda: guardian._doing)  # noqa: SLF001 - nothing else shows it
        ended = others.submit(guardian.end_all)
        assert not ended.done()
        may_go_on.set()
        slow.result(WITHIN_S)
        ended.result(WITHIN_S)

    assert not broken.exists()


def test_fault_that_can_not_begin_is_undone_at_once(guardian: Guardian, tmp_path: Path) -> None:
    undone = tmp_path / "undone"

    def fail() -> None:
        raise OSError("it does not break")

    with pytest.raises(OSError, match="it does not break"):
        guardian.play(fail, ("touch", str(undone)))

    assert undone.exists()


def test_thread_notes_the_faults_that_it_plays_itself(guardian: Guardian) -> None:
    def play() -> Fault:
        return guardian.play(lambda: None, UNDO)

    with ThreadPoolExecutor(1) as other, guardian.noting() as noted:
        mine = play()
        other.submit(play).result(WITHIN_S)
    later = play()

    assert noted == [mine]
    assert later not in noted
