"""Compares this machine's clock with a time server's, and judges that server."""

import os
from typing import Annotated

import msgspec

from agent.checks import Latest, Reading, about
from agent.checks.net import sntp
from agent.checks.net.connect import Target, resolve
from agent.checks.net.udp import ask, ask_again
from agent.checks.reading.asking import AskingCheck
from agent.checks.reading.limits import LimitedConfig, together
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short
from venuewatch.base import clock
from venuewatch.base.config import Port
from venuewatch.base.wire.checks import CheckValues

_LEAVE_MAX_S = 3600.0  # the longest time that a server which sent us away is not asked

OffsetS = Annotated[float, msgspec.Meta(gt=0.0, le=86_400.0)] | None


class Config(LimitedConfig, frozen=True, tag="ntp"):
    """Asks one server with SNTP; this machine's clock is never touched."""

    address: Annotated[str, about("time server's name or IP", "10.1.0.1", min_length=1)]
    port: Annotated[Port, about("UDP port", 123)] = 123
    warning_offset_s: Annotated[OffsetS, about("over this offset either way, in s", 0.05)] = 0.1
    critical_offset_s: Annotated[OffsetS, about("over this offset either way, in s", 0.5)] = 1.0


class Check(AskingCheck[Config]):
    """An offset within its limits is ``ok``; a server without the time is ``critical``."""

    def __init__(self, config: Config, latest: Latest) -> None:
        super().__init__(config, latest)
        self._leave_until = 0.0  # monotonic s; a server said that we ask too much
        self._leave_s = 0.0
        self._kiss = ""

    def _ask(self, deadline: Deadline) -> Reading:
        left_s = self._leave_until - clock.monotonic()
        if left_s > 0:
            return self._sent_away(left_s)
        target = resolve(self._config.address, self._config.port, deadline)[0]
        asked_s, server, heard_s = ask_again(deadline, lambda share: _exchange(target, share))
        if server.kiss:
            return self._leave(server.kiss)
        self._leave_s = 0.0
        return self._judge(asked_s, server, heard_s)

    def _judge(self, asked_s: float, server: sntp.Answer, heard_s: float) -> Reading:
        trip_s = sntp.round_trip_s(asked_s, server, heard_s)
        stratum = float(server.stratum)
        if not server.is_synchronised:
            values = CheckValues(check_round_trip_avg_seconds=trip_s, check_stratum=stratum)
            return Reading("critical", "the server itself has no synchronised clock", values)
        offset_s = sntp.offset_s(asked_s, server, heard_s)
        values = CheckValues(
            check_clock_offset_seconds=offset_s,
            check_round_trip_avg_seconds=trip_s,
            check_stratum=stratum,
        )
        side = "behind" if offset_s > 0 else "ahead of"
        text = f"this clock is {abs(offset_s):.3f} s {side} the server's"
        return together([self._config.limits("offset_s").judge(abs(offset_s), text)], values)

    def _leave(self, kiss: str) -> Reading:
        """Ask rarer: RATE means less often, any other code not at all (RFC 5905, 7.4)."""
        longer_s = max(2 * self._config.every_s, 2 * self._leave_s)
        self._leave_s = min(longer_s, _LEAVE_MAX_S) if kiss == "RATE" else _LEAVE_MAX_S
        self._leave_until = clock.monotonic() + self._leave_s
        self._kiss = kiss
        return self._sent_away(self._leave_s)

    def _sent_away(self, left_s: float) -> Reading:
        words = f"the server refuses us ({short(self._kiss, 80)})"
        return Reading("critical", f"{words}; it is asked again in {left_s:.0f} s")


def _exchange(target: Target, deadline: Deadline) -> tuple[float, sntp.Answer, float]:
    """Return T1, the answer, and T4 (unixtime on our clock, which must not step in between).

    Raises: as :func:`agent.checks.net.udp.ask`.
    """
    nonce = os.urandom(8)
    asked_s, begin = clock.wall(), clock.monotonic()

    def fitting(packet: bytes) -> tuple[sntp.Answer, float] | None:
        heard_s = asked_s + (clock.monotonic() - begin)
        found = sntp.answer(packet, nonce, asked_s)
        return None if found is None else (found, heard_s)

    server, heard_s = ask(target, sntp.question(nonce), fitting, deadline)
    return asked_s, server, heard_s
