"""Plays a small results system: it drops ODF-like messages into a folder."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from venuewatch.base import clock

EVERY_S: Final = 5.0
_UNIT = "SWMM100MFR----FNL-000100"
_LANES = range(1, 9)


class ResultsSystem:
    """Opens its talking window, then says by turns that it lives, and a score."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0

    def say(self) -> None:
        """Drop the next message into the folder, whole or not at all."""
        self._number += 1
        if self._number == 1:
            kind, more = "DT_LOCAL_ON", ""
        elif self._number % 2:
            kind, more = "DT_KA", ""
        else:
            version = self._number // 2
            more = f' DocumentCode="{_UNIT}" ResultStatus="LIVE" Version="{version}"'
            kind = "DT_CURRENT"
        draft = self._folder / f"{self._number:06d}.part"
        draft.write_text(_message(kind, more), encoding="utf-8")
        draft.rename(draft.with_suffix(".xml"))


def _message(kind: str, more: str) -> str:
    now = datetime.fromtimestamp(clock.wall(), UTC)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Body CompetitionCode="TEST1" DocumentType="{kind}" FeedFlag="P" Source="POOL1"'
        f' Date="{now:%Y-%m-%d}" Time="{now:%H%M%S}{now.microsecond // 1000:03}"'
        f' LogicalDate="{now:%Y-%m-%d}"{more}>'
        + "".join(f'<Result Lane="{lane}" Rank="{lane}" Mark="{40 + lane}.12"/>' for lane in _LANES)
        + "</Body>\n"
    )
