"""Reload: reads configuration and inventory again while the aggregator runs.

Files are read in a thread, and nothing changes before all of them are right: a wrong one leaves
everything as it was, and one line says why. What can't change without a restart is named, and stays
as it was. Certificates and users are also read again soon after one of their files has changed.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from aggregator import inventory
from aggregator.config import Config, Web
from aggregator.core.fleet import Fleet
from aggregator.shell.driver import Driver
from aggregator.shell.http import web_config
from aggregator.shell.http.server import HttpServer
from aggregator.shell.http.web_config import WebConfig
from aggregator.shell.outlets.own_metrics import OwnMetrics
from venuewatch.base import clock, log
from venuewatch.base.config import ConfigError

LOOK_EVERY_S = 10.0
"""How often (s) it is looked whether a certificate, or the list of users, is another one."""

_logger = logging.getLogger("aggregator")


class Reloader:
    """Applies to a running aggregator what its files say now. ``settings`` are those in force."""

    def __init__(
        self,
        settings: Config,
        reread: Callable[[], Config],
        driver: Driver,
        server: HttpServer,
        metrics: OwnMetrics,
    ) -> None:
        self.settings = settings
        self._reread = reread
        self._driver = driver
        self._server = server
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._wrong: dict[str, str] = {}
        metrics.note_reload(clock.wall(), is_success=True)

    def url_of(self, path: str) -> str:
        """Return the whole address of a path, as people and other programs reach it."""
        near = f"{self._server.scheme}://{socket.gethostname()}:{self._server.port}"
        return (self.settings.web.external_url or near).rstrip("/") + path

    async def reload(self) -> str:
        """Apply what the files say; return a line that says what came of it.

        Raises:
            ConfigError: a file is wrong, or can't be used now; nothing has changed.
        """
        async with self._lock:
            with self._noting("files"):
                found, fleet, served = await asyncio.to_thread(self._read)
            self._driver.change_inventory(fleet)
            self.settings = self._applied(found)
            self._server.use(served)
            self._server.apply(self.settings.web)
            kept = list(_differing(self.settings, found))
        hosts, venues = len(fleet), len(fleet.venues)
        log.event(_logger, logging.INFO, "reloaded", hosts=hosts, venues=venues, at_next_start=kept)
        later = f"; only at the next start: {', '.join(kept)}" if kept else ""
        return f"reloaded: {hosts} hosts at {venues} venues{later}"

    async def run(self, hangup: asyncio.Event) -> None:
        """Reload each time that ``hangup`` is set, and watch the files of the web server."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_web_config(), name="web config")
            while True:
                await hangup.wait()
                hangup.clear()
                with contextlib.suppress(ConfigError):  # it is logged
                    await self.reload()

    async def _watch_web_config(self) -> None:
        """Read the files of the web server again once they change, and while they are wrong."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            async with self._lock:
                path = self.settings.web.config_file
                state = await asyncio.to_thread(web_config.state_of, path)
                if state != self._server.files_state or "web config" in self._wrong:
                    await self._renew(path)

    async def _renew(self, path: str) -> None:
        with contextlib.suppress(ConfigError), self._noting("web config"):
            self._server.use(await asyncio.to_thread(web_config.load, path))
            log.event(_logger, logging.INFO, "web_config_renewed", path=path)

    @contextlib.contextmanager
    def _noting(self, what: str) -> Iterator[None]:
        """Note whether files were right, and log why not. All files include the web server's."""
        try:
            yield
        except ConfigError as error:
            why = str(error)
            if what == "files" or why not in self._wrong.values():
                log.event(_logger, logging.ERROR, "reload_refused", why=why)
            self._wrong[what] = why
            self._metrics.note_reload(clock.wall(), is_success=False)
            raise
        for right in (what, "web config"):
            self._wrong.pop(right, None)
        if not self._wrong:
            self._metrics.note_reload(clock.wall(), is_success=True)

    def _applied(self, found: Config) -> Config:
        """Return the settings with all of ``found`` that can change without a restart."""
        now = self.settings
        web = replace(
            found.web, listen_address=now.web.listen_address, grafana_url=now.web.grafana_url
        )
        if _root_of(web) != _root_of(now.web):  # links must lead to where the pages are
            web = replace(web, external_url=now.web.external_url)
        if now.remote_write.url:  # which needs them
            web = replace(web, timestamps=now.web.timestamps)
        return replace(now, inventory=found.inventory, web=web)

    def _read(self) -> tuple[Config, Fleet, WebConfig]:
        settings = self._reread()
        fleet = inventory.fleet_of(inventory.read_all(Path(settings.inventory)))
        return settings, fleet, web_config.load(settings.web.config_file)


def _root_of(web: Web) -> str:
    return urlsplit(web.external_url).path.rstrip("/")


def _differing(before: msgspec.Struct, after: msgspec.Struct, within: str = "") -> Iterator[str]:
    """Yield the names of the fields that differ, as a.b."""
    for name in before.__struct_fields__:
        was, now = getattr(before, name), getattr(after, name)
        if isinstance(was, msgspec.Struct) and isinstance(now, msgspec.Struct):
            yield from _differing(was, now, f"{within}{name}.")
        elif was != now:
            yield within + name
