"""Messages of every kind, each to its decoder; a message that is right can be encoded again."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bench.kit.examples import example
from venuewatch.base.wire import messages
from venuewatch.base.wire.catalogue import Catalogue, readings_of
from venuewatch.base.wire.errors import MalformedMessageError

ERRORS = (MalformedMessageError,)

_KINDS: Final[Sequence[tuple[Callable[[bytes], Any], Any]]] = (
    (messages.decode_beat, messages.Beat),
    (messages.decode_birth, messages.Birth),
    (messages.decode_death, messages.Death),
    (messages.decode_catalogue, Catalogue),
    (messages.decode_vitals, messages.Vitals),
    (messages.decode_checks, messages.Checks),
    (messages.decode_backlog, messages.Backlog),
    (messages.decode_probed, messages.Probed),
    (messages.decode_tick, messages.Tick),
    (messages.decode_centre_state, messages.CentreState),
    (messages.decode_bulk_canary, messages.BulkCanary),
    (messages.decode_centre_open, messages.CentreOpen),
    (messages.decode_command, messages.Command),
)
_CATALOGUE = Catalogue([("node_cpu_seconds_total", [["0", "idle"], ["0", "user"]])])

_VALUES: list[float | None] = [1.0, None]


def read(data: bytes) -> None:
    """Decode a message; its first byte says of which kind."""
    if not data:
        return
    decode, _ = _KINDS[data[0] % len(_KINDS)]
    said = decode(data[1:])
    messages.encode(said)
    if isinstance(said, messages.Vitals) and len(said.values) == len(_VALUES):
        readings_of(_CATALOGUE.families, said.values)
    if isinstance(said, Catalogue):
        readings_of(said.families, [1.0] * sum(len(rows) for _, rows in said.families))


def seeds() -> Sequence[bytes]:
    """Return a message for each decoder; vitals are by their catalogue."""
    said = [bytes([at]) + example(kind) for at, (_, kind) in enumerate(_KINDS)]
    vitals = messages.Vitals("b", 1, 1, 1, catalogue=_CATALOGUE.key, values=_VALUES)
    commands = (messages.Grant(boot="b", up_to=1, by="c"), messages.Rebirth())
    said += [bytes([12]) + messages.encode(each) for each in commands]
    return [*said, bytes([4]) + messages.encode(vitals), bytes([3]) + messages.encode(_CATALOGUE)]
