"""Contract of a fault. A fault is one file, found by its name.

A module ``faults/lost_cable.py`` has a class ``LostCable``, a :class:`Fault` whose fields are its
configuration (seconds, counts). A fault changes packets, processes and clocks only. It notes in
the world's truth what it broke, and knows nothing of detection. A module ``_…`` is no fault.

Most faults are one thing that breaks once. ``VARIANTS`` are such faults with another contract. A
:class:`Sequence` is two of them: the second comes soon after the first was mended, and mostly hits
the same venue or host.
"""

import importlib
import math
import pkgutil
import random
from collections.abc import Callable, Collection, Mapping
from typing import ClassVar, Literal, TypeAlias

import msgspec

from agent.config import KEEPALIVE_S
from aggregator.core.incidents.record import Subject
from aggregator.core.liveness import AWAY_LIMIT_S
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.layout import Layout, any_layout, with_first
from venuewatch.rehearsal.world.world import World

NONE = "none"
"""The cause of a fault that must open no incident."""

NOBODY_JUDGED = frozenset({"centre:aggregator_blind", "centre:broker_down"})
"""Told where nobody could be judged for 3 s or more, in one spell or several."""

HEARD_WITHIN_S = 2.0
"""Time (s) until a beat of a connected host has arrived: TCP tries each second, and a way there."""


FORGOTTEN_S = 5.0
"""How much longer (s) than ordered a live fault lasts where nobody mends it."""

End: TypeAlias = Literal["begin", "left", "unanswered", "mend"]
"""Moments at which a fault may end connections of what it hits (``playing/ends.py``)."""

ANY_END: frozenset[End] = frozenset({"begin", "unanswered", "mend"})

Mending: TypeAlias = Callable[[], object]
"""Mends what was broken; once."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that breaks in a world, and is mended after ``lasts_s``.

    ``EXPECTED``: the cause that an honest operator would want for each subject that the truth
    names, or ``none``; several honest ones are joined by ``|``. ``ALSO``: what else may be told, as
    it is true: scope and cause, joined by a colon. ``HOSTS`` of the first venue (0:
    any number), which has a bridge if ``IS_BRIDGED``. ``INCIDENTS_MAX``: how many
    incidents about one subject are right. ``CONVERGES_WITHIN_S``: by when (s after the fault is
    mended) the world must be at peace. ``AWAY_LIMIT_S``: how long a host may stay away after a
    farewell. ``TOLD_WITHIN_S``: how soon (s) the last fault must have an open incident, plus
    ``TOLD_WITHIN_TRIPS`` round trips to its venue; a later one counts as ``late``.
    ``LASTS_AROUND_KEEPALIVE``: in half of the worlds it lasts 1.2 to 2.5 keepalives of its victim,
    since the broker gives a silent client up after 1.5. ``SEEN_BY``: what shows that it acts, a
    witness of ``playing/sights.py``. ``ENDS``: when it may end connections of what it hits.
    """

    EXPECTED: ClassVar[str]
    ALSO: ClassVar[frozenset[str]] = frozenset()
    HOSTS: ClassVar[int] = 0
    IS_BRIDGED: ClassVar[bool] = False
    INCIDENTS_MAX: ClassVar[int] = 1
    CONVERGES_WITHIN_S: ClassVar[float] = 120.0
    AWAY_LIMIT_S: ClassVar[float] = AWAY_LIMIT_S
    TOLD_WITHIN_S: ClassVar[float] = math.inf
    TOLD_WITHIN_TRIPS: ClassVar[float] = 0.0
    LASTS_AROUND_KEEPALIVE: ClassVar[bool] = False
    SEEN_BY: ClassVar[str] = ""
    ENDS: ClassVar[frozenset[End]] = ANY_END

    lasts_s: float = 30.0

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet that this can happen to."""
        layout = any_layout(rng)
        if self.HOSTS:
            layout = with_first(layout, hosts=self.HOSTS)
        return with_first(layout, has_bridge=self.IS_BRIDGED)

    def inject(self, world: World) -> None:
        """Break something, and note it in the truth."""
        raise NotImplementedError

    def heal(self, world: World) -> None:
        """Mend it; by default every uplink, and every host that the truth names."""
        for venue in world.venues.values():
            venue.uplink.mend()
        for subject in world.broken:
            if subject.host:
                world.host(subject).mend()

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Break just these, as a run sheet orders it; the truth is not told.

        Raises:
            NotImplementedError: this fault can't be ordered.
        """
        raise NotImplementedError

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Mend these again: by default hosts, the uplinks of venues, or all of the centre."""
        for subject in subjects:
            if subject.host:
                world.host(subject).mend()
            elif subject.venue:
                world.venues[subject.venue].uplink.mend()
            else:
                self.heal(world)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Break this in a live world; return what mends it again.

        A guardian holds it where it would outlast this process, and for ``longest_s`` at most.

        Raises:
            NotImplementedError: this fault has no live way.
            StageError: the stage refuses; the text says why.
        """
        raise NotImplementedError

    @property
    def longest_s(self) -> float:
        """How long (s) it lasts at most on a stage, whoever forgets to mend it."""
        return self.lasts_s + FORGOTTEN_S

    def play(self, world: World) -> dict[Subject, float]:
        """Let the injected fault last, and mend it; return what it broke, since when (s)."""
        world.run(self.lasts(world))
        broken = dict(world.broken)
        self.heal(world)
        world.broken.clear()
        return broken

    def lasts(self, world: World) -> float:
        """Return how long (s) it lasts in this world."""
        if not self.LASTS_AROUND_KEEPALIVE or world.rng.random() < 0.5:  # noqa: PLR2004 - a coin
            return self.lasts_s
        subject = next(iter(world.broken))
        return KEEPALIVE_S[world.venues[subject.venue].plan.link] * world.rng.uniform(1.2, 2.5)


