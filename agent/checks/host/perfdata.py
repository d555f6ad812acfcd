"""Reads performance data, as the Monitoring Plugins development guidelines define them.

``'label'=value[UOM];[warn];[crit];[min];[max]``, separated by spaces. Text of another form is
passed over: an error of a plugin must not cost its other values.
"""

import math
import re

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

# Decimal prefixes are powers of 1000, as SI and Icinga have them; a unit that is not here
# (amperes, degrees, none at all, and c for a counter) is a base unit.
_SCALES = {"%": 0.01, "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "kB": 1e3}
_SCALES |= {f"{prefix}B": 1e3**power for power, prefix in enumerate("KMGTP", start=1)}
_SCALES |= {f"{prefix}iB": 1024.0**power for power, prefix in enumerate("KMGTP", start=1)}


def parse(text: str) -> list[tuple[str, float]]:
    """Return the values by label, each label once: in seconds, bytes, ratios or numbers.

    A value that the plugin does not know (``U``) is left out, thresholds are ignored. At most 256
    rows.
    """
    rows: dict[str, float] = {}
    at = 0
    for _ in range(_MAX_TOKENS):
        if blank := _BLANK.match(text, at):
            at = blank.end()
        if at >= len(text) or len(rows) >= _MAX_ROWS:
            break
        found = _ROW.match(text, at)
        if found is not None:
            at = found.end()
            value = float(found["value"]) * _SCALES.get(found["unit"], 1.0)
            if math.isfinite(value):
                label = (found["quoted"] or found["plain"]).replace("''", "'")
                rows.setdefault(label.translate(_UNPRINTABLE).strip()[:_MAX_LABEL], value)
        rest = _TO_BLANK.match(text, at)  # thresholds, or what is not of this form
        at = rest.end() if rest is not None else at
    return list(rows.items())
