"""Kept inputs of every reader are read as promised, and the fuzzer runs where it can."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import fuzz, readers

# The codec's panic over bytes that are no UTF-8 comes with an exception that nobody can catch.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CORPUS_BYTES = 200_000
FRAGILE = """
ERRORS = (ValueError,)
def seeds():
    return [b"aaaa"]
def read(data):
    if data[:1] == b"b":
        raise LookupError("found")
    if data[:1] == b"c":
        raise ValueError
"""

needs_atheris = pytest.mark.skipif(
    find_spec("atheris") is None,
    reason="atheris has wheels for CPython 3.11 to 3.13 on Linux on x86-64 alone",
)


class _Hungry:
    ERRORS: tuple[type[Exception], ...] = (KeyError,)

    def read(self, data: bytes) -> None:
        if data == b"large":
            bytes(2 * readers.MEMORY_BYTES)
        if data == b"right":
            raise KeyError
        if data == b"wrong":
            raise LookupError

    def seeds(self) -> list[bytes]:
        return []


@pytest.mark.parametrize("name", readers.names())
def test_kept_inputs_are_read_as_promised(name: str) -> None:
    reader = readers.named(name)

    for data in (*reader.seeds(), *(path.read_bytes() for path in readers.kept(name)), b""):
        readers.check(reader, data)


def test_another_error_and_much_memory_break_a_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = _Hungry()

    readers.check(reader, b"right")
    with pytest.raises(LookupError):
        readers.check(reader, b"wrong")
    with pytest.raises(readers.BrokenPromiseError, match="bytes"):
        readers.check(reader, b"large")
    monkeypatch.setattr(readers, "LONGEST_S", -1.0)
    with pytest.raises(readers.BrokenPromiseError, match="end within"):
        readers.check(reader, b"")


def test_corpus_is_small_and_of_known_readers() -> None:
    files = [path for path in readers.CORPUS.rglob("*") if path.is_file()]

    assert {path.parent.name for path in files} <= set(readers.names())
    assert sum(path.stat().st_size for path in files) <= CORPUS_BYTES


def test_without_atheris_the_bench_says_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz, "find_spec", lambda _name: None)

    assert command.main(["fuzz", "--seconds", "1"]) == 1

    assert "CPython 3.11 to 3.13 on Linux on x86-64 alone" in capsys.readouterr().err


def test_an_unknown_reader_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["fuzz", "odf", "--seconds", "1"]) == 1

    assert "expected one of centre_messages, " in capsys.readouterr().err


@needs_atheris
@pytest.mark.long
def test_a_short_run_breaks_no_promise(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["fuzz", "mqtt_framing", "results_feed", "--seconds", "1"]) == 0

    assert "features" in capsys.readouterr().out


@needs_atheris
@pytest.mark.long
def test_a_broken_promise_is_found_told_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "elsewhere.fragile"
    package = tmp_path / "elsewhere"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "fragile.py").write_text(FRAGILE, encoding="utf-8")
    monkeypatch.setattr(readers, "CORPUS", tmp_path / "corpus")
    monkeypatch.setattr(readers, "names", lambda: [name])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert command.main(["fuzz", name, "--seconds", "5", "--keep"]) == 1

    assert "LookupError: found" in capsys.readouterr().err
    (kept,) = (tmp_path / "corpus" / name).glob("broken-*")
    assert kept.read_bytes()[:1] == b"b"
