"""A small MQTT 5 client for the tests of the shipped broker files."""

import queue
import socket
import ssl
from pathlib import Path
from typing import Any, Self, TypeAlias

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

PATIENCE_S = 10.0

Heard: TypeAlias = tuple[str, bytes, bool]
"""Topic, payload, retained."""


class Peer:
    """One MQTT 5 client; it waits for the broker's answers, and hears in their order."""

    def __init__(  # noqa: PLR0913 - each is one setting
        self,
        port: int,
        name: str,
        *,
        client_id: str = "",
        password: str | None = None,
        authority: Path | None = None,
        will: str | None = None,
        credentials: tuple[Path, Path] | None = None,
        keepalive_s: int = 60,
    ) -> None:
        self._answers: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.is_connected = False
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id or name,
            None,
            protocol=MQTTv5,
            reconnect_on_failure=False,
        )
        if password is not None:
            self._client.username_pw_set(name, password)
        if authority is not None:
            certificate, key = credentials or (None, None)
            self._client.tls_set(
                ca_certs=str(authority),
                certfile=None if certificate is None else str(certificate),
                keyfile=None if key is None else str(key),
                tls_version=ssl.PROTOCOL_TLS_CLIENT,
            )
        if will is not None:
            self._client.will_set(will, b"lost", qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port, keepalive_s)
        self._client.loop_start()
        self.connected = self._answers.get(timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, topic: str, payload: bytes = b"", *, qos: int = 1, retain: bool = False) -> int:
        """Publish; return the reason code of the acknowledgement, 0 for QoS 0."""
        self._client.publish(topic, payload, qos, retain)
        return self._answers.get(timeout=PATIENCE_S)

    def shout(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        """Publish what the broker may not even acknowledge."""
        self._client.publish(topic, payload, qos)

    def listen(self, pattern: str) -> None:
        """Subscribe, and wait until that is acknowledged."""
        self._client.subscribe(pattern, qos=1)
        self._answers.get(timeout=PATIENCE_S)

    def hear(self) -> Heard:
        """Return the next message: topic, payload, retained."""
        return self._heard.get(timeout=PATIENCE_S)

    @property
    def has_heard_nothing(self) -> bool:
        """Whether no message waits that was not heard yet."""
        return self._heard.empty()

    def vanish(self) -> None:
        """End the connection without a farewell, as a crash does."""
        connection = self._client.socket()
        assert isinstance(connection, socket.socket)
        connection.shutdown(socket.SHUT_RDWR)

    def _on_connect(
        self, _c: Client, _u: Any, _f: Any, code: ReasonCode, _p: Properties | None
    ) -> None:
        self.is_connected = not code.is_failure
        self._answers.put(code.value)

    def _on_disconnect(self, *_: object) -> None:
        self.is_connected = False

    def _on_publish(self, _c: Client, _u: Any, _mid: int, code: ReasonCode, _p: Properties) -> None:
        self._answers.put(code.value)

    def _on_subscribe(self, *_: object) -> None:
        self._answers.put(0)

    def _on_message(self, _c: Client, _u: Any, message: MQTTMessage) -> None:
        self._heard.put((message.topic, bytes(message.payload), message.retain))
