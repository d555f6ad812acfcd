"""Encodes the messages of a simulated agent for the wire."""

from typing import Literal

from venuewatch.base.wire.messages import Beat, Birth, Death, Echo, Probe, Probed, encode
from venuewatch.rehearsal.world.machine import Machine
from venuewatch.rehearsal.world.readings import VITALS_EVERY_S

INTERVAL_S = 1.0  # agent.config.Heartbeat


class AgentMessages:
    """Encodes for one run of an agent on a machine. ``session`` is the number of its connection."""

    def __init__(self, machine: Machine, boot: str, *, keepalive_s: float) -> None:
        self._machine = machine
        self._boot = boot
        self._keepalive_s = keepalive_s

    def birth(self, session: int) -> bytes:
        """Return the birth of a session."""
        return encode(
            Birth(
                boot=self._boot,
                session=session,
                wall_ms=self._wall_ms(),
                interval_s=INTERVAL_S,
                vitals_every_s=VITALS_EVERY_S,
                agent_version="simulated",
                address=self._machine.address,
                keepalive_s=self._keepalive_s,
            )
        )

    def beat(self, session: int, number: int, echo: Echo | None) -> bytes:
        """Return a beat."""
        mono_ms = round(self._machine.mono * 1000)
        return encode(Beat(self._boot, session, number, mono_ms, self._wall_ms(), echo))

    def death(self, session: int, reason: Literal["lost", "farewell"]) -> bytes:
        """Say that a session is over."""
        return encode(Death(self._boot, session, reason))

    def probed(self, session: int, probe: Probe, *, is_reached: bool, took_s: float) -> bytes:
        """Say what came of a question about a neighbour."""
        return encode(
            Probed(
                boot=self._boot,
                session=session,
                number=probe.number,
                host=probe.host,
                is_reached=is_reached,
                way="icmp",
                duration_s=took_s,
                detail="" if is_reached else "no answer in time",
            )
        )

    def _wall_ms(self) -> int:
        return round(self._machine.clock.wall * 1000)
