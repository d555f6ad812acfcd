"""Messages between agents and aggregators, and their total decoding.

Every field is bounded, so no peer can send a message that is cheap to send and dear to keep.
Decoders ignore unknown fields: agents and aggregators are upgraded one by one. Times named
``wall_ms`` are the sender's own clock, in milliseconds since 1970. ``mono_ms`` has a meaning only
as a difference, within one boot.
"""

from collections.abc import Callable
from typing import Annotated, Final, Literal, TypeAlias, TypeVar

import msgspec

from venuewatch.base.wire.bounds import (
    ADDRESS_MAX,
    DETAIL_MAX,
    NAME_MAX,
    PERIOD_MAX_S,
    PERIOD_MIN_S,
    TEXT_MAX,
)
from venuewatch.base.wire.catalogue import Catalogue, Key, Values
from venuewatch.base.wire.checks import CheckState, CheckValues
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.links import RECONNECT_MAX_S
from venuewatch.base.wire.packing import unpacked
from venuewatch.base.wire.readings import Readings

MAX_PAYLOAD_BYTES = 262_144
"""The largest payload that is looked at; vitals of a 256-core machine are about 60 kB."""

BIRTH_MAX_BYTES = 12_288
"""The largest birth: nine texts of 256 characters, with room for their escapes and the numbers."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Named: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
BootId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Period: TypeAlias = Annotated[float, msgspec.Meta(ge=PERIOD_MIN_S, le=PERIOD_MAX_S)]

CHECKS_MAX: Final = 256
"""How many results of checks are in one message at most."""

ECHOES_MAX: Final = 4
"""How many aggregators' ticks a beat echoes at most."""


