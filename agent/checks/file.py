"""Looks for files: the newest that matches a pattern, its age, size and growth, and its content.

For results and logs that are dropped as files. The newest is the one that was modified last.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from agent.checks import Latest, Reading, SimpleCheck, about
from agent.checks.extractors import Body
from agent.checks.host.glob import File, Walk
from agent.checks.reading import times
from agent.checks.reading.limits import Finding, together
from agent.checks.reading.progress import AdvancingConfig, Progress, Progressed
from agent.checks.reading.times import Deadline, Now, for_reading
from agent.checks.reading.words import short, size_in_words, span_in_words
from venuewatch.base import clock
from venuewatch.base.config import in_words
from venuewatch.base.files import open_regular
from venuewatch.base.wire.checks import CheckValues

_FUTURE_S = 60.0  # machines that write into one folder differ by less, or a clock is wrong
_MAX_CONTENT_BYTES = 4_194_304
_RESERVED_S = 0.05  # of its time, what is kept back for judging

Bytes: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
AgeS: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Config(AdvancingConfig, frozen=True, tag="file"):
    """Walks the folders of a pattern: `*`, `?`, `[…]`, and once `**` for folders of any depth.

    Directories and hidden files don't count, unless the pattern names the dot. A reading looks at
    `max_entries` names and then stops. The detail says so, and a missing file is then `unknown`.

    With `[check.number]` or `[check.clock]` the content of the newest file must advance: where one
    rests for too long, the state is `critical`. One that goes back has advanced as well. The first
    4 MiB are read. The state is `unknown` when it takes over 2 s to match a pattern.
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
        super().__post_init__()


class Check(SimpleCheck[Config]):
    """No file, or one too old, too small or still: ``critical``."""

    def __init__(self, config: Config, latest: Latest, now: Callable[[], Now] = times.now) -> None:
        super().__init__(config, latest)
        self._now = now
        self._last: File | None = None
        self._progress = Progress(config)

    def read(self) -> Reading:
        """Walk once."""
        config, deadline = self._config, for_reading(self._config.timeout_s)
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
        progress = self._judge_content(newest, deadline)
        values = CheckValues(
            check_files=count,
            check_file_age_seconds=round(age_s, 3),
            check_file_size_bytes=newest.size_bytes,
            check_content_number=progress.number,
            check_content_rest_seconds=progress.rest_s,
        )
        aged = f"{span_in_words(age_s)} old" if age_s >= 0 else f"in {span_in_words(-age_s)}"
        words = f"{Path(newest.path).name}, {size_in_words(newest.size_bytes)}, {aged}"
        findings = [self._judge_newest(newest, last, age_s), *progress.findings]
        if walk.is_cut:  # the newest may be another
            findings = [
                each._replace(state="unknown") if each.state == "critical" else each
                for each in findings
            ]
        if config.max_files is not None and count > config.max_files:
            findings.append(Finding("critical", f"{count} files"))
        reading = together(findings, values)
        return reading._replace(detail=_line(reading.detail, words, limits))

    def _without(self, walk: Walk, limits: str) -> Reading:
        values = CheckValues(check_files=0)
        if walk.denied:
            return Reading("unknown", short(f"{walk.denied}: may not be looked into"), values)
        detail = short(f"no file matches {self._config.pattern}{limits}")
        if walk.is_cut:
            return Reading("unknown", detail, values)
        return Reading("ok" if self._config.may_be_missing else "critical", detail, values)

    def _judge_newest(self, newest: File, last: File | None, age_s: float) -> Finding:
        config = self._config
        if config.max_age_s is not None and age_s > config.max_age_s:
            return Finding("critical", "too old")
        if newest.size_bytes < config.min_size_bytes:
            return Finding("critical", "too small")
        if config.must_grow and newest == last:
            return Finding("critical", "was not written")
        return Finding("warning", "from the future") if age_s < -_FUTURE_S else Finding("ok")

    def _judge_content(self, newest: File, deadline: Deadline) -> Progressed:
        if not self._config.must_advance:
            return Progressed([])
        try:
            with open(open_regular(newest.path), "rb", buffering=0) as source:  # noqa: PTH123 - a descriptor
                content = source.read(_MAX_CONTENT_BYTES + 1)
        except OSError as error:
            return self._progress.judge(None, self._now(), deadline, in_words(error))
        is_whole = len(content) <= _MAX_CONTENT_BYTES
        name = Path(newest.path).name
        body = Body(content[:_MAX_CONTENT_BYTES], name=name, is_whole=is_whole)
        return self._progress.judge(body, self._now(), deadline)


def _line(verdict: str, words: str, limits: str) -> str:
    return short((f"{verdict}: " if verdict else "") + words + limits)
