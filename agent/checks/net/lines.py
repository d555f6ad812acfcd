"""Judges a stream of bytes from a console: pure, from the bytes and the time."""

from collections.abc import Callable, Sequence

from agent.checks import Reading
from agent.checks.reading.times import Now, on_wall
from venuewatch.base.wire.checks import CheckState, CheckValues


class Lines:
    """Takes a stream apart into lines, and knows when the last of each sort came.

    ``heartbeats`` tells of each line if it is life but no data; None: the stream has no lines, and
    any byte is life. What is too long to be a line is counted and dropped. ``heard`` is when the
    last byte came; silence is counted from ``since`` on.
    """

    def __init__(
        self,
        heartbeats: Callable[[list[str]], Sequence[int]] | None,
        *,
        silence_limit_s: float,
        max_line_bytes: int,
        since: Now,
    ) -> None:
        self._heartbeats = heartbeats
        self._limit_s = silence_limit_s
        self._max_line_bytes = max_line_bytes
        self._begun = b""
        self._is_too_long = False
        self._bytes = self._data = self._oversized = 0
        self.heard = since
        self._lived = since
        self._moved: Now | None = None

    def hear(self, piece: bytes, now: Now) -> None:
        """Take in bytes that came at ``now``; raises what ``heartbeats`` does."""
        self._bytes += len(piece)
        self.heard = now
        if self._heartbeats is None:
            self._lived = self._moved = now
            return
        *ends, self._begun = (self._begun + piece).split(b"\n")
        texts = [text for line in ends if (text := self._text_of(line, now))]
        if len(self._begun) > self._max_line_bytes:
            self._begun = b""
            self._is_too_long = True
        if data := len(texts) - sum(self._heartbeats(texts)):
            self._data += data
            self._moved = now

    def judge(self, now: Now, trouble: str = "") -> Reading:
        """Return the state at ``now``; ``trouble`` is what is wrong with the connection."""
        quiet_s = now.monotonic_s - self.heard.monotonic_s
        lifeless_s = now.monotonic_s - self._lived.monotonic_s
        limit = f"limit {self._limit_s:g} s"
        state: CheckState
        if quiet_s > self._limit_s:
            state, why = "silent", f"nothing for {quiet_s:.0f} s, {limit}"
        elif not self._bytes:
            state, why = "unknown", "nothing heard yet"
        elif lifeless_s > self._limit_s:
            state, why = "delayed", f"bytes, but no whole line for {lifeless_s:.0f} s, {limit}"
        else:
            state, why = "flowing", f"heard {quiet_s:.0f} s ago"
        return Reading(state, f"{why}; {trouble}" if trouble else why, self._values(now))

    def _text_of(self, line: bytes, now: Now) -> str:
        if self._is_too_long or len(line) > self._max_line_bytes:
            self._is_too_long = False
            self._oversized += 1
            return ""
        self._lived = now
        return line.decode("latin-1").rstrip("\r")

    def _values(self, now: Now) -> CheckValues:
        return CheckValues(
            results_bytes_total=float(self._bytes),
            results_messages_total=None if self._heartbeats is None else float(self._data),
            results_oversized_total=float(self._oversized),
            results_last_message_timestamp_seconds=on_wall(self.heard, now)
            if self._bytes
            else None,
            results_last_data_timestamp_seconds=on_wall(self._moved, now),
        )
