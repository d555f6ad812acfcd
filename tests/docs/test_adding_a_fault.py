"""Runs the worked example of ``docs/adding-a-fault.md`` as it stands there."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from venuewatch.rehearsal import faults, verdicts

PAGE = (Path(__file__).parents[2] / "docs" / "adding-a-fault.md").read_text(encoding="utf-8")
FAULT, TRIALS, STAGED, TRY_OUT = re.findall(
    r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder whose modules are faults, too."""
    monkeypatch.setattr(faults, "__path__", [*faults.__path__, str(tmp_path)])
    yield tmp_path
    sys.modules.pop("venuewatch.rehearsal.faults.slow_downlink", None)


@pytest.mark.long
def test_the_examples_trials_are_right(folder: Path) -> None:
    (folder / "slow_downlink.py").write_text(FAULT, encoding="utf-8")

    exec(TRIALS, {})  # noqa: S102 - our own page


def test_the_examples_longer_delay_is_wrong(folder: Path) -> None:
    (folder / "slow_downlink.py").write_text(FAULT.replace("= 0.3", "= 5.0"), encoding="utf-8")

    trial = verdicts.try_fault("slow_downlink", verdicts.derived_seed(5, "slow_downlink", 3))

    assert not trial.is_right
    assert trial.words <= {"none", "other:venue:venue_unreachable", "other:host:silent"}


@pytest.mark.real
def test_the_examples_staged_fault_begins_and_ends() -> None:
    namespace: dict[str, object] = {}
    exec(STAGED, namespace)  # noqa: S102 - our own page

    exec(TRY_OUT, namespace)  # noqa: S102 - likewise
