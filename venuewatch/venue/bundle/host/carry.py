"""Carries out a plan: does the steps that are not done, and undoes all where one fails."""

from collections.abc import Callable, Sequence
from typing import Protocol

from .machine import FailedError, in_words

Tell = Callable[[str], None]


class Step(Protocol):
    """One change of the machine. Each method may be called again after any interruption.

    Attributes:
        words: what it does, for the operator (``make the user venuewatch-agent``).
    """

    words: str

    def is_done(self) -> bool:
        """Tell if nothing is left to do."""

    def do(self) -> None:
        """Make the change.

        Raises:
            FailedError, OSError: it can not be made.
        """

    def undo(self) -> None:
        """Take the change back, as far as it was made."""


def carry_out(steps: Sequence[Step], tell: Tell) -> None:
    """Do each step that is not done.

    Raises:
        FailedError: one could not be done, and all are undone; the text says both.
    """
    words = "begin"
    try:
        for step in steps:
            words = step.words
            if not step.is_done():
                tell(words)
                step.do()
    except (FailedError, OSError, KeyboardInterrupt) as error:
        why = f"could not {words}: {in_words(error)}"
        tell(why)
        # All of them: an interrupted work may have got further than this one.
        left = take_back(steps, tell)
        raise FailedError(f"{why}; {left}" if left else why) from None


def take_back(steps: Sequence[Step], tell: Tell) -> str:
    """Undo steps, the last first; return what could not be undone, in words, or nothing."""
    left = []
    for step in reversed(steps):
        try:
            step.undo()
        except (FailedError, OSError) as error:  # the others are undone all the same
            left.append(f'could not take back "{step.words}": {in_words(error)}')
            tell(left[-1])
    return "; ".join(left)
