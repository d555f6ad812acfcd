"""Bonded interfaces: what /sys/class/net says."""

from pathlib import Path

import pytest

from agent.vitals import bonding
from tests.agent.vitals import machines


def test_a_bond_counts_its_interfaces_and_those_with_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.write(tmp_path, machines.OLD)
    machines.look_at(monkeypatch, tmp_path)

    assert bonding.read() == {
        "node_bonding_slaves": [("bond0", 2), ("bond1", 0)],
        "node_bonding_active": [("bond0", 1), ("bond1", 0)],
    }


def test_a_machine_without_bonds_has_no_family(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.look_at(monkeypatch, tmp_path)

    assert bonding.read() == {}


def test_bond_with_a_name_of_any_text_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.write(tmp_path, {"sys/class/net/bonding_masters": "bond\u00a00 bond1\n"})
    machines.look_at(monkeypatch, tmp_path)

    assert bonding.read()["node_bonding_slaves"] == [("bond\u00a00", 0), ("bond1", 0)]
