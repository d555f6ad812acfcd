"""A long line between two machines: two TUN devices, joined by a process that delays and loses.

IP packets are carried as they are, so round trips, retransmissions and silence are the kernels'
own. ``-m venuewatch.rehearsal.stage.delay_line SEED LISTENER LOW HIGH SETTINGS`` takes inherited
descriptors: a listening socket, and both devices. A packet goes *up* from low to high.

A controller connects to the socket. Each of its messages is a :class:`Settings` in JSON, or null
for the line as it was made, and is answered by a :class:`Counts`. The settings hold until that
connection ends: a controller that is killed leaves no line cut.
"""

import contextlib
import heapq
import os
import random
import select
import socket
import struct
import sys
from typing import Final

import msgspec

from venuewatch.base import clock

_BURST: Final = 64
_LARGEST: Final = 65_536
_MOST_WAITING: Final = 20_000
_ANSWER_S: Final = 5.0
_PEER: Final = struct.Struct("3i")  # struct ucred: process, user, group


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


def is_of_this_user(peer: socket.socket) -> bool:
    """Tell whether the process at the other end is of the same user as we are."""
    said = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    _, user, _ = _PEER.unpack(said)
    return bool(user == os.getuid())


def command_line(address: str, settings: Settings | None) -> Counts:
    """Have a line carry packets so for a moment (None: as made, for good); return its counts.

    Raises:
        ConnectionRefusedError: there is no line of that address.
        OSError: it does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as commands:
        commands.settimeout(_ANSWER_S)
        commands.connect(address)
        return ask(commands, settings)


def ask(commands: socket.socket, settings: Settings | None) -> Counts:
    """Say what a line is to be like to one that is connected; return its counts.

    Raises:
        OSError: it does not answer.
    """
    commands.send(msgspec.json.encode(settings))
    answer = commands.recv(_LARGEST)
    if not answer:
        raise ConnectionResetError("the line has ended")
    return msgspec.json.decode(answer, type=Counts)


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
    """Both directions between two devices (``ends``), commanded over a listening socket."""

    def __init__(
        self, seed: int, ends: tuple[int, int], listener: socket.socket, made: Settings
    ) -> None:
        self._low, self._high = ends
        self._listener = listener
        self._made = made
        self._controllers: dict[int, socket.socket] = {}
        self._holder: int | None = None  # the controller whose settings are in force
        self._up = Direction(random.Random(f"{seed} up"))
        self._down = Direction(random.Random(f"{seed} down"))
        self._ways = {self._low: (self._up, self._high), self._high: (self._down, self._low)}
        self._change(made)

    def run(self) -> None:
        """Carry packets as long as there are both devices."""
        with select.epoll() as poll:
            for readable in (*self._ways, self._listener.fileno()):
                poll.register(readable, select.EPOLLIN)
            while True:
                for ready, _ in poll.poll(self._timeout_s()):
                    if ready in self._ways:
                        if not self._take(ready):
                            return
                    elif ready in self._controllers:
                        self._obey(ready)
                    else:
                        poll.register(self._accept(), select.EPOLLIN)
                self._deliver()

    def _timeout_s(self) -> float:
        moments = [at for at in (self._up.next_at, self._down.next_at) if at is not None]
        return max(0.0, min(moments) - clock.monotonic()) if moments else -1.0

    def _take(self, device: int) -> bool:
        """Take what a device has; return False if the device is gone."""
        way, _ = self._ways[device]
        now = clock.monotonic()
        try:
            for _ in range(_BURST):
                way.take(os.read(device, _LARGEST), now)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def _deliver(self) -> None:
        now = clock.monotonic()
        for way, device in self._ways.values():
            for packet in way.arrived(now):
                with contextlib.suppress(OSError):  # a full or closed device loses it, as they do
                    os.write(device, packet)

    def _accept(self) -> int:
        """Take a controller of the same user; any other's messages are not heard."""
        controller, _ = self._listener.accept()
        controller.settimeout(0.0)
        if not is_of_this_user(controller):
            controller.shutdown(socket.SHUT_RDWR)
        self._controllers[controller.fileno()] = controller
        return controller.fileno()

    def _obey(self, number: int) -> None:
        """Do as a controller says, or undo its settings where it has ended."""
        controller = self._controllers[number]
        try:
            settings = controller.recv(_LARGEST)
            if settings:
                self._holder = number
                self._change(msgspec.json.decode(settings, type=Settings | None) or self._made)
                counts = Counts(self._up.count, self._down.count, clock.cpu())
                controller.send(msgspec.json.encode(counts))
                return
        except (OSError, msgspec.MsgspecError):
            pass
        self._controllers.pop(number).close()
        if self._holder == number:
            self._holder = None
            self._change(self._made)

    def _change(self, settings: Settings) -> None:
        self._up.change(settings.up)
        self._down.change(settings.down)


def main() -> None:
    """Run the line as long as it has both devices."""
    seed, listener, low, high = (int(word) for word in sys.argv[1:5])
    made = msgspec.json.decode(sys.argv[5], type=Settings)
    Line(seed, (low, high), socket.socket(fileno=listener), made).run()


if __name__ == "__main__":
    main()
