"""Modules that a plain agent does not load: each megabyte is taken from every host of a venue."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform != "linux", reason="Linux's only")]

ASKED = """
import sys
import agent.__main__, agent.shell, agent.identity
from agent import vitals
from agent.vitals import gather
gather(vitals.found(), float)
print(*sorted({"psutil", "subprocess", "asyncio"} & set(sys.modules)))
"""


def test_vitals_of_linux_are_read_without_psutil_and_without_what_starts_programs() -> None:
    said = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, check=True
    ).stdout

    assert said.split() == []
