"""The passphrase: from a file or a terminal; one that can not be used is one line."""

import sys
from pathlib import Path

import pytest

from venuewatch.base.config import ConfigError
from venuewatch.venue import passphrase


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is typed at a terminal, in its order; at its end, the end of input."""
    typed: list[str] = []

    def asked(_: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop(0)

    monkeypatch.setattr("getpass.getpass", asked)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    return typed


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([], "expected a passphrase"),
        ([""], "expected a passphrase"),
        (["\udcff"], "expected a passphrase in UTF-8"),
        (["a" * 1_001], "expected a passphrase of 1,000 bytes at most"),
    ],
)
def test_passphrase_that_can_not_be_used_is_told(
    answers: list[str], typed: list[str], said: str
) -> None:
    answers += typed

    with pytest.raises(ConfigError, match=said):
        passphrase.read(None, is_new=False)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["correct horse battery"], "expected a passphrase"),
        (["correct horse battery", "correct horse batter"], "the same passphrase twice"),
        (["short", "short"], "12 characters or more"),
    ],
)
def test_passphrase_of_a_new_authority_is_typed_twice(
    answers: list[str], typed: list[str], said: str
) -> None:
    answers += typed

    with pytest.raises(ConfigError, match=said):
        passphrase.read(None, is_new=True)


def test_passphrase_comes_from_the_credential_of_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / passphrase.CREDENTIAL).write_text("correct horse\n")
    (tmp_path / passphrase.CREDENTIAL).chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert passphrase.read(None, is_new=True) == b"correct horse"


def test_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("correct horse battery\n")
    (tmp_path / "p").chmod(0o644)

    with pytest.raises(ConfigError, match="other users may read this secret"):
        passphrase.read(tmp_path / "p", is_new=False)
