"""Bundles that were cut short or damaged on their way."""

from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import PlayedMachine, key_file, run, unpacked
from venuewatch.venue.bundle.host.machine import RefusedError
from venuewatch.venue.bundle.host.opened import Bundle

WHEEL = "wheels/h11-0.16.0-py3-none-any.whl"


def refusal(folder: Path) -> str:
    with pytest.raises(RefusedError) as caught:
        Bundle(folder)
    return str(caught.value)


def test_whole_bundle_is_read(tmp_path: Path) -> None:
    bundle = Bundle(unpacked(tmp_path))

    assert (bundle.name, bundle.hosts, bundle.pythons) == (
        "STA",
        ["STA-results-01"],
        ["3.11-x86_64"],
    )
    assert [wheel.name for wheel in bundle.wheels("3.11-x86_64")] == [
        "h11-0.16.0-py3-none-any.whl",
        "venuewatch-1.0.0-py3-none-any.whl",
    ]


def test_each_file_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        path.unlink()

        line = refusal(folder)

        assert f"{name} is missing" in line or name == "MANIFEST"
        assert line.endswith("copy it again, and compare its SHA-256 before you unpack it")
        path.write_bytes(content)


def test_each_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

        line = refusal(folder)

        named = "its manifest was cut short" if name == "MANIFEST" else f"{name} is not what"
        assert named in line
        path.write_bytes(content)


def test_one_bit_is_found(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    content = bytearray((folder / WHEEL).read_bytes())
    content[50] ^= 1
    (folder / WHEEL).write_bytes(content)

    assert f"{WHEEL} is not what the manifest says" in refusal(folder)


def test_path_that_leads_out_of_the_bundle_is_refused(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    manifest = (folder / "MANIFEST").read_text()
    (folder / "MANIFEST").write_text(f"{'0' * 64}  ../../etc/shadow\n{manifest}")

    assert "its manifest is damaged" in refusal(folder)


def test_damaged_bundle_changes_nothing(tmp_path: Path, machine: PlayedMachine) -> None:
    folder = unpacked(tmp_path)
    (folder / WHEEL).unlink()
    before = machine.tree()

    with pytest.raises(RefusedError):
        run(machine, "install", folder, "--key", key_file(tmp_path))

    assert machine.tree() == before
