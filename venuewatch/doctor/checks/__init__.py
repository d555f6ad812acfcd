"""The contract of a check of an installation, and its place: one check a file, named by the file.

A module ``venuewatch/doctor/checks/NAME.py`` has

- ``PLACES``: where it looks, ``host`` and ``centre``;
- ``NEEDS``: the checks without which it can see nothing. Where one of them is not well, this one is
  not made: one fault is one line;
- ``look(site)``, which asks the system and decides nothing. It returns facts, a NamedTuple of the
  module's own, and raises nothing that it understands;
- ``judge(facts)``, which is pure, and returns the findings: one line each, and in what is wrong
  the next step of the operator.

The doctor finds it by the file's name. There is no list to extend.
"""

import importlib
from collections.abc import Mapping
from types import ModuleType

from agent import modules_in


def all_checks() -> Mapping[str, ModuleType]:
    """Return every check by name; imports them all."""
    names = modules_in(__path__[0])
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}
