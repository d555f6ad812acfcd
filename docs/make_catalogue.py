"""Write ``docs/rehearsal/catalogue.md`` from kinds: ``python docs/make_catalogue.py``."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, get_args

from aggregator.inventory import VenueEntry
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal import fleet
from venuewatch.rehearsal.kinds import bounds
from venuewatch.rehearsal.kinds.choosing import CannotPlay
from venuewatch.rehearsal.kinds.load import read_kinds, read_policies
from venuewatch.rehearsal.kinds.model import (
    CENTRE,
    Expected,
    FieldValue,
    Formula,
    Kind,
    Length,
    OverFormula,
    Step,
    Target,
)
from venuewatch.rehearsal.kinds.resolve import resolve
from venuewatch.rehearsal.scenario import MODES, Scenario

TARGET = Path(__file__).parent / "rehearsal" / "catalogue.md"

_KINDS: Final = read_kinds()
_FLEET: Final = fleet.standard_fleet()

_HEAD = """\
# Catalogue of scenarios

`docs/make_catalogue.py` makes this page from the files in `venuewatch/rehearsal/scenarios/`. A test
fails when the page is out of date. [adding-a-scenario.md](adding-a-scenario.md) says how to add a
kind.

A **kind** says what may happen, and what the monitor has to say of it. A scenario of a plan is a
kind with named venues and hosts, lengths that were drawn, and bounds. An incident that a kind
neither expects nor allows accuses something that is well.
"""

_BOUNDS = """
## Bounds

Seconds in the tables are for a venue with a wired link. On another class of link each bound is
longer by margin(link) - margin(wired) + 2 x round trip(link); the margins are the aggregator's own.

| class of link | longer by (s) |
|---|---|"""

_FORMULAS = """
A check is read each {every:g} s on the stage. A feed may be silent for {limit:g} s, its data may
rest for {data:g} s, and a file may be {limit:g} s old.

