"""A live world: a centre with a broker and an aggregator, and the venues of an inventory."""

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from venuewatch.base import clock
from venuewatch.rehearsal.fleet import AWAY_LIMIT_S, StageCheck
from venuewatch.rehearsal.live import guarded, health, inventories, permissions
from venuewatch.rehearsal.live.disk import Disk
from venuewatch.rehearsal.live.ear import Ear
from venuewatch.rehearsal.live.health import LINGERING, Health
from venuewatch.rehearsal.live.host import Host, Where
from venuewatch.rehearsal.live.own_clock import Clock
from venuewatch.rehearsal.live.pages import Incident
from venuewatch.rehearsal.live.programs import Process, until
from venuewatch.rehearsal.live.receiver import Receiver
from venuewatch.rehearsal.live.servers import Aggregator, Mosquitto, in_lines
from venuewatch.rehearsal.live.sources.process import Sources
from venuewatch.rehearsal.live.timetable import Timetable
from venuewatch.rehearsal.live.watched.equipment import Equipment
from venuewatch.rehearsal.live.watched.names import Names, NameServer
from venuewatch.rehearsal.live.watched.spoiling import Spoiling
from venuewatch.rehearsal.live.watched.thing import Site, Thing
from venuewatch.rehearsal.scenario import Value
from venuewatch.rehearsal.stage.blocking import block
from venuewatch.rehearsal.stage.delay_line import Settings, Way
from venuewatch.rehearsal.stage.faults import change_line, freeze, reset_connections, unplug
from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import Machine, StageError, entered
from venuewatch.rehearsal.stage.network import CENTRE, Lan, make_centre
from venuewatch.rehearsal.stage.run import Run

RECONNECT_MAX_S: Final = 2.0
"""How long (s) a host waits at most between two attempts, so that a world heals soon."""

_BROKER_PORT: Final = 1883
_WEB_PORT: Final = 8080  # of the centre's own machine, whose ports nobody else uses
_AT_ONCE: Final = 20
_PAGES_EVERY_S: Final = 0.2
_WELL_S: Final = 180.0  # spells without verdicts are one incident until 60 s without any


Checks: TypeAlias = Callable[[HostEntry, VenueEntry], Sequence[StageCheck]]
"""Says which checks a host of a venue has."""


def _no_checks(_host: HostEntry, _venue: VenueEntry) -> Sequence[StageCheck]:
    return ()


