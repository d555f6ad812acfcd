"""Reads performance data, as the Monitoring Plugins development guidelines define them.

``'label'=value[UOM];[warn];[crit];[min];[max]``, separated by spaces. Text of another form is
passed over: an error of a plugin must not cost its other values.
"""

import math
import re
from typing import Any

from venuewatch.base.wire.checks import CheckValues

_MAX_ROWS = 256
_MAX_TOKENS = 1_024  # looked at, good or bad: what garbage may cost
_MAX_LABEL = 256
_ROW = re.compile(
    r"(?:'(?P<quoted>(?:[^']|''){1,256})'|(?P<plain>[^\s'=]{1,256}))"
    r"=(?P<value>[-+]?(?:[0-9]{1,32}(?:\.[0-9]{0,32})?|\.[0-9]{1,32})(?:[eE][-+]?[0-9]{1,4})?)"
    r"(?P<unit>(?:[^\s;,0-9][^\s;,]{0,15})?)(?=[\s;]|,\s|,?$)"
)
_BLANK = re.compile(r"\s+")
_TO_BLANK = re.compile(r"\S+\s*")
_UNPRINTABLE = dict.fromkeys((*range(32), *range(127, 160)), "?")

_PLAIN = "check_performance"
_SECONDS = "check_performance_seconds"
_BYTES = "check_performance_bytes"

# Decimal prefixes are powers of 1000, as SI and Icinga have them. A unit that is not here
# (amperes, degrees, none at all) is a base unit.
_UNITS = {
    "%": ("check_performance_ratio", 0.01),
    "c": ("check_performance_total", 1.0),
    "s": (_SECONDS, 1.0),
    "ms": (_SECONDS, 1e-3),
    "us": (_SECONDS, 1e-6),
    "µs": (_SECONDS, 1e-6),
    "ns": (_SECONDS, 1e-9),
    "B": (_BYTES, 1.0),
    "kB": (_BYTES, 1e3),
}
for _power, _prefix in enumerate("KMGTP", start=1):
    _UNITS[f"{_prefix}B"] = (_BYTES, 1e3**_power)
    _UNITS[f"{_prefix}iB"] = (_BYTES, 1024.0**_power)


def parse(text: str) -> CheckValues:
    """Return the values by unit and label, each label of a unit once.

    They are in seconds, bytes and ratios, counters by themselves, and all others as they are. A
    value that the plugin does not know (``U``) is left out, thresholds are ignored. At most 256
    rows.
    """
    families: dict[str, dict[str, float]] = {}
    at = count = 0
    for _ in range(_MAX_TOKENS):
        if blank := _BLANK.match(text, at):
            at = blank.end()
        if at >= len(text) or count >= _MAX_ROWS:
            break
        found = _ROW.match(text, at)
        if found is not None:
            at = found.end()
            name, scale = _UNITS.get(found["unit"], (_PLAIN, 1.0))
            value = float(found["value"]) * scale
            label = (found["quoted"] or found["plain"]).replace("''", "'")
            label = label.translate(_UNPRINTABLE).strip()[:_MAX_LABEL]
            rows = families.setdefault(name, {})
            if math.isfinite(value) and label not in rows:
                rows[label] = value
                count += 1
        rest = _TO_BLANK.match(text, at)  # thresholds, or what is not of this form
        at = rest.end() if rest is not None else at
    values: dict[str, Any] = {name: list(rows.items()) for name, rows in families.items() if rows}
    return CheckValues(**values)
