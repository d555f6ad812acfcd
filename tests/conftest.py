"""Sets Hypothesis up for all tests: no deadline, and a profile for ``make quick``."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

# A shell's background job ignores an interrupt, and so would all programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What tests write is their own: a secret that others may read is refused.
os.umask(0o077)

# How fast an example runs is a matter for bench/: a busy machine must not fail a test.
settings.register_profile("thorough", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("thorough")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Yield a folder whose path leaves room for that of a Unix socket in it."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options: golden files are written anew, and what takes long is played whole."""
    parser.addoption("--write-golden", action="store_true", help="write golden files, then compare")
    parser.addoption("--every-death", action="store_true", help="kill all holders of each fault")
    parser.addoption(
        "--whole-cut", action="store_true", help="cut agents off for minutes, not seconds"
    )
