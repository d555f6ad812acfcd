"""The page for results managers: each configuration in it is one that an agent takes."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from agent.checks import profiles, stream
from venuewatch.base.wire.checks import RESULTS_STATES

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_configuration_on_the_page_is_valid(block: str) -> None:
    (entry,) = tomllib.loads(block)["check"]

    config = msgspec.convert(entry, stream.Config)

    assert config.way() in entry


def test_each_profile_has_its_section() -> None:
    shown = re.findall(r'^profile = "(\w+)"$', PAGE, re.MULTILINE)

    assert set(profiles.names()) <= set(shown)


def test_each_state_of_results_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)

    assert set(rows) == RESULTS_STATES
