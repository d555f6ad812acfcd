"""Asks a name server for a name, and compares the addresses."""

import ipaddress
import os
from pathlib import Path
from typing import Annotated

from agent.checks import CheckConfig, Reading, about
from agent.checks.net import dns_message as message
from agent.checks.net.connect import Target, connect_to, resolve
from agent.checks.net.udp import ask, ask_again
from agent.checks.reading.asking import AskingCheck, CheckFailedError
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short
from venuewatch.base import clock
from venuewatch.base.config import Port
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.base.wire.checks import CheckValues

_RESOLV_CONF = Path("/etc/resolv.conf")
_CODES = {
    1: "the server finds the question malformed (FORMERR)",
    2: "the server failed to find an answer (SERVFAIL)",
    3: "the name does not exist (NXDOMAIN)",
    4: "the server can not answer such questions (NOTIMP)",
    5: "the server refuses to answer us (REFUSED)",
}


class Config(CheckConfig, frozen=True, tag="dns"):
    """Asks one name server for the addresses of one name.

    Without `server` it is the first of /etc/resolv.conf, and without any the system's resolver.
    """

    query: Annotated[str, about("the name to ask for", "results.example.org")]
    record: Annotated[message.Record, about("which addresses to ask for", "AAAA")] = "A"
    server: Annotated[str, about("name server's IP; empty for the system's", "10.1.0.1")] = ""
    port: Annotated[Port, about("UDP and TCP port", 53)] = 53
    expect: Annotated[
        tuple[str, ...],
        about(
            "exactly these addresses, in any order; empty for any", ["192.0.2.10"], max_length=64
        ),
    ] = ()

    def __post_init__(self) -> None:
        message.encode_name(self.query)  # raises ValueError for what can not be asked
        for address in self.expect:
            ipaddress.ip_address(address)


class Check(AskingCheck[Config]):
    """The expected answer is ``ok``; another, or none, is ``critical``."""

    def _ask(self, deadline: Deadline) -> Reading:
        begin = clock.monotonic()
        addresses = self._addresses(deadline)
        values = CheckValues(
            check_round_trip_avg_seconds=clock.monotonic() - begin,
            check_answers=float(len(addresses)),
        )
        expected = {ipaddress.ip_address(each) for each in self._config.expect}
        found = {ipaddress.ip_address(each) for each in addresses}
        if not found:
            return Reading("critical", f"the name has no {self._config.record} record", values)
        if expected and found != expected:
            got = short(", ".join(addresses), 160)
            return Reading("critical", f"these are not the expected addresses: {got}", values)
        return Reading("ok", short(", ".join(addresses), 160), values)

    def _addresses(self, deadline: Deadline) -> tuple[str, ...]:
        """Return the name's addresses.

        Raises:
            CheckFailedError: the server says that there are none, and why.
            OSError: it can not be asked.
        """
        config = self._config
        server = config.server or first_nameserver(_RESOLV_CONF)
        if server is None:
            return _from_system(config, deadline)
        target = resolve(server, config.port, deadline)[0]
        answer = ask_again(deadline, lambda share: _by_udp(target, config, share))
        if answer.is_truncated:
            answer = _by_tcp(target, config, deadline)
        if answer.code:
            other = f"the server says error {answer.code}"
            raise CheckFailedError(_CODES.get(answer.code, other))
        return answer.addresses


def first_nameserver(path: Path) -> str | None:
    """Return the first name server of a resolv.conf; None where the file or the line is missing."""
    try:
        lines = read_regular(path, CONFIG_MAX).decode(errors="replace").splitlines()
    except OSError:
        return None
    words = (line.split() for line in lines)
    return next((each[1] for each in words if len(each) > 1 and each[0] == "nameserver"), None)


def _by_udp(target: Target, config: Config, deadline: Deadline) -> message.Answer:
    """Ask in one datagram; raises as :func:`agent.checks.net.udp.ask`."""
    asked = message.question(int.from_bytes(os.urandom(2), "big"), config.query, config.record)

    def fitting(packet: bytes) -> message.Answer | None:
        try:
            return message.answer(packet, asked)
        except message.MalformedAnswerError:
            return None

    return ask(target, asked, fitting, deadline)


def _by_tcp(target: Target, config: Config, deadline: Deadline) -> message.Answer:
    """Ask over a connection (RFC 7766), where an answer may have 64 KiB; raises as above."""
    asked = message.question(int.from_bytes(os.urandom(2), "big"), config.query, config.record)
    with connect_to(target, deadline) as sock:
        sock.settimeout(deadline.left_s())
        sock.sendall(len(asked).to_bytes(2, "big") + asked)
        heard = b""
        while len(heard) < 2 or len(heard) < 2 + int.from_bytes(heard[:2], "big"):  # noqa: PLR2004
            sock.settimeout(deadline.left_s())
            more = sock.recv(65_537)
            if not more:
                raise CheckFailedError("the server hung up in its answer")
            heard += more
    try:
        return message.answer(heard[2 : 2 + int.from_bytes(heard[:2], "big")], asked)
    except message.MalformedAnswerError as error:
        raise CheckFailedError(f"the answer is malformed: {error}") from None


def _from_system(config: Config, deadline: Deadline) -> tuple[str, ...]:
    targets = resolve(config.query, 0, deadline)
    version = 4 if config.record == "A" else 6
    found = dict.fromkeys(str(target.address[0]).partition("%")[0] for target in targets)
    return tuple(each for each in found if ipaddress.ip_address(each).version == version)
