"""A TCP front of a server that can be cut: then nothing passes, and no connection is closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self


class Cuttable:
    """Passes bytes on to a port while it is not cut.

    Attributes:
        port: where it listens.
        connections: how many are open.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[Self]:
        """Listen, until the block ends."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Pass nothing from now on."""
        self._is_whole.clear()

    def heal(self) -> None:
        """Pass what has come meanwhile, and all from now on."""
        self._is_whole.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        # asyncio 3.11 logs the task of a connection that is cancelled.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await self._is_whole.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self.connections -= 1
        self._tasks.discard(task)
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self._is_whole.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
