"""One way down: the levels, files and calls of one event, by walks over the real objects."""

import mqtt5
import pytest

from aggregator.core.centre import Centre
from aggregator.core.outputs import Publish
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.driver import Driver
from aggregator.shell.mqtt.connection import Connection
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.mqtt.wire import Transport
from tests.kit.machine import CANARY, WALL
from tests.kit.story import STADE, STEP_S, Story, fleet_of
from tests.kit.walk import Walk, circle
from tests.kit.worlds import WORLDS
from venuewatch.base import clock
from venuewatch.base.wire.messages import Tick

FIVE = {"STA": ("s1", "s2", "s3", "s4", "s5"), "AQU": ("a1", "a2", "a3")}


def walk_at_deadline(story: Story, *names: str) -> Walk:
    """Mute hosts, and return the walk of the centre's waking at the first of their deadlines."""
    story.mute(*names)
    due = min(story.host(name).deadline for name in names)
    while story.now + STEP_S < due:
        story.run(STEP_S)
    story.advance(due - 0.001)
    walk = Walk()
    with walk:
        story.centre.woke(due)
    story.now = due
    return walk


async def test_beat_from_socket_to_state_passes_few_files() -> None:
    centre = Centre(fleet_of(STADE), start=clock.monotonic())
    wall = WallTime(clock.monotonic(), clock.wall())
    driver = Driver(centre, wall, OwnMetrics(centre, version="0"))
    centre.woke(clock.monotonic())
    machine = Story().machines["s1"]
    number = next(
        output.message.number
        for output in centre.take()
        if isinstance(output, Publish) and isinstance(output.message, Tick)
    )
    machine.clock_ahead_s = clock.wall() - WALL
    machine.seq = 2
    machine.hear_tick(CANARY, number, 0.0)
    echoing = machine.beat(0.0)
    machine.seq = 0
    packets = [
        mqtt5.PublishPacket(message.topic, message.payload, qos=mqtt5.QoS.AT_MOST_ONCE).write()
        for message in (machine.birth(), machine.beat(0.0), machine.beat(0.0), echoing)
    ]
    driver.begin()
    driver.opened()
    connection = Connection(mqtt5.ConnectPacket("a", clean_start=True), [], driver, {})
    connection.connection_made(Transport([]))
    for packet in packets[:-1]:
        connection.data_received(packet)

    with Walk() as walk:
        connection.data_received(packets[-1])

    driver.end()
    assert centre.fleet.named("s1").beat_seq == 3
    assert len(walk.files) <= 12, walk.files
    assert walk.calls <= 40


def test_lost_host_passes_few_levels_and_files(story: Story) -> None:
    walk = walk_at_deadline(story, "s1")  # no tick is due at the same time

    assert story.state("s1") == "down"
    assert walk.levels <= 10
    assert len(walk.files) <= 21, sorted(walk.files)


def test_venue_cut_enters_no_file_twice() -> None:
    story = Story(FIVE).bring_up()

    walk = walk_at_deadline(story, *FIVE["STA"])

    assert story.state("s2") == "unreachable"
    assert walk.reentered == set()


@pytest.mark.parametrize("cause", Cause)
def test_calls_form_no_circle_of_files(cause: Cause) -> None:
    story = Story(FIVE)

    with Walk() as walk:
        story.bring_up()
        WORLDS[cause](story)
        story.run(15.0)
        story.canary_s = None
        story.run(8.0)
        story.restart()
        story.regain_connection()
        story.run(20.0)

    assert circle(walk.edges, below="aggregator/core/") == []
