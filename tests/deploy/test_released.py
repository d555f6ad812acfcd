"""A whole release in a clone of the checkout: signed with git's key, or nothing at all is left."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = "99.0.0"
NAME, OTHER = "release@example.org", "other@example.org"
ENDED, UNUSABLE = 0, 2

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        None in map(shutil.which, ("git", "gpg", "gpgconf")), reason="git or gpg is not installed"
    ),
]


class Clone:
    """A clone of the checkout, and keys of a releaser's own."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        self._environment = {
            **kept,
            "GNUPGHOME": str(keys),
            "HOME": str(keys),
            "PYTHON": sys.executable,
        }
        self.do("git", "clone", "--quiet", ROOT, folder, cwd=ROOT)
        self.do("git", "checkout", "--quiet", "-B", "main")
        for name, value in (("name", "Releaser"), ("email", NAME), ("signingkey", NAME)):
            self.do("git", "config", f"user.{name}", value)

    def do(self, *words: str | Path, cwd: Path | None = None, **more: str) -> str:
        """Run a command that has to succeed; return what it prints."""
        done = subprocess.run(
            words,
            check=False,
            cwd=cwd or self.folder,
            env={**self._environment, **more},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def make_key(self, name: str) -> None:
        """Make a key without a passphrase."""
        self.do("gpg", "--batch", "--passphrase", "", "--quick-gen-key", name, "ed25519", "sign")

    def release(self) -> int:
        """Return the exit code of the script."""
        return subprocess.run(
            ["/bin/sh", "deploy/release/release.sh", VERSION],
            check=False,
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
        ).returncode

    def state(self) -> tuple[str, str, str]:
        """Return the last commit, all tags, and what is changed."""
        asked = (("rev-parse", "HEAD"), ("tag", "--list"), ("status", "--porcelain"))
        commit, tags, changed = (self.do("git", *words) for words in asked)
        return commit, tags, changed


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    # Short: the keys' own program listens at a socket there.
    with tempfile.TemporaryDirectory(dir="/tmp") as keys:
        made = Clone(tmp_path / "clone", Path(keys))
        yield made
        made.do("gpgconf", "--kill", "all")


def test_release_is_signed_by_gits_key_and_made_again_from_its_tag(clone: Clone) -> None:
    clone.make_key(OTHER)  # the first is gpg's own choice
    clone.make_key(NAME)

    assert clone.release() == ENDED

    signed = "--verify", "dist/SHA256SUMS.asc", "dist/SHA256SUMS"
    assert f"{NAME}\n" in clone.do("gpg", "--status-fd", "1", *signed)
    clone.do("git", "verify-tag", f"v{VERSION}")
    clone.do("sha256sum", "--check", "SHA256SUMS", cwd=clone.folder / "dist")
    assert clone.state()[1:] == (f"v{VERSION}", "")
    made = clone.folder / "dist" / f"venuewatch-{VERSION}-py3-none-any.whl"
    time = clone.do("git", "log", "-1", "--format=%ct", f"v{VERSION}")
    words = "-m", "hatchling", "build", "-d", "again", "-t", "wheel"
    clone.do(sys.executable, *words, SOURCE_DATE_EPOCH=time)
    assert (clone.folder / "again" / made.name).read_bytes() == made.read_bytes()


def test_release_that_can_not_be_signed_leaves_nothing(clone: Clone) -> None:
    clone.make_key(OTHER)
    before = clone.state()

    assert clone.release() != ENDED

    assert clone.state() == before


def test_key_that_is_none_of_gpg_is_refused_first(clone: Clone) -> None:
    clone.do("git", "config", "gpg.format", "ssh")
    before = clone.state()

    assert clone.release() == UNUSABLE

    assert clone.state() == before
    assert not (clone.folder / "dist").exists()
