"""The bench of a simulated rehearsal: it says what it can not do, and compares scores."""

import pytest

from bench import __main__ as command


def test_plan_that_can_not_be_met_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["rehearsal_simulated", "--scenarios", "3", "--again", "0"]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("rehearsal_simulated: scenarios: expected ")
    assert said.err.count("\n") == 1
