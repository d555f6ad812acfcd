"""Takes the one group of a pattern out of a text, in the process that matches for all checks.

The pattern is Python's, and matches anywhere. ``(?m)`` before it lets ``^`` and ``$`` mean each
line of the body. All bodies of a reading are one question.
"""

from collections.abc import Iterator, Sequence

from agent.checks import extractors
from agent.checks.extractors import Body, Found, NoValueError, fit, missing
from agent.checks.patterns.matcher import MATCHER, refuse_other_than_one_group
from agent.checks.reading.times import Deadline


class Extractor(extractors.Extractor):
    """Takes what the group matches first."""

    _field = "regex"

    def __init__(self, pattern: str) -> None:
        refuse_other_than_one_group(pattern, self._field)
        self._pattern = pattern

    def take(self, body: Body, deadline: Deadline) -> str:
        """Return the group."""
        text = self._text(body)
        return self._fit(MATCHER.groups(self._pattern, [text], deadline)[0])

    def take_all(self, bodies: Sequence[Body], deadline: Deadline) -> list[Found]:
        """Return the group in each body; raises UnmatchedError."""
        unread: dict[int, Found] = {}
        groups = MATCHER.groups(self._pattern, self._texts(bodies, unread), deadline)
        return [
            unread[at] if at in unread else self._judged(group) for at, group in enumerate(groups)
        ]

    def _texts(self, bodies: Sequence[Body], unread: dict[int, Found]) -> Iterator[str]:
        for at, body in enumerate(bodies):
            try:
                yield self._text(body)
            except NoValueError as error:
                unread[at] = missing(error)
                yield ""

    def _judged(self, group: str | None) -> Found:
        try:
            return Found(self._fit(group))
        except NoValueError as error:
            return missing(error)

    @staticmethod
    def _text(body: Body) -> str:
        return body.text

    @staticmethod
    def _fit(group: str | None) -> str:
        if group is None:
            raise NoValueError("has nothing that matches")
        return fit(group)
