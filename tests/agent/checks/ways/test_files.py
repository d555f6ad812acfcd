"""Files are read once they rest, each whole and with its name, whatever else lies beside them."""

import io
import os
import random
import zipfile
from pathlib import Path

import pytest

from agent.checks.reading.times import Deadline, Now
from agent.checks.ways import Heard, files
from agent.checks.ways.files import Settings
from tests.agent.checks.ways.folder import START_S, Hall, contents
from tests.agent.checks.ways.hall import packed

NOISE = packed(random.Random(0).randbytes(1200))  # larger packed than it may be unpacked


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    hall = Hall(tmp_path)
    assert hall.hears(0.0) == Heard()
    return hall


def test_new_file_is_one_whole_piece_with_its_name(hall: Hall) -> None:
    hall.writes("heat-7.lif", b"1,Rossi,12.31")

    (piece,) = hall.hears(0.0).pieces

    assert (piece.content, piece.is_whole, piece.name) == (b"1,Rossi,12.31", True, "heat-7.lif")
    assert hall.hears() == Heard()


def test_changed_file_is_read_again(hall: Hall) -> None:
    hall.writes("heat-7.lif", b"one")
    hall.hears()
    hall.writes("heat-7.lif", b"two")

    assert contents(hall.hears()) == [b"two"]


def test_file_whose_time_and_size_stay_is_read_again_when_it_changed(hall: Hall) -> None:
    path = hall.writes("heat-7.lif", b"one")
    hall.hears()
    written_ns = path.stat().st_mtime_ns
    path.write_bytes(b"two")
    os.utime(path, ns=(written_ns, written_ns))

    assert contents(hall.hears()) == [b"two"]


def test_files_of_before_the_agent_count_as_read_but_the_newest_ones(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    hall.writes("old.lif", b"old", ago_s=3600.0)
    hall.writes("new.lif", b"new", ago_s=30.0)

    assert contents(hall.hears(0.0)) == [b"new"]
    assert hall.hears() == Heard()


def test_files_are_read_in_the_order_of_their_times(hall: Hall) -> None:
    for name, ago_s in (("c.lif", 30.0), ("a.lif", 20.0), ("b.lif", 10.0)):
        hall.writes(name, name.encode(), ago_s)

    assert contents(hall.hears()) == [b"c.lif", b"a.lif", b"b.lif"]


def test_file_that_was_written_just_now_is_read_when_it_rests(hall: Hall) -> None:
    hall.writes("heat-7.lif", b"1,Ros", ago_s=0.1)
    early = hall.hears(0.0)
    hall.writes("heat-7.lif", b"1,Rossi", ago_s=0.1)
    still_early = hall.hears(0.5)

    assert (early, still_early) == (Heard(), Heard())
    assert contents(hall.hears()) == [b"1,Rossi"]


def test_file_of_a_machine_whose_clock_is_ahead_is_read_at_the_next_look(hall: Hall) -> None:
    hall.writes("heat-7.lif", b"ahead", ago_s=-7200.0)

    assert [contents(hall.hears()), contents(hall.hears())] == [[], [b"ahead"]]


def test_file_that_never_rests_is_read_all_the_same(hall: Hall) -> None:
    heard = []
    for at in range(5):
        hall.writes("live.lif", b"%d" % at, ago_s=0.0)
        heard += contents(hall.hears(0.0))
        hall.now_s += 10.0

    assert heard == [b"3"]


@pytest.mark.parametrize(
    "content",
    [b"1,Rossi" + bytes(100), b"", packed(b"1,Rossi")[:-4]],
)
def test_file_that_is_not_complete_is_read_once_it_is(hall: Hall, content: bytes) -> None:
    hall.writes("heat-7.lif", content)
    early = hall.hears()
    hall.writes("heat-7.lif", b"1,Rossi,12.31")

    assert early == Heard()
    assert contents(hall.hears()) == [b"1,Rossi,12.31"]


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b"1,Rossi" + bytes(100), b"1,Rossi" + bytes(100)),
        (b"", b""),
        (packed(b"1,Rossi")[:-4], b"1,Rossi"),
    ],
)
def test_file_that_stays_incomplete_is_read_after_its_time(
    hall: Hall, content: bytes, read: bytes
) -> None:
    hall.writes("heat-7.lif", content)
    looks = [contents(hall.hears()) for _ in range(5)]

    assert looks == [[], [], [], [read], []]


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (packed(b"1,Rossi"), b"1,Rossi"),
        (b"\x1f\x8bno gzip", b"\x1f\x8bno gzip"),
        (b"PK\x03\x04no zip PK\x05\x06" + bytes(30), b"PK\x03\x04no zip PK\x05\x06" + bytes(30)),
    ],
)
def test_gzip_is_known_by_its_content_and_archives_may_end_with_zeros(
    hall: Hall, content: bytes, read: bytes
) -> None:
    hall.writes("heat-7.lif", content)

    assert contents(hall.hears()) == [read]


