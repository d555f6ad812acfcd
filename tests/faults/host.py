"""A venue host of a rehearsal: its machine, its cable, its agent, and their faults."""

import sys
from pathlib import Path
from typing import Final

from tests.integration.real import Agent, Process
from venuewatch.rehearsal.stage.guardian import Fault
from venuewatch.rehearsal.stage.machine import Machine
from venuewatch.rehearsal.stage.network import Lan

_WANDERING: Final = Path(__file__).with_name("wandering_agent.py")


class Host:
    """A machine, its cable and its agent; ``broker`` is how its agent is configured for it."""

    def __init__(self, name: str, folder: Path, lan: Lan, *, port: int, broker: str) -> None:
        self.name = name
        self._lan = lan
        self._number = int(name.partition("-")[2])
        self._folder = folder / name
        self._folder.mkdir()
        self._broker = broker
        self._port = port
        self._is_off = False
        self._agent = self._new_agent(name, self._folder)
        self.agent: Process = self._agent
        self._twin: Agent | None = None

    @property
    def address(self) -> str:
        """Its address, in every network of the world."""
        return self._lan.address(self._number)

    @property
    def programs(self) -> list[Process]:
        """Its agents, whether or not they run."""
        return [self.agent] if self._twin is None else [self.agent, self._twin]

    def start(self) -> None:
        """Start its agent on its machine."""
        self.agent.at(self._machine).start()

    def unplug(self) -> Fault:
        """Pull its cable, until the fault ends or the world recovers."""
        return self._lan.unplug(self._number)

    def power_off(self) -> None:
        """Let it die at once: not even a FIN leaves it."""
        self.unplug()
        self.agent.kill()
        self._is_off = True

    def power_on(self) -> None:
        """Boot it afresh."""
        self._lan.replace(self._number)
        self._is_off = False
        self.start()

    def start_twin(self, of: "Host") -> None:
        """Start an agent on this machine, too, that goes by another host's name."""
        folder = self._folder / "twin"
        folder.mkdir()
        self._twin = self._new_agent(of.name, folder).at(self._machine).start()

    def start_wandering(self) -> Path:
        """Start its agent anew, with a clock that is wrong by what the returned file says (s)."""
        offset = self._folder / "offset"
        offset.write_text("0")
        config = str(self._folder / f"agent-{self.name}.toml")
        command = (sys.executable, "-I", str(_WANDERING), str(offset), "--config", config)
        self.agent.stop()
        self.agent = Process(self._folder, "wandering", *command)
        self.start()
        return offset

    def heal(self) -> None:
        """Undo every change to it, but for the faults that the guardian holds."""
        assert not self.agent.has_crashed, self.agent.said()
        if self._is_off:
            self.power_on()
        if self.agent is not self._agent:
            self.agent.stop()
            self.agent = self._agent
        if self._twin is not None:
            self._twin.stop()
            self._twin = None
        if not self.agent.is_running:
            self.start()

    @property
    def _machine(self) -> Machine:
        return self._lan.hosts[self._number]

    def _new_agent(self, name: str, folder: Path) -> Agent:
        return Agent(folder, self._port, name, broker=self._broker)
