"""Things of others beside a rehearsal: a namespace, and tables of the packet filter."""

import contextlib
import os
from collections.abc import Iterator
from typing import Final

from venuewatch.rehearsal.stage.machine import Machine, ip, names, remove

NAMESPACE: Final = f"of-others-{os.getpid()}"
TABLE: Final = "inet of_others"
RULES: Final = f"""\
table {TABLE} {{
  set known {{ type ipv4_addr; elements = {{ 192.0.2.1 }}; }}
  chain arriving {{ type filter hook input priority 10; ip saddr @known drop; }}
}}
"""


class Foreign:
    """A namespace of others, and a table of theirs in it and in one of our machines."""

    def __init__(self, ours: Machine | None = None) -> None:
        self._places = [NAMESPACE, *([ours.namespace] if ours is not None else [])]
        for place in self._places:
            _nft(place, "-f", "-", text=RULES)
        self._before = self._rules()

    def is_untouched(self) -> bool:
        """Tell whether all of it is as it was made."""
        return NAMESPACE in names() and self._rules() == self._before

    def _rules(self) -> list[str]:
        return [_nft(place, "list", "table", *TABLE.split()) for place in self._places]


@contextlib.contextmanager
def beside(ours: Machine | None = None) -> Iterator[Foreign]:
    """Yield what is of others; it is removed afterwards."""
    ip("netns", "add", NAMESPACE)
    try:
        yield Foreign(ours)
    finally:
        remove(NAMESPACE)


def _nft(place: str, *words: str, text: str = "") -> str:
    return ip("netns", "exec", place, "nft", *words, text=text)
