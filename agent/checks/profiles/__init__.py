"""Profiles: settings of the check ``stream`` for one results system each, one TOML file each.

``[check]`` of a file says how a system talks, in the settings that a ``[[check]]`` of
``agent.toml`` has. ``[about]`` tells people what the system is, and what a check with this profile
sees of it. A file with a name that begins with ``_`` is none.
"""

from pathlib import Path
from typing import Annotated, Final

import msgspec

from agent.checks.streams.settings import Talk
from venuewatch.base.config import ConfigError, read_toml
from venuewatch.base.in_toml import in_toml
from venuewatch.base.refusals import RefusedError, convert, unknown
from venuewatch.base.wire.checks import ResultsState

FOLDER: Final = Path(__file__).parent

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Sees(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state that a check with the profile says of each thing that can happen.

    ``between_heats``: it is well, and has nothing to do. ``silent``: it says nothing more.
    ``frozen``: its program hangs while it is at work. ``cut``: the connection broke and does not
    come back, or the folder is gone. ``garbage``: it says what makes no sense.
    """

    well: ResultsState
    between_heats: ResultsState
    silent: ResultsState
    frozen: ResultsState
    cut: ResultsState
    garbage: ResultsState


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words for people; ``give``: the lines that a configuration has to add, as an example."""

    system: Words
    source: Words
    life: Words
    progress: Words
    cannot_see: Words
    give: Words
    sees: Sees


class Settings(Talk, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings as a check has them, but for its way in: that is another at each venue."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file; of each setting, what a check says itself is taken instead."""

    about: About
    check: Settings


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the profiles, in order."""
    files = folder.glob("*.toml")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def load(name: str, folder: Path = FOLDER, *, at: str = "") -> Profile:
    """Read one profile; ``at`` is where a configuration names it.

    Raises:
        ValueError: there is none of that name, or its file is not as it should be, in words.
    """
    if name not in names(folder):
        raise ValueError(unknown("profile", name, names(folder), at=at))
    try:
        return convert(read_toml(folder / f"{name}.toml"), Profile)
    except (ConfigError, RefusedError) as error:
        raise ValueError(f"profile {name}: {error}") from None


def shown(own: Talk, name: str) -> list[str]:
    """Return each setting that a check leaves to its profile, a line each, as TOML has it."""
    said = msgspec.to_builtins(load(name).check)
    return [
        f"{field} = {in_toml(value)}"
        for field, value in said.items()
        if value is not None and getattr(own, field) is None
    ]
