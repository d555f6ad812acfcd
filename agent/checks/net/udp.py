"""Asks a question in one datagram, and takes the answer that fits."""

import socket
from collections.abc import Callable
from typing import TypeVar

from agent.checks.net.connect import Target
from agent.checks.reading.asking import CheckFailedError
from agent.checks.reading.times import Deadline

T = TypeVar("T")

_TRIES = 3
_MAX_DATAGRAM = 65_535
_MAX_UNFIT = 64  # a peer that floods us is not worth a CPU until the deadline


def ask(
    target: Target, question: bytes, fitting: Callable[[bytes], T | None], deadline: Deadline
) -> T:
    """Send ``question`` once by UDP and return the first answer that ``fitting`` accepts.

    ``fitting`` gets each datagram as it comes and returns None for one that isn't the answer.

    Raises:
        TimeoutError: nothing came in time.
        CheckFailedError: something came, but no answer.
        OSError: nothing listens there, or there is no way to it.
    """
    unfit = 0
    with socket.socket(target.family, socket.SOCK_DGRAM) as sock:
        sock.connect(target.address)  # only this peer's datagrams, and its refusal as an error
        sock.send(question)
        while unfit < _MAX_UNFIT and not deadline.is_over():
            try:
                sock.settimeout(deadline.left_s())
                answer = fitting(sock.recv(_MAX_DATAGRAM))
            except TimeoutError:
                break
            if answer is not None:
                return answer
            unfit += 1
    if unfit:
        raise CheckFailedError("what came back is no answer to the question")
    raise TimeoutError


def ask_again(deadline: Deadline, once: Callable[[Deadline], T]) -> T:
    """Return what ``once`` returns, called up to three times while no answer comes.

    Raises:
        TimeoutError: no try had an answer.
        CheckFailedError, OSError: as ``once`` does.
    """
    for left in range(_TRIES, 1, -1):
        try:
            return once(deadline.share(left))
        except TimeoutError:
            continue
    return once(deadline)
