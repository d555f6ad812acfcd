"""Rows that other threads of a sitting write are in the file of the run, or end the sitting."""

from pathlib import Path

import pytest

from tests.rehearsal.runfile.scenarios import fetch, run_of, scenario
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.playing import sitting
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.rows import Well, Witness


def test_rows_are_written_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    run_of(path, [scenario()]).close()

    with sitting._writing(path) as (write, why_not):  # noqa: SLF001
        for at in (2.0, 1.0, 3.0):
            write([Well("w", at, "stage", is_well=True)])

        assert why_not() == ""
    assert fetch(path, "SELECT at FROM well ORDER BY rowid") == [(2.0,), (1.0,), (3.0,)]


def test_file_that_is_not_there_is_a_refusal_before_the_end(tmp_path: Path) -> None:
    with (
        pytest.raises(RunFileError),
        sitting._writing(tmp_path / "none") as (_, why_not),  # noqa: SLF001
    ):
        until("it says so", why_not)


def test_row_that_no_file_takes_is_a_refusal_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    run_of(path, [scenario()]).close()

    writing = sitting._writing(path)  # noqa: SLF001
    write, why_not = writing.__enter__()

    write([Witness(1, "off", 1.0, "before", "no_effect")])

    until("it says so", why_not)
    with pytest.raises(ValueError, match="a row that the run's file does not take"):
        writing.__exit__(None, None, None)
