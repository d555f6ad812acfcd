"""Threads of an agent that do what they were given when the test says so."""

from collections.abc import Callable


class LaterThreads:
    def __init__(self) -> None:
        self.works: list[Callable[[], None]] = []

    def run(self, work: Callable[[], None]) -> None:
        self.works.append(work)

    def finish(self) -> None:
        while self.works:
            self.works.pop(0)()
