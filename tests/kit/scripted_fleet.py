"""A small fleet with one host in every state that can be reached, told from the wire up.

``python tests/kit/scripted_fleet.py > tests/golden/fleet.prom`` renews the golden file.
"""

import sys

import mqtt5

from aggregator.core.centre import Centre
from aggregator.core.fleet import INF, Fleet, Host, Venue
from aggregator.core.outputs import Publish
from aggregator.shell.exposition import render
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, Birth, Death, Echo, Tick, Vitals, encode
from venuewatch.base.wire.readings import Readings

NOW = 20.0
WALL = 1_800_000_000.0
HOSTILE = 'C:\\temp\n"x" é\u2028{}'

READINGS = Readings(
    node_boot_time_seconds=1_799_000_000,
    node_time_seconds=WALL,
    node_load1=0.25,
    node_cpu_seconds_total=[("0", "user", 12.5), ("0", "idle", 1e12), ("1", "user", 0.0)],
    node_context_switches_total=123_456_789_012_345,
    node_memory_total_bytes=68_719_476_736,
    node_filesystem_avail_bytes=[("/dev/sda1", "ext4", "/", 1e9), ("C:", "NTFS", HOSTILE, 0.0)],
    node_network_up=[("eth0", 1.0)],
    node_network_receive_bytes_total=[("eth0", 1.5e15)],
    node_hwmon_temp_celsius=[("platform_coretemp_0", "temp1", -12.5)],
    node_scrape_collector_success=[("cpu", 1.0)],
)


class ScriptedFleet:
    """Venues STA (one host in each state), AQU (named by a hostile hand) and NEW (empty)."""

    def __init__(self) -> None:
        stade = Venue("STA", margin_s=1.75, name="Stade", town="Saint-Denis", timezone="UTC")
        for name in ("up", "late", "down", "lost", "away", "unseen"):
            stade.hosts[name] = Host("STA", name, margin_s=1.75, role="results")
        aquatics = Venue("AQU", margin_s=4.25, name=HOSTILE, town=HOSTILE, timezone=HOSTILE)
        aquatics.hosts["silent"] = Host("AQU", "silent", margin_s=4.25)
        self.fleet = Fleet([stade, aquatics, Venue("NEW", margin_s=1.75)])
        self.centre = Centre(self.fleet, stall_s=INF)
        self.centre.opened(0.0)
        for name in ("up", "late", "down", "lost", "away"):
            self.birth(1.0, name)
            self.beat(1.0, name, 0)
            self.vitals(1.5, name)
        self.send(2.0, "away", Death("a", 1, "farewell"))
        for second in range(2, 18):
            self.beat(second, "up", second - 1)
            self.beat(second, "lost", second - 1)
            self.beat(second, "late", second - 1)
        self.beat(17.5, "late", 18)
        self.beat(NOW - 2, "up", 19)  # two of its beats were lost
        self.beat(NOW - 1.5, "stranger", 1)
        self.send(18.0, "lost", Death("a", 1, "lost"))
        (tick,) = self.look(NOW - 0.5)
        self.beat(NOW - 0.25, "up", 20, Echo(tick.number, held_ms=125))
        self.vitals(NOW, "up")
        self.look(NOW)

    def look(self, at: float) -> list[Tick]:
        """Wake the centre; return the tick that it sent, if any, which has come back to it."""
        self.centre.woke(at)
        published = [out.message for out in self.centre.take() if isinstance(out, Publish)]
        ticks = [message for message in published if isinstance(message, Tick)]
        for tick in ticks:
            self.receive(at, topics.TICK, tick)
        return ticks

    def birth(self, at: float, host: str) -> None:
        birth = Birth(
            boot="a",
            session=1,
            wall_ms=0,
            interval_s=1.0,
            vitals_every_s=10.0,
            agent_version="0.1.0",
            role="scoreboard" if host == "up" else "",
            sysname="Linux",
            nodename=HOSTILE,
            release="6.15.0",
            version="#1 SMP",
            machine="x86_64",
            address="192.0.2.7",
        )
        self.send(at, host, birth)

    def beat(self, at: float, host: str, seq: int, tick: Echo | None = None) -> None:
        self.send(at, host, Beat("a", 1, seq, 0, _wall_ms(at), tick))

    def vitals(self, at: float, host: str) -> None:
        self.send(at, host, Vitals("a", 1, int(at), _wall_ms(at), READINGS))

    def send(self, at: float, host: str, message: Beat | Birth | Death | Vitals) -> None:
        stream = topics.Stream(type(message).__name__.lower())
        self.receive(at, topics.topic("STA", host, stream), message)

    def page(self, now: float = NOW) -> bytes:
        return render(self.fleet.venues.values(), now)

    def receive(self, at: float, topic: str, message: object) -> None:
        self.centre.receive(at, [mqtt5.PublishPacket(topic, payload=encode(message))], WALL + at)


def _wall_ms(at: float) -> int:
    """Return what the hosts' clocks say, which are a second and a half ahead."""
    return int((WALL + at) * 1000) + 1_500


if __name__ == "__main__":
    sys.stdout.buffer.write(ScriptedFleet().page())
