"""Asks a port without credentials, which tells a broker that answers from a dead one."""

from collections.abc import Callable

from aggregator.core.verdicts.centre import Port
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.connect import ConnectAttempt
from venuewatch.rehearsal.world.connection import Endpoint
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.process import SimProcess

WITHIN_S = 1.0


def ask_port(
    loop: Loop, process: SimProcess, attempt: ConnectAttempt, tell: Callable[[Port], None]
) -> None:
    """Connect by ``attempt``, ask for a session, and tell once what came within a second."""
    is_over = False
    connection: Endpoint | None = None

    def end(said: Port) -> None:
        nonlocal is_over
        if is_over:
            return
        is_over = True
        attempt.give_up()
        if connection is not None:
            connection.close()
        tell(said)

    def opened(endpoint: Endpoint) -> None:
        nonlocal connection
        connection = endpoint
        endpoint.on_data = lambda _packet: end("answers")
        endpoint.on_closed = lambda: end("silent")
        endpoint.send(packets.BareConnect())

    attempt.begin(opened, lambda: end("refuses"))
    loop.after(WITHIN_S, lambda: process.run(lambda: end("silent")))
