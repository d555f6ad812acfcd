"""Receivers that fail: what is wrong with those that are told of incidents, as one trouble.

A receiver that fails can't tell it. So the centre does: on the page, in metrics, and to the others.
"""

from collections.abc import Callable

from aggregator.core.notices.queue import FAILING_S


class Receivers:
    """Notes of each receiver what is wrong with it.

    ``begin`` is called with a line for people whenever that line is another one, ``end`` when all
    are well.
    """

    def __init__(self, begin: Callable[[str], None], end: Callable[[], None]) -> None:
        self._begin = begin
        self._end = end
        self._wrong: dict[str, str] = {}

    def note(self, name: str, why: str | None) -> None:
        """Note what is wrong with a receiver, as ``webhook``; None: nothing is."""
        if self._wrong.get(name) == why:
            return
        if why is None:
            del self._wrong[name]
        else:
            self._wrong[name] = why
        if self._wrong:
            self._begin("; ".join(f"{name}: {why}" for name, why in sorted(self._wrong.items())))
        else:
            self._end()


class Health:
    """Decides from single attempts when a receiver fails for long; times are monotonic s."""

    def __init__(self, name: str, receivers: Receivers) -> None:
        self._name = name
        self._receivers = receivers
        self._since: float | None = None

    def failed(self, why: str, now: float, *, is_ours: bool = False) -> None:
        """Note an attempt that failed; ``is_ours``: by our own configuration, told at once."""
        self._since = now if self._since is None else self._since
        if is_ours or now >= self._since + FAILING_S:
            self._receivers.note(self._name, why)

    def well(self, but: str | None = None) -> None:
        """Note that it has accepted something; ``but``: what is to be told nevertheless."""
        self._since = None
        self._receivers.note(self._name, but)
