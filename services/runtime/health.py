"""The port for probes and metrics of one worker."""

import errno
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.runtime import metrics
from services.runtime.settings import SettingsError, WorkerSettings

logger = logging.getLogger(__name__)

USUAL_PORTS = {"ingest": 8081, "enrich": 8082, "index": 8083}

# A loop that is alive turns several times a second, also while it waits for a server. A batch of
# very long articles may take a while; past this something hangs, and a restart is the cure.
STUCK_SECONDS = 180.0


class Health:
    """The state that probes and metrics show of a worker.

    ``ready`` once it is a member of its group; ``waiting_for`` names the server that it waits for.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.ready = False
        self._waiting_for: str | None = None
        self._waiting_scopes = 0
        self._last_beat = time.monotonic()
        self._oldest_timestamp: float | None = None
        metrics.LAG_SECONDS.labels(service).set_function(self._lag_seconds)

    @contextmanager
    def processing(self, oldest_timestamp_seconds: float) -> Iterator[None]:
        """Export the age of a batch while it is processed: it grows while a server is away.

        :param oldest_timestamp_seconds: Unix time when the broker took the batch's oldest record.
        """
        self._oldest_timestamp = oldest_timestamp_seconds
        try:
            yield
        finally:
            self._oldest_timestamp = None

    def _lag_seconds(self) -> float:
        oldest = self._oldest_timestamp
        return 0.0 if oldest is None else max(time.time() - oldest, 0.0)

    def beat(self) -> None:
        """Note that the worker makes progress; called whenever its loop turns."""
        self._last_beat = time.monotonic()

    @property
    def waiting_for(self) -> str | None:
        """What the worker waits for, or None while it works."""
        return self._waiting_for

    @contextmanager
    def waiting_scope(self) -> Iterator[None]:
        """Scope of work that may have to wait for a server.

        Scopes nest: what ``report_unavailable`` was told holds until the outermost one ends. The
        log says that the waiting is over only where the work was done, not where it was given up.
        """
        self._waiting_scopes += 1
        done = False
        try:
            yield
            done = True
        finally:
            self._waiting_scopes -= 1
            if not self._waiting_scopes and self._waiting_for is not None:
                if done:
                    logger.info("The waiting is over.", extra={"cause": self._waiting_for})
                self._waiting_for = None
                metrics.WAITING.labels(self.service).set(0)

    def report_unavailable(self, server: str) -> None:
        """Not ready from now on, until the outermost ``waiting_scope`` ends; warn the first time.

        :param server: what cannot be reached, for the log and for ``/readyz``.
        """
        if self._waiting_for is None:
            logger.warning("A server is not available; waiting for it.", extra={"cause": server})
            metrics.WAITING.labels(self.service).set(1)
        self._waiting_for = server

    @property
    def alive(self) -> bool:
        """False when the loop has not turned for so long that only a restart can help."""
        return time.monotonic() - self._last_beat < STUCK_SECONDS

    def state(self) -> tuple[bool, str]:
        """Whether the worker is ready, and why not."""
        if not self.ready:
            return False, f"starting: {self._waiting_for or 'joining its group'}"
        if self._waiting_for is not None:
            return False, f"waiting: {self._waiting_for}"
        return True, "ready"


def application(health: Health) -> web.Application:
    """``/livez``, ``/readyz``, ``/metrics``."""

    async def livez(_: web.Request) -> web.Response:
        return _answer(ok=health.alive, text="alive" if health.alive else "stuck")

    async def readyz(_: web.Request) -> web.Response:
        ready, text = health.state()
        return _answer(ok=ready, text=text)

    async def scrape(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", scrape)
    return app


@asynccontextmanager
async def serve(health: Health, settings: WorkerSettings) -> AsyncIterator[None]:
    """Serve probes and metrics while the context lasts.

    :raises SettingsError: the port that was asked for is taken.
    """
    runner = web.AppRunner(application(health), access_log=None)
    await runner.setup()
    try:
        port = await _listen(runner, settings, USUAL_PORTS[health.service])
        logger.info("Probes and metrics are served.", extra={"port": port})
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: WorkerSettings, usual: int) -> int:
    asked = settings.health_port
    # Several workers of a kind on one machine are normal: all but the first take a free port.
    for port in (usual, 0) if asked is None else (asked,):
        site = web.TCPSite(runner, settings.health_host, port)
        try:
            await site.start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SettingsError(
                    f"NEWSLINE_HEALTH_HOST: cannot listen on {settings.health_host}:{port}"
                ) from error
            continue
        return int(runner.addresses[-1][1])
    raise SettingsError(f"NEWSLINE_HEALTH_PORT: port {asked} is taken; 0 takes any free one")


def _answer(*, ok: bool, text: str) -> web.Response:
    return web.Response(text=text + "\n", status=200 if ok else 503)
