"""Tells how this agent stands to a program that asks at a Unix socket beside its spool.

``venuewatch doctor`` asks there. So it connects to no broker under the name of an agent that runs,
which would end that agent's session.

1. The socket has the spool's path and ``.sock`` behind it. Its mode is 0600, and only root and the
   agent's own user are answered.
2. A connection is the question. The answer is one line of JSON (:class:`Status`), and the end.
3. One thread answers, one program after the other. A program that does not read is left alone.
4. Where there is no socket or no thread for it, the agent goes on without: its log says why. A
   socket of another agent is taken once that has ended.
"""

import contextlib
import logging
import os
import socket
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from agent import config
from agent.centre import Centre
from agent.mqtt.link import Link
from agent.spool.thread import SpoolThread
from venuewatch import __version__
from venuewatch.base import clock, log, threads
from venuewatch.base.config import in_words
from venuewatch.base.wire.messages import BirthRefused

NOT_YET: Final = "it has not connected yet"
"""The trouble of an agent whose first attempt has not ended."""

ANSWER_MAX_BYTES: Final = 65_536
ASK_TIMEOUT_S: Final = 3.0

_PATH_MAX_BYTES: Final = 103  # sun_path of the BSDs without its zero; Linux takes 4 more
_ANSWER_TIMEOUT_S: Final = 1.0
_TAKE_EVERY_S: Final = 10.0  # while another agent has the socket
_PAUSE_S: Final = 1.0  # after the system had no descriptor for a program that asks
_CREDENTIALS: Final = struct.Struct("=3i")  # struct ucred in unix(7): process, user, group

_logger = logging.getLogger("agent")


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The standing of an agent.

    ``broker``: the address and port that it is connected to, or tries next. ``trouble``: why it is
    not connected. ``refused``: what the broker refused in this session, a line each.
    ``birth_refused``: why the centre can't take our birth. ``hears_centre``: an aggregator's tick
    was heard within 3 s. ``is_thin``: a lost beat is repeated soon; None while not connected.
    """

    venue: str
    host: str
    agent_version: str
    pid: int
    broker: str
    is_connected: bool
    sessions: int
    trouble: str = ""
    refused: tuple[str, ...] = ()
    birth_refused: str = ""
    hears_centre: bool = False
    is_thin: bool | None = None
    spool_records: int = 0
    spool_bytes: int = 0
    spool_dropped: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether it hears the centre, or knows why it is not connected: nothing is to come yet."""
        return self.hears_centre or not (self.is_connected or self.trouble == NOT_YET)


class _TakenError(OSError):
    """Another agent listens at the socket."""


class NoAnswerError(Exception):
    """An agent has the socket, and does not say how it stands; the text is for the operator."""


def status_of(
    settings: config.Config,
    link: Link,
    centre: Centre,
    spool: SpoolThread,
    trouble: str,
    refusal: BirthRefused | None,
) -> Status:
    """Return how an agent stands now. Any thread may ask."""
    session, place, kept = link.session, link.place, spool.status
    is_connected = session is not None and session.is_open
    return Status(
        venue=settings.venue,
        host=settings.host,
        agent_version=__version__,
        pid=os.getpid(),
        broker=str(place),
        is_connected=is_connected,
        sessions=link.sessions,
        trouble="" if is_connected else trouble,
        refused=() if session is None else tuple(session.refused),
        birth_refused="" if refusal is None else f"{refusal.field}: {refusal.why}",
        hears_centre=is_connected and centre.is_listening(clock.monotonic()),
        is_thin=session.connection.is_thin if session is not None and is_connected else None,
        spool_records=kept.pending,
        spool_bytes=kept.size_bytes,
        spool_dropped=kept.dropped,
    )


def socket_beside(spool: str) -> str:
    """Return the path of the socket of the agent whose spool is in the folder ``spool``."""
    return f"{spool.rstrip('/') or spool}.sock"


