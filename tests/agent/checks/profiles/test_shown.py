"""The settings of a profile, as people see them when they check a configuration."""

import argparse
import tomllib
from pathlib import Path

import pytest

from agent.checks import profiles
from venuewatch.base.refusals import convert
from venuewatch.commands import check_config

AGENT = """
venue = "STA"
host = "alpha"

[[check]]
kind = "stream"
name = "finish"
profile = "wiclax"
connect = "10.1.0.30:9001"
silence_limit_s = 75.0
"""


def checked(path: Path, text: str) -> int:
    path.write_text(text, encoding="utf-8")
    return check_config.run(argparse.Namespace(file=[path]))


def test_check_config_shows_what_a_profile_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = checked(tmp_path / "agent.toml", AGENT)

    said = capsys.readouterr().out.splitlines()
    assert code == 0
    assert said[1] == "finish has from the profile wiclax:"
    assert r'  alive = { regex = "^(\\*)$" }' in said
    assert not any("silence_limit_s" in line for line in said)


def test_check_config_refuses_an_unknown_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = checked(tmp_path / "agent.toml", AGENT.replace('"wiclax"', '"wiklax"'))

    said = capsys.readouterr().err
    assert code == 2
    assert 'unknown profile "wiklax"' in said
    assert 'did you mean "wiclax"?' in said


@pytest.mark.parametrize("name", profiles.names())
def test_shown_settings_are_those_of_the_profile(name: str) -> None:
    own = profiles.Settings()

    lines = profiles.shown(own, name)

    shown = convert(tomllib.loads("\n".join(lines)), profiles.Settings)
    assert shown == profiles.load(name).check
