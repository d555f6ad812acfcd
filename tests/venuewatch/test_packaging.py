"""Tests of the wheel: three packages, and four dependencies for a venue host."""

import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel as a release does."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.iterdir()
    return zipfile.ZipFile(built)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_exactly_our_three_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    packages = {top for top in tops if not top.endswith(".dist-info")}
    assert packages == {"agent", "aggregator", "venuewatch"}


def test_the_wheel_holds_every_module_and_nothing_else_of_the_sources(
    wheel: zipfile.ZipFile,
) -> None:
    sources = {
        str(path.relative_to(ROOT))
        for package in ("agent", "aggregator", "venuewatch")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == sources


def test_a_venue_host_gets_five_dependencies(metadata: Message) -> None:
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]

    names = {re.split(r"[^A-Za-z0-9-]", line)[0] for line in required}
    assert names == {"h11", "mqtt5", "msgspec", "psutil", "wsproto"}


def test_the_extras_are_those_that_the_command_line_names(metadata: Message) -> None:
    assert set(metadata.get_all("Provides-Extra", [])) == {
        "aggregator",
        "demo",
        "rehearsal",
        "venue",
    }


def test_the_licence_is_in_the_wheel(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert [name for name in wheel.namelist() if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_command_is_installed(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert "venuewatch = venuewatch.cli:main" in wheel.read(name).decode()


OWNERS = """
import sys
sys.path.insert(0, sys.argv[1])
from importlib.metadata import packages_distributions
for package in ("agent", "aggregator", "venuewatch"):
    print(*packages_distributions()[package])
"""


def test_the_names_are_ours_where_the_wheel_is_installed(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    """``agent`` and ``aggregator`` are names on PyPI too: one distribution must own them."""
    wheel.extractall(tmp_path)

    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", OWNERS, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.splitlines() == ["venuewatch"] * 3


@pytest.mark.parametrize("package", ["agent", "aggregator", "venuewatch"])
def test_nobody_else_owns_our_names_in_this_environment(package: str) -> None:
    assert set(packages_distributions().get(package, ())) <= {"venuewatch"}
