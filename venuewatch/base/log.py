"""Logs for shells: an event name and fields.

A server gets JSON lines, a terminal gets readable ones. They are written beside the program: output
that nobody takes never blocks it, and never ends it (``line_writer.py``).
"""

import atexit
import logging
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from venuewatch.base.exercise import PREFIX, WORD
from venuewatch.base.line_writer import LineWriter

LAST_WORDS_S: Final = 0.2
"""How long (s) the end of the program waits for lines to be taken."""

_FIELDS = "venuewatch_fields"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _stamp(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class _Readable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        clock = f"{_stamp(record).astimezone():%H:%M:%S}"
        line = f"{clock} {record.levelname.lower():7} {record.getMessage()} {fields}".rstrip()
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _stamp(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    fields: Mapping[str, object] = getattr(record, _FIELDS, {})
    return fields


def start(*, level: int = logging.INFO, into: Callable[[str], object] | None = None) -> None:
    """Send log lines to standard error, readable on a terminal, else as JSON lines.

    ``into`` takes every (readable) line instead, for a command that draws on the terminal.
    """
    handler: logging.Handler
    if into is None:
        handler = _to_standard_error()
    else:
        handler = _Into(into)
        handler.setFormatter(_Readable())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def last_words(text: object) -> None:
    """Write a plain line to standard error, and wait a moment until it is taken."""
    if _writer.is_open:
        _writer.put(str(text))
        _writer.flush(LAST_WORDS_S)
    elif sys.stderr is not None:
        print(text, file=sys.stderr)


def lost_lines() -> int:
    """Return how many lines of the log nobody has taken."""
    return _writer.lost


def _to_standard_error() -> logging.Handler:
    """Return what writes to standard error, whatever that is; a service may have none."""
    _fill_standard_descriptors()
    _writer.close()
    stream = sys.stderr
    if stream is None:
        return logging.NullHandler()
    handler: logging.Handler
    try:
        _writer.open(stream.fileno(), stream.encoding or "utf-8")
    except (OSError, ValueError):  # it is something of Python's own
        handler = logging.StreamHandler(stream)
    else:
        handler = _Into(_writer.put)
    handler.setFormatter(_Readable() if stream.isatty() else _Json())
    return handler


def _fill_standard_descriptors() -> None:
    """Open standard descriptors that are closed: a file of ours would else become one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free


def _tell_lost(lines: int) -> str:
    extra = {_FIELDS: {"lines": lines}}
    record = logging.getLogger("log").makeRecord(
        "log", logging.WARNING, "", 0, "log_lines_lost", (), None, extra=extra
    )
    handlers = logging.getLogger().handlers
    return handlers[0].format(record) if handlers else record.getMessage()


_writer = LineWriter(_tell_lost)
atexit.register(_writer.flush, LAST_WORDS_S)


def mark(exercise: str) -> None:
    """Mark each line from now on as that of an exercise: lines of JSON by their first field."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Marked(handler.formatter or _Readable(), exercise))


class _Marked(logging.Formatter):
    def __init__(self, formatter: logging.Formatter, exercise: str) -> None:
        super().__init__()
        self._formatter = formatter
        self._first = msgspec.json.encode({WORD: exercise}).decode()[:-1]

    def format(self, record: logging.LogRecord) -> str:
        line = self._formatter.format(record)
        if isinstance(self._formatter, _Json):
            return f"{self._first},{line[1:]}"
        return "\n".join(f"{PREFIX}{part}" for part in line.split("\n"))


class _Into(logging.Handler):
    def __init__(self, take: Callable[[str], object]) -> None:
        super().__init__()
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a line that can't be shown ends nothing
            line = f"a line of the log can not be shown: {error!a}"
        self._take(line)


def event(logger: logging.Logger, level: int, name: str, /, **fields: object) -> None:
    """Log that ``name`` happened, with its fields."""
    logger.log(level, name, extra={_FIELDS: fields})


def failure(logger: logging.Logger, name: str, error: Exception, /, **fields: object) -> None:
    """Log an ``error`` that should not happen, with its traceback."""
    logger.error(name, exc_info=error, extra={_FIELDS: fields})
