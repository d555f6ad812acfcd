"""Builds a venue: its hosts on one LAN, and the uplink to the centre, each direction by itself."""

import random
from collections.abc import Sequence
from functools import partial

from venuewatch.rehearsal.world.agent import Agent, AgentSite, Answer
from venuewatch.rehearsal.world.bridge import Bridge
from venuewatch.rehearsal.world.broker import Broker
from venuewatch.rehearsal.world.connect import Route
from venuewatch.rehearsal.world.layout import VenuePlan
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.machine import Machine, Watched
from venuewatch.rehearsal.world.network import Leg, Way


class Uplink:
    """The way between a venue and the centre. Both legs may be changed; ``mend`` undoes it."""

    def __init__(self, rng: random.Random, plan: VenuePlan) -> None:
        self._plan = plan
        self.up = Leg(rng, delay_s=plan.delay_s, jitter_s=plan.jitter_s, loss=plan.loss)
        self.down = Leg(rng, delay_s=plan.delay_s, jitter_s=plan.jitter_s, loss=plan.loss)

    def cut(self, *, up: bool = True, down: bool = True) -> None:
        """Let nothing through, in these directions."""
        self.up.is_cut, self.down.is_cut = up, down

    def mend(self) -> None:
        """Be as it was built."""
        for leg in (self.up, self.down):
            leg.delay_s = self._plan.delay_s
            leg.jitter_s = self._plan.jitter_s
            leg.loss = self._plan.loss
            leg.is_cut = False


class SimHost:
    """One host: its machine, and the agent that runs there under its name, if any.

    Attributes:
        reconnect_max_s: what its agent announces, from its next start on.
    """

    def __init__(self, loop: Loop, rng: random.Random, machine: Machine, site: AgentSite) -> None:
        self._loop = loop
        self._rng = rng
        self._site = site
        self._runs: list[Agent] = []
        self.venue, self.name = site.venue, site.host
        self.machine = machine
        self.reconnect_max_s = site.reconnect_max_s

    @property
    def agent(self) -> Agent | None:
        """The latest run of the agent, None before the first."""
        return self._runs[-1] if self._runs else None

    @property
    def is_connected(self) -> bool:
        """Whether its agent has an open session."""
        agent = self.agent
        return agent is not None and not agent.process.is_dead and agent.is_connected

    def start_agent(self) -> None:
        """Start a further run of the agent; one that still runs is not touched."""
        self._runs = [run for run in self._runs if not run.process.is_dead]
        site = self._site._replace(reconnect_max_s=self.reconnect_max_s)
        self._runs.append(Agent(self._loop, self._rng, self.machine, site))

    def kill_agent(self) -> None:
        """End every run of the agent at once."""
        for run in self._runs:
            run.kill()

    def freeze_agent(self) -> None:
        """Freeze the agent; the machine's kernel goes on to answer."""
        for run in self._runs:
            run.process.freeze()

    def power_off(self) -> None:
        """Take the machine's power."""
        for run in self._runs:
            run.lose_power()
        self.machine.power_off()

    def mend(self) -> None:
        """Have power, cable, clock, feed and a running agent that floods nobody."""
        self.machine.power_on()
        self.machine.plug("in")
        self.machine.clock.drift(0.0)
        self.machine.clock.set_offset(0.0)
        for watched in self.machine.watched.values():
            watched.mend()
        if self.agent is not None:
            self.agent.process.resume()
            self.agent.flood(0.0)
        if self.agent is None or self.agent.process.is_dead:
            self.start_agent()


class SimVenue:
    """A venue and its hosts, built from a plan; no agent runs yet."""

    def __init__(self, loop: Loop, rng: random.Random, plan: VenuePlan, centre: Broker) -> None:
        local = Broker(loop, rng) if plan.has_bridge else None
        self.loop = loop
        self.plan = plan
        self.uplink = Uplink(rng, plan)
        self.hosts: dict[str, SimHost] = {}
        self.doubles: list[SimHost] = []
        self._rng = rng
        self._broker = centre if local is None else local
        for host in plan.built:
            watched = [Watched(check, kind) for check, kind in host.checks.items()]
            for each in watched:
                each.mend()
            self.hosts[host.name] = self._new_host(host.name, host.address, watched)
        self.bridge: Bridge | None = None
        if local is not None:
            route = Route(centre, Way(loop, [self.uplink.up]), Way(loop, [self.uplink.down]))
            self.bridge = Bridge(loop, rng, plan.code, local, route)

    @property
    def round_trip_s(self) -> float:
        """The longest round trip (s) over its uplink as it was built."""
        return 2 * (self.plan.delay_s + self.plan.jitter_s)

    def add_double(self, name: str) -> SimHost:
        """Add a second machine that has been given the name of a host here."""
        double = self._new_host(name, f"double-of-{name}.example.org", ())
        self.doubles.append(double)
        return double

    def remove_doubles(self, *, is_polite: bool) -> None:
        """Take away every second machine of a name; a polite one says farewell first."""
        for double in self.doubles:
            if is_polite and double.agent is not None:
                double.agent.stop()
            else:
                double.power_off()
        self.doubles.clear()

    def _new_host(self, name: str, address: str, watched: Sequence[Watched]) -> SimHost:
        machine = Machine(self.loop, self._rng, address, watched)
        out, back = [machine.sends], [machine.hears]
        if not self.plan.has_bridge:
            out, back = [*out, self.uplink.up], [self.uplink.down, *back]
        route = Route(self._broker, Way(self.loop, out), Way(self.loop, back))
        reach = partial(self.reach, machine)
        site = AgentSite(self.plan.code, name, self.plan.link, route, reach)
        return SimHost(self.loop, self._rng, machine, site)

    def reach(self, by: Machine, address: str, timeout_s: float, answer: Answer) -> None:
        """Send an echo request over the LAN; a kernel that runs answers it."""
        asked_at, waiting = self.loop.now, [answer]

        def end(*, is_reached: bool) -> None:
            if waiting:
                waiting.pop()(is_reached=is_reached, took_s=self.loop.now - asked_at)

        came = partial(end, is_reached=True)
        for host in self.hosts.values():
            if host.machine.address == address:
                there = Way(self.loop, [by.sends, host.machine.hears])
                back = Way(self.loop, [host.machine.sends, by.hears])
                there.carry(partial(back.carry, came))
        self.loop.after(timeout_s, partial(end, is_reached=False))
