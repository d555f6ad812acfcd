"""Two aggregators that push the same incidents: no false end, and every end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.incidents.pushing import HOLD_S, RESEND_S, Push
from tests.aggregator.core.incidents.pushers import ALERT, ALPHA, LIST_WAIT_S, Aggregator
from tests.kit.examples import examples

BACK_S = 5
"""How long it takes to see that a host is back: three beats, and some time on the way."""


class World:
    """Two aggregators, a broker without delay, and an Alertmanager that ends late alerts itself.

    ``said`` is the last list of each that the other could hear.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.aggregators = {name: Aggregator(name) for name in "ab"}
        self.blind: set[str] = set()
        self.said: dict[str, set[str]] = {"a": set(), "b": set()}
        self.firing: dict[str, float] = {}
        self.broken: list[str] = []
        for name in "ab":
            self._state(name, is_online=True)

    def step(self) -> None:
        self.now += 1.0
        self.firing = {key: end for key, end in self.firing.items() if end > self.now}
        for name, one in self.aggregators.items():
            is_blind = name in self.blind
            for push in one.look(self.now, is_blind=is_blind, is_settled=not is_blind):
                self._take(name, push)
            own = one.pushing.take_own_list(self.now)
            if own is not None and is_blind:
                one.pushing.list_not_sent()
            elif own is not None:
                self.said[name] = set(own.keys)
                if _other(name) not in self.blind:
                    self.aggregators[_other(name)].pushing.take_list(name, own, self.now)

    def fall(self, name: str) -> None:
        if ALPHA not in self.aggregators[name].known and name not in self.blind:
            self.aggregators[name].open(self.now)

    def rise(self, name: str) -> None:
        if ALPHA in self.aggregators[name].known and name not in self.blind:
            self.aggregators[name].close(self.now)

    def cut(self, name: str) -> None:
        self.blind.add(name)
        self._state(name, is_online=False)

    def heal(self, name: str) -> None:
        if name in self.blind:
            self.blind.remove(name)
            self.aggregators[name].pushing.opened(self.now)
            self._state(name, is_online=True)
            other = _other(name)
            pushing = self.aggregators[name].pushing
            pushing.take_state(other, self.now, is_online=other not in self.blind)

    def _state(self, name: str, *, is_online: bool) -> None:
        if _other(name) not in self.blind:
            pushing = self.aggregators[_other(name)].pushing
            pushing.take_state(name, self.now, is_online=is_online)

    def _take(self, name: str, push: Push) -> None:
        other = _other(name)
        if not push.is_over:
            if not push.is_conditional or push.key in self.firing:
                self.firing[push.key] = push.ends_at
            return
        self.firing.pop(push.key, None)
        if other not in self.blind and push.key in self.said[other]:
            self.broken.append(f"{self.now}: {name} ended what {other} lists")


def _other(name: str) -> str:
    return "b" if name == "a" else "a"


MOVES = st.tuples(
    st.sampled_from(["fall", "rise", "cut", "heal"]),
    st.sampled_from("ab"),
    st.sampled_from([0, 1, 2, 30, 61, 200, 599, 700]),
)


@given(st.lists(MOVES, max_size=12))
@examples(80)
def test_nobody_ends_what_another_lists_and_every_end_is_told(
    moves: list[tuple[str, str, int]],
) -> None:
    world = World()
    for move, name, seconds in moves:
        getattr(world, move)(name)
        for _ in range(seconds):
            world.step()
    for move in ("heal", "rise"):
        for name in "ab":
            getattr(world, move)(name)
    for _ in range(int(LIST_WAIT_S) + 5):
        world.step()

    assert world.broken == []
    assert world.firing == {}


@given(st.lists(MOVES, max_size=8))
@examples(80)
def test_alert_that_one_hearing_aggregator_has_open_is_firing(
    moves: list[tuple[str, str, int]],
) -> None:
    world = World()
    for move, name, seconds in moves:
        getattr(world, move)(name)
        for _ in range(seconds):
            world.step()
    for _ in range(int(RESEND_S) + 2):
        world.step()

    opens = {
        name for name in "ab" if name not in world.blind and ALPHA in world.aggregators[name].known
    }
    assert (not opens) or ALERT in world.firing


def test_long_cut_of_one_ends_an_alert_once() -> None:
    world = World()
    for name in "ab":
        world.fall(name)
    world.step()
    world.cut("b")
    world.rise("a")

    was_firing = []
    for _ in range(3_600):
        world.step()
        was_firing.append(ALERT in world.firing)

    assert was_firing.index(False) <= HOLD_S
    assert True not in was_firing[was_firing.index(False) :]


def test_broker_that_is_away_for_hours_ends_no_alert() -> None:
    world = World()
    for name in "ab":
        world.fall(name)
    world.step()
    for name in "ab":
        world.cut(name)

    for _ in range(7_200):
        world.step()
        assert ALERT in world.firing


@pytest.mark.parametrize("away_s", range(3_600, 3_660, 5))
def test_one_that_hears_again_pushes_nothing_that_was_over(away_s: int) -> None:
    world = World()
    for name in "ab":
        world.fall(name)
    world.step()
    world.cut("b")
    world.rise("a")
    for _ in range(away_s):
        world.step()
    world.heal("b")

    was_firing = []
    for _ in range(BACK_S):
        world.step()
        was_firing.append(ALERT in world.firing)
    world.rise("b")

    assert not any(was_firing)
