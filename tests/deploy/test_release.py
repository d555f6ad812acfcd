"""Parts of a release: its changelog, its list of packages, and words that its script refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / "deploy" / "release"
NEW = "## Unreleased\n\n### Added\n\n- A thing.\n"
CHANGELOG = f"# Changelog\n\n{NEW}\n## 0.1.0 - 2026-01-01\n\n- Old.\n"
DAY = {"SOURCE_DATE_EPOCH": "1790000000"}  # 2026-09-21


def run(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, RELEASE / name, *words],
        capture_output=True,
        text=True,
        check=False,
        env=DAY,
        cwd=ROOT,
    )


def listed(requirements: Path) -> dict[str, Any]:
    done = run("sbom.py", "agent", "0.2.0", requirements)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_what_was_unreleased_gets_version_and_day(tmp_path: Path) -> None:
    file = tmp_path / "CHANGELOG.md"
    file.write_text(CHANGELOG)

    assert run("changelog.py", file, "0.2.0").returncode == 0

    expected = "## Unreleased\n\n## 0.2.0 - 2026-09-21\n\n### Added\n\n- A thing.\n"
    assert file.read_text() == CHANGELOG.replace(NEW, expected)


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("# Changelog\n", "0.2.0", "expected one line ## Unreleased, got 0"),
        (CHANGELOG, "0.1.0", "0.1.0 is there already"),
        (CHANGELOG.replace("- A thing.\n", ""), "0.2.0", "nothing is unreleased"),
    ],
)
def test_changelog_that_can_not_be_released_stays(
    tmp_path: Path, text: str, version: str, expected: str
) -> None:
    file = tmp_path / "CHANGELOG.md"
    file.write_text(text)

    done = run("changelog.py", file, version)

    assert (done.returncode, done.stderr) == (2, f"{file}: {expected}\n")
    assert file.read_text() == text


def test_shipped_changelog_can_be_released() -> None:
    assert run("changelog.py", "--check", ROOT / "CHANGELOG.md", "99.0.0").returncode == 0


@pytest.mark.parametrize("role", ["agent", "aggregator"])
def test_list_names_each_locked_package_with_its_hashes(role: str) -> None:
    requirements = ROOT / "requirements" / f"{role}.txt"

    found = listed(requirements)

    text = requirements.read_text()
    assert len(found["components"]) == len(re.findall(r"^\S+==", text, flags=re.MULTILINE))
    hashes = [one for component in found["components"] for one in component["hashes"]]
    assert len(hashes) == text.count("--hash=sha256:")
    assert found == listed(requirements)


def test_package_without_a_hash_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("h11==0.16.0\n")

    done = run("sbom.py", "agent", "0.2.0", file)

    assert (done.returncode, done.stdout) == (2, "")
    assert "expected NAME==VERSION with a hash, got 'h11==0.16.0'" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "expected a version, such as 0.2.0, and perhaps --try"),
        (("v0.2.0",), "expected a version such as 0.2.0 or 0.2.0rc1, got v0.2.0"),
        (("0.2.0", "--push"), "expected --try, got --push"),
    ],
)
def test_script_refuses_wrong_words_and_changes_nothing(
    words: tuple[str, ...], expected: str
) -> None:
    done = subprocess.run(
        ["/bin/sh", RELEASE / "release.sh", *words], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (2, f"release.sh: {expected}\n")


def test_script_sends_nothing_anywhere() -> None:
    lines = (RELEASE / "release.sh").read_text().splitlines()
    doing = [line for line in lines if not line.startswith(("#", "next:", "echo"))]

    assert not [line for line in doing if "git push" in line or "curl" in line or "twine" in line]
