"""Lines are added to the file of a running program, which reads it again, and are taken out."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.stage.faults import Text, add_lines
from venuewatch.rehearsal.stage.guardian import Guardian

pytestmark = [pytest.mark.real, pytest.mark.timed]

USUAL: Final = ["first", "last of STA", "first of MAR"]
READER: Final = """
trap 'cat "$0" > "$1"; echo >> "$1"' HUP
: > "$1"
while :; do sleep 0.05; done
"""
"""Copies a file into another at each SIGHUP; an empty line follows once that is whole."""


class Reader:
    """A program that copies its file at each SIGHUP."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.conf"
        self.path.write_text("\n".join(USUAL) + "\n")
        self._copy = folder / "copy"
        command = ("env", "--default-signal=HUP", "sh", "-c", READER)  # nohup may have begun us
        self.process = subprocess.Popen((*command, str(self.path), str(self._copy)))
        until("it can be told", self._copy.exists)

    @property
    def has_read(self) -> list[str]:
        return self._copy.read_text().splitlines()[:-1]

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    made.process.kill()
    made.process.wait()


def test_lines_stand_where_they_belong_until_the_fault_ends(reader: Reader) -> None:
    with Guardian() as guardian:
        text = Text(reader.path, "more of STA", after="last of STA")

        fault = add_lines(guardian, text, ["absent"], pid=reader.process.pid)

        assert reader.lines() == [
            *USUAL[:2],
            "# more of STA: begin",
            "absent",
            "# more of STA: end",
            USUAL[2],
        ]
        until("it has read that", lambda: reader.has_read == reader.lines())
        fault.end()
        assert reader.lines() == USUAL
        until("it has read that", lambda: reader.has_read == USUAL)


def test_lines_of_two_faults_are_taken_out_each_by_itself(reader: Reader) -> None:
    with Guardian() as guardian:
        pid = reader.process.pid
        first = add_lines(guardian, Text(reader.path, "a.b"), ["one"], pid=pid)
        second = add_lines(guardian, Text(reader.path, "a-b"), ["two"], pid=pid)

        first.end()

        assert reader.lines() == [*USUAL, "# a-b: begin", "two", "# a-b: end"]
        second.end()
        assert reader.lines() == USUAL


def test_lines_are_taken_out_where_file_and_program_are_gone(reader: Reader) -> None:
    with Guardian() as guardian:
        fault = add_lines(guardian, Text(reader.path, "more"), ["one"], pid=reader.process.pid)
        reader.path.unlink()
        reader.process.kill()
        reader.process.wait()

        fault.end()

    assert not reader.path.exists()
