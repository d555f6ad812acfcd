"""Scenes of the demo: what can be broken in it, where, and how its machines then behave.

A scene has the name of the cause that it shows. :data:`SCENES` is the whole table. ``World`` tells
of each machine what the scenes that are on make of it; the small clients do as it says, and answer
probes by it. It does no I/O. The broker's scene is the demo's own to play.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from aggregator.core.verdicts.causes import Cause
from venuewatch.base.wire.checks import CheckState, CheckValues


class Scene(NamedTuple):
    """One thing that can be broken: of a venue, of one host there, or (neither) of the centre."""

    venue: str
    host: str
    says: str


class HostCheck(NamedTuple):
    """The latest reading of a check of a host, which is said every ``every_s``.

    A scene scripts it, while it is on and after it; on a results day a real check took it.
    """

    name: str
    kind: str
    state: CheckState
    detail: str
    values: CheckValues = CheckValues()
    every_s: float = 5.0


SCENES: Final[Mapping[str, Scene]] = {
    Cause.AGENT_STOPPED: Scene("STA", "STA-results-01", "kills the agent of STA-results-01"),
    Cause.HOST_FROZEN: Scene("IBC", "IBC-graphics-01", "freezes IBC-graphics-01"),
    Cause.HOST_DOWN: Scene("LIL", "LIL-timing-01", "switches LIL-timing-01 off"),
    Cause.VENUE_UNREACHABLE: Scene("MRS", "", "cuts the link of MRS"),
    Cause.BROKER_DOWN: Scene("", "", "stops the broker"),
    Cause.ONE_WAY_LOSS: Scene("LYO", "LYO-media-01", "loses all that is sent to LYO-media-01"),
    Cause.CLOCK_SKEW: Scene("MPC", "MPC-info-01", "sets the clock of MPC-info-01 90 s ahead"),
    Cause.REDUNDANCY_LOST: Scene("BOR", "BOR-results-01", "loses one of two uplinks at BOR"),
    Cause.RESULTS_FROZEN: Scene("DEF", "DEF-results-01", "stops the results at DEF"),
}

CLOCK_AHEAD_S = 90.0

_CHECKS: Final[Mapping[str, HostCheck]] = {
    Cause.REDUNDANCY_LOST: HostCheck(
        "uplinks", "redundancy", "redundancy_lost", "the demo's script: uplink-b does not answer"
    ),
    Cause.RESULTS_FROZEN: HostCheck(
        "results", "feed", "frozen", "the demo's script: 2 units are live, and no data moves"
    ),
}
_SILENT = frozenset({Cause.HOST_FROZEN, Cause.HOST_DOWN, Cause.VENUE_UNREACHABLE})


class World:
    """How each machine is, by the scenes that are on."""

    def __init__(self) -> None:
        self._on: dict[str, Scene] = {}
        self._played: dict[str, HostCheck] = {}
        self._read: dict[str, HostCheck] = {}

    def obey(self, order: str) -> None:
        """Begin or end a scene: ``break NAME`` or ``mend NAME``; anything else changes nothing."""
        act, _, name = order.strip().partition(" ")
        if name not in SCENES:
            return
        if act == "break":
            self._on[name] = SCENES[name]
            if name in _CHECKS:
                self._played[SCENES[name].host] = _CHECKS[name]
        elif act == "mend":
            self._on.pop(name, None)

    def has_agent(self, venue: str, host: str) -> bool:
        """Tell whether the host's agent runs."""
        return not self._is(Cause.AGENT_STOPPED, venue, host)

    def sends(self, venue: str, host: str) -> bool:
        """Tell whether anything that the host sends arrives."""
        return not any(self._is(cause, venue, host) for cause in _SILENT)

    def receives(self, venue: str, host: str) -> bool:
        """Tell whether anything that is sent to the host arrives, and is read."""
        return self.sends(venue, host) and not self._is(Cause.ONE_WAY_LOSS, venue, host)

    def answers_neighbours(self, venue: str, host: str) -> bool:
        """Tell whether the machine answers others of its venue: a frozen program's does."""
        return not self._is(Cause.HOST_DOWN, venue, host)

    def clock_ahead_s(self, venue: str, host: str) -> float:
        """Return by how much (s) the host's clock is ahead."""
        return CLOCK_AHEAD_S if self._is(Cause.CLOCK_SKEW, venue, host) else 0.0

    def note(self, host: str, check: HostCheck) -> None:
        """Note what a real check has read."""
        self._read[host] = check

    def check_of(self, host: str) -> HostCheck | None:
        """Return how the host's check is.

        A scripted one speaks from its scene on, and then of what is well.
        """
        if host in self._read:
            return self._read[host]
        played = self._played.get(host)
        if played is None:
            return None
        is_on = any(scene.host == host and name in _CHECKS for name, scene in self._on.items())
        return played if is_on else played._replace(state="flowing", detail="")

    def _is(self, cause: str, venue: str, host: str) -> bool:
        scene = self._on.get(cause)
        return scene is not None and scene.venue == venue and scene.host in {"", host}
