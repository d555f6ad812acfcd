"""The name server of a live venue, and the checks of its hosts that ask it."""

import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from venuewatch.rehearsal.live.programs import START_S, Process, program, until
from venuewatch.rehearsal.live.watched.thing import Settings, Thing
from venuewatch.rehearsal.stage.machine import Machine, inside
from venuewatch.rehearsal.stage.network import CENTRE, Lan

NAME: Final = "results.venue.example"
"""The name that is asked for."""

_PORT: Final = 53
_ANSWER_S: Final = 1.0
_CHECK_S: Final = 2.0
_NUMBER: Final = 7
_HEADER: Final = struct.Struct(">HHHHHH")  # RFC 1035, 4.1.1
_RECURSION: Final = 0x0100
_CODE: Final = 0x000F
_A_OF_INTERNET: Final = b"\x00\x01\x00\x01"


class Names(Thing):
    """What a host gets when it asks the name server of its venue."""

    KIND = "dns"

    @property
    def settings(self) -> Sequence[Settings]:
        """The check."""
        return [
            {
                "kind": self.KIND,
                "name": self.check,
                "query": NAME,
                "server": self.site.lan.gateway,
                "expect": [CENTRE],
                "timeout_s": _CHECK_S,
            }
        ]


class NameServer(Process):
    """A name server on the router of a venue, which knows one name."""

    def __init__(self, folder: Path, venue: str, lan: Lan) -> None:
        self._lan = lan
        command = (
            program("dnsmasq"),
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--user=root",
            "--group=root",  # who changes it does not end with its parent any more (prctl(2))
            f"--pid-file={folder / f'names-{venue}.pid'}",
            "--log-facility=-",
            "--bind-interfaces",
            f"--listen-address={lan.gateway}",
            "--no-resolv",
            "--no-hosts",
            f"--host-record={NAME},{CENTRE}",
        )
        super().__init__(folder, f"names-{venue}", *command)
        self.at(lan.router)

    def start(self) -> Self:
        """Start it, and wait until it answers. Raises StageError."""
        super().start()
        until("a name server answers", lambda: self.answers(self._lan.router), within_s=START_S)
        return self

    def answers(self, machine: Machine) -> bool:
        """Tell whether it answers a machine that asks for the name."""
        labels = b"".join(bytes([len(word)]) + word.encode() for word in NAME.split("."))
        asked = _HEADER.pack(_NUMBER, _RECURSION, 1, 0, 0, 0) + labels + b"\0" + _A_OF_INTERNET
        try:
            with inside(machine.namespace, lambda: socket.socket(type=socket.SOCK_DGRAM)) as asker:
                asker.settimeout(_ANSWER_S)
                asker.connect((self._lan.gateway, _PORT))
                asker.send(asked)
                answer = asker.recv(512)
        except OSError:
            return False
        number, flags, _, answers, *_ = _HEADER.unpack_from(answer.ljust(_HEADER.size, b"\0"))
        return number == _NUMBER and not flags & _CODE and answers > 0
