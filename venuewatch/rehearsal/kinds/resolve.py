"""Makes a concrete scenario of a kind: subjects named, lengths drawn, bounds computed.

The same kind, fleet, venue and seed always give the same scenario. What a fault makes true beside
what is expected is added to what is allowed:

1. An incident may begin with a cause that says less, until neighbours have answered.
2. The gateway of a venue looks at its results servers. It may say that one of the two is gone, also
   where the gateway itself was cut off, and sees one of them again before the other.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from agent.config import KEEPALIVE_S
from aggregator.core.incidents.record import Scope, Subject
from aggregator.inventory import Inventory, VenueEntry
from venuewatch.rehearsal.fleet import GATEWAY, RESULTS, SPARE, checks_of
from venuewatch.rehearsal.kinds import bounds
from venuewatch.rehearsal.kinds.choosing import CannotPlay, Hit, choose
from venuewatch.rehearsal.kinds.model import (
    CENTRE,
    AllowedToo,
    Expected,
    FieldValue,
    Kind,
    Length,
    Step,
)
from venuewatch.rehearsal.kinds.subjects import ANY, Aim, subject_about
from venuewatch.rehearsal.scenario import (
    Allowed,
    Counted,
    Expectation,
    Order,
    Scenario,
    Value,
    text_of,
)

FIRST_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "agent_stopped": ("connection_lost",),
    "host_down": ("silent", "connection_lost"),
    "host_frozen": ("silent",),
}
"""The causes that say less than another one, and may be told before it."""

_PLACES = 3  # of a second


def can_play(kind: Kind, inventory: Inventory, venue: str) -> str | None:
    """Return why a kind can't be played at a venue; None if it can."""
    if not kind.is_playable:
        return kind.file.waits_for or "it can be played in no mode"
    try:
        resolve(kind, inventory, number=1, venue=venue, seed=1)
    except CannotPlay as reason:
        return str(reason)
    return None


def resolve(kind: Kind, inventory: Inventory, *, number: int, venue: str, seed: int) -> Scenario:
    """Return the scenario of a kind at a venue.

    Raises:
        CannotPlay: the venue, or the fleet, lacks what the kind needs.
    """
    file = kind.file
    if len(inventory.venue) < file.least_venues:
        have = len(inventory.venue)
        raise CannotPlay(f"{file.least_venues} venues are needed, and the fleet has {have}")
    rng = random.Random(seed)
    hits = choose(file.target, inventory, venue, rng)
    orders: dict[str, tuple[Order, ...]] = {}
    for step in file.step:
        orders[step.name] = _orders(step, hits.get(step.of, ()), orders, rng)
    expected = [each for one in file.expected for each in _expectations(kind, one, hits, orders)]
    subjects = {each.subject for each in expected}
    allowed = [each for one in file.allowed for each in _allowed(kind, one, hits)]
    allowed += _first_words(expected)
    allowed += [each for each in _spares(kind, hits) if each.subject not in subjects]
    venues = [venue, *(hit.venue.code for found in hits.values() for hit in found)]
    return Scenario(
        number=number,
        kind=kind.name,
        kind_id=kind.digest,
        title=file.title,
        policy=file.policy,
        venues=tuple(dict.fromkeys(venues)),
        seed=seed,
        modes=kind.modes,
        orders=tuple(sorted(_flat(orders.values()), key=lambda order: order.at_s)),
        expected=tuple(expected),
        allowed=tuple(dict.fromkeys(allowed)),
        counted=tuple(
            Counted(metric=one.metric, labels=_labels(hit))
            for one in file.counted
            for hit in hits.get(one.of, ())
        ),
        runs_alone=kind.runs_alone,
    )


# When, and how long


def _orders(
    step: Step,
    hits: Sequence[Hit],
    before: Mapping[str, Sequence[Order]],
    rng: random.Random,
) -> tuple[Order, ...]:
    at_s = _drawn(step.at, rng)
    if step.after_heal_of:
        at_s += max(order.at_s + order.lasts_s for order in before[step.after_heal_of])
    lasts_s = _lasts(step, hits, rng)
    fields = {name: _value(value, rng) for name, value in step.fields.items()}
    targets = [_target_of(step.of, hit) for hit in hits] or ["centre:"]
    if step.apart_s is None:
        groups, apart = [targets], [0.0]
    else:
        groups = [[target] for target in targets]
        apart = _cumulated(step.apart_s, len(groups), rng)
    return tuple(
        Order(
            step=step.name if len(groups) == 1 else f"{step.name}_{at + 1}",
            at_s=round(at_s + apart[at], _PLACES),
            fault=step.fault,
            targets=tuple(group),
            lasts_s=lasts_s,
            fields=fields,
        )
        for at, group in enumerate(groups)
    )


def _lasts(step: Step, hits: Sequence[Hit], rng: random.Random) -> float:
    """Return how long (s) a fault lasts: about a keepalive's patience in half of the scenarios."""
    lasts_s = _drawn(step.lasts, rng)
    is_near = rng.random() < 0.5  # noqa: PLR2004 - a coin
    if step.keepalives is None or not hits or not is_near:
        return lasts_s
    keepalive_s = max(KEEPALIVE_S[hit.venue.link] for hit in hits)
    return round(keepalive_s * rng.uniform(*step.keepalives), _PLACES)


def _drawn(length: Length, rng: random.Random) -> float:
    return round(rng.uniform(*length), _PLACES) if isinstance(length, tuple) else length


def _value(value: FieldValue, rng: random.Random) -> Value:
    return round(rng.uniform(*value), _PLACES) if isinstance(value, tuple) else value


