"""Asks something once, within a deadline: a failure that is understood is a critical reading.

A failure of this machine alone, such as no descriptor for a socket, is ``unknown``: it says nothing
of what was to be asked.
"""

import errno
import socket
from abc import abstractmethod

from agent.checks import C, Reading, SimpleCheck
from agent.checks.reading.times import Deadline, for_reading
from agent.checks.reading.words import why
from venuewatch.base.config import ConfigError
from venuewatch.base.wire.checks import CheckValues


class CheckFailedError(Exception):
    """The thing that is checked isn't as it should be; the text is the line for people.

    ``values``: what was measured all the same.
    """

    def __init__(self, words: str, values: CheckValues | None = None) -> None:
        super().__init__(words)
        self.values = values or CheckValues()


FAILURES = (OSError, CheckFailedError, ConfigError)
"""What a reading may end with; anything else is our own bug."""


_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


def is_ours(error: Exception) -> bool:
    """Tell whether this machine refused us what was needed to ask."""
    if isinstance(error, socket.gaierror):  # its numbers are others
        return error.errno == socket.EAI_MEMORY
    return isinstance(error, OSError) and error.errno in _OURS


def failed(error: Exception, values: CheckValues | None = None) -> Reading:
    """Return the reading of a failure: ``critical``, or ``unknown`` where it is our own."""
    words = why(error)
    if is_ours(error):
        return Reading("unknown", f"this machine refuses us what it takes: {words}")
    return Reading("critical", words, values or CheckValues())


class AskingCheck(SimpleCheck[C]):
    """Begins a check that asks once; one of ``FAILURES`` is ``critical``, with its reason.

    The deadline comes before ``timeout_s``, so that a silent peer is told as such.
    """

    def read(self) -> Reading:
        """Ask once, in time to say what was seen."""
        try:
            return self._ask(for_reading(self._config.timeout_s))
        except FAILURES as error:
            return failed(error, error.values if isinstance(error, CheckFailedError) else None)

    @abstractmethod
    def _ask(self, deadline: Deadline) -> Reading:
        """Ask, and judge the answer; may raise one of ``FAILURES``."""
