"""Faults that kinds order: they are there, take these fields, and have a way in each mode."""

import msgspec
import pytest

from venuewatch.rehearsal import faults
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.model import FieldValue, Kind

PLAYABLE = {name: kind for name, kind in read_kinds().items() if kind.is_playable}


def of(kind: Kind) -> list[type[faults.Fault]]:
    return [faults.load(step.fault) for step in kind.file.step]


def least(value: FieldValue) -> FieldValue:
    return value[0] if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", PLAYABLE)
def test_faults_of_a_kind_take_its_fields(name: str) -> None:
    for step, fault in zip(PLAYABLE[name].file.step, of(PLAYABLE[name]), strict=True):
        fields = {field: least(value) for field, value in step.fields.items()}

        assert set(fields) <= set(fault.__struct_fields__)
        msgspec.convert(fields, fault)


@pytest.mark.parametrize("name", PLAYABLE)
def test_faults_of_a_kind_have_a_way_in_each_of_its_modes(name: str) -> None:
    kind = PLAYABLE[name]

    not_live = {it.__name__ for it in of(kind) if it.begin_live is faults.Fault.begin_live}
    not_simulated = {it.__name__ for it in of(kind) if it.strike is faults.Fault.strike}

    assert "live" not in kind.modes or not not_live, "say why in not_live"
    assert "simulated" not in kind.modes or not not_simulated, "say why in not_simulated"
