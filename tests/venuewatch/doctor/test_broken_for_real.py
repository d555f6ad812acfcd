"""Broken set-ups of real brokers, files and networks: the doctor has one line for each.

What this machine itself lacks, such as systemd or a time service, is wrong in a right set-up, too.
So those checks are left out, but where they are the ones to tell. ``test_broken_set_ups.py`` has
what no test can bring about here, by what the system would say.
"""

from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.venuewatch.doctor.real import brokers, centre, certificates, machine, network
from tests.venuewatch.doctor.real.set_up import Broken, agent_of, broker, wrong_by
from venuewatch.doctor.checks import all_checks

pytestmark = [pytest.mark.real, pytest.mark.long]

WANTED: Final = 20
OF_THIS_MACHINE: Final = {"unit", "clock", "thin"}
"""What may be wrong on a machine of tests, whatever is set up there."""

CASES: Final = network.CASES | brokers.CASES | certificates.CASES | machine.CASES | centre.CASES


@pytest.fixture(autouse=True)
def no_other_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find no agent of another test: one whose file is gone may have any name."""

    def none(_attributes: object) -> list[object]:
        return []

    monkeypatch.setattr(psutil, "process_iter", none)


def test_right_set_up_has_no_fault_of_its_own(
    short_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with broker(short_folder) as running:
        found = wrong_by([str(agent_of(short_folder, port=running.port))], capsys)

    assert {each["check"] for each in found} <= OF_THIS_MACHINE


def test_right_centre_has_no_fault_of_its_own(
    short_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        broker(short_folder) as running,
        centre.centre_of(short_folder, {"port": running.port}) as words,
    ):
        found = wrong_by(words, capsys)

    assert {each["check"] for each in found} <= OF_THIS_MACHINE


@pytest.mark.parametrize("broken", CASES.values(), ids=CASES)
def test_broken_set_up_is_named_in_one_line(
    broken: Broken, short_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with broken.lay(short_folder) as words:
        found = wrong_by(words, capsys)

    others = OF_THIS_MACHINE - {broken.check}
    (fault,) = [each for each in found if each["check"] not in others]
    assert fault["check"] == broken.check
    assert broken.words in fault["text"]
    assert fault["todo"]


def test_twenty_set_ups_are_real_and_every_check_has_one() -> None:
    assert len(CASES) >= WANTED
    assert {broken.check for broken in CASES.values()} == set(all_checks()) - {"thin"}
