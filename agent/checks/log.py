"""Searches a log for a pattern, in the lines written since the last reading.

The log is followed from its end as it was at the first reading, through rotation and truncation.
"""

from typing import Annotated, Literal

from agent.checks import CheckConfig, Latest, PathName, Pattern, Reading, about
from agent.checks.host.tail import Tail
from agent.checks.patterns.matcher import MATCHER, UnmatchedError, refuse_bad_pattern
from agent.checks.reading.times import Deadline, for_reading
from agent.checks.reading.words import short, size_in_words, span_in_words
from venuewatch.base import clock
from venuewatch.base.wire.checks import CheckValues

_UNENDED_BYTES = 65_536  # so much without a line end is no log
_PATIENCE = 1  # readings without the file that a rotation may take


class Config(CheckConfig, frozen=True, tag="log"):
    """Searches each new line with Python's `re`, in its first 4,096 bytes.

    A line ends with a line feed, a carriage return or both. The text is UTF-8, UTF-16 or cp1252.
    The state is `unknown` where that is no text, and where 64 KiB have no line end.

    One process matches the patterns of all checks. A pattern that takes it over 2 s for 64 KiB of
    lines, as `(a+)+` may, is stopped: the state is `unknown`, and the rest is passed over. So it is
    (`warning`) when a reading lasts longer than `timeout_s`.
    """

    path: Annotated[PathName, about("path of the log", "/var/log/results/server.log")]
    pattern: Annotated[Pattern, about("regular expression, anywhere in a line", "ERROR|FATAL")]
    state: Annotated[
        Literal["warning", "critical"], about("what a line that matches means", "warning")
    ] = "critical"
    hold_s: Annotated[
        float, about("how long it stays so after the last match, in s", 60, ge=0, le=86_400)
    ] = 300.0
    max_bytes: Annotated[
        int, about("most bytes read at once: the newest ones", 4_194_304, ge=4_096, le=67_108_864)
    ] = 1_048_576

    def __post_init__(self) -> None:
        refuse_bad_pattern(self.pattern, "pattern")


class Check:
    """Bad at once when a line matches, well again after ``hold_s`` without one."""

    def __init__(self, config: Config, _latest: Latest) -> None:
        self._config = config
        self._tail = Tail(config.path, max_bytes=config.max_bytes)
        self._matches = 0
        self._matched_at: float | None = None
        self._line = ""
        self._missing = _PATIENCE

    def read(self) -> Reading:
        """Search what was appended since the last time."""
        config, skipped_before = self._config, self._tail.skipped_bytes
        trouble, unmatched, is_slow = "", "", False
        try:
            is_slow = not self._search(for_reading(config.timeout_s))
            self._missing = 0
        except UnmatchedError as error:
            unmatched = str(error)
        except OSError as error:
            self._missing += 1
            trouble = error.strerror or str(error)
        now = clock.monotonic()
        values = CheckValues(
            check_log_matches_total=self._matches,
            check_log_skipped_bytes_total=self._tail.skipped_bytes,
        )
        skipped = self._tail.skipped_bytes - skipped_before
        notes = f"; passed over {size_in_words(skipped)}" if skipped else ""
        if self._matched_at is not None and now - self._matched_at <= config.hold_s:
            since = span_in_words(now - self._matched_at)
            told = f"{self._matches} matched so far, the last {since} ago{notes}: {self._line}"
            return Reading(config.state, short(told), values)
        if unmatched:
            return Reading("unknown", short(f"{unmatched}{notes}"), values)
        if trouble and self._missing > _PATIENCE:
            return Reading("unknown", short(f"{config.path}: {trouble}"), values)
        if not self._tail.is_text:
            told = f"can't be read: expected text in UTF-8, UTF-16 or cp1252{notes}"
            return Reading("unknown", told, values)
        if self._tail.unended_bytes >= _UNENDED_BYTES:
            unended = size_in_words(self._tail.unended_bytes)
            return Reading("unknown", f"can't be read: no line end in {unended}{notes}", values)
        if is_slow:
            return Reading("warning", f"not searched within {config.timeout_s:g} s{notes}", values)
        return Reading("ok", f"no line matched{notes}", values)

    def close(self) -> None:
        """Let the file go."""
        self._tail.close()

    def _search(self, deadline: Deadline) -> bool:
        """Search every new line; return False if that was not done in time.

        Raises:
            UnmatchedError: the pattern could not be matched.
            OSError: the log can't be read.
        """
        search_until = deadline.share(2)  # what begins before has time to end
        for lines in self._tail.chunks():
            try:
                found = MATCHER.in_lines(self._config.pattern, lines, deadline)
            except UnmatchedError:
                self._tail.give_up(sum(len(line) + 1 for line in lines))
                raise
            if 1 in found:
                self._matches += sum(found)
                self._matched_at = clock.monotonic()
                self._line = short(lines[found.rindex(1)].decode(errors="replace"))
            if search_until.is_over():
                self._tail.give_up(0)
                return False
        return True
