"""Events of the API, of a small fleet: a snapshot, and then each change."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.outputs import InventoryChanged
from aggregator.shell.http.api.events import ChangesEvent, SnapshotEvent
from aggregator.shell.http.fanout import Fanout
from tests.aggregator.shell.http.conftest import Client
from tests.aggregator.shell.http.test_fanout import event
from tests.kit.scripted_fleet import ScriptedFleet
from tests.kit.tasks import at_work

PATH = "/api/v1/events"


@pytest.fixture(autouse=True)
async def running(fanout: Fanout) -> AsyncIterator[None]:
    async with at_work(fanout.run()):
        yield


async def test_a_snapshot_has_all_venues_and_what_is_open(client: Client) -> None:
    async with client.get(PATH) as answer:
        first = await event(answer)

    snapshot = msgspec.json.decode(first["data"], type=SnapshotEvent)
    assert [venue.venue for venue in snapshot.venues] == ["STA", "AQU", "NEW"]
    assert [incident.host for incident in snapshot.incidents] == ["down", "lost"]
    assert snapshot.centre.name == "centre-1"


async def test_a_change_names_venue_host_and_incident(
    client: Client, fleet: ScriptedFleet, fanout: Fanout
) -> None:
    incident = next(
        one for one in fleet.centre.decisions.store.known() if one.subject.host == "lost"
    )
    async with client.get(PATH) as answer:
        await event(answer)
        fanout.take([IncidentChanged(1.0, "opened", incident, 1)])
        told = await event(answer)

    changes = msgspec.json.decode(told["data"], type=ChangesEvent)
    assert [venue.venue for venue in changes.venues] == ["STA"]
    assert [(host.host, host.state) for host in changes.hosts] == [("lost", "down")]
    assert [one.number for one in changes.incidents] == [incident.number]
    assert changes.incidents[0].sentence == changes.hosts[0].sentence


async def test_what_is_watched_no_more_is_gone(client: Client, fanout: Fanout) -> None:
    async with client.get(PATH) as answer:
        await event(answer)
        fanout.take([InventoryChanged(("OLD",), ("STA",))])
        told = await event(answer)

    changes = msgspec.json.decode(told["data"], type=ChangesEvent)
    assert changes.gone_venues == ("OLD",)
    assert [venue.venue for venue in changes.venues] == ["STA"]
