"""Follows a results system of any make: a way in, messages, and facts that have to move."""

import importlib
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from agent.checks import CheckConfig, Latest, Reading, about
from agent.checks.reading import times
from agent.checks.reading.times import Now
from agent.checks.results_feed.header import Reason
from agent.checks.results_feed.refusals import OF_PUSHES
from agent.checks.streams import settings
from agent.checks.streams.follow import Follower
from agent.checks.streams.settings import Plan, plan_of
from agent.checks.ways import Terms, Way
from venuewatch.base.refusals import convert

WAYS = ("connect", "listen", "udp", "poll", "websocket", "device", "files", "post")
"""The settings of :class:`Config` that are a way in: each is a module of that folder."""

_SAMPLED = frozenset({"poll", "files"})  # what was between two looks is not seen
_REFUSES: dict[str, tuple[Reason, ...]] = {
    "listen": ("peer",),
    "udp": ("peer",),
    "post": tuple(reason for reason in OF_PUSHES if reason != "oversized"),  # a sign of life
    "files": ("link",),
}

Given: TypeAlias = str | dict[str, Any] | None


class Config(CheckConfig, frozen=True, tag="stream"):
    """Has exactly one way in, `connect` to `post`: a table, or its first field alone.

    A message is a line, a datagram, a body or a file. One extractor takes each fact out of it.
    A `profile` says how a known system talks; what is said here goes before it.

    The state is `unknown` until something is heard, in its times too. It is `silent` after
    `silence_limit_s`, `delayed` where what comes can't be read, is late or waits to be read,
    `frozen` where the source lives but a limit of its facts is over, and `not_expected` outside
    `expected`, or while not `running` with `expected_while`. A sender that is refused makes it
    `unknown`, and `critical` after `silence_limit_s`; a port, folder or device that can't be had is
    `critical` at once. The detail says since when, and when the last good message came.
    """

    connect: Annotated[Given, about("a host and TCP port to connect to", "10.1.0.30:3601")] = None
    listen: Annotated[
        Given,
        about(
            "an address and TCP port that a box dials",
            {"address": "0.0.0.0:53135", "peers": ["10.1.0.30"]},
        ),
    ] = None
    udp: Annotated[Given, about("an address and port for datagrams", "127.0.0.1:5100")] = None
    poll: Annotated[
        Given, about("a page to ask for at each reading", "https://example.org/live.json")
    ] = None
    websocket: Annotated[
        Given, about("a WebSocket to keep open", "wss://example.org/scoreboard")
    ] = None
    device: Annotated[Given, about("a serial device", "/dev/ttyUSB0")] = None
    files: Annotated[Given, about("a folder of files", "/srv/results/out")] = None
    post: Annotated[Given, about("an address and port for posts by HTTP", "127.0.0.1:8042")] = None
    profile: Annotated[
        str, about("how a known system talks, by its name in [results.md](results.md)", "wiclax")
    ] = ""

    ends: settings.Ends = None
    encoding: settings.Encoding = None
    max_frame_bytes: settings.MaxFrameBytes = None
    alive: settings.Alive = None
    number: settings.Number = None
    clock: settings.Clock = None
    running: settings.Running = None
    stamp: settings.Stamp = None
    send: settings.Send = None
    send_every_s: settings.SendEveryS = None
    answers: settings.Answers = None
    silence_limit_s: settings.SilenceLimitS = None
    number_rests_s: settings.NumberRestsS = None
    clock_rests_s: settings.ClockRestsS = None
    same_frame_s: settings.SameFrameS = None
    latency_limit_s: settings.LatencyLimitS = None
    clock_limit_s: settings.ClockLimitS = None
    expected: settings.Expected = None
    expected_while: settings.ExpectedWhile = None
    zone: settings.Zone = None

    def __post_init__(self) -> None:
        settings.refuse_bad_talk(self)
        self.plan()
        self.way_settings()

    def way(self) -> str:
        """Return the name of the way in; raises ValueError unless there is exactly one."""
        given = [name for name in WAYS if getattr(self, name) is not None]
        if len(given) != 1:
            names = ", ".join(f"`{name}`" for name in WAYS)
            got = " and ".join(f"`{name}`" for name in given) or "none"
            raise ValueError(f"Expected exactly one of {names}, got {got}")
        return given[0]

    def way_settings(self) -> Any:
        """Return the settings of the way in, as its module has them; raises ValueError."""
        name = self.way()
        given, kind = getattr(self, name), _module_of(name).Settings
        entry = given if isinstance(given, dict) else {kind.__struct_fields__[0]: given}
        return convert(entry, kind, at=f"{name}")

    def plan(self) -> Plan:
        """Return how the source talks, by this, the profile and what holds else."""
        if not self.profile:
            return plan_of(self)
        profiles = _imported("profiles", "profile")
        return plan_of(self, profiles.load(self.profile).check)


class Check:
    """:class:`agent.checks.streams.follow.Follower` reads and judges."""

    def __init__(self, config: Config, _latest: Latest, now: Callable[[], Now] = times.now) -> None:
        plan, name = config.plan(), config.way()
        terms = Terms(plan.max_frame_bytes, plan.silence_limit_s)
        way: Way = _module_of(name).open_way(config.way_settings(), terms)
        self._follower = Follower(
            plan,
            way,
            {name: extract.extractor() for name, extract in plan.extracts.items()},
            now,
            timeout_s=config.timeout_s,
            sees_all=name not in _SAMPLED,
            refuses=_REFUSES.get(name, ()),
        )

    def read(self) -> Reading:
        """Hear what has come since the last reading, and judge."""
        return self._follower.read()

    def close(self) -> None:
        """Release what the way in holds."""
        self._follower.close()


def _module_of(way: str) -> Any:
    """Import the module of a way in: only the one that is named costs memory."""
    return _imported(f"ways.{way}", way)


def _imported(module: str, field: str) -> Any:
    """Import a module of checks that a setting names.

    Raises:
        ValueError: it is not installed, or a package that it needs.
    """
    try:
        return importlib.import_module(f"agent.checks.{module}")
    except ModuleNotFoundError as error:
        raise ValueError(f"Expected {error.name} to be installed, for `{field}`") from None
