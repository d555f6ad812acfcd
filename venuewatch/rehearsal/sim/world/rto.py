"""How long TCP waits for an acknowledgement until it sends again (RFC 6298, as Linux does it)."""

RTO_FIRST_S = 1.0  # before the first measurement (RFC 6298, 2.1)
RTO_LEAST_S = 0.2  # Linux' TCP_RTO_MIN; the round trip comes on top (tcp_input.c, tcp_set_rto)
RTO_STOCK_MAX_S = 120.0  # Linux' TCP_RTO_MAX
RTO_AGENT_MAX_S = 1.0  # what the agent asks its kernel for


class Timeout:
    """Follows the round trip, and doubles with each retransmission.

    Attributes:
        wait_s: the timeout as it stands.
        smoothed_s: the smoothed round trip; 0 before the first.
    """

    __slots__ = ("_most_s", "_variation_s", "smoothed_s", "wait_s")

    def __init__(self, *, most_s: float) -> None:
        self._most_s = most_s
        self._variation_s = 0.0
        self.smoothed_s = 0.0
        self.wait_s = min(RTO_FIRST_S, most_s)

    def measured(self, round_trip_s: float) -> None:
        """Take in a round trip."""
        if not self.smoothed_s:
            self.smoothed_s = round_trip_s
            self._variation_s = round_trip_s / 2
        else:
            error_s = abs(self.smoothed_s - round_trip_s)
            self._variation_s += (error_s - self._variation_s) / 4
            self.smoothed_s += (round_trip_s - self.smoothed_s) / 8
        wait_s = self.smoothed_s + max(RTO_LEAST_S, 4 * self._variation_s)
        self.wait_s = min(wait_s, self._most_s)

    def back_off(self) -> None:
        """Wait for twice as long, after a timeout."""
        self.wait_s = min(2 * self.wait_s, self._most_s)
