"""Logs for shells: an event name and fields.

A server gets JSON lines, a terminal gets readable ones.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from venuewatch.base.exercise import PREFIX, WORD

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
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Readable() if sys.stderr.isatty() else _Json())
    else:
        handler = _Into(into)
        handler.setFormatter(_Readable())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


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
        self._take(self.format(record))


def event(logger: logging.Logger, level: int, name: str, /, **fields: object) -> None:
    """Log that ``name`` happened, with its fields."""
    logger.log(level, name, extra={_FIELDS: fields})


def failure(logger: logging.Logger, name: str, error: Exception, /, **fields: object) -> None:
    """Log an ``error`` that should not happen, with its traceback."""
    logger.error(name, exc_info=error, extra={_FIELDS: fields})
