"""An outbox with a real spool and a broker that keeps what it is sent."""

from functools import partial
from pathlib import Path

import msgspec

from agent.mqtt.protocol import TOO_LARGE
from agent.outbox import Message, Outbox
from agent.spool.disk import Spool
from agent.spool.pace import Pace
from agent.spool.thread import SpoolThread
from venuewatch.base.wire.topics import Stream

BOOT = "boot"


class Sent:
    def __init__(self, stream: Stream, payload: bytes) -> None:
        self.stream = stream
        self.body = msgspec.json.decode(payload)
        self.is_acknowledged = False
        self.refused = ""

    def is_published(self) -> bool:
        return self.is_acknowledged


class Broker:
    """Takes messages of ``max_bytes`` at most, and none at all while there is ``why_not``."""

    def __init__(self, *, max_bytes: int = 1 << 20, why_not: str = "") -> None:
        self.max_bytes = max_bytes
        self.why_not = why_not
        self.sent: list[Sent] = []
        self.refused: list[Sent] = []

    def __call__(self, stream: Stream, payload: bytes) -> Sent:
        sent = Sent(stream, payload)
        sent.refused = TOO_LARGE if len(payload) > self.max_bytes else self.why_not
        (self.refused if sent.refused else self.sent).append(sent)
        return sent

    def backlogs(self) -> list[Sent]:
        return [sent for sent in self.sent if sent.stream is Stream.BACKLOG]

    def readings(self) -> list[int]:
        """Return the numbers of all readings that came in backlogs, in order."""
        return [
            reading["seq"] for sent in self.backlogs() for reading in sent.body.get("vitals", [])
        ]


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder / "spool")
        self.now = 100.0
        self.open()

    pace: Pace

    def open(self) -> None:
        spool = partial(Spool, self.folder, host="STA-1", max_bytes=1 << 20)
        self.spool = SpoolThread(spool, lambda: None)
        self.outbox = Outbox(self.spool, boot=BOOT, new_pace=lambda: Pace(batches_per_s=1_000.0))

    def take(self, seq: int, send: Broker | None) -> None:
        payload = b'{"seq":%d}' % seq
        self.outbox.take(Message(Stream.VITALS, payload), send, self.now)

    def spool_readings(self, count: int) -> None:
        for seq in range(count):
            self.take(seq, None)

    def settle(self) -> None:
        done = self.spool.finished()
        assert done.wait(10)

    def run(self, send: Broker | None, *, rounds: int = 20, acknowledging: bool = True) -> None:
        """Let the outbox go on for some ms; the broker acknowledges at once, if at all."""
        for _ in range(rounds):
            self.settle()
            self.now += 0.002
            self.outbox.advance(send, 1, self.now)
            if send is not None and acknowledging:
                for sent in send.sent:
                    sent.is_acknowledged = True

    def pending(self) -> int:
        self.settle()
        return self.spool.status.pending
