"""A long line between two machines: two TUN devices, joined by a process that delays and loses.

IP packets are carried as they are, so round trips, retransmissions and silence are the kernels'
own. ``-m venuewatch.rehearsal.stage.delay_line SEED LOW HIGH`` takes the inherited descriptors of
both devices: a packet goes *up* from low to high. Each line of standard input is a
:class:`Settings` in JSON and is answered by a :class:`Counts`; the line ends with its input.
"""

import contextlib
import heapq
import os
import random
import select
import sys
from typing import Final

import msgspec

from venuewatch.base import clock

_BURST: Final = 64
_LARGEST: Final = 65_536
_MOST_WAITING: Final = 20_000


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One direction: each packet waits ``delay_s`` ± ``jitter_s`` (uniform), s.

    With jitter, packets may overtake each other. ``loss`` is the share that is lost. ``is_cut``
    loses all, without a sign to the sender, and also the packets that are on their way.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    is_cut: bool = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both directions of a line."""

    up: Way = Way()
    down: Way = Way()


class Count(msgspec.Struct):
    """Packets that the line carried, and packets that it lost on purpose."""

    carried: int = 0
    lost: int = 0


class Counts(msgspec.Struct):
    """Packets of each direction, and CPU time (s), since the line began."""

    up: Count
    down: Count
    cpu_s: float


class Direction:
    """The packets on their way in one direction. Times are monotonic seconds."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._way = Way()
        self._waiting: list[tuple[float, int, bytes]] = []
        self._ticket = 0
        self.count = Count()

    @property
    def next_at(self) -> float | None:
        """When the next packet arrives; None without any on its way."""
        return self._waiting[0][0] if self._waiting else None

    def change(self, way: Way) -> None:
        """Treat each packet from now on as ``way`` says."""
        self._way = way
        if way.is_cut:
            self.count.lost += len(self._waiting)
            self._waiting.clear()

    def take(self, packet: bytes, now: float) -> None:
        """Send a packet on its way, or lose it."""
        way = self._way
        is_lost = way.is_cut or len(self._waiting) >= _MOST_WAITING
        if is_lost or (way.loss and self._rng.random() < way.loss):
            self.count.lost += 1
            return
        wait_s = way.delay_s
        if way.jitter_s:
            wait_s = max(0.0, wait_s + self._rng.uniform(-way.jitter_s, way.jitter_s))
        self._ticket += 1
        heapq.heappush(self._waiting, (now + wait_s, self._ticket, packet))

    def arrived(self, now: float) -> list[bytes]:
        """Return the packets that have arrived by ``now``, in their order."""
        packets = []
        while self._waiting and self._waiting[0][0] <= now:
            packets.append(heapq.heappop(self._waiting)[2])
        self.count.carried += len(packets)
        return packets


class Line:
    """Both directions between two devices, commanded over ``commands`` and ``answers``."""

    def __init__(self, seed: int, ends: tuple[int, int], commands: int, answers: int) -> None:
        self._low, self._high = ends
        self._commands, self._answers = commands, answers
        self._partial = b""
        self._up = Direction(random.Random(f"{seed} up"))
        self._down = Direction(random.Random(f"{seed} down"))
        self._ways = {self._low: (self._up, self._high), self._high: (self._down, self._low)}

    def run(self) -> None:
        """Carry packets until the commands end."""
        with select.epoll() as poll:
            for readable in (*self._ways, self._commands):
                poll.register(readable, select.EPOLLIN)
            while True:
                for ready, _ in poll.poll(self._timeout_s()):
                    if ready != self._commands:
                        self._take(ready)
                    elif not self._obey():
                        return
                self._deliver()

    def _timeout_s(self) -> float:
        moments = [at for at in (self._up.next_at, self._down.next_at) if at is not None]
        return max(0.0, min(moments) - clock.monotonic()) if moments else -1.0

    def _take(self, device: int) -> None:
        way, _ = self._ways[device]
        now = clock.monotonic()
        with contextlib.suppress(BlockingIOError):
            for _ in range(_BURST):
                way.take(os.read(device, _LARGEST), now)

    def _deliver(self) -> None:
        now = clock.monotonic()
        for way, device in self._ways.values():
            for packet in way.arrived(now):
                with contextlib.suppress(OSError):  # a full or closed device loses it, as they do
                    os.write(device, packet)

    def _obey(self) -> bool:
        read = os.read(self._commands, _LARGEST)
        *lines, self._partial = (self._partial + read).split(b"\n")
        for line in lines:
            settings = msgspec.json.decode(line, type=Settings)
            self._up.change(settings.up)
            self._down.change(settings.down)
            self._answer()
        return bool(read)

    def _answer(self) -> None:
        counts = Counts(self._up.count, self._down.count, clock.cpu())
        os.write(self._answers, msgspec.json.encode(counts) + b"\n")


def main() -> None:
    """Run the line until its input ends."""
    seed, low, high = (int(word) for word in sys.argv[1:])
    Line(seed, (low, high), sys.stdin.fileno(), sys.stdout.fileno()).run()


if __name__ == "__main__":
    main()
