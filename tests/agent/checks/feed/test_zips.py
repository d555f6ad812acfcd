"""Messages that are packed in a zip, and zips that mean harm."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.checks.feed.test_folder import Hall
from tests.agent.checks.feed.test_rewritten import rewrites


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


class Pipe(io.BytesIO):
    """A file that can't be gone back in: a zip is then written without sizes before its files."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, *_to: int) -> int:
        raise OSError


def zipped(
    files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, into: io.BytesIO | None = None
) -> bytes:
    made = into or io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def three(hall: Hall) -> dict[str, bytes]:
    return {
        "day/1.xml": hall.score(1),
        "day/": b"",
        "2.XML": hall.score(2),
        "report.pdf": b"%PDF",
        "3.xml": hall.score(3),
    }


@pytest.mark.parametrize(
    "packed",
    [
        zipped,
        lambda files: zipped(files, zipfile.ZIP_STORED),
        lambda files: zipped(files, into=Pipe()),
    ],
)
def test_messages_in_a_zip_are_heard_whatever_its_name(
    hall: Hall, packed: Callable[[dict[str, bytes]], bytes]
) -> None:
    hall.writes("1.xml", packed(three(hall)))

    values = hall.read().values

    assert (values.results_messages_total, values.results_parse_errors_total) == (3, 0)
    assert values.results_version_gaps_total == 0


@pytest.mark.parametrize("end", [-1, -30, -150, 40, 10])
def test_zip_that_is_half_written_is_put_off(hall: Hall, end: int) -> None:
    hall.read()
    content = zipped(three(hall))
    at = content.index(b"PK\x01\x02") + end if end < 0 else end
    path = hall.writes("1.xml", content[:at].ljust(len(content), b"\0"))
    early = hall.read(1.0).values
    rewrites(path, content)

    late = hall.read(1.0).values

    assert (early.results_messages_total, early.results_parse_errors_total) == (0, 0)
    assert (late.results_messages_total, late.results_parse_errors_total) == (3, 0)


def test_zip_that_stays_cut_gives_what_is_whole(hall: Hall) -> None:
    hall.read()
    content = zipped(three(hall))
    hall.writes("1.xml", content[: content.index(b"PK\x01\x02") - 30])
    hall.read(1.0)

    values = hall.read(31.0).values

    assert (values.results_messages_total, values.results_parse_errors_total) == (2, 1)


def test_broken_file_in_a_zip_hides_no_other(hall: Hall) -> None:
    files = {"1.xml": b"no xml", "2.xml": hall.score(2), "3.xml": hall.score(3)[:-9]}
    hall.writes("1.xml", zipped(files))

    values = hall.read().values

    assert (values.results_messages_total, values.results_parse_errors_total) == (2, 2)


def secret(content: bytes) -> bytes:
    return content[:6] + b"\x01" + content[7:]


def other_method(content: bytes) -> bytes:
    return content[:8] + b"\x0c" + content[9:]


def damaged(content: bytes) -> bytes:
    return content[:35] + b"\xff" * 20 + content[55:]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (secret(zipped({"1.xml": b"<a/>"})), "without a password"),
        (other_method(zipped({"1.xml": b"<a/>"})), "stored or deflated"),
        (damaged(zipped({"1.xml": b"<a/>" * 99})), "can be unpacked"),
        (zipped({"1.txt": b"<a/>"}), "Expected files in the zip"),
        (zipped({"1.xml": zipped({"1.xml": b"<a/>"})}), "Expected XML"),
    ],
)
def test_zip_that_can_not_be_read_is_counted_and_named(
    hall: Hall, content: bytes, why: str
) -> None:
    hall.writes("1.xml", content)

    reading = hall.read()

    assert (reading.state, reading.values.results_parse_errors_total) == ("unknown", 1)
    assert why in reading.detail


@pytest.mark.parametrize(
    "files",
    [
        {"1.xml": b" " * 1_000_000},
        {f"{number}.xml": b"<a>" + b" " * 4_000 for number in range(10)},
        {f"{number}.txt": b" " for number in range(1_100)},
    ],
)
def test_zip_that_blows_up_is_oversized(hall: Hall, files: dict[str, bytes]) -> None:
    hall.check = hall.new_check(max_message_bytes=200_000 if len(files) > 1_000 else 4_096)
    hall.writes("1.xml", zipped(files))

    reading = hall.read()

    assert reading.values.results_oversized_total == 1
    assert "refused: Expected" in reading.detail
