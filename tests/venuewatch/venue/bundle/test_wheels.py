"""The choice of wheels for one Python on one architecture."""

from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import make_wheel
from venuewatch.base.config import ConfigError
from venuewatch.venue.bundle.markers import Requirement, fits, required
from venuewatch.venue.bundle.wheels import Target, choose, read_folder, read_wheel

TARGET = Target("3.12", "aarch64")
OURS = Requirement("venuewatch", frozenset(), "")


def chosen(folder: Path, target: Target = TARGET, first: Requirement = OURS) -> list[str]:
    return [wheel.path.name for wheel in choose(read_folder(folder), target, first)]


@pytest.mark.parametrize(
    ("tags", "runs"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        ("py312-none-any", True),
        ("cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64", True),
        ("cp312-cp312-manylinux_2_36_aarch64", True),
        ("cp312-cp312-linux_aarch64", True),
        ("cp36-abi3-manylinux2014_aarch64", True),
        ("cp312-abi3-manylinux_2_34_aarch64", True),
        ("cp313-abi3-manylinux2014_aarch64", False),
        ("cp311-cp311-manylinux2014_aarch64", False),
        ("cp312-cp312-manylinux2014_x86_64", False),
        ("cp312-cp312-manylinux_2_39_aarch64", False),
        ("cp312-cp312-musllinux_1_2_aarch64", False),
        ("cp312-cp312t-manylinux2014_aarch64", False),
        ("cp312-cp312-win_arm64", False),
        ("py2-none-any", False),
    ],
)
def test_wheel_runs_where_its_tags_say(tmp_path: Path, *, tags: str, runs: bool) -> None:
    wheel = read_wheel(make_wheel(tmp_path, "h11", tags=tags))

    assert wheel.runs_on(TARGET) is runs


def test_what_a_wheel_requires_is_chosen_too(tmp_path: Path) -> None:
    make_wheel(tmp_path, "venuewatch", requires=["wsproto>=1.2", 'aiohttp; extra == "aggregator"'])
    make_wheel(tmp_path, "wsproto", "1.3", requires=["h11<1,>=0.16.0"])
    make_wheel(tmp_path, "h11", "0.16.0")
    make_wheel(tmp_path, "aiohttp", "3.12")

    assert chosen(tmp_path) == [
        "h11-0.16.0-py3-none-any.whl",
        "venuewatch-1.0-py3-none-any.whl",
        "wsproto-1.3-py3-none-any.whl",
    ]


def test_extra_brings_what_it_requires(tmp_path: Path) -> None:
    make_wheel(tmp_path, "venuewatch", requires=['aiohttp[speed-ups]; extra == "aggregator"'])
    make_wheel(tmp_path, "aiohttp", requires=['brotli; extra == "Speed_Ups"'])
    make_wheel(tmp_path, "Brotli")

    found = chosen(tmp_path, first=Requirement("venuewatch", frozenset({"aggregator"}), ""))

    assert found == [
        "aiohttp-1.0-py3-none-any.whl",
        "Brotli-1.0-py3-none-any.whl",
        "venuewatch-1.0-py3-none-any.whl",
    ]


def test_wheel_for_another_architecture_only_is_refused_by_name(tmp_path: Path) -> None:
    make_wheel(tmp_path, "venuewatch", requires=["msgspec>=0.20"])
    make_wheel(tmp_path, "msgspec", "0.20.0", "cp312-cp312-manylinux2014_x86_64")

    with pytest.raises(ConfigError) as caught:
        chosen(tmp_path)

    assert str(caught.value).startswith("no wheel of msgspec for Python 3.12 on aarch64: fetch it ")


def test_wheel_of_a_version_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    make_wheel(tmp_path, "venuewatch", requires=["mqtt5<0.9,>=0.8"])
    make_wheel(tmp_path, "mqtt5", "0.9.1")

    with pytest.raises(ConfigError, match=r"^mqtt5: expected <0.9,>=0.8, got 0.9.1: fetch it "):
        chosen(tmp_path)


def test_two_versions_are_refused(tmp_path: Path) -> None:
    make_wheel(tmp_path, "venuewatch", "1.0")
    make_wheel(tmp_path, "venuewatch", "1.1")

    with pytest.raises(
        ConfigError, match=r"expected one version of it, got 1\.0 and 1\.1: keep one"
    ):
        chosen(tmp_path)


def test_build_for_this_python_goes_before_one_for_all(tmp_path: Path) -> None:
    make_wheel(tmp_path, "venuewatch", requires=["psutil"])
    make_wheel(tmp_path, "psutil", tags="py3-none-any")
    make_wheel(tmp_path, "psutil", tags="cp36-abi3-manylinux2014_aarch64")
    make_wheel(tmp_path, "psutil", tags="cp312-cp312-manylinux2014_aarch64")

    assert "psutil-1.0-cp312-cp312-manylinux2014_aarch64.whl" in chosen(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_wheel_cut_short_is_refused_by_name(tmp_path: Path, share: float) -> None:
    path = make_wheel(tmp_path, "h11")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(ConfigError, match=r"any\.whl: expected a wheel, got damage"):
        read_folder(tmp_path)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 2000 wheels, got 0: fetch it with pip"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("marker", "is_required"),
    [
        ("", True),
        ('; python_version < "3.13"', True),
        ('; python_version < "3.11"', False),
        ('; python_version >= "3.9" and sys_platform == "linux"', True),
        ('; sys_platform == "win32" or os_name == "nt"', False),
        ('; (platform_machine == "aarch64") and implementation_name != "pypy"', True),
        ('; extra == "dev"', False),
        ('; python_version < "3.11" and extra == "toml"', False),
        ('; "linux" in sys_platform', True),
        ("; something new", True),
        ('; python_full_version < "3.11.3"', False),
    ],
)
def test_marker_tells_where_something_is_required(*, marker: str, is_required: bool) -> None:
    found = required(f"h11>=0.16{marker}", python="3.12", machine="aarch64", extras=())

    assert (found is not None) is is_required


@pytest.mark.parametrize(
    ("version", "versions", "is_fit"),
    [
        ("0.9", "", True),
        ("0.10", ">=0.9", True),
        ("0.8.0", ">=0.8,<0.9", True),
        ("0.9", ">=0.8,<0.9", False),
        ("1.2.3", "~=1.2", True),
        ("2.0", "~=1.2", False),
        ("1.2.9", "~=1.2.3", True),
        ("1.3", "~=1.2.3", False),
        ("1.0", "==1", True),
        ("1.5", "==1.*", True),
        ("1.5", "!=1.*", False),
        ("1.5", "!=1.5", False),
        ("1.5", "===1.5", True),
    ],
)
def test_version_fits_its_limits(*, version: str, versions: str, is_fit: bool) -> None:
    assert fits(version, versions) is is_fit
