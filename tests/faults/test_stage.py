"""The stage says in words what this machine lacks for it."""

import pytest

from venuewatch.rehearsal.stage import run
from venuewatch.rehearsal.stage.machine import StageError


def refusal() -> str:
    with pytest.raises(StageError) as raised, run.run_of_namespaces():
        pass
    return str(raised.value)


def test_a_stage_without_root_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert refusal() == "network namespaces need root on Linux"


@pytest.mark.parametrize(("program", "package"), [("ip", "iproute2"), ("setpriv", "util-linux")])
def test_a_stage_without_its_program_names_the_package(
    program: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: None if name == program else name)

    assert refusal() == f"{program} ({package}) is not installed"


@pytest.mark.real
def test_a_kernel_without_a_device_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_DEVICES", ("link add name try0 type nonesuch",))

    assert refusal().startswith("the kernel gives no nonesuch device: ")
