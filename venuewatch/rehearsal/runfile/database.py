"""Connections to the file of a run, and what SQLite says of it, in words of one line."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aggregator.shell.journal.file import connect_for_reading
from venuewatch.base import files
from venuewatch.base.config import in_words, one_line
from venuewatch.rehearsal.runfile import schema

BUSY_S: Final = 10.0
"""How long (s) a writer waits for another: a transaction takes a fraction of a millisecond."""


class RunFileError(Exception):
    """The file of a run can not be used; its text is the one line for the operator."""

    exit_code = 2


def create(path: Path) -> sqlite3.Connection:
    """Open a database that is to be the file of a new run; a file with nothing in it may be there.

    Raises:
        RunFileError: there is something in it, or it can not be made.
    """
    with in_one_line(path):
        with contextlib.suppress(FileNotFoundError):
            files.check_regular(path)
        database = _connect(path)
        try:
            schema.check_blank(database)
            database.execute("PRAGMA journal_mode = WAL")
        except BaseException:
            database.close()
            raise
    return database


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the file of a run.

    Raises:
        RunFileError: it is of something else, or can not be used.
    """
    with in_one_line(path):
        files.check_regular(path)
        return _checked(_connect(path))


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the file of a run, also where it can not be written, or while it is played.

    Raises:
        RunFileError: it is of something else, or can not be read.
    """
    with in_one_line(path):
        files.check_regular(path)
        database, _ = connect_for_reading(path)
        return _checked(database)


def lock(path: Path) -> sqlite3.Connection | None:
    """Return a lock that lasts until it is closed or this process ends; None: another has it.

    It is SQLite's own, on a file beside the run's: so every system has it, and a program that
    this process starts does not inherit it.
    """
    beside = path.with_name(f"{path.name}.lock")
    with in_one_line(beside):
        connection = sqlite3.connect(beside, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return None
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        # A process's end loses nothing by it; that of the machine the last moments.
        database.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        database.close()
        raise
    return database


def _checked(database: sqlite3.Connection) -> sqlite3.Connection:
    try:
        schema.check(database)
    except BaseException:
        database.close()
        raise
    return database


@contextlib.contextmanager
def in_one_line(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say of a file into one line.

    Raises:
        RunFileError: instead of theirs.
        ValueError: a row breaks a rule of its table, which is a fault of the caller.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ValueError(f"a row that the run's file does not take: {error}") from error
    except sqlite3.Error as error:
        raise RunFileError(f"{one_line(path)}: {_words_of(error)}") from error
    except (OSError, schema.OtherFileError) as error:
        words = in_words(error) if isinstance(error, OSError) else error
        raise RunFileError(f"{one_line(path)}: {words}") from None


def _words_of(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "the disk is full"
        case sqlite3.SQLITE_IOERR:
            return "the disk fails, or is full"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another program holds it"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "can not be opened or written"
        case sqlite3.SQLITE_NOTADB:
            return "expected the file of a run, got another kind of file"
        case sqlite3.SQLITE_CORRUPT:
            return "the file is damaged"
    return one_line(error)
