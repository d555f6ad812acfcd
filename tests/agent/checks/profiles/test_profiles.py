"""Profiles as files: found by folder, decoded whole, refused in words."""

from pathlib import Path

import pytest

from agent.checks import profiles
from agent.checks.streams.settings import plan_of
from tests.agent.checks.profiles.speaking import speaker

NAMES = profiles.names()
GOOD = (profiles.FOLDER / "wiclax.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_is_a_plan_by_itself(name: str) -> None:
    plan = plan_of(profiles.load(name).check)

    assert plan.silence_limit_s >= 15.0


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_has_a_speaker(name: str) -> None:
    assert speaker(name).says("heat", 0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_asks_what_its_system_waits_for(name: str) -> None:
    plan = plan_of(profiles.load(name).check)

    assert speaker(name).asked in plan.send


def test_settings_of_a_check_replace_those_of_its_profile() -> None:
    own = profiles.Settings(silence_limit_s=75.0)

    plan = plan_of(own, profiles.load("wiclax").check)

    assert plan.silence_limit_s == 75.0
    assert "alive" in plan.extracts


def test_unknown_profile_names_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r'unknown profile "wiclaks" at .*mean "wiclax"'):
        profiles.load("wiclaks", at="$.check[0].profile")


@pytest.mark.parametrize(
    "name", ["../profiles/wiclax", "/etc/passwd", "wiclax.toml", "", "_", "wiclax\0"]
)
def test_profile_is_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="unknown profile"):
        profiles.load(name)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[about]", "[about", "expected TOML"),
        ("silence_limit_s", "silence_limit", 'unknown field "silence_limit" at .*silence_limit_s'),
        (
            "silence_limit_s = 30.0",
            'silence_limit_s = "long"',
            "expected .*, got .*silence_limit_s",
        ),
        ("regex = ", "regexp = ", 'unknown field "regexp" at .*alive'),
        (r"^(\*)$", "(", "expected"),
        ('well = "flowing"', 'well = "fine"', 'unknown value "fine"'),
        ('life = "', 'lives = "', 'unknown field "lives"'),
        ("[check]", "[check]\nconnect = '10.1.0.7:1'", 'unknown field "connect"'),
        ("[check]", "[check]\nkind = 'stream'", 'unknown field "kind"'),
    ],
)
def test_bad_profile_is_refused_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    (tmp_path / "own.toml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ValueError, match=f"^profile own: .*{words}"):
        profiles.load("own", tmp_path)


def test_file_that_begins_with_an_underscore_is_no_profile(tmp_path: Path) -> None:
    for name in ("_draft.toml", "own.toml", "own.txt"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")

    assert profiles.names(tmp_path) == ("own",)
