"""A WebSocket front for a TCP broker, as a reverse proxy is: Debian's Mosquitto has none."""

import asyncio
import threading
from typing import Self

from aiohttp import WSMsgType, web


class WebSocketRelay:
    """Passes binary frames on ``/mqtt`` to a TCP port and back, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self._broker_port = port
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/mqtt", self._relay)
        runner = web.AppRunner(app, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._is_ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _relay(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("mqtt",))
        await socket.prepare(request)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._broker_port)

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
