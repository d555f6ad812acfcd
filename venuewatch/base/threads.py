"""Begins threads, and counts how often the system has refused this process one."""

import threading

_lock = threading.Lock()
_refused = 0


def refused() -> int:
    """Return how often the system has refused us a thread."""
    return _refused


def begin(thread: threading.Thread) -> None:
    """Start a thread.

    Raises:
        RuntimeError: the system gives no more of them; that is counted.
    """
    global _refused  # noqa: PLW0603 - it is of the process
    try:
        thread.start()
    except RuntimeError:
        with _lock:
            _refused += 1
        raise
