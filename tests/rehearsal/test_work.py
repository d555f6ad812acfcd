"""A pool whose process is killed says so in one line, and does not wait for ever."""

import argparse
import signal

import pytest

from venuewatch.base.config import USAGE_ERROR
from venuewatch.rehearsal.commands import simulate
from venuewatch.rehearsal.work import WorkerLostError, done_of, pool_of


def test_pool_gives_what_its_pieces_came_to() -> None:
    with pool_of(1) as pool:
        done = done_of(pool, {"numbers": [int, int]}, lambda: None, lambda: False)

    assert done == {"numbers": [0, 0]}


def test_process_of_a_pool_that_is_killed_is_one_line() -> None:
    said = r"^one of the processes was killed[^\n]*$"
    with pytest.raises(WorkerLostError, match=said), pool_of(1) as pool:
        pool.submit(signal.raise_signal, signal.SIGKILL).result()


def test_exception_of_a_piece_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError), pool_of(1) as pool:
        pool.submit(divmod, 1, 0).result()


def test_simulation_whose_process_is_killed_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*_: object) -> None:
        raise WorkerLostError("one of the processes was killed")

    monkeypatch.setattr("venuewatch.rehearsal.run.run", run)
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)

    assert simulate.run(parser.parse_args([])) == USAGE_ERROR

    assert capsys.readouterr().err == "one of the processes was killed\n"