def zipped(*members: tuple[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def test_each_file_of_a_zip_is_a_piece(hall: Hall) -> None:
    hall.writes("meet.lif", zipped(("meet.lef", b"<LENEX/>"), ("more/", b""), ("more/b.lef", b"b")))

    assert [(piece.name, piece.content) for piece in hall.hears().pieces] == [
        ("meet.lif/meet.lef", b"<LENEX/>"),
        ("meet.lif/more/b.lef", b"b"),
    ]


def test_zip_without_its_end_is_read_once_it_is_whole(hall: Hall) -> None:
    whole = zipped(("meet.lef", b"<LENEX/>"))
    hall.writes("meet.lif", whole[:-22])
    early = hall.hears()
    hall.writes("meet.lif", whole)

    assert early == Heard()
    assert contents(hall.hears()) == [b"<LENEX/>"]


def test_zip_that_stays_without_its_end_is_read_after_its_time(hall: Hall) -> None:
    hall.writes("meet.lif", zipped(("meet.lef", b"<LENEX/>"))[:-22])

    assert [contents(hall.hears()) for _ in range(4)] == [[], [], [], [b"<LENEX/>"]]


@pytest.mark.parametrize(
    ("members", "names", "oversized"),
    [
        ([("a", bytes(1001))], [], 1),
        ([("a", bytes(1001)), ("b", b"b")], ["meet.lif/b"], 1),
        ([("a", bytes(50_000_000))], [], 1),
        ([(str(at), bytes(900)) for at in range(3)], ["meet.lif/0", "meet.lif/1"], 1),
    ],
)
def test_zip_that_blows_up_is_bounded_and_counted(
    hall: Hall, members: list[tuple[str, bytes]], names: list[str], oversized: int
) -> None:
    hall.writes("meet.lif", zipped(*members))

    heard = hall.hears()

    assert [piece.name for piece in heard.pieces] == names
    assert heard.oversized == oversized


@pytest.mark.parametrize(
    "content",
    [b"x" * 1001, bytes(5000), packed(bytes(50_000_000)), b"\x1f\x8b" + b"x" * 9999, NOISE],
)
def test_file_that_is_too_large_is_dropped_and_counted_once(hall: Hall, content: bytes) -> None:
    hall.writes("heat-7.lif", content)

    assert hall.hears() == Heard(oversized=1)
    assert hall.hears() == Heard()


def test_more_files_than_one_hearing_takes_are_unread_and_read_on(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 2)
    for at in range(5):
        hall.writes(f"{at}.lif", b"%d" % at, ago_s=50.0 - at)

    looks = [hall.hears() for _ in range(4)]

    assert [contents(each) for each in looks] == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]
    assert [each.unread for each in looks] == [3, 1, 0, 0]


def test_large_files_end_a_hearing(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    for at in range(3):
        hall.writes(f"{at}.lif", b"x" * 900, ago_s=50.0 - at)

    assert [hall.hears().unread for _ in range(2)] == [1, 0]


def test_hearing_without_time_left_says_what_waits(hall: Hall) -> None:
    hall.writes("heat-7.lif", b"one", ago_s=0.0)
    hall.writes("heat-8.lif", b"two")
    late = hall.way.hear(Now(hall.now_s, START_S), Deadline(-1.0))

    assert late.pieces == ()
    assert len(contents(hall.hears())) == 2


def test_more_names_than_one_look_takes_are_told(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_ENTRIES", 3)
    for at in range(5):
        hall.writes(f"{at}.lif", b"x")

    heard = hall.hears()

    assert heard.trouble.endswith(": only the first 4 names were looked at")
    assert len(heard.pieces) == 3
    assert hall.hears().pieces == ()


def test_folder_that_is_gone_is_trouble_until_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    hall = Hall(folder)
    away = hall.hears()
    folder.mkdir()
    hall.hears()
    hall.writes("heat-7.lif", b"one")

    assert (away.trouble, away.is_unreadable) == (f"{folder}: No such file or directory", True)
    assert contents(hall.hears()) == [b"one"]


def test_folder_may_be_named_without_a_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    hall = Hall(folder, "")
    hall.hears()
    hall.writes("heat-7.lif", b"one")
    heard = hall.hears()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    gone = hall.hears()

    assert [piece.name for piece in heard.pieces] == ["heat-7.lif"]
    assert (gone.trouble, gone.is_unreadable) == (f"{folder}: No such file or directory", True)


def test_folders_of_a_day_are_walked_and_named(tmp_path: Path) -> None:
    hall = Hall(tmp_path, "**/*.lif")
    hall.hears()
    (tmp_path / "2024-08-03").mkdir()
    hall.writes("2024-08-03/heat-7.lif", b"one")

    assert [piece.name for piece in hall.hears().pieces] == ["2024-08-03/heat-7.lif"]


def test_file_that_is_named_whole_may_be_missing_a_while(tmp_path: Path) -> None:
    hall = Hall(tmp_path, "latest.xml")
    missing = hall.hears()
    hall.writes("latest.xml", b"<a/>")

    assert missing.trouble == f"{tmp_path}/latest.xml: No such file or directory"
    assert not missing.is_unreadable
    assert contents(hall.hears()) == [b"<a/>"]


@pytest.mark.parametrize("pattern", ["", "/a\0b", "/**/x/**/*.lif"])
def test_pattern_that_can_not_be_meant_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        Settings(pattern=pattern)


def test_nothing_can_be_sent(hall: Hall) -> None:
    assert hall.way.say(b"x")
    hall.way.close()