class Echo(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last tick of an aggregator: its number, and how long (ms) the agent has held it.

    The number tells whose tick it is: aggregators begin to count far apart.
    """

    number: Count
    held_ms: Count


class Beat(msgspec.Struct, frozen=True, omit_defaults=True):
    """I am alive. ``seq`` counts the beats that were due, sent or not, within this boot.

    ``tick`` is the one that an aggregator looks at first. ``other_ticks`` are of further ones.
    ``late_ms``: for so long my own loop did not run when a beat was due, 0 if it was in time.
    """

    boot: BootId
    session: Count
    seq: Count
    mono_ms: Count
    wall_ms: Count
    tick: Echo | None = None
    other_ticks: Annotated[tuple[Echo, ...], msgspec.Meta(max_length=ECHOES_MAX - 1)] = ()
    late_ms: Count = 0


class Birth(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An agent's introduction, the first message of every session: who it is, what to expect of it.

    ``keepalive_s``: the broker gives this session up, and says its will, when it was silent for
    1.5 times this (MQTT 5, 3.1.2.10); 0 where it is not known. ``stock_tcp``: my system treats a
    thin stream as any other, so that beats may be later on a link that loses packets.
    ``reconnect_max_s``: the longest that I wait before I connect again. ``own_ticks``: I echo each
    aggregator's own tick, and not only the one of ``_centre/tick``. ``yields``: I obey ``Yield``.
    """

    boot: BootId
    session: Count
    wall_ms: Count
    interval_s: Period
    vitals_every_s: Period
    agent_version: Text
    role: Text = ""
    address: Text = ""
    sysname: Text = ""
    nodename: Text = ""
    domainname: Text = ""
    release: Text = ""
    version: Text = ""
    machine: Text = ""
    os_boot_ms: Count = 0
    keepalive_s: Annotated[float, msgspec.Meta(ge=0, le=65_535)] = 0.0
    stock_tcp: bool = False
    reconnect_max_s: Period = RECONNECT_MAX_S
    own_ticks: bool = False
    yields: bool = False


class Death(msgspec.Struct, frozen=True):
    """This session is over: said by the broker for us (``lost``) or by ourselves."""

    boot: BootId
    session: Count
    reason: Literal["lost", "farewell"]


class Vitals(msgspec.Struct, frozen=True, omit_defaults=True):
    """The readings of this machine: ``values`` of the series that ``catalogue`` names by its key.

    Older agents say ``readings`` instead, each with its name. ``seq`` counts, as in
    ``Checks``, what was taken within this boot, sent or not.

    In a backlog ``age_ms`` is how long ago it was taken, by the clock since the machine began.
    ``restarted``: the machine has begun anew since, so that only its wall clock of then tells.
    """

    boot: BootId
    session: Count
    seq: Count
    wall_ms: Count
    readings: Readings | None = None
    catalogue: Key | None = None
    values: Values = []
    age_ms: Count | None = None
    restarted: bool = False

    def __post_init__(self) -> None:
        if (self.readings is None) is (self.catalogue is None):
            raise ValueError("Expected one of `catalogue`, with `values`, and `readings`")


class CheckReading(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One reading of a check: its rhythm, its time (sender's wall clock) and how long it took."""

    check: Named
    kind: Named
    state: CheckState
    every_s: Annotated[float, msgspec.Meta(ge=0, le=PERIOD_MAX_S)]
    wall_ms: Count
    duration_s: Annotated[float, msgspec.Meta(ge=0)]
    detail: Annotated[str, msgspec.Meta(max_length=DETAIL_MAX)] = ""
    values: CheckValues = CheckValues()


class Checks(msgspec.Struct, frozen=True, omit_defaults=True):
    """Readings of the host's checks since the last such message.

    ``age_ms`` and ``restarted`` as in ``Vitals``.
    """

    boot: BootId
    session: Count
    seq: Count
    wall_ms: Count
    readings: Annotated[list[CheckReading], msgspec.Meta(max_length=CHECKS_MAX)]
    age_ms: Count | None = None
    restarted: bool = False


class Backlog(msgspec.Struct, frozen=True, omit_defaults=True):
    """Readings that could not be published when they were taken, in their own time.

    ``number`` is the spool's number of the last record in it, for the acknowledgement.
    ``catalogues`` are those of its ``vitals``, so that it can be read by itself.

    An agent that waits for grants says how many bytes of its spool this boot has ``sent`` by now,
    this message included: readings and catalogues before they are packed. ``waiting``: how many
    records are behind it. A message of number 0, without readings, asks for a grant.
    """

    boot: BootId
    session: Count
    number: Count
    vitals: Annotated[list[Vitals], msgspec.Meta(max_length=10_000)] = []
    checks: Annotated[list[Checks], msgspec.Meta(max_length=10_000)] = []
    catalogues: Annotated[list[Catalogue], msgspec.Meta(max_length=10_000)] = []
    sent: Count | None = None
    waiting: Count = 0


class Tick(msgspec.Struct, frozen=True):
    """The centre's own heartbeat, heard and echoed by every agent."""

    number: Count
    mono_ms: Count


TICK_EVERY_S: Final = 1.0
"""The time (s) between two ticks."""


class BulkCanary(msgspec.Struct, frozen=True):
    """What an aggregator sends to its own bulk connection; ``boot`` is that of its ``state``."""

    number: Count
    boot: Annotated[str, msgspec.Meta(max_length=32)] = ""


OPEN_KEYS_MAX: Final = 20_000
"""How many keys one list of open alerts has at most."""


class CentreState(msgspec.Struct, frozen=True, omit_defaults=True):
    """An aggregator's presence; retained, and its will.

    ``boot`` is another one for each of its processes, and sorts by when they started. So each of
    two that run under one name learns of the other. Older aggregators say none. ``credit``: agents
    are to send it backlog only as it grants (``Grant``).
    """

    state: Literal["online", "offline"]
    boot: Annotated[str, msgspec.Meta(max_length=32)] = ""
    credit: bool = False


class CentreOpen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The alerts that one aggregator pushes and has open, for the other aggregators.

    ``is_whole``: no further one is open there; a list that would be too long is cut.
    """

    keys: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=512)], ...],
        msgspec.Meta(max_length=OPEN_KEYS_MAX),
    ]
    is_whole: bool = True


class Rebirth(msgspec.Struct, frozen=True, tag_field="do", tag="birth"):
    """Say your birth again: the centre heard a beat of a boot that it does not know."""


class BirthRefused(msgspec.Struct, frozen=True, tag_field="do", tag="birth_refused"):
    """The centre can not take your birth: it watches you by your beats alone.

    ``field`` is the one that does not fit, empty where it is the whole message; ``why`` says what
    was expected there.
    """

    field: Text
    why: Text


class SayCatalogue(msgspec.Struct, frozen=True, tag_field="do", tag="catalogue"):
    """Say the catalogue of this key again: the centre has vitals that it cannot read without it."""

    key: Key


class Acknowledge(msgspec.Struct, frozen=True, tag_field="do", tag="acknowledge"):
    """The centre has stored the backlog up to ``number``; only the boot that sent it obeys."""

    boot: BootId
    number: Count


class Grant(msgspec.Struct, frozen=True, tag_field="do", tag="grant"):
    """Boot ``boot`` may publish backlog up to ``up_to`` bytes of its spool, from its start on.

    ``by``: the name of the aggregator. One that is said again is still good.
    """

    boot: BootId
    by: Named
    up_to: Count


class Yield(msgspec.Struct, frozen=True, tag_field="do", tag="yield", omit_defaults=True):
    """Boot ``boot`` is to make way: another agent, heard before it, has the name of this host.

    ``address``: of the machine that keeps the name; empty where it is not known. It goes to
    whichever of the two is connected: the other one learns of it that it is not alone.
    """

    boot: BootId
    address: Text = ""


class Probe(msgspec.Struct, frozen=True, tag_field="do", tag="probe", kw_only=True):
    """Find out whether ``host``, at ``address``, answers anything within ``timeout_s``.

    ``port`` is tried by TCP when ICMP brings nothing, None where there is none to try. The answer
    is a :class:`Probed` of the same ``number``.
    """

    number: Count
    host: Named
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=ADDRESS_MAX)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    timeout_s: Annotated[float, msgspec.Meta(ge=0.05, le=5.0)] = 0.7


class Probed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A neighbour's answer to probe ``number``, which asked it to reach ``host``.

    ``is_reached``: whether anything came back, a refusal included; None where it had no way to
    ask. ``way`` is the last one it tried, ``detail`` what the network said against it.
    """

    boot: BootId
    session: Count
    number: Count
    host: Named
    is_reached: bool | None
    way: Literal["icmp", "tcp", ""] = ""
    duration_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    detail: Text = ""


Command: TypeAlias = Rebirth | BirthRefused | SayCatalogue | Acknowledge | Grant | Probe | Yield

T = TypeVar("T")

encode = msgspec.json.Encoder().encode


def decoder(kind: type[T], *, max_bytes: int = MAX_PAYLOAD_BYTES) -> Callable[[bytes], T]:
    """Return the total decoder for ``kind``: bytes to a message or MalformedMessageError."""
    decode_json = msgspec.json.Decoder(kind).decode

    def decode(payload: bytes) -> T:
        _expect_at_most(max_bytes, payload)
        try:
            return decode_json(payload)
        except msgspec.ValidationError as error:
            raise MalformedMessageError(Reason.WRONG_TYPE, _without_values(error)) from None
        except msgspec.DecodeError as error:
            raise MalformedMessageError(Reason.INVALID_JSON, str(error)) from None
        except UnicodeDecodeError:
            raise MalformedMessageError(Reason.INVALID_UTF8, "expected UTF-8") from None
        except RecursionError:
            raise MalformedMessageError(Reason.TOO_DEEP, "expected flat JSON") from None

    return decode


def packed_decoder(kind: type[T], *, max_bytes: int = MAX_PAYLOAD_BYTES) -> Callable[[bytes], T]:
    """Return the same for a message that may be packed (``packing.py``).

    ``max_bytes``: how many may come out. No more than ``MAX_PAYLOAD_BYTES`` may go in.
    """
    decode_unpacked = decoder(kind, max_bytes=max_bytes)

    def decode(payload: bytes) -> T:
        _expect_at_most(MAX_PAYLOAD_BYTES, payload)
        return decode_unpacked(unpacked(payload, max_bytes=max_bytes))

    return decode


def _expect_at_most(max_bytes: int, payload: bytes) -> None:
    if len(payload) > max_bytes:
        raise MalformedMessageError(
            Reason.TOO_LARGE, f"expected at most {max_bytes} bytes, got {len(payload)}"
        )


def _without_values(error: msgspec.ValidationError) -> str:
    """Return the expected type and the place, without the value that was sent."""
    said = str(error)
    if said.startswith("Invalid "):
        _, _, place = said.rpartition(" - at ")
        return f"Expected one of the words that are allowed - at {place}"
    return said


decode_beat = decoder(Beat)
decode_birth = decoder(Birth, max_bytes=BIRTH_MAX_BYTES)
decode_death = decoder(Death)
decode_catalogue = packed_decoder(Catalogue)
decode_vitals = packed_decoder(Vitals)
decode_checks = packed_decoder(Checks)
decode_backlog = packed_decoder(Backlog, max_bytes=2 * MAX_PAYLOAD_BYTES)
decode_probed = decoder(Probed)
decode_tick = decoder(Tick)
decode_centre_state = decoder(CentreState)
decode_bulk_canary = decoder(BulkCanary)
decode_centre_open = packed_decoder(CentreOpen)
decode_command: Callable[[bytes], Command] = decoder(Command)  # type: ignore[arg-type]
