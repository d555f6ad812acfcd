"""Characters that a setting names in place of having them, as TOML leaves them in single quotes."""

import re
from collections.abc import Sequence
from typing import Final

_ESCAPED: Final = re.compile(r"\\(?:[nrt0]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})\Z")


def refuse_escaped(field: str, texts: Sequence[str], names: frozenset[str] = frozenset()) -> None:
    """Raise ValueError where a text ends with an escape, or is one of some ``names``."""
    named = next((it for it in texts if it.upper() in names or _ESCAPED.search(it)), "")
    if named:
        right = r'the characters themselves, in double quotes: "\r\n" or "\u0003"'
        raise ValueError(f"Expected `{field}` to have {right}; got '{named:.40}'")
