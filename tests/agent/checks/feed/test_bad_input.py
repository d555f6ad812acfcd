"""Input that means harm, or is far too much: bounded, counted, and told by a word."""

import gzip
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.checks.reading.words import MAX_DETAIL
from agent.checks.results_feed.header import Message
from agent.checks.results_feed.refusals import OF_FILES
from agent.checks.results_feed.versions import MAX_IDENTITIES, Versions
from tests.agent.checks.feed import hall as virtual
from tests.agent.checks.feed.test_folder import Hall
from tests.agent.checks.feed.test_zips import zipped

MB = 1024 * 1024


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * MB)


def written(content: Callable[[], bytes]) -> Callable[[Path], None]:
    made: list[bytes] = []

    def write(path: Path) -> None:
        if not made:
            made.append(content())
        path.write_bytes(made[0])

    return write


def long() -> bytes:
    return b'<Body DocumentType="DT_KA">' + b" " * (50 * MB) + b"</Body>"


BOMB = b"".join(
    [
        b'<!DOCTYPE a [<!ENTITY a0 "ha">',
        *(b'<!ENTITY a%d "%s">' % (at, b"&a%d;" % (at - 1) * 10) for at in range(1, 30)),
        b']><a DocumentType="&a29;"/>',
    ]
)


@pytest.mark.parametrize(
    ("make", "values", "word"),
    [
        (sparse, (0, 1), "Expected at most 100000 bytes"),
        (written(lambda: gzip.compress(long())), (0, 1), "Expected at most 100000 bytes"),
        (written(lambda: zipped({"1.xml": long()})), (0, 1), "Expected a zip that holds less"),
        (written(lambda: BOMB), (1, 0), "Expected no DOCTYPE"),
        (written(lambda: gzip.compress(BOMB)), (1, 0), "Expected no DOCTYPE"),
        (written(lambda: zipped({"1.xml": BOMB})), (1, 0), "Expected no DOCTYPE"),
    ],
)
def test_file_that_means_harm_is_counted_named_and_no_silence(
    hall: Hall, make: Callable[[Path], None], values: tuple[int, int], word: str
) -> None:
    hall.check = hall.new_check(max_message_bytes=100_000)
    reading = hall.read()
    for number in range(4):
        make(hall.folder / f"{number}.xml")
        reading = hall.read(60.0)

    assert reading.values.results_parse_errors_total == 4 * values[0]
    assert reading.values.results_oversized_total == 4 * values[1]
    assert reading.state == "critical"
    assert f"refused: {word}" in reading.detail


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped({"1.xml": content})])
def test_what_is_packed_costs_little_memory(hall: Hall, pack: Callable[[bytes], bytes]) -> None:
    hall.check = hall.new_check(max_message_bytes=64 * MB)
    hall.writes("1.xml", pack(b'<Body DocumentType="DT_KA">' + b"<a/>" * MB + b"</Body>"))
    tracemalloc.start()
    heard = hall.heard()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert heard == 1
    assert peak_bytes < 2 * MB


def test_schedules_in_a_zip_take_bounded_memory(hall: Hall) -> None:
    units = "".join(f'<Unit Code="U{number}" ScheduleStatus="RUNNING"/>' for number in range(512))
    schedule = f'<Body DocumentType="DT_SCHEDULE">{units}</Body>'.encode()
    hall.check = hall.new_check(max_message_bytes=4 * MB)
    hall.writes("1.xml", zipped({f"{number}.xml": schedule for number in range(300)}))
    tracemalloc.start()
    heard = hall.heard()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert heard == 300
    assert peak_bytes < 8 * MB


def test_links_are_not_followed_and_told(
    hall: Hall, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "1.xml").write_bytes(hall.score(1))
    (hall.folder / "link.xml").symlink_to(elsewhere / "1.xml")
    (hall.folder / "nowhere.xml").symlink_to(elsewhere / "2.xml")
    (hall.folder / "2024-08-03").symlink_to(elsewhere)
    (hall.folder / "notes.txt").symlink_to(elsewhere)

    readings = [hall.read(), hall.read(30.0)]

    assert [it.values.results_messages_total for it in readings] == [0, 0]
    assert all("3 links not followed" in it.detail for it in readings)


