"""A TCP proxy between a client and one server, for cuts, silences and delays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

HOST = "127.0.0.1"
_CHUNK_BYTES = 64 * 1024


class TcpProxy:
    """Forwards every connection to ``target``, which may be set later.

    ``cut`` closes all connections and refuses new ones, ``silence`` keeps them and forwards
    nothing, ``delay_seconds`` holds back each piece; ``mend`` undoes the first two.
    """

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self.port = 0
        self.delay_seconds = 0.0
        self.connections = 0
        self._talking = asyncio.Event()
        self._talking.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Take connections, always on the same port, and forward again."""
        self._talking.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """As if the server had died."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def silence(self) -> None:
        """As if the cable had been pulled: nobody is told."""
        self._talking.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            # What ends one direction ends both, as between a client and its server.
            with suppress(OSError, asyncio.CancelledError):
                answers, upstream = await asyncio.open_connection(HOST, self.target)
                ways = [(reader, upstream), (answers, writer)]
                tasks = [asyncio.create_task(self._forward(*way)) for way in ways]
                try:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for each in tasks:
                        each.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    upstream.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(_CHUNK_BYTES):
                await self._talking.wait()
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                sink.write(piece)
                await sink.drain()


@asynccontextmanager
async def tcp_proxy(target: int = 0) -> AsyncIterator[TcpProxy]:
    """A proxy that forwards while the context lasts."""
    proxy = TcpProxy(target)
    await proxy.mend()
    try:
        yield proxy
    finally:
        await proxy.cut()
