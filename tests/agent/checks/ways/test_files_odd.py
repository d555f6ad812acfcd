"""Links, pipes and files that vanish or may not be read keep no other file from being read."""

import os
import threading
from pathlib import Path

import pytest

from agent.checks.ways import Heard, files
from tests.agent.checks.ways.folder import START_S, Hall, contents
from tests.agent.checks.ways.hall import PATIENCE_S
from venuewatch.base import clock
from venuewatch.base.files import open_regular

LONG_AGO_S = START_S - 3600.0


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    hall = Hall(tmp_path)
    assert hall.hears(0.0) == Heard()
    return hall


def test_link_that_is_named_whole_is_followed(tmp_path: Path) -> None:
    hall = Hall(tmp_path, "latest.xml")
    hall.hears()
    (tmp_path / "latest.xml").symlink_to(hall.writes("heat-7.xml", b"<a/>"))

    assert contents(hall.hears()) == [b"<a/>"]


def test_links_among_files_are_passed_over_and_told_once(hall: Hall, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "heat-8.lif").symlink_to(tmp_path / "secret")
    (tmp_path / "heat-9.lif").symlink_to("/nowhere")

    heard = hall.hears()

    assert heard.pieces == ()
    assert heard.refused.endswith(".lif is a link, which is not followed")
    assert heard.refusals == {"link": 2}
    assert hall.hears() == Heard()


def test_linked_folder_below_a_wildcard_is_passed_over(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    hall = Hall(out, "*/*.lif")
    hall.hears()
    (elsewhere / "heat-7.lif").write_bytes(b"one")
    (out / "day").symlink_to(elsewhere)

    assert contents(hall.hears()) == []


def test_file_that_became_a_link_before_it_is_opened_is_not_read(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    path = hall.writes("heat-7.lif", b"one", ago_s=0.0)
    hall.hears(0.0)  # from now on it is read after its time, whatever becomes of it

    def swapped(name: str) -> int:
        path.unlink()
        path.symlink_to(secret)
        return open_regular(name)

    monkeypatch.setattr(files, "open_regular", swapped)

    assert contents(hall.hears(40.0)) == []


@pytest.mark.parametrize("pattern", ["*.lif", "heat-7.lif"])
def test_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path, pattern: str) -> None:
    os.mkfifo(tmp_path / "heat-7.lif")
    hall = Hall(tmp_path, pattern)

    heard = hall.hears()

    assert heard.pieces == ()
    assert ("got a pipe" in heard.trouble) == (pattern == "heat-7.lif")


def test_file_that_became_a_pipe_before_it_is_opened_is_trouble(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hall.writes("heat-7.lif", b"one")

    def swapped(name: str) -> int:
        path.unlink()
        os.mkfifo(path)
        return open_regular(name)

    monkeypatch.setattr(files, "open_regular", swapped)

    assert "expected a regular file, got a pipe" in hall.hears().trouble


def test_file_that_is_taken_away_meanwhile_costs_no_other(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.writes("heat-7.lif", b"one", ago_s=20.0)
    hall.writes("heat-8.lif", b"two")

    def taking(name: str) -> int:
        if name.endswith("heat-7.lif"):
            os.unlink(name)  # noqa: PTH108
        return open_regular(name)

    monkeypatch.setattr(files, "open_regular", taking)

    heard = hall.hears()

    assert (contents(heard), heard.trouble) == ([b"two"], "")


def test_file_that_may_not_be_read_is_trouble_and_tried_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hall.writes("heat-7.lif", b"one")

    def denied(_name: str) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(files, "open_regular", denied)
        first = hall.hears()

    assert first.trouble == f"{path}: permission denied: may this user read and write it?"
    assert contents(hall.hears()) == [b"one"]


def test_name_that_is_no_text_is_still_a_name(hall: Hall, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/Z\xfcrich.lif"
    with open(path, "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write(b"one")
    os.utime(path, (LONG_AGO_S, LONG_AGO_S))

    (piece,) = hall.hears().pieces

    assert piece.name == "Z?rich.lif"


def test_folder_that_hangs_is_told_within_the_deadline_and_heard_when_it_answers(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.writes("heat-7.lif", b"one")
    may_answer = threading.Event()
    asked: list[str] = []

    def hanging(name: str) -> int:
        asked.append(name)
        assert may_answer.wait(PATIENCE_S)
        return open_regular(name)

    monkeypatch.setattr(files, "open_regular", hanging)
    begin_s = clock.monotonic()
    hung = [hall.hears(timeout_s=0.2) for _ in range(3)]
    took_s = clock.monotonic() - begin_s
    may_answer.set()
    heard = hall.hears()

    assert [each.trouble for each in hung] == [
        f"{hall.folder}: no answer in time",
        f"{hall.folder}: it has not answered for 10 s",
        f"{hall.folder}: it has not answered for 20 s",
    ]
    assert all(each.is_unreadable for each in hung)
    assert len(asked) == 1
    assert took_s < PATIENCE_S / 2
    assert (contents(heard), heard.trouble) == ([b"one"], "")
    assert hall.hears() == Heard()


def test_failure_within_a_folder_that_was_looked_into_aside_is_not_lost(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.writes("heat-7.lif", b"one")

    def failing(_raw: bytes, _max_bytes: int) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(files, "unpacked_whole", failing)
        with pytest.raises(ZeroDivisionError):
            hall.hears()

    assert hall.hears().trouble == ""


def test_server_of_a_folder_that_times_out_is_asked_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.writes("heat-7.lif", b"one")

    def timing_out(_name: str) -> int:
        raise TimeoutError(110, "Connection timed out")

    with monkeypatch.context() as patch:
        patch.setattr(files, "open_regular", timing_out)
        first = hall.hears()

    assert first.trouble.endswith("heat-7.lif: no answer in time")
    assert contents(hall.hears()) == [b"one"]
