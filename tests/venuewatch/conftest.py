"""Takes from the environment what commands would ask it: tests are the same wherever they run."""

import pytest

ASKED = ("COLUMNS", "LINES", "NO_COLOR")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no command be told the size or the colours of a terminal; xdist says 80 columns."""
    for name in ASKED:
        monkeypatch.delenv(name, raising=False)
