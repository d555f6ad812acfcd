"""What is really broken, since when: what every verdict is held against."""

from aggregator.core.events import Subject


class Truth:
    """Told by whoever breaks and mends things. Times are the loop's seconds.

    Attributes:
        broken: what is broken, since when.
        was_broken: what ever was, since when it first was.
    """

    def __init__(self) -> None:
        self.broken: dict[Subject, float] = {}
        self.was_broken: dict[Subject, float] = {}

    def breaks(self, subject: Subject, now: float) -> None:
        """Note that something broke."""
        self.broken.setdefault(subject, now)
        self.was_broken.setdefault(subject, now)

    def mends(self) -> None:
        """Note that everything is well again."""
        self.broken.clear()
