"""Looks for files: the newest that matches a pattern, its age, its size, its growth.

For results and logs that are dropped as files. The newest is the one that was modified last.
"""

from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from agent.checks import CheckConfig, Latest, Reading, SimpleCheck, about
from agent.checks.host.glob import File, Walk
from agent.checks.reading.words import short, size_in_words, span_in_words
from venuewatch.base import clock
from venuewatch.base.wire.checks import CheckState, CheckValues

_FUTURE_S = 60.0  # machines that write into one folder differ by less, or a clock is wrong
_RESERVED_S = 0.05  # of its time, what is kept back for judging

Bytes: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
AgeS: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Config(CheckConfig, frozen=True, tag="file"):
    """Walks the folders of a pattern: `*`, `?`, `[…]`, and once `**` for folders of any depth.

    Directories and hidden files don't count, unless the pattern names the dot. A reading looks at
    `max_entries` names and then stops. The detail says so, and a missing file is then `unknown`.
    """

    pattern: Annotated[
        str, about("path with wildcards", "/srv/results/*.xml", min_length=1, max_length=4096)
    ]
    max_age_s: Annotated[AgeS | None, about("the newest file is at most this old, in s", 90)] = None
    min_size_bytes: Annotated[Bytes, about("least size of the newest file, in bytes", 1)] = 0
    must_grow: Annotated[
        bool,
        about("since the last reading a file came, or the newest was written: size or time", True),
    ] = False
    max_files: Annotated[Count | None, about("most files, as in a queue's folder", 100)] = None
    may_be_missing: Annotated[bool, about("no file at all is well", True)] = False
    max_entries: Annotated[int, about("names looked at", 50_000, ge=1, le=1_000_000)] = 10_000

    def __post_init__(self) -> None:
        parts = Path(self.pattern).parts
        if not parts or "\0" in self.pattern:
            raise ValueError("Expected `pattern` to name files")
        if parts.count("**") > 1:
            raise ValueError("Expected `**` at most once in `pattern`")


class Check(SimpleCheck[Config]):
    """No file, or one too old, too small or still: ``critical``."""

    def __init__(self, config: Config, latest: Latest) -> None:
        super().__init__(config, latest)
        self._last: File | None = None

    def read(self) -> Reading:
        """Walk once."""
        config = self._config
        until = clock.monotonic() + config.timeout_s - _RESERVED_S
        walk = Walk(config.pattern, max_entries=config.max_entries, until=until)
        newest, count = None, 0
        for file in walk.files():
            count += 1
            if newest is None or (file.modified_at, file.path) > (newest.modified_at, newest.path):
                newest = file
        last, self._last = self._last, newest
        limits = f"; looked at the first {walk.entries} names only" if walk.is_cut else ""
        if newest is None:
            return self._without(walk, limits)
        age_s = clock.wall() - newest.modified_at
        values = CheckValues(
            check_files=count,
            check_file_age_seconds=round(age_s, 3),
            check_file_size_bytes=newest.size_bytes,
        )
        aged = f"{span_in_words(age_s)} old" if age_s >= 0 else f"in {span_in_words(-age_s)}"
        words = f"{Path(newest.path).name}, {size_in_words(newest.size_bytes)}, {aged}"
        trouble = self._trouble(newest, last, age_s)
        if config.max_files is not None and count > config.max_files:
            return Reading("critical", _line(f"{count} files", words, limits), values)
        if trouble:
            state: CheckState = "unknown" if walk.is_cut else "critical"
            return Reading(state, _line(trouble, words, limits), values)
        if age_s < -_FUTURE_S:
            return Reading("warning", _line("from the future", words, limits), values)
        return Reading("ok", _line("", words, limits), values)

    def _without(self, walk: Walk, limits: str) -> Reading:
        values = CheckValues(check_files=0)
        if walk.denied:
            return Reading("unknown", short(f"{walk.denied}: may not be looked into"), values)
        detail = short(f"no file matches {self._config.pattern}{limits}")
        if walk.is_cut:
            return Reading("unknown", detail, values)
        return Reading("ok" if self._config.may_be_missing else "critical", detail, values)

    def _trouble(self, newest: File, last: File | None, age_s: float) -> str:
        config = self._config
        if config.max_age_s is not None and age_s > config.max_age_s:
            return "too old"
        if newest.size_bytes < config.min_size_bytes:
            return "too small"
        if config.must_grow and newest == last:
            return "was not written"
        return ""


def _line(verdict: str, words: str, limits: str) -> str:
    return short((f"{verdict}: " if verdict else "") + words + limits)
