"""A WebSocket front for a TCP broker, as a reverse proxy is: Debian's Mosquitto has none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer


@asynccontextmanager
async def relaying(broker_port: int) -> AsyncIterator[int]:
    """Pass binary frames on ``/mqtt`` to a TCP port and back; yield the port of the front."""

    async def relay(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("mqtt",))
        await socket.prepare(request)
        reader, writer = await asyncio.open_connection("127.0.0.1", broker_port)

        async def downward() -> None:
            while data := await reader.read(65_536):
                await socket.send_bytes(data)
            await socket.close()

        task = asyncio.create_task(downward())
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    writer.write(message.data)
        finally:
            task.cancel()
            writer.close()
        return socket

    app = web.Application()
    app.router.add_get("/mqtt", relay)
    async with TestServer(app) as server:
        assert server.port is not None
        yield server.port