def test_folder_that_is_itself_a_link_is_read(hall: Hall, tmp_path: Path) -> None:
    hall.writes("1.xml", hall.score(1))
    link = tmp_path.parent / f"{tmp_path.name}-current"
    link.symlink_to(tmp_path)
    hall.folder = link

    hall.check = hall.new_check()

    assert hall.heard() == 1


def test_pipe_and_device_are_left_alone(hall: Hall) -> None:
    os.mkfifo(hall.folder / "1.xml")
    hall.writes("2.xml", hall.score(1))

    assert hall.heard() == 1


@pytest.mark.parametrize("denied", ["", "2024-08-03"])
def test_folder_without_permission_is_critical_and_named(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, denied: str
) -> None:
    (hall.folder / "2024-08-03").mkdir()
    hall.writes("1.xml", hall.score(1))
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if path == hall.folder / denied:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr("agent.checks.results_feed.look.os.scandir", refuse)
        reading = hall.read()

    assert reading.state == "critical"
    assert reading.detail.startswith(f"{hall.folder / denied}: permission denied")
    assert hall.heard(30.0) == 1


def test_ten_thousand_sources_are_bounded_and_told() -> None:
    feed = virtual.Hall()
    feed.says(0.0, "DT_LOCAL_ON")
    for number in range(10_000):
        feed.says(1.0, "DT_RESULT", source=f"OTHER{number}")

    reading = feed.at(100.0)

    assert "over 64 sources: 9937 forgotten" in reading.detail
    assert (reading.state, reading.values.results_messages_total) == ("silent", 10_001)


def test_sources_that_open_windows_are_bounded_and_told() -> None:
    feed = virtual.Hall()
    for number in range(10_000):
        feed.says(1.0, "DT_KA", source=f"OTHER{number}")

    assert "over 64 sources: 9936 forgotten" in feed.at(2.0).detail


def test_live_units_are_bounded_and_told() -> None:
    feed = virtual.Hall()
    for number in range(1_000):
        feed.score(1.0, 1, code=f"BKB{number}")

    reading = feed.at(2.0)

    assert reading.values.results_live_units == 512
    assert "over 512 live units: 488 forgotten" in reading.detail


def test_identities_are_bounded_counted_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = Versions()
    for number in range(100_000):
        versions.hear(Message("DT_RESULT", code=str(number), version=1), None)
    monkeypatch.setattr("agent.checks.results_feed.versions.MAX_IDENTITIES", 5)
    feed = virtual.Hall()
    for number in range(9):
        feed.score(1.0, 1, subcode=str(number))

    assert versions.forgotten == 100_000 - MAX_IDENTITIES
    assert len(versions._newest) == MAX_IDENTITIES  # noqa: SLF001
    assert "sequences of versions: 4 forgotten" in feed.at(2.0).detail


def test_too_many_are_not_told_for_ever() -> None:
    feed = virtual.Hall()
    for number in range(100):
        feed.says(1.0, "DT_KA", source=f"OTHER{number}")
    feed.says(200.0, "DT_KA", source="OTHER99")

    assert "forgotten" in feed.at(300.0).detail
    assert "forgotten" not in feed.at(302.0).detail


HOSTILE = ['"} 1\nvenuewatch_up 1', "\x1b[2J", "a" * 10_000, "\u202e{}=", "\ud800", "é,\\"]


def test_hostile_headers_make_no_series_and_one_line() -> None:
    quiet, feed = virtual.Hall(), virtual.Hall()
    quiet.score(1.0, 1)
    for at, text in enumerate(HOSTILE):
        for name in ("source", "code", "competition", "subcode", "language", "flag"):
            feed.score(1.0 + at, 1, **{name: text})

    reading, expected = feed.at(20.0), quiet.at(20.0)

    names = {name for name in reading.values.__struct_fields__ if getattr(reading.values, name)}
    by_reason = dict(reading.values.results_refused_total or ())
    types = {type(getattr(reading.values, name)) for name in names - {"results_refused_total"}}
    assert types == {float}
    assert by_reason.keys() == set(OF_FILES)
    assert reading.values.__struct_fields__ == expected.values.__struct_fields__
    assert reading.detail.isprintable()
    assert len(reading.detail) <= MAX_DETAIL
