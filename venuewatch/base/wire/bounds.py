"""Bounds of what the wire takes, for the messages and for the settings that end up in them.

Each stands here once. The structs of messages are made of them, and so are the settings of agent
and aggregator: what ``check-config`` lets through is never refused by the other side.
"""

import re
from typing import Final

NAME: Final = "[A-Za-z0-9.-][A-Za-z0-9._-]{0,63}"
"""The pattern of a name: of a venue, host, check or aggregator."""

NAME_MAX: Final = 64
"""How many characters a name has at most, for messages that hold names of others."""

TEXT_MAX: Final = 256
"""How many characters a text for people has at most: a role, a fact of the machine."""

LABEL_MAX: Final = 256
"""How many characters the value of a label has at most: an interface, a mountpoint."""

DETAIL_MAX: Final = 512
"""How many characters the detail of a check has at most."""

ADDRESS_MAX: Final = 253
"""How many characters an address has at most: as many as a name in DNS (RFC 1035)."""

PERIOD_MIN_S: Final = 0.1
"""The shortest time (s) after which a thing is repeated."""

PERIOD_MAX_S: Final = 86_400.0
"""The longest time (s) after which a thing is repeated."""

_NO_TEXT = re.compile("[\ud800-\udfff]")  # bytes that are no UTF-8, as Python keeps them


def fitted(text: str, longest: int) -> str:
    """Return a text as the wire takes it: each byte that is no UTF-8 is a mark, the end is cut."""
    if not text.isascii():
        text = _NO_TEXT.sub("\ufffd", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
