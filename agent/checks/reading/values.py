"""Values as programs write them: a number and a truth, out of a text; pure.

What can't be read is None, never an error.
"""

import re
from typing import Final

_NUMBER: Final = re.compile(
    r"([+-]?)([0-9]{0,40})(?:\.([0-9]{0,40}))?(?:[eE]([+-]?[0-9]{1,2}))?", re.ASCII
)
_TRUTHS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0", "live", "running", "run"), True),
    **dict.fromkeys(("active", "started", "playing", "open"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0", "", "none", "null"), False),
    **dict.fromkeys(("stopped", "stop", "paused", "idle", "inactive", "closed", "finished"), False),
    **dict.fromkeys(("interrupted", "suspended", "delayed", "postponed", "rescheduled"), False),
    **dict.fromkeys(("cancelled", "canceled", "scheduled", "ended", "unofficial"), False),
    **dict.fromkeys(("official", "halted"), False),
}


def number_of(text: str) -> int | float | None:
    """Return a number: whole ones exactly, whatever their size, also as ``12.0`` or ``1e3``.

    Leading zeros and a sign may stand; thousands are not divided: ``1,234`` may be a fraction.
    """
    found = _NUMBER.fullmatch(text.strip(" \t\r\n\v\f\0"))
    if found is None:
        return None
    sign, whole, fraction, exponent = found[1], found[2], found[3] or "", int(found[4] or 0)
    if not whole + fraction:
        return None
    number, shift = int(f"{sign}{whole}{fraction}"), exponent - len(fraction)
    scale = int("1" + "0" * abs(shift))
    if shift >= 0:
        return number * scale
    return float(f"{number}e{shift}") if number % scale else number // scale


def truth_of(text: str) -> bool | None:
    """Return a truth: ``true``, ``Y``, ``1``, ``live`` or ``running``, and what says the opposite.

    Case does not matter.
    """
    return _TRUTHS.get(text.strip(" \t\r\n\v\f\0").lower())