class Answering:
    """Answers at the socket from now on, until ``close``; ``status`` is called in a thread."""

    def __init__(self, path: str, status: Callable[[], Status]) -> None:
        self._path = path
        self._status = status
        self._ended = threading.Event()
        self._listening: socket.socket | None = None
        if not hasattr(socket, "AF_UNIX"):  # Windows
            return
        try:
            self._listen()
        except _TakenError as error:
            self._say_why_not(error)
        except OSError as error:
            self._say_why_not(error)
            return
        try:
            threads.begin(threading.Thread(target=self._serve, name="status", daemon=True))
        except RuntimeError as error:
            self.close()
            self._say_why_not(error)

    def close(self) -> None:
        """Answer no more, and take the socket away."""
        self._ended.set()
        listening, self._listening = self._listening, None
        if listening is None:
            return
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # it wakes the thread
        listening.close()
        with contextlib.suppress(OSError):
            Path(self._path).unlink()

    def _listen(self) -> None:
        self._listening = _listen(self._path)
        if self._ended.is_set():  # meanwhile
            self.close()

    def _say_why_not(self, error: Exception) -> None:
        why = in_words(error)
        log.event(_logger, logging.WARNING, "status_not_told", path=self._path, why=why)

    def _serve(self) -> None:
        while not self._ended.is_set():
            listening = self._listening
            if listening is None:
                if not self._ended.wait(_TAKE_EVERY_S):
                    with contextlib.suppress(OSError):
                        self._listen()
                continue
            try:
                peer, _ = listening.accept()
            except OSError:
                self._ended.wait(_PAUSE_S)
                continue
            with peer, contextlib.suppress(OSError):
                peer.settimeout(_ANSWER_TIMEOUT_S)
                if _may_ask(peer):
                    peer.sendall(msgspec.json.encode(self._status()) + b"\n")


def asked(path: str, *, timeout_s: float = ASK_TIMEOUT_S) -> Status | None:
    """Return how the agent behind a socket stands; None where none listens.

    Raises:
        NoAnswerError: one listens, and nothing is known of it.
    """
    if not hasattr(socket, "AF_UNIX") or len(os.fsencode(path)) > _PATH_MAX_BYTES:
        return None
    by = clock.monotonic() + timeout_s
    answer = bytearray()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout_s)
            sock.connect(path)
            while len(answer) <= ANSWER_MAX_BYTES and (piece := sock.recv(4096)):
                answer += piece
                sock.settimeout(max(0.01, by - clock.monotonic()))
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return None
    except PermissionError:
        raise NoAnswerError("only root and the agent's user may ask it") from None
    except OSError as error:
        raise NoAnswerError(in_words(error)) from None
    if not answer:
        raise NoAnswerError("it answers only root and its own user")
    try:
        return msgspec.json.decode(answer, type=Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NoAnswerError("its answer is not that of an agent of this version") from None


def _listen(path: str) -> socket.socket:
    """Return a listening socket; one that an earlier agent left behind is replaced.

    Raises:
        _TakenError: another agent listens there.
        OSError: there can be none.
    """
    if len(os.fsencode(path)) > _PATH_MAX_BYTES:
        raise OSError(f"expected a path of at most {_PATH_MAX_BYTES} bytes for a socket")
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_room(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(path)  # for our user alone by the umask of the agent
        Path(path).chmod(0o600)
        listening.listen()
    except BaseException:
        listening.close()
        raise
    return listening


def _make_room(path: str) -> None:
    """Take away a socket at which nobody listens.

    Raises:
        _TakenError: an agent listens there.
        OSError: it is no socket.
    """
    try:
        found = Path(path).lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError("expected a socket or nothing at this path, got something else")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(_ANSWER_TIMEOUT_S)
        try:
            sock.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
            return
    raise _TakenError("another agent with the same spool listens there")


def _may_ask(peer: socket.socket) -> bool:
    """Tell whether root or our own user asks; where the system can't say, the mode has decided."""
    wanted = getattr(socket, "SO_PEERCRED", None)
    if wanted is None:
        return True
    said = peer.getsockopt(socket.SOL_SOCKET, wanted, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(said)
    return user in {0, os.geteuid()}
