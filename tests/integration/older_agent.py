"""An agent as they were when they knew the plain tick alone; its machine can be put back."""

import threading
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from venuewatch.base import clock
from venuewatch.base.wire import messages, topics

_BOOT = "a"


class OlderAgent:
    """Beats each second, and echoes the latest tick. Its venue is the first part of its name.

    Attributes:
        number: that of its last beat.
    """

    def __init__(self, port: int, host: str) -> None:
        self._topic = f"{topics.ROOT}/{host.partition('-')[0]}/{host}"
        self._port = port
        self._tick: tuple[int, float] | None = None
        self._session = 0
        self._stop = threading.Event()
        self._beats = threading.Thread(target=self._beat)
        self.number = 0

    def __enter__(self) -> Self:
        self._connect()
        self._beats.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._beats.join()
        self._disconnect()

    def put_back(self, number: int) -> None:
        """Go on from an earlier beat, in a session of its own."""
        self._disconnect()
        self.number = number
        self._connect()

    def _connect(self) -> None:
        self._session += 1
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", self._port)
        birth = messages.Birth(
            boot=_BOOT,
            session=self._session,
            wall_ms=0,
            interval_s=1.0,
            vitals_every_s=10.0,
            agent_version="0",
        )
        self._client.loop_start()
        self._client.subscribe(topics.TICK)
        self._client.publish(f"{self._topic}/birth", messages.encode(birth), 1, retain=True)

    def _disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _beat(self) -> None:
        while not self._stop.wait(1.0):
            self.number += 1
            heard, self._tick = self._tick, None
            now, echo = clock.monotonic(), None
            if heard is not None:
                echo = messages.Echo(heard[0], round((now - heard[1]) * 1000))
            wall_ms = round(clock.wall() * 1000)
            seen = self._session, self.number, round(now * 1000), wall_ms
            self._client.publish(
                f"{self._topic}/beat", messages.encode(messages.Beat(_BOOT, *seen, echo))
            )

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._tick = messages.decode_tick(bytes(message.payload)).number, clock.monotonic()