| told within | seconds | formula |
|---|---|---|"""

_TOLD: Mapping[Formula, str] = {
    "check": "2 x every_s + 2; every_s + 5 more where other hosts of the venue have the check",
    "feed": "the feed's limit + every_s + 2",
    "data": "the limit of the feed's data + every_s + 2",
    "page": "the limit of the file's age + what a check takes",
}
_OVER: Mapping[OverFormula, str] = {
    "back": "reconnect_max_s + 5 + margin + 3 beats",
    "check": "2 x every_s + 2",
    "feed": "2 x every_s + 3 beats + 2",
    "data": "the limit of the feed's data + what a feed takes",
    "damped": "the time in which the penalty of all falls fades, + what `back` is",
    "twins": "the second wait of the one that made way, 30 s, + what `back` is",
    "budget": "30 s in which nothing is refused, + 10",
    "centre": "2 x reconnect_max_s + 10",
}


def text() -> str:
    """Return the whole page."""
    parts = [_HEAD, *_counts(), *_bounds(), "", *_lacking()]
    return "\n".join([*parts, *_policies(), ""])


def _counts() -> Iterator[str]:
    playable = [kind for kind in _KINDS.values() if kind.is_playable]
    yield "| kinds | number |"
    yield "|---|---|"
    yield f"| all | {len(_KINDS)} |"
    yield f"| can be played now | {len(playable)} |"
    for mode in MODES:
        yield f"| of these {mode} | {sum(mode in kind.modes for kind in playable)} |"
    yield f"| of these expect no alarm | {sum(kind.file.nothing for kind in playable)} |"
    idle = sum(kind.file.nothing and not kind.file.step for kind in playable)
    yield f"| and of these nothing is done at all | {idle} |"


def _bounds() -> Iterator[str]:
    yield _BOUNDS
    for link in get_args(Link):
        yield f"| {link} | {bounds.link_extra_s(VenueEntry('A', link=link)):.3g} |"
    yield _FORMULAS.format(every=fleet.CHECK_EVERY_S, limit=fleet.LIMIT_S, data=fleet.DATA_LIMIT_S)
    for told, words in _TOLD.items():
        alone, others = (bounds.formula_s(told, others_have_it=it) for it in (False, True))
        seconds = f"{alone:g}" if alone == others else f"{alone:g} or {others:g}"
        yield f"| `{told}` | {seconds} | {words} |"
    yield "\n| over within | seconds | formula |"
    yield "|---|---|---|"
    for over, words in _OVER.items():
        yield f"| `{over}` | {bounds.over_within_s(over, '', None, at_most=1):.4g} | {words} |"


def _lacking() -> Iterator[str]:
    yield "## Kinds that can't be played, or in one mode only\n"
    yield "| kind | what is lacking | why |"
    yield "|---|---|---|"
    for kind in _KINDS.values():
        for what, reason in (
            ("waits", kind.file.waits_for and f"it waits for {kind.file.waits_for}"),
            ("simulated", kind.file.not_simulated),
            ("live", kind.file.not_live),
        ):
            if reason:
                yield f"| `{kind.name}` | {what} | {reason} |"
    yield ""


def _policies() -> Iterator[str]:
    for name, policy in read_policies().items():
        kinds = [kind for kind in _KINDS.values() if kind.file.policy == name]
        yield f"## {policy.title} (`{name}`)\n"
        yield f"{policy.goal}\n"
        yield from (f"- {line}" for line in policy.checklist)
        yield ""
        yield "| kind | story | what is done | what has to be told | reason to play it |"
        yield "|---|---|---|---|---|"
        for kind in kinds:
            file = kind.file
            words = (
                f"**{file.title}**<br>`{kind.name}`",
                file.story,
                _done(kind),
                _told(kind),
                file.source,
            )
            yield f"| {' | '.join(map(_cell, words))} |"
        yield ""


def _done(kind: Kind) -> str:
    if not kind.file.step:
        return "nothing"
    return "<br>".join(_step(step, kind.file.target) for step in kind.file.step)


def _step(step: Step, targets: Mapping[str, Target]) -> str:
    what = "the centre" if step.of == CENTRE else _target(targets[step.of], targets)
    words = [f"`{step.fault}` of {what}"]
    if step.fields:
        fields = (f"{name} {_value(value)}" for name, value in step.fields.items())
        words.append(f"({', '.join(fields)})")
    words.append(f"for {_length(step.lasts)}")
    if step.keepalives is not None:
        words.append(f"or {_value(step.keepalives)} keepalives")
    if step.apart_s is not None:
        words.append(f"each, {_length(step.apart_s)} apart")
    if step.after_heal_of:
        words.append(f"from {_length(step.at)} after `{step.after_heal_of}` is mended")
    elif step.at:
        words.append(f"from {_length(step.at)}")
    return " ".join(words)


def _target(target: Target, targets: Mapping[str, Target]) -> str:
    if target.check:
        count = f"on {target.hosts} hosts" if target.hosts != 1 else "on one host"
        where = f"of {' or '.join(targets[target.on].roles)}" if target.on else count
        return f"the {target.scope} `{target.check}` {where}"
    venues = f"{target.venues} venues" if target.venues > 1 else "the venue"
    if target.venues_share is not None:
        venues = f"{target.venues_share:.0%} of all venues"
    if target.is_elsewhere:
        venues = "another venue"
    if target.links:
        venues += f" ({', '.join(target.links)})"
    if target.scope == "venue":
        return venues
    count = "every host" if target.hosts == "all" else f"{target.hosts} hosts"
    count = "one host" if target.hosts == 1 else count
    count = f"{target.share:.0%} of the hosts" if target.share is not None else count
    roles = f" ({' or '.join(target.roles)})" if target.roles else ""
    return f"{count}{roles} of {venues}"


def _told(kind: Kind) -> str:
    file = kind.file
    words = [_expected(one, _example(kind)) for one in file.expected]
    if file.nothing:
        words.append("nothing")
    words += [f"`{one.metric}` has to grow" for one in file.counted]
    for allowed in file.allowed:
        causes = ", ".join(f"`{cause}`" for cause in allowed.causes)
        words.append(f"may be told: {causes} of `{allowed.scope or allowed.of}`")
    return "<br>".join(words)


def _expected(one: Expected, example: Scenario) -> str:
    found = next(each for each in example.expected if each.causes == one.causes)
    causes = " or ".join(f"`{cause}`" for cause in one.causes)
    after = f" after `{one.after}` is mended" if one.after_heal else ""
    words = f"{causes} of {found.subject.partition(':')[0]}: {found.detect_within_s:.4g} s{after}"
    if one.at_most > 1:
        words += f", at most {one.at_most} times"
    return f"{words}; over within {found.over_within_s:.4g} s"


def _example(kind: Kind) -> Scenario:
    for venue in sorted(_FLEET.venue, key=lambda venue: venue.link != "wired"):
        try:
            return resolve(kind, _FLEET, number=1, venue=venue.code, seed=1)
        except CannotPlay:
            continue
    raise ValueError(f"expected a venue of the standard fleet where {kind.name} can be played")


def _length(length: Length) -> str:
    return f"{_value(length)} s"


def _value(value: FieldValue) -> str:
    if isinstance(value, tuple):
        return f"{value[0]:g} to {value[1]:g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _cell(words: Iterable[str]) -> str:
    return "".join(words).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
