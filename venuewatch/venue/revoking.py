"""Revokes hosts: from the decision to the proof that they can not speak any more.

1. First files: the hosts' blocks are gone from the broker's rules, their certificates are on the
   list, the inventory has them as revoked. Aggregator and broker read them. From then on the broker
   drops what the hosts publish, and takes their certificates no more.
2. What the broker keeps of the hosts is deleted: birth and death. The user that deletes has a
   block for these topics only. That the broker takes its messages shows that the new rules are in
   force.
3. A reload leaves a connection that stands. So each host's name is taken over: a certificate of
   that name, valid for minutes, connects and disconnects. The broker ends the older connection. In
   between it tries to publish: lines of an operator beside ours may allow it still.
4. Second files: these certificates are on the list, too, and the deleting user's block is gone.
5. The proof: the tripwire, and a certificate of step 3, are refused as revoked. The first shows
   that there is a list in force, the second that it is the latest.

Decides and orders only: what is done is handed in as functions, and time as well.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from aggregator.inventory import VenueEntry
from venuewatch.base.config import ConfigError
from venuewatch.venue import acl, fleet
from venuewatch.venue.authority.certificates import Made, Validity, make_certificate
from venuewatch.venue.authority.folder import TRIPWIRE, Authorities
from venuewatch.venue.broker import Reception, Visit
from venuewatch.venue.changes import Change
from venuewatch.venue.credentials import BRIDGE
from venuewatch.venue.inventory_file import with_revoked
from venuewatch.venue.settings import Settings

TAKE_OVER_S: Final = 300.0
"""So long (s) a certificate of a take-over is valid."""

PROVEN_WITHIN_S: Final = 9.0
"""After so long (s) without a proof the command says that there is none."""

_BACKDATED_S: Final = 60.0
_REVOKED_NOW: Final = "revoked by an operator"
_FOR_MINUTES: Final = "take-over"

Names: TypeAlias = Mapping[str, set[str]]
"""Hosts by venue."""


class Plan(NamedTuple):
    """What is written before and after the take-over.

    ``take_overs``: key and certificate by the name that they take over; ``refused``: the topic on
    which it must not publish any more. ``clearing``: of the user that deletes ``topics``.
    ``tripwire``: key and certificate as PEM.
    """

    first: list[Change]
    second: list[Change]
    take_overs: Mapping[str, bytes]
    refused: Mapping[str, str]
    clearing: bytes
    topics: Sequence[str]
    tripwire: bytes


class Hands(NamedTuple):
    """What a revocation does, each as a function; a reload returns why it failed, or nothing.

    ``visit`` takes credentials, a name, and topics to be cleared. ``monotonic``: seconds.
    ``pause``: waits before the next attempt.
    """

    apply: Callable[[Sequence[Change]], None]
    reload_aggregator: Callable[[], str]
    reload_broker: Callable[[], str]
    visit: Callable[[bytes, str, Sequence[str]], Visit]
    monotonic: Callable[[], float]
    pause: Callable[[], None]


class Proof(NamedTuple):
    """What came of it. ``missing``: what could not be shown, a line each; none: all was."""

    took_s: float
    missing: tuple[str, ...]


def plan(
    settings: Settings,
    known: Authorities,
    venues: Mapping[str, VenueEntry],
    names: Names,
    tripwire: bytes,
    now: float,
) -> Plan:
    """Work out all files of a revocation.

    Raises:
        ConfigError: one of them would not do.
    """
    hosts = [(code, name) for code in sorted(names) for name in sorted(names[code])]
    after = dict(venues)
    for code, of_venue in names.items():
        after[code] = with_revoked(after[code], of_venue, is_revoked=True)
    bridges = [(code, f"{BRIDGE}{code}") for code in sorted(names) if _is_gone(after[code])]
    users = [*hosts, *(each for each in bridges if known.register.current(each[1], now))]
    every = {name for _, name in users}
    known = known._replace(register=known.register.revoke(every, now, _REVOKED_NOW))
    made = {name: _for_minutes(known, name, now) for name in sorted(every)}
    clearing = _for_minutes(known, acl.CLEARING, now)
    changed, first = fleet.derived(settings, known, after.values(), now, hosts)
    register = changed.register.add(clearing, acl.CLEARING)
    for code, name in users:
        register = register.add(made[name], name, code)
    listed = register.revoke({*every, acl.CLEARING}, now, _FOR_MINUTES)
    _, second = fleet.derived(settings, changed._replace(register=listed), after.values(), now)
    inventories = [fleet.venue_change(settings, after[code]) for code in sorted(names)]
    return Plan(
        [*first, *inventories],
        second,
        {name: credentials(each) for name, each in made.items()},
        {name: _topic_of(code, name, names) for code, name in users},
        credentials(clearing),
        [topic for code, name in hosts for topic in acl.kept_topics(code, name)],
        tripwire,
    )


def _topic_of(code: str, name: str, names: Names) -> str:
    """Return a topic of a host; of a bridge it is one of a host behind it."""
    host = name if name in names[code] else min(names[code])
    return acl.kept_topics(code, host)[0]


def _is_gone(venue: VenueEntry) -> bool:
    """Tell whether every host of a venue is revoked, so that its bridge may say nothing either."""
    return all(host.revoked for host in venue.host)


def carry_out(planned: Plan, hands: Hands) -> Proof:
    """Do what was planned, and prove it.

    Raises:
        ConfigError: the first files can not be written.
    """
    began = hands.monotonic()
    until = began + PROVEN_WITHIN_S
    missing: list[str] = []
    hands.apply(planned.first)
    missing += filter(None, [hands.reload_aggregator(), hands.reload_broker()])
    try:
        cleared = _until(
            hands,
            until,
            lambda: hands.visit(planned.clearing, acl.CLEARING, planned.topics),
            lambda visit: visit.is_published,
        )
        if not cleared.is_published:
            missing.append(f"birth and death are not deleted at the broker: {cleared.why}")
        missing += _take_overs(planned, hands, until)
    finally:  # whatever came: no certificate of ours stays good for minutes
        failed = _second(planned, hands)
    missing += filter(None, [failed, hands.reload_broker()])
    shown = {"the tripwire": (planned.tripwire, TRIPWIRE)}
    name, latest = list(planned.take_overs.items())[-1]
    shown["the latest list"] = (latest, name)
    for what, (each, who) in shown.items():
        visit = _until_refused(hands, until, each, who)
        if visit.reception is not Reception.REVOKED:
            missing.append(f"{what} is not in force at the broker: {visit.why or 'it let it in'}")
    return Proof(hands.monotonic() - began, tuple(missing))


def credentials(made: Made) -> bytes:
    """Return key and certificate as one PEM."""
    return made.key + made.certificate


def _second(planned: Plan, hands: Hands) -> str:
    """Write the second files; return why they could not be written, empty where they are."""
    try:
        hands.apply(planned.second)
    except ConfigError as error:
        return f"the certificates of the take-over are not on the list: {error}"
    return ""


def _take_overs(planned: Plan, hands: Hands, until: float) -> list[str]:
    """End the connections that stand; return what could not be shown, a line each."""
    missing: list[str] = []
    left = dict(planned.take_overs)
    while left and not (missing and hands.monotonic() >= until):
        name = next(iter(left))
        missing += _take_over(hands, until, name, left.pop(name), planned.refused[name])
    if left:
        missing.append(
            f"connections of {', '.join(left)} may still stand, mute: there was no time left"
        )
    return missing


def _take_over(hands: Hands, until: float, name: str, each: bytes, topic: str) -> list[str]:
    visit = _until(
        hands,
        until,
        lambda: hands.visit(each, name, [topic]),
        lambda visit: visit.reception is Reception.TAKEN and not visit.is_published,
    )
    if visit.reception is not Reception.TAKEN:
        return [f"a connection of {name} may still stand, mute: {visit.why}"]
    if visit.is_published:
        told = "take out the broker's rules for it that stand outside of those written here"
        return [f"{name} may still publish: {told} (user or pattern)"]
    return []


def _until_refused(hands: Hands, until: float, each: bytes, who: str) -> Visit:
    return _until(
        hands,
        until,
        lambda: hands.visit(each, who, ()),
        lambda visit: visit.reception is Reception.REVOKED,
    )


def _until(
    hands: Hands, until: float, attempt: Callable[[], Visit], is_right: Callable[[Visit], bool]
) -> Visit:
    """Try until it is right, or the time is over; once at least. Return the last."""
    while True:
        visit = attempt()
        if is_right(visit) or hands.monotonic() >= until:
            return visit
        hands.pause()


def _for_minutes(known: Authorities, name: str, now: float) -> Made:
    valid = Validity(now - _BACKDATED_S, now + TAKE_OVER_S - _BACKDATED_S)
    return make_certificate(known.clients, name, use="client", valid=valid)