class World:
    """The programs of a live rehearsal, on the machines of a run; close it at the end.

    ``ways`` has each direction of an uplink by the code of its venue: those not named are perfect.
    ``webhook_url``: where the aggregator sends notices; none if it is empty. ``checks`` of a host:
    none by default.

    Attributes:
        run: whose machines these are.
        timetable: what has to be done here later.
        clock: the aggregator's wall clock, which goes as this machine's until it is set.
        disk: where the aggregator's journal is.
        permissions: the file that says who may say and hear what at the broker.
        ear: a stranger at the broker.
        receiver: who gets the notices, if there is one.
        sources: of results, and other programs that checks look at.
        name_servers: by the code of a venue whose hosts ask one.
        up_at: when (monotonic s) all hosts were up for the first time.
    """

    def __init__(  # noqa: PLR0913 - each is one setting
        self,
        folder: Path,
        run: Run,
        inventory: Inventory,
        *,
        ways: Mapping[str, Way] | None = None,
        reconnect_max_s: float = RECONNECT_MAX_S,
        webhook_url: str = "",
        checks: Checks = _no_checks,
    ) -> None:
        broker: dict[str, Value] = {"address": CENTRE, "reconnect_max_s": reconnect_max_s}
        self.inventory = inventories.on_the_stage(inventory)
        self.folder = folder
        self.run = run
        self._guardian = run.guardian
        self.reconnect_max_s = reconnect_max_s
        self.timetable = Timetable()
        self.clock = Clock(folder / "centre-clock")
        self.disk = Disk(folder / "journal")
        self.receiver: Receiver | None = None
        self.centre = Machine(run.prefix, "centre")
        self.ear = Ear(self.centre.namespace, CENTRE, _BROKER_PORT)
        self.permissions = permissions.make(folder)
        self.broker = (
            Mosquitto(
                folder,
                port=_BROKER_PORT,
                address=CENTRE,
                extra=[f"acl_file {self.permissions}"],
            )
            .at(self.centre)
            .guard()
        )
        self.aggregator = (
            Aggregator(
                folder,
                _BROKER_PORT,
                inventory=inventories.as_toml(self.inventory),
                web_port=_WEB_PORT,
                broker=in_lines(broker),
                web=_more_settings(self.disk, webhook_url),
            )
            .at(self.centre)
            .guard()
        )
        self.aggregator.run_through(*self.clock.words)
        self.lans: dict[str, Lan] = {}
        self.hosts: dict[str, Host] = {}
        for number, venue in enumerate(self.inventory.venue, start=1):
            lan = Lan(run, number, self.centre, (ways or {}).get(venue.code))
            self.lans[venue.code] = lan
            for at, host in enumerate(venue.host, start=1):
                site = Site(venue, host, lan, at, folder / "watched" / host.name)
                self.hosts[host.name] = Host(
                    host.name,
                    Where(venue.code, lan, at),
                    folder,
                    port=_BROKER_PORT,
                    broker={**broker, "link": venue.link},
                    equipment=Equipment(checks(host, venue), site),
                )
        self.sources = Sources(folder, self._things()).at(self.centre)
        asking = {
            thing.site.venue.code: thing.site.lan
            for thing in self._things()
            if isinstance(thing, Names)
        }
        self.name_servers = {code: NameServer(folder, code, lan) for code, lan in asking.items()}
        self.up_at = 0.0

    @property
    def guardian(self) -> Guardian:
        """The guardian of its faults."""
        return self._guardian

    def start(self) -> None:
        """Start everything, the agents a few at a time, and wait until all of it is well.

        Raises:
            StageError: something can't be made, or is not there in time.
        """
        make_centre(self.centre)
        self.disk.make(self._guardian)
        for venue in self.inventory.venue:
            self.lans[venue.code].make(len(venue.host))
        for host in self.hosts.values():
            host.equipment.make(self._guardian)
        for name_server in self.name_servers.values():
            name_server.start()
        self.sources.start()
        self.broker.start()
        self.aggregator.start()
        for count, host in enumerate(self.hosts.values(), start=1):
            host.start()
            if count % _AT_ONCE == 0 or count == len(self.hosts):
                self._await_hosts(count)
        self.up_at = clock.monotonic()

    def close(self) -> None:
        """End everything that was started."""
        self.timetable.close()
        for lan in self.lans.values():
            lan.close()
        for host in self.hosts.values():
            host.equipment.close()
        agents = (program for host in self.hosts.values() for program in host.programs)
        others = (*self.name_servers.values(), self.sources, self.aggregator, self.broker)
        for process in (*agents, *others):
            if process.is_running:
                process.kill()

    def venue(self, code: str) -> list[Host]:
        """Return the hosts of a venue, in their order."""
        return [host for host in self.hosts.values() if host.where.venue == code]

    def heal(self) -> None:
        """Undo every fault, without waiting until the monitor says so. Raises StageError."""
        self.timetable.clear()
        for host in self.hosts.values():
            host.mend()
        self._guardian.end_all()
        if self.receiver is not None:
            self.receiver.turn("takes")
        for lan in self.lans.values():
            lan.uplink.heal()
        others = (self.sources, *self.name_servers.values())
        for process in (self.broker, self.aggregator, *others):
            process.start()
        for host in self.hosts.values():
            host.heal()

    def recover(self) -> None:
        """Undo every fault, and wait until all is well. Raises StageError."""
        self.heal()
        self.await_well()

    def await_well(self) -> None:
        """Wait until all is well. Raises StageError."""
        self._until("all is well", self.is_well)

    def is_well(self) -> bool:
        """Tell whether all hosts are up, and no incident is open that can be over by now."""
        return all(
            incident.closed_at is not None or incident.cause in LINGERING
            for incident in self.ever()
        ) and self.aggregator.hosts_up() == len(self.hosts)

    def health(self) -> Health:
        """Return what the monitor says of each venue, where that is to be asked for often."""
        return health.ask(self.aggregator)

    @property
    def refusal(self) -> str:
        """Why no fault may begin any more; empty where one may."""
        return self._guardian.refusal or self._own_end()

    def noting(self) -> contextlib.AbstractContextManager[list[Fault]]:
        """Yield the faults that this thread begins until the block ends, as they come."""
        return self._guardian.noting()

    def ever(self) -> list[Incident]:
        """Return every incident since the world began, the oldest first."""
        found = self.aggregator.incidents().incidents
        return sorted(found, key=lambda incident: incident.number)

    def is_excused(self, name: str) -> bool:
        """Tell whether a verdict on a host would be put off now."""
        return any(name in excuse.hosts for excuse in self.aggregator.incidents().excuses)

    def at_centre(self) -> contextlib.AbstractContextManager[None]:
        """Be on the centre's machine, with this thread and all that it starts meanwhile."""
        return entered(self.centre.namespace)

    def end(
        self, process: Process, *, in_order: bool = False, lasts_s: float | None = None
    ) -> Callable[[], None]:
        """End a program, at once or in order; return what starts it again."""
        return guarded.end(self._guardian, process, in_order=in_order, lasts_s=lasts_s)

    def freeze(self, process: Process, *, lasts_s: float | None = None) -> Fault:
        """Let a program stand still, until its fault ends or the world recovers."""
        return freeze(self._guardian, process.pid, lasts_s=lasts_s)

    def set_clock(self, of: Clock, ahead_s: float, *, lasts_s: float | None = None) -> Fault:
        """Set a program's clock so far (s) ahead, until the fault ends or the world recovers."""
        return self._guardian.play(partial(of.set, ahead_s), of.undo, lasts_s=lasts_s)

    def spoil(self, spoiling: Spoiling, *, lasts_s: float | None = None) -> Fault:
        """Spoil what a check looks at, until the fault ends or the world recovers."""
        return self._guardian.play(spoiling.do, spoiling.undo, lasts_s=lasts_s)

    def freeze_names(self, code: str, *, lasts_s: float | None = None) -> Fault:
        """Let a venue's name server stand still. Raises StageError where it has none."""
        if code not in self.name_servers:
            raise StageError(f"{code} has no name server")
        return self.freeze(self.name_servers[code], lasts_s=lasts_s)

    def take_down(self, machine: Machine, device: str, *, lasts_s: float | None = None) -> Fault:
        """Take a device of a machine down, until the fault ends or the world recovers."""
        return unplug(self._guardian, machine, device, lasts_s=lasts_s)

    def change_line(self, code: str, up: Way, down: Way, *, lasts_s: float | None = None) -> Fault:
        """Have a venue's uplink carry packets so, until the fault ends or the world recovers."""
        uplink = self.lans[code].uplink
        return change_line(self._guardian, uplink, Settings(up, down), lasts_s=lasts_s)

    def reset_connections(self, code: str = "") -> None:
        """Close the connections of all hosts of a venue (of all) at once, the aggregator's not."""
        of = f"{self.lans[code].address(0)}/24" if code else ""
        reset_connections(self.centre, self.broker.port, but=CENTRE, of=of)

    def refuse(self, *names: str, lasts_s: float | None = None) -> Fault:
        """Let these hosts not connect any more, until the fault ends or the world recovers."""
        addresses = [self.hosts[name].address for name in names]
        return block(self._guardian, self.centre, addresses, lasts_s=lasts_s)

    def run_on(
        self, machine: Machine, name: str, module: str, *arguments: object, lasts_s: float
    ) -> Callable[[], None]:
        """Run a module of ours on a machine, until it ends; return what ends it."""
        words = (sys.executable, "-I", "-m", module, *map(str, arguments))
        process = Process(self.folder, name, *words).at(machine).guard()
        return guarded.add(self._guardian, process, lasts_s=lasts_s)

    def _own_end(self) -> str:
        """Return which program has ended, though nothing ordered it; empty if none has."""
        if self.receiver is not None and not self.receiver.is_running:
            return "the receiver of notices has ended, which nothing here ordered"
        servers = (self.broker, self.aggregator, self.sources, *self.name_servers.values())
        ends = (process.own_end for process in servers)
        crashes = (host.crash for host in self.hosts.values())
        return next(filter(None, (*ends, *crashes)), "")

    def _things(self) -> list[Thing]:
        return [thing for host in self.hosts.values() for thing in host.equipment.things.values()]

    def _await_hosts(self, count: int) -> None:
        self._until(f"{count} hosts are up", lambda: self.aggregator.hosts_up() >= count)

    def _until(self, what: str, ask: Callable[[], bool]) -> None:
        """Wait for it while all runs, without keeping the aggregator busy with long pages."""

        def asked() -> bool:
            if own_end := self._own_end():
                raise StageError(own_end)
            return ask()

        until(what, asked, within_s=_WELL_S, every_s=_PAGES_EVERY_S)


def _more_settings(disk: Disk, webhook_url: str) -> str:
    lines = [
        "[detection]",
        f"away_limit_s = {AWAY_LIMIT_S}",
        "[journal]",
        f'path = "{disk.journal}"',
    ]
    if webhook_url:
        lines += ["[notify]", f'webhook_url = "{webhook_url}"']
    return "\n".join(lines) + "\n"
