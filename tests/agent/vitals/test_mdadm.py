"""Arrays of disks: what /proc/mdstat says."""

from pathlib import Path

import pytest

from agent.vitals import mdadm
from agent.vitals.mdadm import Array
from tests.agent.vitals import machines

ARRAYS = {array.name: array for array in mdadm.parsed(machines.MDSTAT.encode())}


def test_an_array_that_lost_a_disk_lacks_it_and_recovers() -> None:
    assert ARRAYS["md6"] == Array(
        "md6",
        "recovering",
        required=2,
        active=1,
        failed=1,
        spare=1,
        blocks=195_310_144,
        synced=16_775_552,
    )


def test_a_whole_array_is_active_and_in_sync() -> None:
    assert ARRAYS["md3"] == Array("md3", "active", 8, 8, 0, 2, 5_853_468_288, 5_853_468_288)


@pytest.mark.parametrize(
    ("name", "state", "synced"),
    [
        ("md0", "resync", 0),
        ("md8", "resync", 16_775_552),
        ("md201", "check", 114_176),
        ("md42", "active", 1_993_728),
        ("md4", "inactive", 4_883_648),
    ],
    ids=["waits to resync", "resyncs", "is checked", "is reshaped", "is inactive"],
)
def test_a_state_is_node_exporters(name: str, state: str, synced: int) -> None:
    assert (ARRAYS[name].state, ARRAYS[name].synced) == (state, synced)


def test_an_array_without_redundancy_requires_all_its_disks() -> None:
    assert (ARRAYS["md101"].required, ARRAYS["md101"].active) == (3, 3)


def test_a_machine_without_arrays_has_no_family(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.look_at(monkeypatch, tmp_path)

    none_at_all = mdadm.read()
    machines.write(tmp_path, {"proc/mdstat": "Personalities : \nunused devices: <none>\n"})

    assert (none_at_all, mdadm.read()) == ({}, {})


def test_each_state_of_an_array_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machines.look_at(monkeypatch, tmp_path)
    text = "md0 : active raid1 sda1[0] sdb1[1](F)\n      100 blocks [2/1] [U_]\n\n"
    machines.write(tmp_path, {"proc/mdstat": text})

    families = mdadm.read()

    states = {"active": 1, "inactive": 0, "recovering": 0, "resync": 0, "check": 0}
    assert families["node_md_state"] == [("md0", state, at) for state, at in states.items()]
    disks = {"active": 1, "failed": 1, "spare": 0}
    assert families["node_md_disks"] == [("md0", state, at) for state, at in disks.items()]
    assert families["node_md_disks_required"] == [("md0", 2)]
