"""Order of brokers: one after the other, with full jitter, and back to the first."""

import io
import random
from collections.abc import Callable
from typing import cast

import pytest

from agent import config
from agent.mqtt.link import RETURN_EVERY_S, Link
from agent.mqtt.session import Session, SessionError
from venuewatch.base import clock

WHERE = config.Broker(address="first", port=1, fallbacks=("second:2", "third:3"))


class FakeSession:
    def __init__(self, place: config.Place) -> None:
        self.place = place
        self.is_open = False
        self.was_taken_over = False
        self.has_left = False

    def drop(self) -> None:
        self.is_open = False

    def leave(self) -> None:
        self.has_left = True


class Scene:
    def __init__(self, where: config.Broker = WHERE, *, seed: int = 1) -> None:
        self.start = clock.monotonic()
        self.work: list[Callable[[], None]] = []
        self.tried: list[str] = []
        self.link = Link(where, self._new, threads=self, rng=random.Random(seed), start=self.start)

    def run(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def _new(self, place: config.Place, _number: int) -> Session:
        self.tried.append(place.address)
        return cast("Session", FakeSession(place))

    @property
    def session(self) -> FakeSession:
        return cast("FakeSession", self.link.session)

    def connect(self) -> None:
        self.link.step(self.link.connect_at)

    def fail(self, *, was_open: bool = False) -> None:
        self.link.failed(SessionError("nothing listens there"), was_open=was_open)

    def open(self) -> None:
        self.connect()
        self.session.is_open = True
        self.link.opened()


def test_brokers_are_tried_in_their_order_and_then_again() -> None:
    scene = Scene()

    for _ in range(4):
        scene.connect()
        scene.fail()

    assert scene.tried == ["first", "second", "third", "first"]


def test_a_broker_that_was_lost_is_followed_by_the_first() -> None:
    scene = Scene()
    scene.connect()
    scene.fail()
    scene.open()

    scene.fail(was_open=True)
    scene.connect()

    assert scene.tried == ["first", "second", "first"]


def test_nothing_is_tried_before_its_time() -> None:
    scene = Scene()
    scene.connect()
    scene.fail()

    scene.link.step(scene.link.connect_at - 0.001)

    assert scene.tried == ["first"]


def test_the_first_waits_are_up_to_a_second_and_grow_to_the_ceiling() -> None:
    where = config.Broker(address="only", reconnect_max_s=4.0)
    waits: list[list[float]] = [[] for _ in range(6)]
    for seed in range(200):
        scene = Scene(where, seed=seed)
        for wait in waits:
            scene.connect()
            scene.fail()
            wait.append(scene.link.connect_at - clock.monotonic())

    assert [round(max(wait)) for wait in waits] == [1, 2, 4, 4, 4, 4]


def test_one_that_is_taken_over_again_and_again_waits_up_to_the_ceiling() -> None:
    waits: list[list[float]] = [[] for _ in range(5)]
    for seed in range(50):
        scene = Scene(seed=seed)
        for wait in waits:
            scene.open()
            scene.session.was_taken_over = True
            scene.fail(was_open=True)
            wait.append(scene.link.connect_at - clock.monotonic())

    assert [round(max(wait)) for wait in waits] == [2, 4, 8, 10, 10]
    assert [round(min(wait)) for wait in waits] == [1, 2, 4, 5, 5]


def test_one_that_makes_way_leaves_and_waits_as_long_as_it_has_to() -> None:
    scene = Scene()
    scene.open()
    left = scene.session

    waits = [scene.link.give_way(scene.start, to="192.0.2.7") for _ in range(2)]

    assert left.has_left
    assert scene.link.session is None
    assert waits == [60.0, 120.0]
    assert scene.link.connect_at == scene.start + 120.0


def test_one_that_makes_way_without_a_session_waits_as_well() -> None:
    scene = Scene()
    scene.open()
    scene.fail(was_open=True)

    scene.link.give_way(scene.start, to="")

    assert scene.link.connect_at == scene.start + 60.0


def test_a_session_that_is_renewed_follows_at_once() -> None:
    scene = Scene()
    scene.open()
    left = scene.session

    scene.link.renew(scene.start)
    scene.link.step(scene.start)

    assert left.has_left
    assert scene.tried == ["first", "first"]


def test_on_a_fallback_the_first_is_looked_for_and_returned_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    scene.connect()
    scene.fail()
    scene.open()
    on_second = scene.session
    now = scene.link.connect_at + RETURN_EVERY_S
    monkeypatch.setattr("socket.create_connection", lambda *_: io.BytesIO())

    scene.link.step(now)
    for work in scene.work:
        work()
    scene.link.step(now + 1.0)
    scene.link.step(now + 1.0)

    assert len(scene.work) == 1
    assert on_second.has_left
    assert scene.tried == ["first", "second", "first"]


def test_on_the_first_nothing_is_looked_for() -> None:
    scene = Scene()
    scene.open()

    scene.link.step(scene.link.connect_at + 10 * RETURN_EVERY_S)

    assert scene.work == []