class Sequence(Fault, frozen=True):
    """``FIRST``, mended, and ``SECOND`` 3 to 30 s after that."""

    FIRST: ClassVar[type[Fault]]
    SECOND: ClassVar[type[Fault]]
    INCIDENTS_MAX = 2

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet that the first can happen to."""
        return self.FIRST().layout(rng)

    def inject(self, world: World) -> None:
        """Inject the first."""
        self.FIRST().inject(world)

    def play(self, world: World) -> dict[Subject, float]:
        """Let the first last, wait until every host is heard again, and let the second follow."""
        self.FIRST().play(world)
        world.run(world.rng.uniform(1.0, 28.0))
        world.run_until(lambda: all(host.is_connected for host in world.hosts()), within_s=30.0)
        world.run(HEARD_WITHIN_S)
        second = self.SECOND()
        second.inject(world)
        return second.play(world)


VARIANTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    # the same update, which reaches the hosts one after the other
    "bad_update_in_turn": (
        "bad_update",
        {"EXPECTED": "venue_unreachable|agent_stopped|connection_lost|none", "within_s": 1.0},
    ),
    # a results server that somebody shuts down in order, by mistake
    "left_while_required": (
        "did_not_return",
        {"EXPECTED": "left_while_required", "IS_REQUIRED": True, "AWAY_LIMIT_S": AWAY_LIMIT_S},
    ),
    # an administrator stops the service: every will is said
    "broker_stopped_in_order": ("broker_stopped", {"is_in_order": True, "lasts_s": 15.0}),
    # hosts and local broker go on talking, and the centre hears nothing
    "bridged_uplink_cut": ("uplink_cut", {"IS_BRIDGED": True}),
    # an overloaded results server; a publishing job that hangs
    "feed_delayed": (
        "feed_silent",
        {"EXPECTED": "results_delayed", "STATE": "delayed", "DOES": "late", "delay_s": 120.0},
    ),
    "feed_frozen": (
        "feed_silent",
        {"EXPECTED": "results_frozen", "STATE": "frozen", "DOES": "frozen"},
    ),
    # it comes back with all that it held
    "feed_held": ("feed_silent", {"DOES": "held"}),
    # rain, a delay; a source that is switched off; results that nobody has signed yet
    "session_status": (
        "feed_silent",
        {"EXPECTED": NONE, "STATE": "not_expected", "DOES": "status", "status": "INTERRUPTED"},
    ),
    "source_off": ("feed_silent", {"EXPECTED": NONE, "STATE": "not_expected", "DOES": "off"}),
    "feed_unofficial": (
        "feed_silent",
        {"EXPECTED": NONE, "STATE": "not_expected", "DOES": "unofficial"},
    ),
    # an older version, versions that never come, messages of a test: counted, and no alarm
    "feed_version_back": (
        "feed_silent",
        {
            "EXPECTED": NONE,
            "STATE": "flowing",
            "COUNTS": "results_version_regressions_total",
            "DOES": "back",
            "versions": 2.0,
        },
    ),
    "feed_version_gap": (
        "feed_silent",
        {
            "EXPECTED": NONE,
            "STATE": "flowing",
            "COUNTS": "results_version_gaps_total",
            "DOES": "gap",
            "versions": 3.0,
        },
    ),
    "feed_test_flag": (
        "feed_silent",
        {
            "EXPECTED": NONE,
            "STATE": "flowing",
            "COUNTS": "results_wrong_flag_total",
            "DOES": "test",
            "messages": 5.0,
        },
    ),
    # a route that leads nowhere: neighbours still reach one another
    "wrong_route": ("uplink_cut", {}),
    # a firewall that starts again without the rule for some hosts
    "connections_blocked": (
        "connections_reset",
        {"EXPECTED": "hung_up_together", "HOSTS": 8, "BLOCKED": 4, "SEEN_BY": "line"},
    ),
    "connections_of_two_venues_blocked": (
        "connections_reset",
        {"EXPECTED": "hung_up_together", "HOSTS": 8, "BLOCKED": 2, "BLOCKED_ELSEWHERE": 2},
    ),
    # forty clients connect within seconds
    "herd_after_broker_restart": ("broker_restarted", {"HOSTS": 40}),
    # no neighbour can be asked, and a guess is no verdict
    "lone_agent_killed": ("agent_killed", {"EXPECTED": "connection_lost", "HOSTS": 1}),
    "lone_host_off": ("machine_off", {"EXPECTED": "silent", "HOSTS": 1}),
    # a receiver that accepts connections, and answers nothing
    "receiver_hangs": ("receiver_refuses", {"mood": "hangs"}),
    # a switch that relearns its routes, in less than the margin
    "short_outage": (
        "uplink_cut",
        {"EXPECTED": NONE, "LASTS_AROUND_KEEPALIVE": False, "lasts_s": 0.8},
    ),
    # most of a venue is silent, and its uplink works
    "two_of_three_killed": ("agent_killed", {"HOSTS": 3, "VICTIMS": 2}),
    "two_of_three_off": ("machine_off", {"HOSTS": 3, "VICTIMS": 2}),
    # one provider's line to two halls
    "two_uplinks_cut": ("uplink_cut", {"VICTIMS": 2}),
    # one fibre of a pair; without acknowledgements the other soon carries nothing either
    # what an agent says still goes up, at last that it leaves
    "uplink_cut_downward": (
        "uplink_cut",
        {"up": False, "TOLD_WITHIN_S": math.inf, "ENDS": frozenset({"left", "mend"})},
    ),
    "uplink_cut_upward": ("uplink_cut", {"down": False, "TOLD_WITHIN_S": math.inf}),
}
"""A fault each, some of whose fields (seconds, in small letters) or class fields are changed."""

SEQUENCES: Mapping[str, tuple[str, str]] = {
    "cable_pulled_again": ("cable_pulled", "cable_pulled"),
    "cut_after_broker_restart": ("broker_restarted", "uplink_cut"),
    "killed_after_aggregator_restart": ("aggregator_restarted", "agent_killed"),
    "killed_after_broker_restart": ("broker_restarted", "agent_killed"),
    "killed_after_cut": ("uplink_cut", "agent_killed"),
    "killed_after_stall": ("aggregator_stalled", "agent_killed"),
    "off_after_cut": ("uplink_cut", "machine_off"),
    "uplink_cut_again": ("uplink_cut", "uplink_cut"),
}
"""Two faults each, by the name of both together. The second hits the victim of the first."""


def names() -> tuple[str, ...]:
    """Return the faults there are, by name, without importing any."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    files = (name for name in found if not name.startswith("_"))
    return tuple(sorted([*VARIANTS, *SEQUENCES, *files]))


