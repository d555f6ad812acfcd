"""What every rule keeps to, and the order in which they are asked."""

import importlib
import pkgutil

import pytest

from aggregator.core import rules
from aggregator.core.cases import Boots
from aggregator.core.diagnosis import RULES, Rule, diagnose
from tests.aggregator.cases import (
    AT,
    CLOSED_AT,
    OF_EACH_KIND,
    REACHED,
    UNREACHED,
    Kind,
    asked,
    cause_of,
    deafness,
    host,
    silence,
)

TABLE = (  # the causes of the design, in its order
    "aggregator_blind",
    "broker_down",
    "venue_unreachable",
    "one_way_loss",
    "agent_stopped",
    "host_frozen",
    "host_down",
    "results_frozen",
    "results_delayed",
    "results_silent",
    "redundancy_lost",
    "duplicate_identity",
    "clock_skew",
    "flapping",
    "did_not_return",
)
NOT_KNOWN_YET = ("connection_lost", "silent")  # what is said until a neighbour has spoken
RANKS = {rule.cause: rule.rank for rule in RULES}

ABOUT: dict[Kind, set[str]] = {
    "silence": {
        "aggregator_blind",
        "venue_unreachable",
        "agent_stopped",
        "host_frozen",
        "host_down",
        *NOT_KNOWN_YET,
    },
    "deafness": {"broker_down", "aggregator_blind"},
    "absence": {"did_not_return"},
    "one_way": {"one_way_loss"},
    "clocks": {"clock_skew"},
    "boots": {"duplicate_identity"},
    "feed": {"results_frozen", "results_delayed", "results_silent", "redundancy_lost"},
    "falls": {"flapping"},
}


def files() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(rules.__path__)]
    return [name for name in names if not name.startswith("_")]


@pytest.mark.parametrize("name", files())
def test_every_file_of_the_folder_is_the_rule_of_the_cause_it_is_named_after(name: str) -> None:
    module = importlib.import_module(f"{rules.__name__}.{name}")

    assert name == module.CAUSE
    assert Rule(module.RANK, name, module.judge) in RULES


def test_every_cause_of_the_design_has_its_rule_and_no_other_has_one() -> None:
    assert sorted(RANKS) == sorted((*TABLE, *NOT_KNOWN_YET))


def test_no_two_rules_have_the_same_rank() -> None:
    assert len(set(RANKS.values())) == len(RULES)


def test_the_rules_are_asked_in_order_of_rank() -> None:
    assert [rule.rank for rule in RULES] == sorted(RANKS.values())


@pytest.mark.parametrize(("kind", "causes"), list(ABOUT.items()))
def test_rules_on_the_same_kind_of_case_keep_the_order_of_the_design(
    kind: Kind, causes: set[str]
) -> None:
    order = [cause for cause in TABLE if cause in causes]
    if kind == "deafness":  # a broker that refuses is the sharper word on the same deafness
        order.reverse()
    if kind == "silence":
        order += NOT_KNOWN_YET

    assert sorted(causes, key=lambda cause: RANKS[cause]) == order


@pytest.mark.parametrize("kind", list(OF_EACH_KIND))
def test_a_rule_passes_on_what_is_not_its_kind_of_case(kind: Kind) -> None:
    others = [rule for rule in RULES if rule.cause not in ABOUT[kind]]

    said = [rule.judge(OF_EACH_KIND[kind]) for rule in others]

    assert said == [None] * len(others)


@pytest.mark.parametrize(("kind", "causes"), list(ABOUT.items()))
def test_every_kind_of_case_gets_a_verdict(kind: Kind, causes: set[str]) -> None:
    assert cause_of(diagnose(OF_EACH_KIND[kind])) in causes


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        (deafness("refuses"), "broker_down"),
        (silence(silent=3, elsewhere="silent"), "aggregator_blind"),
        (silence(silent=3, inquiry=UNREACHED), "venue_unreachable"),
        (silence(closed_at=CLOSED_AT, inquiry=REACHED), "agent_stopped"),
        (silence(inquiry=REACHED), "host_frozen"),
        (silence(closed_at=CLOSED_AT, inquiry=UNREACHED), "host_down"),
        (silence(closed_at=CLOSED_AT, inquiry=asked(mute=("s2",))), "connection_lost"),
        (silence(inquiry=asked(mute=("s2",))), "silent"),
    ],
)
def test_the_first_rule_that_matches_decides(case: object, cause: str) -> None:
    assert cause_of(diagnose(case)) == cause  # type: ignore[arg-type]


def test_a_verdict_names_the_cause_of_its_rule_and_what_it_stands_on() -> None:
    said = diagnose(Boots(AT, host(), "b1", "b2"))

    assert cause_of(said) == "duplicate_identity"
    assert said is not None
    assert getattr(said, "evidence", ())
