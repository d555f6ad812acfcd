"""Rules of a kind that no type can say: names that must be known, and verdicts that must exist.

Each refusal is one line, with the place and what was expected.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from venuewatch.base.refusals import unknown
from venuewatch.rehearsal.fleet import CHECKS, check_named
from venuewatch.rehearsal.kinds.model import (
    CENTRE,
    LONGEST_S,
    AllowedToo,
    Expected,
    KindFile,
    Length,
    Step,
    Target,
)
from venuewatch.rehearsal.kinds.subjects import (
    ALLOWED_SCOPES,
    CAUSES,
    EXPECTED_SCOPES,
    Aim,
    causes_of,
)

STEPS_MAX: Final = 50
TARGETS_MAX: Final = 20

_VENUE_LACKS = ("roles", "hosts", "share", "is_minority", "check", "on")


def check(
    file: KindFile, *, policies: Collection[str], roles: Collection[str], faults: Collection[str]
) -> None:
    """Refuse what can't be meant; without ``faults`` any fault is taken.

    Raises:
        ValueError: what is wrong, and where.
    """
    _check_texts(file)
    _known("policy", file.policy, policies, "$.policy")
    if len(file.step) > STEPS_MAX or len(file.target) > TARGETS_MAX:
        raise ValueError(f"expected at most {STEPS_MAX} steps and {TARGETS_MAX} targets")
    for name, target in file.target.items():
        _check_target(name, target, file.target, roles)
    _check_steps(file)
    if faults and not file.waits_for:
        for at, step in enumerate(file.step):
            _known("fault", step.fault, faults, f"$.step[{at}].fault")
    if file.nothing == bool(file.expected):
        raise ValueError(
            'expected either [[expected]], or "nothing = true" where no alarm is right'
        )
    if file.not_live and file.not_simulated and not file.waits_for:
        raise ValueError('expected a mode to be left, or "waits_for" with what is missing')
    for at, expected in enumerate(file.expected):
        _check_expected(expected, file, f"$.expected[{at}]")
    for at, allowed in enumerate(file.allowed):
        _check_allowed(allowed, file, f"$.allowed[{at}]")
    for at, counted in enumerate(file.counted):
        _aim(counted.of, file, f"$.counted[{at}].of")


def refuse_no_number(data: Any, at: str = "$") -> None:
    """Refuse numbers that are none: TOML has ``nan`` and ``inf``.

    Raises:
        ValueError: there is one.
    """
    children: Iterable[tuple[str, Any]] = ()
    if isinstance(data, Mapping):
        children = ((f"{at}.{key}", value) for key, value in data.items())
    elif isinstance(data, list):
        children = ((f"{at}[{number}]", value) for number, value in enumerate(data))
    elif isinstance(data, float) and (data != data or abs(data) == float("inf")):  # noqa: PLR0124
        raise ValueError(f"expected a number, got {data} at {at}")
    for place, value in children:
        refuse_no_number(value, place)


def _check_texts(file: KindFile) -> None:
    for name in ("title", "story", "source", "waits_for", "not_live", "not_simulated"):
        text = getattr(file, name)
        if not text.isprintable():
            raise ValueError(f"expected one line of text that can be shown at $.{name}")


def _check_target(
    name: str, target: Target, targets: Mapping[str, Target], roles: Collection[str]
) -> None:
    at = f"$.target.{name}"
    if not (name.isascii() and name.isidentifier() and name == name.lower()):
        raise ValueError("expected the name of a target to be small letters and digits at $.target")
    if name == CENTRE:
        raise ValueError(f'expected no target "{CENTRE}": every kind has it, at {at}')
    for role in target.roles:
        _known("role", role, roles, f"{at}.roles")
    if target.scope == "venue":
        given = [field for field in _VENUE_LACKS if getattr(target, field) != _default(field)]
        if given:
            raise ValueError(f'expected no "{given[0]}" of a venue at {at}')
    elif target.scope == "host":
        if target.check or target.on:
            raise ValueError(f'expected no "check" and no "on" of a host at {at}')
    else:
        _check_checked(target, targets, at)


def _check_checked(target: Target, targets: Mapping[str, Target], at: str) -> None:
    found = check_named(target.check)
    if found is None:
        known = [each.name for each in CHECKS if each.scope == target.scope]
        raise ValueError(unknown("check", target.check, known, at=f"{at}.check"))
    if found.scope != target.scope:
        raise ValueError(f'expected scope "{found.scope}" of the check {found.name} at {at}')
    if target.on and (target.on not in targets or targets[target.on].scope != "host"):
        hosts = [name for name, each in targets.items() if each.scope == "host"]
        raise ValueError(unknown("target of scope host", target.on, hosts, at=f"{at}.on"))


def _check_steps(file: KindFile) -> None:
    names: list[str] = []
    for number, step in enumerate(file.step):
        at = f"$.step[{number}]"
        if step.name in names:
            raise ValueError(f"expected each step's name once, got {step.name} twice at {at}")
        if step.after_heal_of:
            _known("step before this one", step.after_heal_of, names, f"{at}.after_heal_of")
        _check_step(step, _aim(step.of, file, f"{at}.of"), at)
        names.append(step.name)


def _check_step(step: Step, aim: Aim, at: str) -> None:
    if step.keepalives is not None and aim not in {"host", "venue"}:
        raise ValueError(f'expected "keepalives" of a host or venue only, at {at}')
    lengths: dict[str, Length | None] = {
        "at": step.at,
        "lasts": step.lasts,
        "apart_s": step.apart_s,
        "keepalives": step.keepalives,
    }
    for name, it in lengths.items():
        if it is not None and not all(0 <= each <= LONGEST_S for each in _as_range(it)):
            raise ValueError(f"expected a number from 0 to {LONGEST_S:g} at {at}.{name}")
    ranges = {name: it for name, it in lengths.items() if isinstance(it, tuple)}
    ranges |= {f"fields.{name}": it for name, it in step.fields.items() if isinstance(it, tuple)}
    for name, (least, most) in ranges.items():
        if least > most:
            raise ValueError(f"expected the least before the most at {at}.{name}")


def _check_expected(expected: Expected, file: KindFile, at: str) -> None:
    aim = _aim(expected.of, file, f"{at}.of")
    scope = expected.scope or aim
    _check_scope(scope, aim, EXPECTED_SCOPES, at)
    if aim == "venue" and scope == "check" and check_named(expected.check) is None:
        known = [each.name for each in CHECKS]
        raise ValueError(unknown("check", expected.check, known, at=f"{at}.check"))
    _check_causes(expected, scope, aim, at, is_future=bool(file.waits_for))
    names = [step.name for step in file.step]
    if expected.after:
        _known("step", expected.after, names, f"{at}.after")
    elif all(step.of != expected.of for step in file.step):
        raise ValueError(f'expected "after" with a step: none hits {expected.of}, at {at}')
    if expected.children is not None and scope not in {"venue", "check"}:
        raise ValueError(f'expected "children" of a venue\'s incident only, at {at}')


def _check_allowed(allowed: AllowedToo, file: KindFile, at: str) -> None:
    aim = _aim(allowed.of, file, f"{at}.of")
    scope = allowed.scope or aim
    _check_scope(scope, aim, ALLOWED_SCOPES, at)
    _check_causes(allowed, scope, aim, at, is_future=bool(file.waits_for))


def _check_scope(scope: Any, aim: Aim, scopes: Mapping[Aim, Collection[str]], at: str) -> None:
    if scope not in scopes[aim]:
        words = ", ".join(sorted(scopes[aim]))
        raise ValueError(f'expected scope {words} of a {aim}, got "{scope}" at {at}.scope')


def _check_causes(
    told: Expected | AllowedToo, scope: Any, aim: Aim, at: str, *, is_future: bool
) -> None:
    if not told.causes:
        raise ValueError(f"expected at least one cause at {at}.cause")
    for cause in told.causes:
        if cause not in CAUSES:
            if not is_future:
                raise ValueError(unknown("cause", cause, CAUSES, at=f"{at}.cause"))
            continue
        can_be = causes_of(scope, aim)
        if isinstance(told, AllowedToo) and aim == "venue":
            can_be |= causes_of(scope, "host")
        if cause not in can_be:
            words = ", ".join(sorted(can_be))
            raise ValueError(
                f'no verdict says "{cause}" of scope {scope}: expected {words} at {at}.cause'
            )


def _aim(name: str, file: KindFile, at: str) -> Aim:
    if name == CENTRE:
        return CENTRE
    _known("target", name, [*file.target, CENTRE], at)
    return file.target[name].scope


def _known(what: str, word: str, known: Collection[str], at: str) -> None:
    if word not in known:
        raise ValueError(unknown(what, word, known, at=at))


def _as_range(length: Length) -> tuple[float, float]:
    return length if isinstance(length, tuple) else (length, length)


def _default(field: str) -> object:
    return getattr(Target(scope="venue"), field)