def _cumulated(apart: Length, count: int, rng: random.Random) -> list[float]:
    at, found = 0.0, []
    for _ in range(count):
        found.append(at)
        at += _drawn(apart, rng)
    return found


def _target_of(name: str, hit: Hit) -> str:
    if name == CENTRE:
        return text_of(Subject("centre"))
    if hit.check:
        scope: Scope = next(
            check.scope
            for host in hit.venue.host
            if host.name == hit.host
            for check in checks_of(host, hit.venue)
            if check.name == hit.check
        )
        return text_of(Subject(scope, hit.venue.code, hit.host, hit.check))
    return text_of(Subject("host" if hit.host else "venue", hit.venue.code, hit.host))


# What has to be told, and what may be


def _expectations(
    kind: Kind,
    one: Expected,
    hits: Mapping[str, Sequence[Hit]],
    orders: Mapping[str, Sequence[Order]],
) -> Iterator[Expectation]:
    aim: Aim = CENTRE if one.of == CENTRE else kind.file.target[one.of].scope
    scope: Scope = one.scope or aim
    after = one.after or next(step.name for step in kind.file.step if step.of == one.of)
    found: dict[Subject, Hit | None] = {}
    for hit in hits.get(one.of, ()):
        check = hit.check or one.check
        host = "" if scope in {"venue", "bridge"} else hit.host
        found.setdefault(subject_about(scope, one.causes[0], hit.venue.code, host, check), hit)
    if aim == CENTRE:
        found[subject_about(scope, one.causes[0], "", "", "")] = None
    for subject, at in found.items():
        venue = None if at is None else at.venue
        yield Expectation(
            subject=text_of(subject),
            causes=one.causes,
            after=_order_of(orders[after], at).step,
            detect_within_s=bounds.detect_within_s(
                one.detect_within_s, venue, others_have_it=_others_have_it(subject, venue)
            ),
            over_within_s=bounds.over_within_s(
                one.over_within_s, one.causes[0], venue, at_most=one.at_most
            ),
            after_heal=one.after_heal,
            children=_children(one, subject, hits),
            at_most=one.at_most,
        )


def _order_of(orders: Sequence[Order], hit: Hit | None) -> Order:
    """Return the order that hits a subject, the first of its step if none does."""
    if hit is None:
        return orders[0]
    own = f"{hit.venue.code}/{hit.host}" if hit.host else hit.venue.code
    for order in orders:
        for target in order.targets:
            path = target.partition(":")[2]
            if path == own or path.startswith(f"{own}/"):
                return order
    return orders[0]


def _others_have_it(subject: Subject, venue: VenueEntry | None) -> bool:
    if venue is None or subject.scope != "check":
        return False
    having = [
        host.name
        for host in venue.host
        if any(check.name == subject.check for check in checks_of(host, venue))
    ]
    return len(having) > 1


def _children(one: Expected, subject: Subject, hits: Mapping[str, Sequence[Hit]]) -> int | None:
    of_venue = [hit for hit in hits.get(one.of, ()) if hit.venue.code == subject.venue]
    if one.children == "targets":
        return sum(bool(hit.host) for hit in of_venue)
    if one.children == "hosts":
        return len(of_venue[0].venue.host)
    return one.children


def _allowed(kind: Kind, one: AllowedToo, hits: Mapping[str, Sequence[Hit]]) -> Iterator[Allowed]:
    aim: Aim = CENTRE if one.of == CENTRE else kind.file.target[one.of].scope
    scope: Scope = one.scope or aim
    found = [(hit.venue.code, hit.host, hit.check) for hit in hits.get(one.of, ())]
    for venue, host, check in found if aim != CENTRE else [("", "", "")]:
        for cause in one.causes:
            of_check = check or one.check or ANY
            subjects = [subject_about(scope, cause, venue, host or ANY, of_check)]
            if not host and scope in {"check", "link"}:  # of the whole venue, too
                subjects.append(subject_about(scope, cause, venue, "", of_check))
            for subject in subjects:
                yield Allowed(subject=text_of(subject), causes=(cause,))


def _first_words(expected: Iterable[Expectation]) -> Iterator[Allowed]:
    for each in expected:
        words = [word for cause in each.causes for word in FIRST_WORDS.get(cause, ())]
        more = tuple(word for word in dict.fromkeys(words) if word not in each.causes)
        if more:
            yield Allowed(subject=each.subject, causes=more)


def _spares(kind: Kind, hits: Mapping[str, Sequence[Hit]]) -> Iterator[Allowed]:
    """Yield what the gateway of a venue may say of results servers, where they or it are hit."""
    for name, found in hits.items():
        if kind.file.target[name].scope not in {"host", "venue"}:
            continue
        for hit in found:
            roles = {host.name: host.role for host in hit.venue.host}
            if hit.host and roles[hit.host] not in {RESULTS, GATEWAY}:
                continue
            for host in hit.venue.host:
                if host.role == GATEWAY and any(
                    check.name == SPARE for check in checks_of(host, hit.venue)
                ):
                    of = (hit.venue.code, host.name, SPARE)
                    yield Allowed(
                        subject=text_of(Subject("feed", *of)), causes=("redundancy_lost",)
                    )
                    of_any = (hit.venue.code, host.name, ANY)
                    yield Allowed(
                        subject=text_of(Subject("check", *of_any)), causes=("check_failed",)
                    )


def _labels(hit: Hit) -> dict[str, str]:
    labels = {"venue": hit.venue.code, "host": hit.host, "check": hit.check}
    return {name: value for name, value in labels.items() if value}


def _flat(groups: Iterable[Sequence[Order]]) -> Iterator[Order]:
    for group in groups:
        yield from group
