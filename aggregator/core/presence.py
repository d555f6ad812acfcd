"""Presence: an aggregator's state and ticks, which everybody hears, beside other aggregators.

Each aggregator has a tick of its own, and agents echo all of them. Agents that do not know these
hear one plain tick: that of the aggregator whose name sorts first among those that are online. It
is the same tick twice, under one number. It is sent only while such an agent lives.
"""

from itertools import islice

from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.outputs import Output, Publish
from aggregator.core.states import HostState
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import BulkCanary, CentreState, Tick

OTHERS_MAX = 16
"""How many other aggregators are known at most."""

LOOKED_AT_ONCE = 4_000
"""How many hosts are looked at each second for agents that know the plain tick alone."""

_HEARS_NOTHING = frozenset({HostState.UNSEEN, HostState.DOWN, HostState.AWAY})


class Presence:
    """What the aggregator ``name`` says to everybody, appended to ``outputs``.

    ``boot``: of this process. ``has_bulk``: a canary goes to its bulk connection.

    Attributes:
        name: the aggregator's.
        others: the names of the other aggregators that are online, by their states.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        outputs: list[Output],
        *,
        boot: str = "",
        has_bulk: bool = False,
    ) -> None:
        self.name = name
        self._boot = boot
        self._has_bulk = has_bulk
        self._fleet = fleet
        self._outputs = outputs
        self._state_topic = topics.centre_state(name)
        self._tick_topic = topics.centre_tick(name)
        self._has_older_agents = True
        self._is_found = False  # one of them, in this round
        self._looked_at = 0
        self.others: set[str] = set()

    def opened(self) -> None:
        """Say that we are there, and that agents are to wait for our grants (``credit``)."""
        online = CentreState("online", self._boot, credit=True)
        self._outputs.append(Publish(self._state_topic, online, qos=1, is_retained=True))

    def lost(self) -> None:
        """Forget the others: the broker says their states again when we are back."""
        self.others.clear()

    def hear_state(self, name: str, state: str) -> None:
        """Note what another aggregator says of itself, or its will."""
        if state != "online":
            self.others.discard(name)
        elif len(self.others) < OTHERS_MAX:
            self.others.add(name)

    def publish_tick(self, tick: Tick) -> None:
        """Publish our tick, and once more for older agents where that is up to us.

        A canary for our bulk connection goes with it.
        """
        self._outputs.append(Publish(self._tick_topic, tick))
        self._look_for_older_agents()
        if self._has_bulk:
            canary = BulkCanary(tick.number, self._boot)
            self._outputs.append(Publish(topics.centre_bulk(self.name), canary))
        if self._serves_older_agents:
            self._outputs.append(Publish(topics.TICK, tick))

    def note_agent(self, host: Host) -> None:
        """Note that an agent has started, or has said who it is."""
        if not knows_own_ticks(host):
            self._has_older_agents = self._is_found = True

    def reaches(self, host: Host) -> bool:
        """Tell whether our ticks are meant for this host's agent, so that it should echo them."""
        return self._serves_older_agents or knows_own_ticks(host)

    def _look_for_older_agents(self) -> None:
        """Look at a part of the fleet; where a whole round has found none, there is none."""
        begin = self._looked_at
        for host in islice(self._fleet, begin, begin + LOOKED_AT_ONCE):
            if not knows_own_ticks(host) and host.state not in _HEARS_NOTHING:
                self._has_older_agents = self._is_found = True
                break
        self._looked_at += LOOKED_AT_ONCE
        if self._looked_at >= len(self._fleet):
            self._has_older_agents, self._is_found, self._looked_at = self._is_found, False, 0

    @property
    def is_first(self) -> bool:
        """Whether our name sorts first among the aggregators that are online."""
        return all(self.name < other for other in self.others)

    @property
    def _serves_older_agents(self) -> bool:
        return self._has_older_agents and self.is_first


def knows_own_ticks(host: Host) -> bool:
    """Tell whether the agent that beats says that it echoes each aggregator's own tick."""
    birth = host.birth
    return birth is not None and birth.own_ticks and birth.boot == (host.boot or birth.boot)
