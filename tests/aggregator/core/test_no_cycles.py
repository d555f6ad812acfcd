"""The core makes no reference cycles: what it lets go of is freed at once, without a collector."""

import gc
from collections.abc import Iterator

import pytest

from tests.kit.machine import Message
from tests.kit.story import STADE, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

VENUES = {**STADE, "GOL": ("g1",)}
EVERYONE = [name for names in VENUES.values() for name in names]


@pytest.fixture
def _uncollected() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # what was made before this test is not looked at
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def a_day(story: Story) -> None:
    """Tell of all that happens to a fleet, one after the other."""
    story.bring_up()
    for seq in range(1, 4):
        for name in EVERYONE:
            machine = story.machines[name]
            load = Readings(node_load1=float(seq), node_network_up=[("eth0", 1.0)])
            story.deliver(machine.vitals(story.now, 2 * seq, load))
            story.deliver(machine.check(story.now, 2 * seq, "ok" if seq % 2 else "critical"))
        story.run(2.0)
    story.deliver(story.machines["s2"].backlog(7, story.now - 600.0, story.now - 590.0))
    story.reach["s1"] = True
    story.kill("s1")  # its neighbours are asked
    story.run(10.0)
    story.unmute("s1", run_s=20.0)
    story.leave("s3")
    story.run(5.0)
    story.unmute("s3", run_s=5.0)
    story.mute("a1", "a2", "a3", run_s=20.0)  # a venue is cut off
    story.unmute("a1", "a2", "a3", run_s=30.0)
    story.alternate("s2")  # two agents of one name
    story.run(30.0)
    story.reconnect(10.0)
    story.run(30.0)
    beats = topics.topic("STA", "s1", Stream.BEAT)
    story.deliver(Message(beats, b"{"), Message("venuewatch/v1/XXX/s1/beat", b"{}"))
    story.deliver(Message(topics.topic("STA", "stranger", Stream.BEAT), b"[]"))
    story.stall(5.0)
    story.centre.fork()
    story.restart()
    story.regain_connection()
    story.run(30.0)
    story.forget()


@pytest.mark.usefixtures("_uncollected")
def test_a_day_of_the_core_leaves_no_garbage() -> None:
    story = Story(VENUES)
    a_day(story)

    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        left = [repr(type(one)) for one in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()

    assert left == []
    assert story.state("s1") == "up"
