"""Takes the characters between two columns of the first line.

Columns are counted from 1, and both are taken: ``[2, 8]`` are seven characters. Control characters
are columns as well, but for a line end.
"""

import re

from agent.checks import extractors
from agent.checks.extractors import Body, NoValueError, fit
from agent.checks.reading.times import Deadline

_LINE_END = re.compile(r"[\r\n]")


class Extractor(extractors.Extractor):
    """Takes the columns from the first to the last."""

    def __init__(self, columns: tuple[int, int]) -> None:
        self._first, self._last = columns
        if self._first > self._last:
            raise ValueError("Expected `columns` to be the first and the last, counted from 1")

    def take(self, body: Body, _deadline: Deadline) -> str:
        """Return the characters; a line that ends within the columns has those that it has."""
        line = _LINE_END.split(body.text[: self._last + 1], maxsplit=1)[0]
        if len(line) < self._first:
            raise NoValueError(f"has {len(line)} columns, not {self._first}")
        return fit(line[self._first - 1 : self._last])
