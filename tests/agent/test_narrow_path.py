"""Real agents on a path that loses large packets, and whose routers do not say so."""

from pathlib import Path

import pytest

from agent.mqtt.paths import SEGMENT_BYTES
from tests.agent.narrow_path import HOST, INTERFACES, Scene, narrow_path
from tests.integration.real import pause, until

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long, pytest.mark.timeout(180)]

LASTS_S = 15.0
"""Three times what it takes until a host that is not heard is down."""

UP_WITHIN_S = 30.0
"""With TLS the first attempt waits 5 s for a certificate that is lost."""


def wait_for_vitals(scene: Scene, within_s: float = UP_WITHIN_S) -> None:
    until(
        "all interfaces are known",
        lambda: scene.interfaces() >= INTERFACES,
        within_s=within_s,
    )


@pytest.mark.parametrize("with_tls", [False, True])
def test_host_is_up_throughout_after_one_late_beat(tmp_path: Path, *, with_tls: bool) -> None:
    with narrow_path(tmp_path, with_tls=with_tls) as scene:
        scene.aggregator.wait_for(HOST, "up", within_s=UP_WITHIN_S)
        wait_for_vitals(scene)
        pause(LASTS_S)

        assert scene.aggregator.accused() == []
        assert scene.changes_to("late") <= 1
        assert scene.aggregator.state(HOST) == "up"
        assert len(scene.told()) == 1
        assert "Traceback" not in scene.agent.said()


def test_next_connection_begins_with_small_segments(tmp_path: Path) -> None:
    with narrow_path(tmp_path) as scene:
        wait_for_vitals(scene)
        begun = len(scene.agent.events("broker_connected"))
        scene.broker.stop()
        scene.broker.start()
        until(
            "the agent is back",
            lambda: len(scene.agent.events("broker_connected")) > begun,
            within_s=UP_WITHIN_S,
        )
        scene.aggregator.wait_for(HOST, "up", within_s=UP_WITHIN_S)
        late = scene.changes_to("late")
        pause(LASTS_S)

        assert scene.segment_bytes() <= SEGMENT_BYTES
        assert scene.changes_to("late") == late
        assert len(scene.told()) == 1, "it is said once an hour"


@pytest.mark.parametrize("odd", [{"takes_fragments": False}, {"is_six": True}], ids=str)
def test_path_that_takes_no_pieces_costs_one_connection(
    tmp_path: Path, odd: dict[str, bool]
) -> None:
    with narrow_path(tmp_path, **odd) as scene:
        wait_for_vitals(scene)
        connected = len(scene.agent.events("broker_connected"))
        scene.aggregator.wait_for(HOST, "up")
        accused = len(scene.aggregator.accused())
        pause(LASTS_S)

        assert connected == 2
        assert len(scene.agent.events("broker_connected")) == connected
        assert len(scene.aggregator.accused()) == accused
        assert scene.aggregator.state(HOST) == "up"


def test_sound_path_keeps_segments_as_large_as_they_are(tmp_path: Path) -> None:
    with narrow_path(tmp_path, middle_mtu=1_500) as scene:
        wait_for_vitals(scene)
        pause(LASTS_S / 3)

        assert scene.segment_bytes() > SEGMENT_BYTES
        assert scene.told() == []
        assert scene.aggregator.accused() == []
        assert len(scene.agent.events("broker_connected")) == 1
