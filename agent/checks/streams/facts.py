"""Facts that one message said of its source, read from what the extractors found.

What a message does not say, or says so that it can't be read, is unknown: it costs that fact only.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final, NamedTuple

from agent.checks.extractors import Found
from agent.checks.reading.stamps import stamp_of
from agent.checks.reading.times import Now
from agent.checks.reading.values import number_of, truth_of

NAMES: Final = ("alive", "number", "clock", "running", "stamp")
"""The settings that say where each is."""


class Facts(NamedTuple):
    """What one message said; None where it did not.

    ``is_alive``: it is a sign of life, and no data. ``clock``: what it shows, as text. ``word``:
    the text that ``running`` was read from. ``stamp_s``: when it was sent by the source's clock, in
    unixtime. ``broken``: why it can't be read, "" if it can: a message with any fact can.
    """

    is_alive: bool = False
    number: float | None = None
    clock: str | None = None
    running: bool | None = None
    word: str = ""
    stamp_s: float | None = None
    broken: str = ""


def facts_of(found: Mapping[str, Found], zone: tzinfo, now: Now) -> Facts:
    """Return the facts by what was found of each name, in a message that came at ``now``."""
    texts = {name: it.value for name, it in found.items() if it.value is not None}
    if not texts:
        return Facts(broken=next((it.why for it in found.values() if it.is_broken), ""))
    word, stamp = texts.get("running", ""), texts.get("stamp")
    number = texts.get("number")
    return Facts(
        is_alive="alive" in texts,
        number=None if number is None else number_of(number),
        clock=texts.get("clock"),
        running=truth_of(word) if word else None,
        word=word,
        stamp_s=None if stamp is None else stamp_of(stamp, zone, now.wall_s),
    )
