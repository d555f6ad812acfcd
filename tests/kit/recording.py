"""The recording of the start commit, played to the present centre.

``bench/baseline/README.md`` says what it holds. What was renamed since is mapped to the old words,
and evidence that is new (``excuse``, ``nobody_heard``) is left out. So is an incident of the centre
in a world that had none: shorter spells without verdicts are told now. Nothing else is. Verdicts
(changes of hosts and incidents) are one sequence, and each kind of message another: an
acknowledgement now comes after what was stored with it. Ticks and probes are numbered as they were;
the old topic of ticks is now our own. The worlds of ``JUDGED_ANEW`` are left out:
since then hosts that hang up together are one case, and one of two agents of a name makes way.
"""

import json
import lzma
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from itertools import zip_longest
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from aggregator.core.centre import Centre
from aggregator.core.incidents.record import Incident, IncidentChanged
from aggregator.core.outputs import AskPort, HostChanged, Moment, Output, Publish, Store
from aggregator.core.storing import as_known
from aggregator.inventory import Inventory, fleet_of
from tests.kit.machine import Message
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Acknowledge, Probe, Rebirth, Tick

NAME = "centre"
JUDGED_ANEW = frozenset({"bad_update", "two_under_one_name"})
CANARY = topics.centre_tick(NAME)
PATH = Path(__file__).parents[2] / "bench" / "baseline" / "centre-calls.jsonl.xz"

Line: TypeAlias = list[Any]


class Played(NamedTuple):
    """What came out, and what the recording has: verdicts, each kind of message, and stands.

    A stand is how hosts and incidents stood at the end of a process.
    """

    came: defaultdict[str, list[Line]]
    recorded: defaultdict[str, list[Line]]

    def difference(self) -> str:
        """Return the first difference of each sequence; empty where there is none."""
        found = []
        for kind in sorted({*self.came, *self.recorded}):
            pairs = zip_longest(self.came[kind], self.recorded[kind])
            found += [f"got {new}, recorded {old}" for new, old in pairs if new != old][:1]
        return "; ".join(found)


def worlds() -> Iterator[dict[str, Any]]:
    """Go through the worlds: every fault but those, 3 seeds each, next to each other."""
    with lzma.open(PATH, "rt") as lines:
        found = (json.loads(line) for line in lines)
        yield from (world for world in found if world["fault"] not in JUDGED_ANEW)


def play(world: dict[str, Any]) -> Played:  # noqa: C901 - one case for each kind of call
    """Play one world to new centres, one after the other."""
    inventory = msgspec.convert(world["inventory"], Inventory)
    played = Played(defaultdict(list), defaultdict(list))
    limit_s = world["away_limit_s"]
    centre, ran_at = Centre(fleet_of(inventory)), 0.0
    for kind, *details in world["ops"]:
        match kind:
            case "out":
                line = _recorded(*details)
                played.recorded[_kind(line)].append(line)
                continue
            case "known":
                hosts, incidents = details
                lines = sorted(map(_incident_line, incidents))
                played.recorded["stand"].append([_plain(hosts), lines])
                played.came["stand"].append(_stand(centre))
                continue
            case "start":
                before, now = centre, details[0]
                centre = Centre(fleet_of(inventory), name=NAME, start=now, away_limit_s=limit_s)
                centre.decisions.ticks._number = int(now * 10) % 1_000_000  # noqa: SLF001 - as it did
                centre.decisions.probes._number = 0  # noqa: SLF001 - as it did
                if ran_at:
                    centre.restore(now, before.memory(Moment(ran_at, ran_at)))
            case "hear":
                now, wall, messages = details
                received = [
                    Message(CANARY if topic == topics.TICK else topic, text.encode(), kept)
                    for topic, text, kept in messages
                ]
                centre.receive(now, received, wall)
            case "subscribed":
                centre.opened(details[0])
            case "lost":
                centre.lost(details[0])
            case "look" | "tick":
                centre.woke(details[0])
            case "port":
                centre.port_said(*details)
        if kind != "kill":
            ran_at = details[0]
            _take(centre, ran_at, played.came)
    if not _of_centre(played.recorded):
        _leave_out(played.came, _of_centre(played.came))
    return played


def _of_centre(lines: defaultdict[str, list[Line]]) -> set[int]:
    """Return the numbers of the incidents of the centre."""
    told = (line[3] for line in lines["verdict"] if line[0] == "IncidentChanged")
    return {incident[0] for incident in told if incident[1][0] == "centre"}


def _leave_out(lines: defaultdict[str, list[Line]], numbers: set[int]) -> None:
    """Leave incidents out, and number the others as if they had never been."""

    def kept(incidents: list[Line]) -> list[Line]:
        return [
            [incident[0] - sum(number < incident[0] for number in numbers), *incident[1:]]
            for incident in incidents
            if incident[0] not in numbers
        ]

    lines["verdict"] = [
        line if line[0] == "HostChanged" else [*line[:3], *incidents]
        for line in lines["verdict"]
        if line[0] == "HostChanged" or (incidents := kept(line[3:]))
    ]
    lines["stand"] = [[hosts, kept(incidents)] for hosts, incidents in lines["stand"]]


def _take(centre: Centre, now: float, came: defaultdict[str, list[Line]]) -> None:
    while outputs := centre.take():
        for output in outputs:
            if isinstance(output, Store):
                centre.stored(now, output.token)
            line = _line(output)
            if line is not None:
                came[_kind(line)].append(line)


def _kind(line: Line) -> str:
    return "verdict" if line[0] in {"HostChanged", "IncidentChanged"} else str(line[0])


def _line(output: Output) -> Any:
    match output:
        case HostChanged():
            return ["HostChanged", *_plain(output)]
        case IncidentChanged():
            return _plain(
                ["IncidentChanged", output.at, output.change, _incident_line(output.incident)]
            )
        case AskPort():
            return _plain(["PortWanted", output.at])
        case Publish(topic=topic, message=Tick() as tick) if topic == CANARY:
            return ["Tick", tick.number, tick.mono_ms]
        case Publish(message=Probe() as probe):
            _, host, _ = topics.parse(output.topic)
            asked = (probe.number, probe.host, probe.address, probe.port, probe.timeout_s)
            return ["ProbeWanted", host, *asked]
        case Publish(message=Rebirth()):
            return ["BirthWanted", topics.parse(output.topic).host]
        case Publish(message=Acknowledge() as acknowledged):
            host = topics.parse(output.topic).host
            return ["BacklogHeard", host, acknowledged.boot, acknowledged.number]
        case _:
            return None


def _recorded(name: str, fields: Line) -> Any:
    if name == "IncidentChanged":
        at, change, incident = fields
        return _plain([name, at, change, _incident_line(incident)])
    if name in {"ProbeWanted", "BirthWanted", "BacklogHeard"}:
        return _plain([name, *fields[2:]])  # the moment and the venue are in no message
    return _plain([name, *fields])


def _stand(centre: Centre) -> Line:
    incidents = centre.decisions.store.known()
    hosts = [_plain(as_known(host)) for host in centre.fleet]
    return [hosts, sorted(map(_incident_line, incidents))]


def _incident_line(incident: Incident | Line) -> Line:
    line: Line = _plain(incident)
    line[5] = [
        [at, by, "blindness" if seen == "deafness" else seen, detail]
        for at, by, seen, detail in line[5]
        if seen not in {"excuse", "nobody_heard"}
    ]
    return line


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, float):
        return round(value, 9) if isfinite(value) else str(value)
    return value
