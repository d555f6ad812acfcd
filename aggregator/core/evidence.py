"""What was seen, when and by whom: the data that a verdict stands on.

Times are monotonic seconds of the aggregator; the shell maps them to wall time.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Scalar: TypeAlias = str | float | bool | None

CENTRE = "centre"
BROKER = "broker"


class Evidence(NamedTuple):
    """One thing seen. ``by`` is who saw it: ``centre``, ``broker`` or the name of a host.

    ``seen`` is one word for what it is (``silence``, ``will``, ``probe`` …), ``detail`` the
    figures and names that go with it.
    """

    at: float
    by: str
    seen: str
    detail: Mapping[str, Scalar] = {}


class Verdict(NamedTuple):
    """A cause of the design's table, and what it stands on."""

    cause: str
    evidence: tuple[Evidence, ...] = ()


class Wait(NamedTuple):
    """It can't be told yet: ask again at ``until``."""

    until: float
