"""Memory of who was told of an incident, and what the answer was.

Outlets note it here, and the API shows it in an incident's timeline. It is of this process only,
and bounded: a record for people, on which nothing depends.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import NamedTuple

INCIDENTS_MAX = 1_000
"""Of how many incidents it is known: those of which somebody was told last."""

TELLINGS_MAX = 50
"""How many tellings are known of one incident: the latest."""


class Telling(NamedTuple):
    """One telling: ``at`` (s since 1970) ``to`` was told something, and gave an ``answer``.

    ``to`` is as ``webhook``; ``said`` as ``opened``. ``answer`` is in words.
    """

    at: float
    to: str
    said: str
    answer: str


class Told:
    """Who was told of which incident. Each answer to the same is known once, the first time."""

    def __init__(self) -> None:
        self._by_number: OrderedDict[int, deque[Telling]] = OrderedDict()

    def note(self, number: int, telling: Telling) -> None:
        """Note that somebody was told of incident ``number``."""
        known = self._by_number.setdefault(number, deque(maxlen=TELLINGS_MAX))
        if any(telling[1:] == before[1:] for before in known):
            return
        known.append(telling)
        self._by_number.move_to_end(number)
        if len(self._by_number) > INCIDENTS_MAX:
            self._by_number.popitem(last=False)

    def of(self, number: int) -> Sequence[Telling]:
        """Return who was told of incident ``number``, the first one first."""
        return tuple(self._by_number.get(number, ()))
