"""A subscriber over gmqtt, on asyncio, with the aggregator's core behind it."""

import asyncio
import sys

import gmqtt

from bench.kit import centre
from bench.kit.centre import LOOK_EVERY_S, TICK_EVERY_S, Centre
from venuewatch.base.wire import topics


def hear(core: Centre, port: int) -> None:
    """Subscribe, and hand everything to ``core``."""
    asyncio.run(_hear(core, port))


async def _hear(core: Centre, port: int) -> None:
    client = gmqtt.Client("bench-gmqtt", clean_session=True)

    def on_message(
        _client: object, topic: str, payload: bytes, _qos: int, properties: dict[str, int]
    ) -> int:
        core.hear(topic, payload, is_retained=bool(properties["retain"]))
        return 0

    client.on_message = on_message
    await client.connect("127.0.0.1", port)
    client.subscribe(topics.EVERYTHING_UPWARD, qos=1)
    core.subscribed()
    looks_a_tick = round(TICK_EVERY_S / LOOK_EVERY_S)
    while True:
        client.publish(topics.TICK, core.tick())
        for _ in range(looks_a_tick):
            await asyncio.sleep(LOOK_EVERY_S)
            core.look()


if __name__ == "__main__":
    sys.exit(centre.main(hear))
