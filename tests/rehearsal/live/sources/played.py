"""A source that is played by a clock of its own to the real check of its feed, and to a witness."""

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from agent.checks import Reading
from agent.checks.feed import Check, Config
from agent.checks.reading.times import Now
from venuewatch.rehearsal.fleet import CHECK_EVERY_S, DATA_LIMIT_S, LIMIT_S
from venuewatch.rehearsal.live.seen import feeds
from venuewatch.rehearsal.live.seen.feeds import Written
from venuewatch.rehearsal.live.sources.instructions import PLAYS, Instruction
from venuewatch.rehearsal.live.sources.ring import Ring
from venuewatch.rehearsal.live.sources.source import Source

BEGIN_S: Final = 1_800_000_000.0  # a Friday morning
BOOTED_S: Final = 1_000_000.0
ZONE: Final = "Europe/Paris"
NAME: Final = "STA-results-01"


class Played:
    """``now`` is unixtime; the check is read as often as on a stage."""

    def __init__(self, folder: Path, ring: Ring) -> None:
        self.now = BEGIN_S
        self._ring = ring
        self._folder = folder
        self._source = Source(NAME, ZoneInfo(ZONE))
        self._written: list[Written] = []
        self.check = self.new_check()
        self.read = self.check.read()

    def new_check(self, zone: str = ZONE) -> Check:
        config = Config(
            name="results",
            zone=zone,
            folder=str(self._folder),
            keep_alive_limit_s=LIMIT_S,
            latency_limit_s=DATA_LIMIT_S,
            data_limit_s=DATA_LIMIT_S,
        )
        return Check(config, lambda _name: None, lambda: Now(self.now - BOOTED_S, self.now))

    def begin_anew(self, zone: str = ZONE) -> None:
        """Start the check as a new process."""
        self.check = self.new_check(zone)

    def play(self, seconds: float, told: Instruction = PLAYS) -> list[Reading]:
        """Play for so long; return what the check found."""
        found = []
        for second in range(1, round(seconds) + 1):
            self.now += 1.0
            self._advance(told)
            if second % CHECK_EVERY_S == 0:
                self.read = self.check.read()
                found.append(self.read)
        return found

    def _advance(self, told: Instruction) -> None:
        step = self._source.advance(self.now, told)
        if step.begins_anew:
            self._ring.clear()
        for said in step.said:
            self._ring.write(said, self.now)
            self._written.append(Written(self.now, said.content.decode()))

    @property
    def is_seen_well(self) -> bool:
        """What a witness says of the last seconds."""
        since_s = self.now - feeds.RECENT_S
        recent = [written for written in self._written if written.at_s >= since_s]
        return feeds.is_well(recent, ZoneInfo(ZONE))

    @property
    def last(self) -> str:
        """What was said last."""
        return self._written[-1].text

    @property
    def names(self) -> int:
        """How many files its folder has."""
        return len(list(self._folder.iterdir()))
