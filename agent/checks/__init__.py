"""The contract of a check, and its place: one kind a file, named by the file.

A module ``agent/checks/KIND.py`` has a ``Config`` (a :class:`CheckConfig` with the tag ``KIND``,
every field with unit and default) and a ``Check`` with ``read()``. The agent imports only the kinds
that its configuration names. A check logs nothing and catches only errors that it understands:
the runner adds the duration, and reports a check that raises or hangs as ``critical``. Code that
several kinds share lies in the folders beside them.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from agent import modules_in
from venuewatch.base.config import Name
from venuewatch.base.wire.bounds import PERIOD_MAX_S
from venuewatch.base.wire.checks import CheckState, CheckValues


def about(description: str, *examples: Any, **limits: Any) -> msgspec.Meta:
    """Return what ``docs/checks.md`` says of a field: its meaning, examples, and limits if any."""
    return msgspec.Meta(description=description, examples=list(examples), **limits)


def worded(pattern: str, words: str) -> msgspec.Meta:
    """Return a pattern that a text must fit, and its words for the error."""
    return msgspec.Meta(pattern=pattern, extra={"words": words})


EveryS = Annotated[float, msgspec.Meta(ge=1.0, le=PERIOD_MAX_S)]
TimeoutS = Annotated[float, msgspec.Meta(ge=0.1, le=600.0)]
Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
LimitS = Annotated[float, msgspec.Meta(ge=1.0, le=86_400.0)]
PathName = Annotated[str, worded(r"^[^\x00]+$", "a path or name of at least 1 character")]


class CheckConfig(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """Settings of every check.

    ``name`` is unique on its host; ``every_s``: how often it is read (s); ``timeout_s``: after
    how long (s) one reading is given up.
    """

    name: Annotated[Name, msgspec.Meta(description="what it is called, unique on its host")]
    every_s: Annotated[EveryS, msgspec.Meta(description="how often it is read, in s")] = 30.0
    timeout_s: Annotated[TimeoutS, msgspec.Meta(description="when a reading is given up, in s")] = (
        5.0
    )


C = TypeVar("C", bound=CheckConfig)


class Reading(NamedTuple):
    """The result of one reading: ``detail`` is for people, one line."""

    state: CheckState
    detail: str = ""
    values: CheckValues = CheckValues()


Latest: TypeAlias = Callable[[str], Reading | None]
"""Asks for the latest reading of another check of this host, by name."""


class Check(Protocol):
    """One configured check, made as ``Check(config, latest)``.

    ``read`` is called from one thread at a time, and not always from the same.
    """

    def read(self) -> Reading:
        """Look once, within ``timeout_s``."""

    def close(self) -> None:
        """Release what it holds: sockets, servers, processes."""


class SimpleCheck(Generic[C]):
    """Begins a check that keeps what it is given and holds nothing."""

    def __init__(self, config: C, latest: Latest) -> None:
        self._config = config
        self._latest = latest

    def close(self) -> None:
        """Do nothing: nothing is held."""


def kinds() -> tuple[str, ...]:
    """Return the kinds there are, by name, without importing any."""
    return modules_in(__path__[0])


def load(kind: str) -> ModuleType:
    """Import the module of one of :func:`kinds`."""
    return importlib.import_module(f"{__name__}.{kind}")
