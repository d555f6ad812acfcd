"""A small fleet with one host in every state that can be reached, told from the wire up.

``python tests/aggregator/scripted.py > tests/golden/fleet.prom`` renews the golden file.
"""

import sys

from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.watch import Watch
from aggregator.shell.exposition import render
from venuewatch.base.wire.messages import Beat, Birth, Death, Echo, Vitals, encode
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
        self.watch = Watch(self.fleet)
        self.watch.subscribed(0.0)
        for name in ("up", "late", "down", "lost", "away"):
            self.birth(1.0, name)
            self.beat(1.0, name, 0)
            self.vitals(1.5, name)
        self.death(2.0, "away", farewell=True)
        for second in range(2, 18):
            self.beat(second, "up", second - 1)
            self.beat(second, "lost", second - 1)
            self.beat(second, "late", second - 1)
        self.beat(17.5, "late", 18)
        self.beat(NOW - 2, "up", 19)  # two of its beats were lost
        self.beat(NOW - 1.5, "stranger", 1)
        self.death(18.0, "lost", farewell=False)
        tick = self.watch.tick(NOW - 0.5)
        self._hear(NOW - 0.5, "_centre/tick", tick)
        self.beat(NOW - 0.25, "up", 20, Echo(tick.number, held_ms=125))
        self.vitals(NOW, "up")
        self.watch.advance(NOW)

    def birth(self, at: float, host: str) -> None:
        self._hear(
            at,
            f"STA/{host}/birth",
            Birth(
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
            ),
        )

    def beat(self, at: float, host: str, seq: int, tick: Echo | None = None) -> None:
        self._hear(at, f"STA/{host}/beat", Beat("a", 1, seq, 0, _wall_ms(at), tick))

    def vitals(self, at: float, host: str) -> None:
        self._hear(at, f"STA/{host}/vitals", Vitals("a", 1, int(at), _wall_ms(at), READINGS))

    def death(self, at: float, host: str, *, farewell: bool) -> None:
        self._hear(at, f"STA/{host}/death", Death("a", 1, "farewell" if farewell else "lost"))

    def page(self, now: float = NOW) -> bytes:
        return render(self.fleet.venues.values(), now)

    def _hear(self, at: float, where: str, message: object) -> None:
        self.watch.hear(
            f"venuewatch/v1/{where}", encode(message), is_retained=False, now=at, wall=WALL + at
        )


def _wall_ms(at: float) -> int:
    """Return what the hosts' clocks say, which are a second and a half ahead."""
    return int((WALL + at) * 1000) + 1_500


if __name__ == "__main__":
    sys.stdout.buffer.write(ScriptedFleet().page())
