"""The aggregator's loop: a name server that is silent holds up neither the loop nor its end."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from aggregator.shell.resolving import HANGING_MAX, OF_ONE, Loop

PATIENCE_S = 10.0
FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1883))]


class Resolver:
    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[Any] = []
        self.hangs = True

    def __call__(self, host: str, *_: Any) -> list[Any]:
        self.asked.append(host)
        if self.hangs:
            self.may_answer.wait(PATIENCE_S)
        return FOUND


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    made = Resolver()
    yield made
    made.may_answer.set()


def run(resolver: Resolver, coroutine: Any) -> Any:
    with asyncio.Runner(loop_factory=lambda: Loop(resolver)) as runner:
        return runner.run(coroutine)


async def ask(host: str = "broker.example") -> list[Any]:
    return await asyncio.get_running_loop().getaddrinfo(host, 1883, type=socket.SOCK_STREAM)


def test_a_name_is_resolved(resolver: Resolver) -> None:
    resolver.may_answer.set()

    assert run(resolver, ask()) == FOUND


def test_the_loop_ends_though_the_resolver_hangs(resolver: Resolver) -> None:
    async def give_up() -> None:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask(), 0.01)

    run(resolver, give_up())  # asyncio's own would wait for its thread here

    assert not resolver.may_answer.is_set()
    assert resolver.asked == ["broker.example"] * OF_ONE


def test_a_name_is_resolved_though_its_first_question_hangs(resolver: Resolver) -> None:
    async def ask_again() -> list[Any]:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(), 0.01)
        resolver.hangs = False
        return await ask()

    assert run(resolver, ask_again()) == FOUND
    assert not resolver.may_answer.is_set()


def test_an_answer_after_the_end_of_the_loop_is_nobodys(resolver: Resolver) -> None:
    async def give_up() -> list[threading.Thread]:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(), 0.01)
        return [each for each in threading.enumerate() if each.name == "lookup"]

    asked = run(resolver, give_up())
    resolver.may_answer.set()
    for thread in asked:
        thread.join(PATIENCE_S)

    assert asked
    assert not any(thread.is_alive() for thread in asked)


def test_names_that_hang_are_bounded(resolver: Resolver) -> None:
    async def ask_many() -> int:
        tasks = [asyncio.create_task(ask(f"name-{at}.example")) for at in range(HANGING_MAX + 5)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        refused = sum(task.done() and isinstance(task.exception(), OSError) for task in tasks)
        resolver.may_answer.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return refused

    assert run(resolver, ask_many()) == 5
    assert len(resolver.asked) == HANGING_MAX


def test_a_name_that_can_not_be_one_is_the_askers_error() -> None:
    with asyncio.Runner(loop_factory=Loop) as runner, pytest.raises(UnicodeError):
        runner.run(ask("a..b"))
