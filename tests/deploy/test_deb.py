"""Debian packages: what they hold and what they refuse, by Debian's own tools."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEB = ROOT / "deploy" / "deb"
SCRIPTS = ["preinst", "postinst", "prerm", "postrm"]
needs_dpkg = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed"
)


def build(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", DEB / "build.sh", *words], capture_output=True, text=True, check=False
    )


def empty_wheel(folder: Path, name: str = "venuewatch-0.1.0-py3-none-any.whl") -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("nothing", "")
    return folder


@pytest.mark.parametrize("script", [*SCRIPTS, "build.sh"])
def test_script_is_one_that_a_plain_shell_reads(script: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-n", DEB / script], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_of_the_package_stops_at_the_first_failure(script: str) -> None:
    assert (DEB / script).read_text().startswith("#!/bin/sh\nset -e\n")


def test_removal_leaves_keys_and_authorities() -> None:
    removed = [line.strip() for line in (DEB / "postrm").read_text().splitlines() if "rm " in line]

    assert removed == ["rm -rf /var/lib/@NAME@"]


@needs_dpkg
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("agent",), "expected agent or aggregator, a version, a folder of wheels and a target"),
        (("broker", "0.1.0", "wheels", "out"), "expected agent or aggregator, got broker"),
        (("agent", "one", "wheels", "out"), "one is no version of a Debian package"),
        (("agent", "0.1.0", "/nowhere", "out"), "/nowhere: no such folder of wheels"),
    ],
)
def test_wrong_words_are_refused_in_one_line(words: tuple[str, ...], expected: str) -> None:
    done = build(*words)

    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1


@needs_dpkg
def test_two_wheels_of_ours_are_refused(tmp_path: Path) -> None:
    wheels = empty_wheel(tmp_path / "wheels")
    empty_wheel(wheels, "venuewatch-0.2.0-py3-none-any.whl")

    done = build("agent", "0.1.0", wheels, tmp_path)

    assert (done.returncode, list(tmp_path.glob("*.deb"))) == (2, [])
    assert "found two" in done.stderr


@needs_dpkg
@pytest.mark.real
def test_missing_wheel_of_others_leaves_no_package(tmp_path: Path) -> None:
    wheels = empty_wheel(tmp_path / "wheels")

    done = build("agent", "0.1.0", wheels, tmp_path)

    assert done.returncode != 0
    assert list(tmp_path.glob("*.deb")) == []


@needs_dpkg
@pytest.mark.real
@pytest.mark.long
@pytest.mark.skipif(
    "VENUEWATCH_WHEELS" not in os.environ,
    reason="VENUEWATCH_WHEELS names no folder of wheels for /usr/bin/python3",
)
def test_package_of_an_agent_holds_a_program_that_starts(tmp_path: Path) -> None:
    done = build("agent", "0.1.0rc1", os.environ["VENUEWATCH_WHEELS"], tmp_path)
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.glob("venuewatch-agent_0.1.0~rc1_*.deb")
    unpacked = tmp_path / "unpacked"

    subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)

    python = unpacked / "opt" / "venuewatch" / "bin" / "python"
    words: list[str | Path] = [python, "-I", "-c", "import agent.shell, venuewatch.cli"]
    assert subprocess.run(words, check=False).returncode == 0
    units = unpacked / "usr" / "lib" / "systemd" / "system"
    assert [each.name for each in units.iterdir()] == ["venuewatch-agent.service"]