def can_be_ordered(kind: type[Fault]) -> bool:
    """Tell whether a fault can hit what a run sheet says, and a witness can see it."""
    return kind.strike is not Fault.strike and bool(kind.SEEN_BY)


def load(name: str) -> type[Fault]:
    """Import one fault, the one it is a variant of, or the two of a sequence.

    Raises:
        ValueError: there is no such fault.
    """
    if name not in names():
        raise ValueError(f"Expected one of {', '.join(names())}, got {name!r}")
    title = name.title().replace("_", "")
    kind: type[Fault]
    if name not in VARIANTS and name not in SEQUENCES:
        kind = getattr(importlib.import_module(f"{__name__}.{name}"), title)
        return kind
    if name in VARIANTS:
        base, contract = VARIANTS[name]
        kind = load(base)
    else:
        first, second = (load(each) for each in SEQUENCES[name])
        expected = (each.EXPECTED for each in (first, second) if each.EXPECTED != NONE)
        kind = Sequence
        contract = {
            "FIRST": first,
            "SECOND": second,
            "EXPECTED": "|".join(dict.fromkeys(expected)),
            "ALSO": first.ALSO | second.ALSO,
            "TOLD_WITHIN_S": second.TOLD_WITHIN_S,
            "TOLD_WITHIN_TRIPS": second.TOLD_WITHIN_TRIPS,
        }
    fields = [(field, type(value), value) for field, value in contract.items() if field.islower()]
    return msgspec.defstruct(title, fields, bases=(kind,), namespace=dict(contract), frozen=True)  # type: ignore[return-value]


def has_live_way(kind: type[Fault]) -> bool:
    """Tell whether a fault can be played with real programs."""
    return kind.begin_live is not Fault.begin_live
