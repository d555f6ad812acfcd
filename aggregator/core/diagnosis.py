"""From a case to its cause: the rules of ``rules/``, asked in the order of their ranks.

The first rule that says anything decides. Which rules there are is what the folder holds.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from aggregator.core import rules
from aggregator.core.cases import Case
from aggregator.core.evidence import Verdict, Wait

Judge: TypeAlias = Callable[[Case], Verdict | Wait | None]


class Rule(NamedTuple):
    """One rule: its rank (lower is asked first), the cause it finds, and its judgement."""

    rank: int
    cause: str
    judge: Judge


def _load() -> tuple[Rule, ...]:
    names = (module.name for module in pkgutil.iter_modules(rules.__path__))
    modules = [
        importlib.import_module(f"{rules.__name__}.{name}")
        for name in names
        if not name.startswith("_")
    ]
    return tuple(sorted(Rule(module.RANK, module.CAUSE, module.judge) for module in modules))


RULES = _load()
"""All rules, in the order in which they are asked."""


def diagnose(case: Case) -> Verdict | Wait | None:
    """Return what the first rule that has anything to say about ``case`` says."""
    for rule in RULES:
        said = rule.judge(case)
        if said is not None:
            return said
    return None
