"""Marks: the limits that a scenario has to meet, read from one TOML file."""

from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, get_args

import msgspec

from venuewatch.base import config

MeasureName: TypeAlias = Literal[
    "detected",
    "told",
    "cause",
    "scope",
    "others",
    "once",
    "recovery",
    "counted",
    "acknowledged",
    "checklist",
]
MEASURES: Final[tuple[MeasureName, ...]] = get_args(MeasureName)
BY_PEOPLE: Final[frozenset[MeasureName]] = frozenset({"acknowledged", "checklist"})
"""Measures of people's work, which nothing takes yet."""

DEFAULT: Final = Path(__file__).with_name("marks.toml")

_Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits beside those of each scenario, in seconds; ``marks.toml`` says what each is for."""

    detect_more_s: _Seconds = 0.0
    told_within_s: _Seconds = 2.0
    cause_more_s: _Seconds = 3.0
    over_more_s: _Seconds = 0.0
    early_s: _Seconds = 0.5
    after_s: _Seconds = 60.0
    void_share_max: _Share = 0.02
    not_judged: tuple[MeasureName, ...] = ()

    def judges(self, name: MeasureName) -> bool:
        """Tell whether a measure is taken."""
        return name not in BY_PEOPLE and name not in self.not_judged


def load(path: Path = DEFAULT) -> Marks:
    """Read marks; what the file leaves out is as by default.

    Raises:
        ConfigError: it can't be read, or is no such file.
    """
    return config.load(path, Marks)
