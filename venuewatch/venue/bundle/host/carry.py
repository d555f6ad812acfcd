"""Carries out a plan: does the steps that are not done, and undoes all where one fails."""

from collections.abc import Callable, Sequence
from typing import Protocol

from .machine import FailedError, Machine, in_words

_TRIES = 2


class LeftError(FailedError):
    """A step could not be done, and not all could be taken back."""


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


def do_all(machine: Machine, steps: Sequence[Step]) -> None:
    """Do each step that is not done.

    Raises:
        FailedError: one could not be done; the text says which, and why.
    """
    words = "begin"
    try:
        for step in steps:
            words = step.words
            if not step.is_done():
                machine.tell(words)
                step.do()
    except (FailedError, OSError, KeyboardInterrupt) as error:
        raise FailedError(f"could not {words}: {in_words(error)}") from None


def carry_out(machine: Machine, steps: Sequence[Step], go_back: Callable[[], object]) -> None:
    """Do each step that is not done; where one fails, undo all, and ``go_back`` last.

    Raises:
        LeftError: one could not be done, and not all could be undone; the text says both.
        FailedError: one could not be done, and all are undone.
    """
    try:
        do_all(machine, steps)
    except FailedError as error:
        with machine.undisturbed():
            machine.tell(str(error))
            # All of them: an interrupted work may have got further than this one.
            left = _undone(steps)
            try:
                go_back()
            except (FailedError, OSError) as failure:
                left.append(f"could not start the program of before: {in_words(failure)}")
        if left:
            raise LeftError("; ".join([str(error), *left])) from None
        raise


def _undone(steps: Sequence[Step]) -> list[str]:
    """Undo steps, the last first; return what could not be undone, in words.

    What fails is tried once more: on a full disk, others have made room by then.
    """
    for _ in range(_TRIES):
        left, failed = [], []
        for step in reversed(steps):
            try:
                step.undo()
            except (FailedError, OSError) as error:  # the others are undone all the same
                left.append(f'could not take back "{step.words}": {in_words(error)}')
                failed.append(step)
        if not failed:
            break
        steps = failed[::-1]
    return left
