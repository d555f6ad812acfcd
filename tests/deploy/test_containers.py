"""Dockerfiles and the compose file of the centre: who runs as what, and that files are there."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTAINERS = ROOT / "deploy" / "containers"
DOCKERFILES = sorted(CONTAINERS.glob("*.Dockerfile"))
COMPOSE = CONTAINERS / "compose.yml"


def composed() -> dict[str, Any]:
    content = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(content, dict)
    return content


def steps(dockerfile: Path) -> list[tuple[str, str]]:
    """Return the instructions of the last stage, each with its words."""
    text = re.sub(r"\\\n\s*", " ", dockerfile.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = [(line.split()[0], line.partition(" ")[2]) for line in map(str.strip, lines)]
    last = max(at for at, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def test_each_role_has_a_dockerfile() -> None:
    assert [file.stem for file in DOCKERFILES] == ["agent", "aggregator", "mosquitto"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda file: file.stem)
def test_image_runs_as_a_number_that_is_not_root(dockerfile: Path) -> None:
    """A number: Kubernetes can't tell that a name is not root."""
    names = [name for name, _ in steps(dockerfile)]
    (user,) = [words for name, words in steps(dockerfile) if name == "USER"]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_no_two_images_run_as_the_same_number() -> None:
    """On one machine a container could read the keys of another one."""
    users = [words for file in DOCKERFILES for name, words in steps(file) if name == "USER"]

    assert len(set(users)) == len(DOCKERFILES)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda file: file.stem)
def test_image_copies_files_that_the_context_has(dockerfile: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    copies = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile.read_text(), flags=re.MULTILINE)

    assert copies
    for copied in copies:
        assert (ROOT / copied).exists()
        assert copied == "." or any(
            one == copied or one.startswith(f"{copied}/") or copied.startswith(f"{one}/")
            for one in allowed
        )


def test_context_has_what_links_of_the_packages_lead_to() -> None:
    """A link that leads nowhere in the context is a wheel that can not be made there."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line.removeprefix("!") for line in lines if line.startswith("!")]
    packages = ("agent", "aggregator", "venuewatch")
    paths = [path for name in packages for path in (ROOT / name).rglob("*")]

    targets = {
        path.resolve().relative_to(ROOT.resolve()).as_posix() for path in paths if path.is_symlink()
    }

    lost = [
        target
        for target in sorted(targets)
        if not any(target == one or target.startswith(f"{one}/") for one in allowed)
    ]
    assert targets
    assert lost == []


def test_context_brings_all_that_a_wheel_is_made_of() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()

    for needed in ("agent", "aggregator", "venuewatch", "pyproject.toml", "README.md", "LICENSE"):
        assert f"!{needed}" in allowed
        assert (ROOT / needed).exists()


@pytest.mark.parametrize("name", sorted(composed()["services"]))
def test_service_of_the_centre_is_guarded_and_bounded(name: str) -> None:
    service = composed()["services"][name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["restart"] == "always"
    assert service["mem_limit"]
    assert "privileged" not in service
    assert "build" in service or service["user"] not in {"root", "0"}
    assert not re.search(r":latest$|^[^:]+$", service["image"]) or "build" in service


def test_compose_mounts_files_of_ours_that_exist() -> None:
    ours = [
        volume["source"]
        for service in composed()["services"].values()
        for volume in service["volumes"]
        if volume["type"] == "bind" and volume["source"].startswith(".")
    ]

    assert len(ours) >= 5
    assert [source for source in ours if not (CONTAINERS / source).resolve().exists()] == []


def test_what_changes_by_rename_is_mounted_as_a_folder() -> None:
    elsewhere = [
        volume["source"]
        for service in composed()["services"].values()
        for volume in service["volumes"]
        if volume["type"] == "bind" and volume["source"].startswith("/")
    ]

    assert set(elsewhere) == {"/etc/mosquitto/venuewatch", "/etc/venuewatch"}


def test_aggregator_sees_each_folder_that_the_checklist_names_to_it() -> None:
    checklist = (ROOT / "deploy" / "README.md").read_text()
    (settings,) = re.findall(r"(?s)# /etc/venuewatch/aggregator.toml\n(.*?)\n\n", checklist)
    named = [Path(one) for one in re.findall(r'"(/[^"]+)"', settings)]

    mounted = [
        Path(volume["target"])
        for volume in composed()["services"]["aggregator"]["volumes"]
        if volume["type"] == "bind"
    ]

    assert named
    assert [one for one in named if not set(mounted) & set(one.parents)] == []


def test_numbers_of_users_are_the_same_in_images_and_compose() -> None:
    mosquitto = composed()["services"]["mosquitto"]
    (number,) = [
        words for name, words in steps(CONTAINERS / "mosquitto.Dockerfile") if name == "USER"
    ]

    user, group = number.split(":")

    assert all(f"uid={user}," in place for place in mosquitto["tmpfs"] if ":" in place)
    assert f"--gid {group} mosquitto" in (CONTAINERS / "README.md").read_text()


@pytest.mark.real
@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
def test_docker_finds_nothing_wrong_with_the_compose_file(tmp_path: Path) -> None:
    version = subprocess.run(
        ["docker", "compose", "version"], capture_output=True, text=True, check=False
    )
    if version.returncode:
        pytest.skip(f"docker has no compose: {version.stderr.strip()}")

    done = subprocess.run(
        ["docker", "compose", "-f", COMPOSE, "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda file: file.stem)
def test_hadolint_finds_nothing_wrong_with_the_dockerfile(dockerfile: Path) -> None:
    """Versions of Debian's packages are Debian's to choose (DL3008)."""
    done = subprocess.run(
        ["hadolint", "--ignore", "DL3008", dockerfile],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == ""
