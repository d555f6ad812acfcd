"""Work that fails is taken back, whatever happens meanwhile."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from venuewatch.venue.bundle.host.carry import LeftError, carry_out
from venuewatch.venue.bundle.host.machine import INTERRUPTIONS, FailedError, Machine, interrupt


class Played:
    """A step that notes what is done to it."""

    def __init__(self, words: str, done: list[str], *, undo: Callable[[], object] = int) -> None:
        self.words = words
        self._done = done
        self._undo = undo

    def is_done(self) -> bool:
        return False

    def do(self) -> None:
        self._done.append(f"do {self.words}")

    def undo(self) -> None:
        self._undo()
        self._done.append(f"undo {self.words}")


class Failing(Played):
    """A step that can not be done."""

    def do(self) -> None:
        raise FailedError("no")


class Interrupted(Played):
    """A step that a signal interrupts."""

    def do(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    were = {number: signal.signal(number, interrupt) for number in INTERRUPTIONS}
    yield
    for number, handler in were.items():
        signal.signal(number, handler)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(Machine, "tell", lambda _self, _text: None)
    return Machine()


@pytest.mark.parametrize("last", [Failing, Interrupted])
@pytest.mark.parametrize("number", INTERRUPTIONS)
def test_interruption_does_not_end_the_taking_back(
    machine: Machine, last: type[Played], number: signal.Signals
) -> None:
    done: list[str] = []
    steps = [
        Played("a", done),
        Played("b", done, undo=lambda: os.kill(os.getpid(), number)),
        last("c", done),
    ]

    with pytest.raises(FailedError, match="could not c: "):
        carry_out(machine, steps, lambda: done.append("go back"))

    assert done == ["do a", "do b", "undo c", "undo b", "undo a", "go back"]


def test_step_that_could_not_be_undone_is_tried_once_more(machine: Machine) -> None:
    done: list[str] = []

    def undo() -> None:
        if "undo a" not in done:
            raise OSError(28, "full")

    with pytest.raises(FailedError) as caught:
        carry_out(machine, [Played("a", done), Failing("b", done, undo=undo)], int)

    assert str(caught.value) == "could not b: no"
    assert done == ["do a", "undo a", "undo b"]


def test_what_is_left_is_told(machine: Machine) -> None:
    def undo() -> None:
        raise FailedError("stuck")

    with pytest.raises(LeftError, match='could not b: no; could not take back "b": stuck'):
        carry_out(machine, [Failing("b", [], undo=undo)], int)
