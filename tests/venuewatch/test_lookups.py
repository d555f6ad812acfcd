"""Names that are resolved beside a program, and a resolver that hangs."""

import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from venuewatch.base.lookups import Lookups

PATIENCE_S = 10.0


class Resolver:
    """Answers when the test says so.

    Attributes:
        asked: the names, in their order.
    """

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str) -> str:
        self.asked.append(name)
        self.may_answer.wait(PATIENCE_S)
        if name == "nobody":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return f"address of {name}"


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    made = Resolver()
    yield made
    made.may_answer.set()


def test_the_same_question_is_asked_once_while_it_hangs(resolver: Resolver) -> None:
    lookups = Lookups(resolver)

    first, second = lookups.ask("broker"), lookups.ask("broker")
    resolver.may_answer.set()

    assert first is second
    assert first.wait(PATIENCE_S) == second.wait(PATIENCE_S) == "address of broker"
    assert resolver.asked == ["broker"]


def test_an_answer_is_not_kept(resolver: Resolver) -> None:
    lookups = Lookups(resolver)
    resolver.may_answer.set()

    for _ in range(2):
        lookups.ask("broker").wait(PATIENCE_S)

    assert resolver.asked == ["broker", "broker"]
    assert len(lookups) == 0


def test_a_resolver_that_hangs_is_left_behind_at_most_twice(resolver: Resolver) -> None:
    lookups = Lookups(resolver, most=2)
    for name in ("first", "second"):
        with pytest.raises(TimeoutError):
            lookups.ask(name).wait(0.0)

    for _ in range(10):
        with pytest.raises(socket.gaierror, match="earlier questions have no answer yet"):
            lookups.ask("third")
    again = lookups.ask("first")  # that one is under way

    assert len(lookups) == 2
    resolver.may_answer.set()
    assert again.wait(PATIENCE_S) == "address of first"


def test_a_question_that_was_given_up_is_asked_anew(resolver: Resolver) -> None:
    lookups = Lookups(resolver, most=2, of_one=2)
    first = lookups.ask("broker")
    joined = lookups.ask("broker")
    with pytest.raises(TimeoutError):
        first.wait(0.0)

    anew = lookups.ask("broker")
    with pytest.raises(TimeoutError):
        anew.wait(0.0)
    last = lookups.ask("broker")

    assert joined is first
    assert anew is not first
    assert last is anew
    assert len(lookups) == 2


def test_one_that_hangs_leaves_a_thread_to_another(resolver: Resolver) -> None:
    lookups = Lookups(resolver, most=2, of_one=2)
    hanging, other = lookups.ask("broker"), lookups.ask("other")
    resolver.may_answer.set()
    for each in (hanging, other):
        each.wait(PATIENCE_S)
    resolver.may_answer.clear()
    for _ in range(5):
        with pytest.raises(TimeoutError):
            lookups.ask("broker").wait(0.0)

    asked = lookups.ask("other")
    resolver.may_answer.set()

    assert asked.wait(PATIENCE_S) == "address of other"


def test_one_who_gives_up_is_not_called(resolver: Resolver) -> None:
    lookup = Lookups(resolver).ask("broker")
    called: list[str] = []
    last = threading.Event()
    early = partial(called.append, "early")
    lookup.when_done(early)
    lookup.when_done(last.set)

    lookup.give_up(early)
    resolver.may_answer.set()

    assert last.wait(PATIENCE_S)
    assert called == []


def test_one_that_answers_at_last_makes_room(resolver: Resolver) -> None:
    lookups = Lookups(resolver, most=1)
    hanging = lookups.ask("first")
    resolver.may_answer.set()
    hanging.wait(PATIENCE_S)

    assert lookups.ask("second").wait(PATIENCE_S) == "address of second"


def test_an_error_of_the_resolver_is_the_askers(resolver: Resolver) -> None:
    lookups = Lookups(resolver)
    lookup = lookups.ask("nobody")
    resolver.may_answer.set()

    with pytest.raises(socket.gaierror, match="unknown"):
        lookup.wait(PATIENCE_S)


def test_who_waits_for_an_answer_is_called_once_however_late_it_asks(resolver: Resolver) -> None:
    lookup = Lookups(resolver).ask("broker")
    called, both = [], threading.Event()
    lookup.when_done(lambda: called.append("early"))
    lookup.when_done(both.set)

    resolver.may_answer.set()
    both.wait(PATIENCE_S)
    lookup.when_done(lambda: called.append("late"))

    assert called == ["early", "late"]


def test_question_for_which_there_is_no_thread_can_be_asked_again(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = Lookups(resolver)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(socket.gaierror, match="no thread"):
            lookups.ask("broker")
    assert len(lookups) == 0
    resolver.may_answer.set()

    assert lookups.ask("broker").wait(PATIENCE_S) == "address of broker"


def refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
