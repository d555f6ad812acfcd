"""When a reading must be over: one budget for all of its steps together."""

from venuewatch.base import clock

_OWN_SHARE = 0.9  # of timeout_s: what was seen must be said before the runner calls it hanging


def for_reading(timeout_s: float) -> "Deadline":
    """Return when a reading that may take ``timeout_s`` has to stop waiting."""
    return Deadline(_OWN_SHARE * timeout_s)


class Deadline:
    """A moment on the monotonic clock, ``timeout_s`` from now."""

    def __init__(self, timeout_s: float) -> None:
        self._at = clock.monotonic() + timeout_s

    def left_s(self) -> float:
        """Return how long (s) is left, more than 0.

        Raises:
            TimeoutError: nothing is left.
        """
        left = self._at - clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def is_over(self) -> bool:
        """Return whether nothing is left."""
        return clock.monotonic() >= self._at

    def share(self, parts: int) -> "Deadline":
        """Return an earlier deadline, after one of ``parts`` equal parts of what is left.

        Raises:
            TimeoutError: nothing is left.
        """
        return Deadline(self.left_s() / parts)

    def within(self, seconds: float) -> "Deadline":
        """Return the earlier of this one and ``seconds`` from now.

        Raises:
            TimeoutError: nothing is left.
        """
        return Deadline(min(self.left_s(), seconds))
