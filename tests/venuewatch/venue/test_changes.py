"""Changes of files: all or none, with their modes, and one command at a time."""

import grp
import os
from pathlib import Path

import pytest

from venuewatch import cli
from venuewatch.base.config import ConfigError
from venuewatch.venue import changes
from venuewatch.venue.changes import PRIVATE, PUBLIC, SHARED, Change


def test_files_have_the_modes_that_they_are_to_have(tmp_path: Path) -> None:
    wanted = {"key": PRIVATE, "rules": SHARED, "certificate": PUBLIC}

    changes.apply([Change(tmp_path / "a" / name, b"x", mode) for name, mode in wanted.items()])

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "a").iterdir()}
    assert modes == wanted


def test_file_that_can_not_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"before")
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigError):
        changes.apply(
            [
                Change(tmp_path / "first", b"after"),
                Change(tmp_path / "file" / "below", b"after"),
            ]
        )

    assert (tmp_path / "first").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "first"]


def test_draft_of_an_interrupted_command_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".a.new").write_bytes(b"half")

    changes.apply([Change(tmp_path / "a", b"whole")])

    assert (tmp_path / "a").read_bytes() == b"whole"
    assert not (tmp_path / ".a.new").exists()


def test_what_is_so_already_is_no_news(tmp_path: Path) -> None:
    (tmp_path / "same").write_bytes(b"x")
    (tmp_path / "same").chmod(PUBLIC)
    same, other = Change(tmp_path / "same", b"x"), Change(tmp_path / "other", b"x")
    gone = Change(tmp_path / "gone", None)

    assert changes.news([same, other, gone]) == [other]


def test_file_that_others_may_read_by_mistake_is_news(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"x")
    (tmp_path / "key").chmod(PUBLIC)
    wanted = Change(tmp_path / "key", b"x", PRIVATE)

    changes.apply(changes.news([wanted]))

    assert (tmp_path / "key").stat().st_mode & 0o777 == PRIVATE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to a group")
def test_file_whose_group_came_later_is_news(tmp_path: Path) -> None:
    path, group = tmp_path / "key", grp.getgrall()[-1]
    early = Change(path, b"x", SHARED, "no-such-group")
    changes.apply([early])
    (line,) = changes.lacking_groups([early])
    assert line.endswith(f"then chgrp no-such-group {path}")

    changes.apply(changes.news([early._replace(group=group.gr_name)]))

    assert path.stat().st_gid == group.gr_gid
    assert changes.lacking_groups([early._replace(group=group.gr_name)]) == []


def test_folders_on_the_way_can_be_entered_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        changes.apply([Change(tmp_path / "a" / "b" / "c", b"x")])
    finally:
        os.umask(before)

    assert {(tmp_path / way).stat().st_mode & 0o777 for way in ("a", "a/b")} == {0o755}


def test_folder_in_the_place_of_a_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()

    with pytest.raises(ConfigError, match="expected a file, got a directory"):
        changes.apply([Change(tmp_path / "a", b"x"), Change(tmp_path / "b", None)], tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_change_is_shown_without_its_content(tmp_path: Path) -> None:
    shown = Change(tmp_path / "key", b"secret", PRIVATE).shown()

    assert shown == f"make {tmp_path}/key (6 bytes, 600)"


def test_second_command_at_a_time_is_refused(tmp_path: Path) -> None:
    refusal = pytest.raises(ConfigError, match=rf"at work \(process {os.getpid()}\): wait")

    with changes.alone(tmp_path), refusal, changes.alone(tmp_path):
        pass


def test_check_config_reads_venues_beside_the_inventory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "inventory.toml"
    path.write_text('[[venue]]\ncode = "STA"\n')
    (tmp_path / "inventory.d").mkdir()
    beside = tmp_path / "inventory.d" / "STA.toml"
    beside.write_text('[[venue]]\ncode = "STA"\n')

    assert cli.main(["check-config", str(beside)]) == 0
    assert cli.main(["check-config", str(path)]) == 2

    assert "expected each venue code in one file" in capsys.readouterr().err


def test_check_config_reads_settings_of_venues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "venues.toml"
    path.write_text('broker_address = "centre.example.org"\n')

    assert cli.main(["check-config", str(path)]) == 0

    assert "valid venues configuration" in capsys.readouterr().out
