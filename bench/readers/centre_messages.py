"""Messages of a listed host, and of anybody, as the whole core takes them in."""

from collections.abc import Sequence

import msgspec

from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host
from bench.kit.centre import Message
from bench.kit.examples import example
from venuewatch.base.wire import messages, topics
from venuewatch.base.wire.catalogue import Catalogue

ERRORS: tuple[type[Exception], ...] = ()  # what is wrong is refused and counted

_OF_HOST = {
    "birth": messages.Birth,
    "beat": messages.Beat,
    "death": messages.Death,
    "catalogue": Catalogue,
    "vitals": messages.Vitals,
    "checks": messages.Checks,
    "backlog": messages.Backlog,
    "probed": messages.Probed,
}
_CATALOGUE = msgspec.json.decode(example(Catalogue), type=Catalogue)
_VALUES: list[float | None] = [1.0] * sum(len(rows) for _, rows in _CATALOGUE.families)
_VITALS = messages.encode(messages.Vitals("V1", 1, 1, 1, catalogue=_CATALOGUE.key, values=_VALUES))
_WALL = 1_800_000_000.0
_STEP_S = 0.7


def read(data: bytes) -> None:
    """Take in messages: lines of a topic, a blank and a payload."""
    venue = Venue("V1", margin_s=0.3)
    venue.hosts["a"] = Host("V1", "a", margin_s=0.3)
    centre = Centre(Fleet([venue]), name="c")
    centre.opened(0.0)
    centre.opened(0.0, "bulk")
    now = 0.0
    for line in data.split(b"\n"):
        topic, _, payload = line.partition(b" ")
        now += _STEP_S
        centre.woke(now)
        said = Message(topic.decode(errors="replace"), payload, retain=topic.endswith(b"~"))
        centre.receive(now, [said], _WALL + now)
        centre.take()
    centre.woke(now + 60.0)
    centre.take()


def seeds() -> Sequence[bytes]:
    """Return the life of a host, and what other programs say."""
    lines = []
    for stream, kind in _OF_HOST.items():
        topic = topics.topic("V1", "a", topics.Stream(stream)).encode()
        said = _VITALS if stream == "vitals" else example(kind)
        lines.append(topic + b" " + said)
    lines += [
        f"{topics.centre_tick('c')} ".encode() + b'{"number":1,"mono_ms":1}',
        f"{topics.centre_state('c')} ".encode() + b'{"state":"online","boot":"x"}',
        f"{topics.BRIDGES}V1 1".encode(),
        f"{topics.BROKER_DROPPED} 5".encode(),
        topics.topic("V1", "stranger", topics.Stream.BEAT).encode() + b" " + example(messages.Beat),
    ]
    return [b"\n".join(lines), b"\n".join(lines[:2])]
