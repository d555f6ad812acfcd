"""Lines of a log that somebody takes late, or nobody at all."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from venuewatch.base.line_writer import BYTES_MAX, LineWriter

PATIENCE_S = 10.0
LINE = "x" * 1_000
MANY = 2 * BYTES_MAX // len(LINE)


class Pipe:
    """A pipe whose other end is read when the test says so."""

    def __init__(self) -> None:
        read_end, self.write_end = os.pipe()
        self.reader = os.fdopen(read_end, "rb")

    def line(self) -> str:
        """Return the next line."""
        return self.reader.readline().decode().rstrip("\n")

    def close(self) -> None:
        self.reader.close()
        os.close(self.write_end)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def writer_to(descriptor: int, encoding: str = "utf-8") -> LineWriter:
    made = LineWriter(lambda lines: f"lost {lines}")
    made.open(descriptor, encoding)
    return made


def test_lines_are_written_in_their_order(pipe: Pipe) -> None:
    writer = writer_to(pipe.write_end)

    for line in ("one", "two"):
        writer.put(line)
    writer.flush(PATIENCE_S)

    assert [pipe.line(), pipe.line()] == ["one", "two"]


def test_a_sign_that_an_encoding_lacks_is_shown_otherwise(pipe: Pipe) -> None:
    writer = writer_to(pipe.write_end, "ascii")

    writer.put("café")

    assert pipe.line() == r"caf\xe9"


def test_a_reader_that_takes_nothing_costs_lines_and_no_time(pipe: Pipe) -> None:
    writer = writer_to(pipe.write_end)

    for _ in range(MANY):
        writer.put(LINE)
    writer.flush(0.0)

    assert 0 < writer.lost < MANY
    taken = told = 0
    while taken < MANY - writer.lost or told < writer.lost:
        line = pipe.line()
        taken += line == LINE
        told += 0 if line == LINE else int(line.removeprefix("lost "))
    assert (taken, told) == (MANY - writer.lost, writer.lost)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_costs_lines_and_no_time() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        writer = writer_to(full.fileno())

        for _ in range(3):
            writer.put(LINE)
        writer.flush(PATIENCE_S)

    assert writer.lost == 3


def test_a_reader_that_has_gone_costs_lines_and_no_time(pipe: Pipe) -> None:
    pipe.reader.close()
    writer = writer_to(pipe.write_end)

    writer.put(LINE)
    writer.flush(PATIENCE_S)

    assert writer.lost == 1


def test_a_line_that_was_cut_off_does_not_spoil_the_next(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [len(LINE) // 2]
    write = os.write

    def write_until_full(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "full")
        taken = write(descriptor, data[: room[0]])
        room[0] -= taken
        return taken

    writer = writer_to(pipe.write_end)
    monkeypatch.setattr(os, "write", write_until_full)
    writer.put(LINE)
    writer.flush(PATIENCE_S)
    monkeypatch.undo()

    writer.put("next")

    assert [pipe.line(), pipe.line(), pipe.line()] == [LINE[: len(LINE) // 2], "next", "lost 1"]


def test_output_that_is_left_in_a_line_gets_the_rest_and_is_closed() -> None:
    line = "x" * (BYTES_MAX // 2)  # more than a pipe holds
    read_end, write_end = os.pipe()
    writer = writer_to(write_end)
    os.close(write_end)  # the writer has a copy

    with os.fdopen(read_end, "rb") as reader:
        writer.put(line)
        first = reader.read(1)
        writer.close()
        rest = reader.read()  # until the copy is closed

    assert first + rest == f"{line}\n".encode()


def test_a_descriptor_that_is_closed_is_refused(pipe: Pipe) -> None:
    copy = os.dup(pipe.write_end)
    os.close(copy)

    with pytest.raises(OSError, match="Bad file descriptor"):
        writer_to(copy)
