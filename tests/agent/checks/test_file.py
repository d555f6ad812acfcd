"""Files that come, and files that don't: real ones."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.checks import Reading
from agent.checks.file import Check
from tests.agent.checks.peers import made
from venuewatch.base import clock

NOBODY = 65_534


def check(pattern: Path | str, **fields: object) -> Check:
    found: Check = made("file", pattern=str(pattern), **fields)
    return found


def write(path: Path, text: str = "x", *, age_s: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    written_at = clock.wall() - age_s
    os.utime(path, (written_at, written_at))
    return path


def count(reading: Reading) -> float | None:
    return reading.values.check_files


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Be an account that may look into no other's folders."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("only root can become another account")
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def test_the_newest_file_is_the_one_that_is_judged(tmp_path: Path) -> None:
    write(tmp_path / "b.xml", "old", age_s=500)
    write(tmp_path / "a.xml", "newest", age_s=30)
    write(tmp_path / "newer.txt")

    reading = check(tmp_path / "*.xml", max_age_s=90).read()

    assert reading[:2] == ("ok", "a.xml, 6 B, 30 s old")
    assert count(reading) == 2
    assert reading.values.check_file_size_bytes == 6
    assert reading.values.check_file_age_seconds == pytest.approx(30, abs=5)


@pytest.mark.parametrize(
    ("text", "age_s", "limits", "words"),
    [
        ("x", 400, {"max_age_s": 90}, "too old: a.xml, 1 B, 7 min old"),
        ("", 0, {"min_size_bytes": 1}, "too small: a.xml, 0 B, 0 s old"),
    ],
)
def test_a_file_too_old_or_too_small_is_critical(
    tmp_path: Path, text: str, age_s: float, limits: dict[str, object], words: str
) -> None:
    write(tmp_path / "a.xml", text, age_s=age_s)

    assert check(tmp_path / "*.xml", **limits).read()[:2] == ("critical", words)


def test_a_file_from_the_future_proves_nothing_and_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", age_s=-3_000)

    state, detail, _ = check(tmp_path / "*", max_age_s=90).read()

    assert state == "warning"
    assert detail.startswith("from the future: a.xml, 1 B, in ")


def test_no_file_is_critical_unless_it_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "a.xml").mkdir()
    (tmp_path / "b.xml").symlink_to("nowhere")
    pattern = tmp_path / "*.xml"

    reading = check(pattern).read()

    assert reading[:2] == ("critical", f"no file matches {pattern}")
    assert count(reading) == 0
    assert check(pattern, may_be_missing=True).read().state == "ok"
    assert check(tmp_path / "no" / "such" / "*").read().state == "critical"


def test_a_file_that_must_grow_is_critical_while_it_is_not_written(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", "one")
    looked = check(tmp_path / "*.log", must_grow=True)
    states = [looked.read().state, looked.read().state]

    write(path, "one two", age_s=-1)
    states.append(looked.read().state)
    still = looked.read()
    write(path, "")  # begun anew
    states.append(looked.read().state)
    write(tmp_path / "b.log", "", age_s=-1)  # another came
    states.append(looked.read().state)

    assert states == ["ok", "critical", "ok", "ok", "ok"]
    assert still.detail.startswith("was not written: a.log, 7 B, ")


def test_file_overwritten_in_its_size_counts_as_written(tmp_path: Path) -> None:
    path = write(tmp_path / "board.txt", "00:12", age_s=9)
    looked = check(path, must_grow=True)
    states = [looked.read().state]

    for age_s in (6, 3, 3, 8):  # the last: from a machine whose clock was set back
        with path.open("r+b") as board:
            board.write(b"00:13")
        os.utime(path, (1e9 - age_s, 1e9 - age_s))
        states.append(looked.read().state)

    assert states == ["ok", "ok", "ok", "critical", "ok"]


def test_file_replaced_in_its_size_and_time_counts_as_written(tmp_path: Path) -> None:
    path = write(tmp_path / "board.txt", "00:12")
    os.utime(path, (1e9, 1e9))
    looked = check(path, must_grow=True)
    looked.read()
    write(tmp_path / "new", "00:13").rename(path)
    os.utime(path, (1e9, 1e9))

    assert [looked.read().state, looked.read().state] == ["ok", "critical"]


def test_a_folder_that_fills_is_critical(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.xml")

    reading = check(tmp_path / "*.xml", max_files=3).read()

    assert reading.state == "critical"
    assert reading.detail.startswith("4 files: ")
    assert check(tmp_path / "*.xml", max_files=4).read().state == "ok"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", "a.xml b.txt"),
        ("[ab].*", "a.xml b.txt"),
        ("?.xml", "a.xml"),
        ("*/*.xml", "in/c.xml link/c.xml"),
        ("**/*.xml", "a.xml in/c.xml in/deep/d.xml"),
        ("**", "a.xml b.txt in/c.xml in/deep/d.xml"),
        ("in/**/*.xml", "in/c.xml in/deep/d.xml"),
        ("i*/d*p/d.xml", "in/deep/d.xml"),
        (".*", ".hidden"),
        (".hide/*", ".hide/e.xml"),
        ("a.xml", "a.xml"),
        ("link/*.xml", "in/c.xml"),
        ("*.XML", ""),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows folds case")
def test_a_pattern_means_what_it_means_in_a_shell(tmp_path: Path, pattern: str, names: str) -> None:
    for name in ("a.xml", "b.txt", "in/c.xml", "in/deep/d.xml", ".hidden", ".hide/e.xml"):
        write(tmp_path / name, age_s=1_000)
    (tmp_path / "link").symlink_to("in")

    assert count(check(tmp_path / pattern).read()) == len(names.split())
    for name in names.split():
        write(tmp_path / name, age_s=10)
        assert check(tmp_path / pattern, max_age_s=100).read().state == "ok"
        write(tmp_path / name, age_s=1_000)


def test_a_walk_stops_after_its_entries_and_then_accuses_nobody(tmp_path: Path) -> None:
    for number in range(20):
        write(tmp_path / f"{number}.xml", age_s=1_000)

    many = check(tmp_path / "*.xml", max_entries=10).read()
    old = check(tmp_path / "*.xml", max_entries=10, max_age_s=90).read()
    none = check(tmp_path / "*.txt", max_entries=10).read()

    assert (many.state, count(many)) == ("ok", 10)
    assert many.detail.endswith("; looked at the first 11 names only")
    assert old.state == "unknown"
    assert old.detail.startswith("too old: ")
    assert none.state == "unknown"


def test_a_walk_into_a_very_deep_folder_ends(tmp_path: Path) -> None:
    write(tmp_path / "/".join(["d"] * 100) / "a.xml")

    assert check(tmp_path / "**" / "*.xml").read().state == "unknown"


@pytest.mark.usefixtures("as_nobody")
def test_a_folder_that_may_not_be_looked_into_accuses_nobody() -> None:
    reading = check("/root/*.xml").read()

    assert reading[:2] == ("unknown", "/root: may not be looked into")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"r\xe9sultats\n.xml")).touch()

    reading = check(tmp_path / "*.xml").read()

    assert reading.detail.startswith("r?sultats .xml, 0 B, ")
    assert msgspec.json.encode(reading)
