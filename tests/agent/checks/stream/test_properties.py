"""Any course of events leaves a stream in one of the eight states, with its reason."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.agent.checks.stream.scene import Scene
from venuewatch.base.wire.checks import RESULTS_STATES

LIMIT_S = 30.0
TALK: dict[str, Any] = {
    "silence_limit_s": LIMIT_S,
    "latency_limit_s": 60.0,
    "number": {"json": "/n"},
    "number_rests_s": 90.0,
    "clock": {"json": "/c"},
    "clock_rests_s": 45.0,
    "running": {"json": "/r"},
    "stamp": {"json": "/at"},
    "same_frame_s": 120.0,
}
SAID = st.sampled_from(
    [
        b'{"n": 7}\r',
        b'{"n": 8, "c": "12:31", "r": true}\r',
        b'{"n": 1, "c": "12:30", "r": "interrupted"}\r',
        b'{"at": "12:00:00"}\r',
        b'{"at": "2024-08-02T10:00:00+02:00", "n": "x", "r": {}}\r',
        b'{"n": \r',
        b"\x00\xff\x01\r",
        b"no end",
        b"x" * 70_000 + b"\r",
    ]
)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("says"), SAID),
        st.tuples(st.just("waits"), st.sampled_from([0.5, 10.0, 29.0, 31.0, 95.0, 50_000.0])),
        st.tuples(st.just("wall"), st.sampled_from([-7200.0, -3.0, 40.0, 3600.0])),
        st.tuples(st.just("refused"), st.just("10.9.9.9 is not among `peers`")),
        st.tuples(st.just("trouble"), st.just("nothing listens there")),
        st.tuples(st.just("deaf"), st.just("port 5100: address in use")),
    ),
    max_size=30,
)
EXPECTED = st.sampled_from([{}, {"expected": ["11:00-13:00"]}, {"expected_while": "running"}])


@given(EVENTS, EXPECTED)
def test_each_moment_has_one_state_and_its_reason(
    events: list[tuple[str, Any]], more: dict[str, Any]
) -> None:
    scene = Scene(TALK | more)
    heard_s: float | None = None
    for event, what in events:
        match event:
            case "says":
                heard_s, reading = scene.now.monotonic_s, scene.says(what)
            case "waits":
                reading = scene.read(what)
            case "wall":
                scene.set_wall(what)
                reading = scene.read()
            case "refused":
                reading = scene.hears(refused=what, refusals={"peer": 1})
            case _:
                reading = scene.hears(trouble=what, is_unreadable=event == "deaf")
        quiet_s = float("inf") if heard_s is None else scene.now.monotonic_s - heard_s

        assert reading.state in RESULTS_STATES
        assert "; since " in reading.detail
        assert "\n" not in reading.detail
        assert len(reading.detail) <= 256
        if event == "deaf":
            assert reading.state == "critical"
        if quiet_s <= LIMIT_S:
            assert reading.state != "silent"
        elif not more and event in ("waits", "trouble"):
            assert reading.state in {"silent", "unknown", "critical"}
        if reading.state == "not_expected":
            assert more
