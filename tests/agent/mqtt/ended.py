"""Uses a session until it ends, and tells why."""

import socket

import pytest

from agent import config
from agent.mqtt.connecting import Line
from agent.mqtt.session import Name, Session, SessionError

PATIENCE_S = 10.0


def why_ended(where: config.Broker, line: Line) -> str:
    """Return why a session over a line to a broker ends."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        session = Session(
            where,
            line,
            name=Name("STA-1", ("death", b"lost")),
            subscriptions=["tick"],
            on_message=lambda _topic, _payload: None,
        )
        with pytest.raises(SessionError) as raised:
            _use(session, ours)
        session.drop()
    return str(raised.value)


def _use(session: Session, wake: socket.socket) -> None:
    while True:
        session.wait(PATIENCE_S, wake)
