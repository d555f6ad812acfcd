"""A small fleet with one host in every state that can be reached, told from the wire up."""

from typing import Any

from aggregator.shell.exposition import render
from tests.kit.machine import CANARY, WALL, Machine
from tests.kit.story import Story
from venuewatch.base.wire.readings import Readings

NOW = 20.0
HOSTILE = 'C:\\temp\n"x" é\u2028{}'
SPEAKING = ("up", "late", "down", "lost", "away")
SYSTEM: dict[str, Any] = {
    "agent_version": "0.1.0",
    "sysname": "Linux",
    "nodename": HOSTILE,
    "domainname": "(none)",
    "release": "6.15.0",
    "version": "#1 SMP",
    "machine": "x86_64",
    "address": "192.0.2.7",
}

READINGS = Readings(
    node_boot_time_seconds=1_799_000_000,
    node_time_seconds=WALL,
    node_load1=0.25,
    node_cpu_seconds_total=[("0", "user", 12.5), ("0", "idle", 1e12), ("1", "user", 0.0)],
    node_context_switches_total=123_456_789_012_345,
    node_memory_MemTotal_bytes=68_719_476_736,
    node_filesystem_avail_bytes=[("/dev/sda1", "ext4", "/", 1e9), ("C:", "NTFS", HOSTILE, 0.0)],
    node_network_up=[("eth0", 1.0)],
    node_network_receive_bytes_total=[("eth0", 1.5e15)],
    node_hwmon_temp_celsius=[("platform_coretemp_0", "temp1", -12.5)],
    node_scrape_collector_success=[("cpu", 1.0)],
)


class ScriptedFleet(Story):
    """Venues STA (one host in each state), AQU (named by a hostile hand) and NEW (empty).

    With ``cut`` there is CUT, too, whose hosts of these names fall silent together.
    """

    def __init__(self, *cut: str) -> None:
        names = {"STA": (*SPEAKING, "unseen"), "AQU": ("silent",), "NEW": ()}
        super().__init__(names | ({"CUT": cut} if cut else {}), addresses=False)
        stade, aquatics, *_ = self.centre.fleet.venues.values()
        stade.name, stade.town, stade.timezone = "Stade", "Saint-Denis", "UTC"
        aquatics.name = aquatics.town = aquatics.timezone = HOSTILE
        for host in stade.hosts.values():
            host.role = "results"
        stranger = self.machines["stranger"] = Machine("STA", "stranger")
        up, late = self.machines["up"], self.machines["late"]
        for machine in self.machines.values():
            machine.phase_s = 0.0
        self.mute("unseen", "silent", "stranger")
        self.subscribe(0.0)
        for name in SPEAKING:
            role = "scoreboard" if name == "up" else ""
            self.birth(0.5, name, boot="b1", role=role, **SYSTEM)
        for name in cut:
            self.birth(0.5, name, boot="b1", reconnect_max_s=60.0)
        self.run(0.5)
        self.mute("down", "away", *cut, run_s=0.5)
        self.deliver(*(self.machines[name].vitals(self.now, 1, READINGS) for name in SPEAKING))
        self.run(0.5)
        self.leave("away")
        self.run(15.0)
        self.mute("lost", run_s=0.5)
        late.seq += 1  # one of its beats was lost
        self.deliver(late.beat(self.now))
        self.mute("late")
        up.seq += 1  # and another one, on its way to the next phase
        self.run(0.5)
        self.kill("lost")
        up.phase_s, up.clock_ahead_s = 0.75, 1.5
        self.mute("up", run_s=0.5)
        self.deliver(stranger.beat(self.now))
        self.run(0.75)
        number, _ = up.ticks[CANARY]
        up.ticks[CANARY] = number, self.now - 0.125  # the tick was on its way for so long
        self.unmute("up", run_s=0.75)
        self.deliver(up.vitals(self.now, 20, READINGS))
        for name in cut:  # its series without the incident of its terms
            self.centre.fleet.named(name).exceeds_reconnect_limit = True
        self.centre.fleet.named("lost").refused = {"vitals": 2}

    def page(self) -> bytes:
        return render(self.centre.fleet.venues.values(), self.now)
