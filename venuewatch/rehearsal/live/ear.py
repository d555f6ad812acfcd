"""Listens to the broker of a live world as a stranger does, for a moment."""

import contextlib
import select
import socket
from collections.abc import Iterator
from functools import partial
from typing import Final

import mqtt5

from venuewatch.base import clock
from venuewatch.base.wire.framing import Framer, StreamError
from venuewatch.rehearsal.stage.machine import inside

_CONNECT_S: Final = 1.0
_KEEPALIVE_S: Final = 60
_LARGEST: Final = 65_536


class Ear:
    """What is said on a topic, heard from a machine; ``address`` and ``port`` are the broker's."""

    def __init__(self, namespace: str, address: str, port: int) -> None:
        self._namespace = namespace
        self._place = (address, port)

    def hear(self, topic: str, *, within_s: float) -> Iterator[bytes]:
        """Yield what is said, a retained message first, until so long (s) from now.

        It ends before that where the broker does not answer, or hangs up.
        """
        ends_at = clock.monotonic() + within_s
        connect = mqtt5.ConnectPacket("", clean_start=True, keep_alive=_KEEPALIVE_S)
        pattern = mqtt5.TopicFilter(topic, max_qos=mqtt5.QoS.AT_MOST_ONCE)
        subscribe = mqtt5.SubscribePacket(1, [pattern])
        framer = Framer()
        with contextlib.suppress(OSError, StreamError), self._connected() as sock:
            sock.sendall(connect.write() + subscribe.write())
            while (wait_s := ends_at - clock.monotonic()) > 0.0:
                if not select.select([sock], [], [], wait_s)[0]:
                    return
                data = sock.recv(_LARGEST)
                if not data:
                    return
                for item in framer.feed(data):
                    if isinstance(item, mqtt5.PublishPacket):
                        yield item.payload

    def _connected(self) -> socket.socket:
        return inside(self._namespace, partial(socket.create_connection, self._place, _CONNECT_S))
