"""Live faults there are, and what each hits in a small world: what the kinds order it for."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Final

from aggregator.core.incidents.record import Subject
from tests.faults.spoilt import SPOILT
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults._victims import CentreFault, HostFault, VenueFault
from venuewatch.rehearsal.kinds import model
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.model import Kind, Step

HOST: Final = Subject("host", "STA", "STA-2")
VENUE: Final = Subject("venue", "MAR")
CENTRE: Final = Subject("centre")

_SPOILT: Final = {each.fault: each.subject for each in SPOILT}
_BASES: Final = ((HostFault, HOST), (VenueFault, VENUE), (CentreFault, CENTRE))


def live_files() -> list[str]:
    """Return the files of faults that have a live way."""
    names = (module.name for module in pkgutil.iter_modules(faults.__path__))
    return [name for name in names if not name.startswith("_") and is_live(name)]


def live_names() -> list[str]:
    """Return all faults that have a live way, variants among them."""
    return [name for name in faults.names() if is_live(name)]


def names_of_receivers() -> list[str]:
    """Return the faults of the receiver of notices that have a live way."""
    loaded = {name: faults.load(name) for name in faults.names()}
    return [
        name
        for name, fault in loaded.items()
        if fault.SEEN_BY == "receiver" and faults.has_live_way(fault)
    ]


def is_live(name: str) -> bool:
    """Tell whether a fault has a live way; the receiver of notices is a part of its controller."""
    return faults.load(name).SEEN_BY != "receiver" and faults.has_live_way(faults.load(name))


@cache
def subject_of(name: str) -> Subject:
    """Return what a fault can hit: a host where there is a choice."""
    if name in _SPOILT:
        return _SPOILT[name]
    ordered = {
        _target(kind, step)
        for kind in _kinds().values()
        for step in kind.file.step
        if name in {step.fault, *faults.VARIANTS.get(step.fault, ())[:1]}
    }
    its_base = (subject for base, subject in _BASES if issubclass(faults.load(name), base))
    return next((each for each in (HOST, VENUE, CENTRE) if each in ordered), next(its_base, HOST))


@cache
def _kinds() -> Mapping[str, Kind]:
    return read_kinds()


def _target(kind: Kind, step: Step) -> Subject:
    if step.of == model.CENTRE:
        return CENTRE
    return VENUE if kind.file.target[step.of].scope == "venue" else HOST
