"""A venue host of a live rehearsal: its machine, its cable, its agent, and what befalls them."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from venuewatch.base.config import one_line
from venuewatch.rehearsal.live import guarded
from venuewatch.rehearsal.live.own_clock import Clock
from venuewatch.rehearsal.live.programs import Process
from venuewatch.rehearsal.live.servers import Agent, in_lines
from venuewatch.rehearsal.live.watched.equipment import Equipment
from venuewatch.rehearsal.scenario import Value
from venuewatch.rehearsal.stage.guardian import Fault
from venuewatch.rehearsal.stage.machine import Machine, StageError
from venuewatch.rehearsal.stage.network import Lan


class Where(NamedTuple):
    """Where a host is: its venue, that venue's LAN, and its number there, from 1 on."""

    venue: str
    lan: Lan
    number: int


class Host:
    """A machine, its cable and its agent; ``broker`` is how its agent is configured for it.

    Attributes:
        clock: the wall clock of its agents, which goes as this machine's own until it is set.
        equipment: what its checks look at.
    """

    def __init__(
        self,
        name: str,
        where: Where,
        folder: Path,
        *,
        port: int,
        broker: Mapping[str, Value],
        equipment: Equipment,
    ) -> None:
        self.name = name
        self.where = where
        self.equipment = equipment
        self._folder = folder / name
        self._folder.mkdir()
        self._broker: Mapping[str, Value] = {"username": name, **broker}
        self._port = port
        self._cable: Fault | None = None
        self.clock = Clock(self._folder / "clock")
        self._mending = ExitStack()
        self._agent = self._new_agent(name, self._folder)
        self.agent: Process = self._agent
        self._twin: Agent | None = None
        self._mend_twin: Callable[[], None] | None = None

    @property
    def address(self) -> str:
        """Its address, in every network of the world."""
        return self.where.lan.address(self.where.number)

    @property
    def machine(self) -> Machine:
        """The machine that stands in its place now."""
        return self.where.lan.hosts[self.where.number]

    @property
    def programs(self) -> list[Process]:
        """Its agents, whether or not they run."""
        return [self.agent] if self._twin is None else [self.agent, self._twin]

    @property
    def crash(self) -> str:
        """How its agent ended by itself, which no fault does; empty where it did not."""
        if not self.agent.has_crashed:
            return ""
        said = self.agent.said().splitlines()[-1:]
        return f"the agent of {self.name} has crashed: {one_line(''.join(said))}"

    def start(self) -> None:
        """Start its agent on its machine, and what its checks look at on a fresh one."""
        self.equipment.start(self.machine)
        self.agent.at(self.machine).start()

    def unplug(self, *, lasts_s: float | None = None) -> Fault:
        """Pull its cable, until the fault ends or the world recovers."""
        return self.where.lan.unplug(self.where.number, lasts_s=lasts_s)

    def end_agent(
        self, *, in_order: bool = False, lasts_s: float | None = None
    ) -> Callable[[], None]:
        """End its agent, at once or in order; return what starts it again."""
        guardian = self.where.lan.guardian
        mend = guarded.end(guardian, self.agent, in_order=in_order, lasts_s=lasts_s)
        self._mending.callback(mend)
        return self.start_as_usual

    def power_off(self, *, lasts_s: float | None = None) -> None:
        """Let it die at once: not even a FIN leaves it."""
        self._cable = self.unplug(lasts_s=lasts_s)
        self.end_agent(lasts_s=lasts_s)

    def power_on(self) -> None:
        """Boot it afresh, if it is off; where its agent runs again already, plug it in only."""
        if self._cable is None:
            return
        self._cable.end()
        self._cable = None
        if not self.agent.is_running:
            self.where.lan.replace(self.where.number)
            self.equipment.start(self.machine)
        self.start_as_usual()

    def start_twin(self, of: "Host", *, lasts_s: float | None = None) -> None:
        """Start an agent on this machine, too, that goes by another host's name."""
        self.start_beside(of.name, lasts_s=lasts_s)

    def start_beside(self, name: str, *, lasts_s: float | None = None) -> None:
        """Start an agent of this name on this machine, too."""
        folder = self._folder / "twin"
        folder.mkdir(exist_ok=True)
        self._twin = self._new_agent(name, folder).at(self.machine)
        self._mend_twin = guarded.add(self.where.lan.guardian, self._twin, lasts_s=lasts_s)

    def end_twin(self) -> None:
        """End the agent here that goes by another name, if there is one."""
        if self._mend_twin is not None:
            self._mend_twin()
            self._twin = self._mend_twin = None

    def start_changed(
        self,
        *,
        port: int | None = None,
        checks: str | None = None,
        lasts_s: float | None = None,
        **broker: Value,
    ) -> None:
        """Start its agent, which does not run, with other checks or settings of its broker."""
        folder = self._folder / "changed"
        folder.mkdir(exist_ok=True)
        changed = self._new_agent(self.name, folder, port=port, checks=checks, **broker)
        changed.at(self.machine)
        self._mending.callback(guarded.add(self.where.lan.guardian, changed, lasts_s=lasts_s))
        self.agent = changed

    def start_as_usual(self) -> None:
        """Have its agent run by its own configuration, whether or not it runs, or by which."""
        self._mending.close()
        if self.agent is not self._agent:
            if self.agent.is_running:
                self.agent.stop()
            self.agent = self._agent
        if not self.agent.is_running:
            self.start()

    def mend(self) -> None:
        """Start what a fault has ended, and end what it has started: not as its guardian would."""
        self.power_on()
        self.end_twin()
        self._mending.close()

    def heal(self) -> None:
        """Undo every change to it, but for the faults that the guardian holds.

        Raises:
            StageError: its agent ended by itself, which no fault does.
        """
        if crash := self.crash:
            raise StageError(crash)
        self.mend()
        self.equipment.heal()
        self.start_as_usual()

    def _new_agent(
        self,
        name: str,
        folder: Path,
        *,
        port: int | None = None,
        checks: str | None = None,
        **broker: Value,
    ) -> Agent:
        if name != self.name:
            checks = ""  # a twin is a bare machine
        elif checks is None:
            checks = self.equipment.settings
        settings = in_lines({**self._broker, **broker}) + checks
        agent = Agent(folder, port or self._port, name, venue=self.where.venue, broker=settings)
        agent.run_through(*self.clock.words)
        return agent.guard()
