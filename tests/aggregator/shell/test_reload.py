"""Reload: files that changed, right ones and wrong ones, while the aggregator runs."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import bcrypt
import pytest
from aiohttp import ClientSession, web

from aggregator import config, inventory
from aggregator.core.centre import Centre
from aggregator.shell import reload
from aggregator.shell.driver import Driver
from aggregator.shell.http import web_config
from aggregator.shell.http.server import HttpServer
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.reload import Reloader
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.conftest import Whys
from tests.kit.waiting import PATIENCE_S, until
from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.rehearsal.live.pages import Page

STADE = '[[venue]]\ncode = "STA"\n[[venue.host]]\nname = "STA-1"\n'
MORE = STADE + '[[venue.host]]\nname = "STA-2"\n'
SUCCESSFUL = "venuewatch_aggregator_config_last_reload_successful"
SUCCESS_AT = "venuewatch_aggregator_config_last_reload_success_timestamp_seconds"


class Running:
    """What is reloaded, and the files that it is reloaded from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("inventory.toml", STADE)
        self.write("web.yml", "")
        self.write("aggregator.toml", '[web]\nconfig_file = "web.yml"\n')
        settings = self.reread()
        fleet = inventory.fleet_of(inventory.read_all(Path(settings.inventory)))
        self.centre = Centre(fleet, start=clock.monotonic())
        self.metrics = OwnMetrics(self.centre, version="1")
        self.driver = Driver(self.centre, WallTime(clock.monotonic(), clock.wall()), self.metrics)
        self.server = HttpServer()
        self.reloader = Reloader(settings, self.reread, self.driver, self.server, self.metrics)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application()
        served = web_config.load(self.reloader.settings.web.config_file)
        await self.server.begin(app, "127.0.0.1:0", served)
        try:
            yield
        finally:
            await self.server.end()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def reread(self) -> config.Config:
        return config.read(self.folder / "aggregator.toml")

    def value(self, name: str) -> float:
        return Page(self.metrics.render()).value(name)

    def hosts(self) -> set[str]:
        return {host.name for host in self.centre.fleet}

    async def status(self) -> int:
        """Return how a request without a user is answered: 404 where none is needed."""
        async with ClientSession(f"http://127.0.0.1:{self.server.port}") as session:
            return (await session.get("/")).status


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(tmp_path)
    async with running.serving():
        yield running


def has_no_descriptor(_path: str) -> web_config.WebConfig:
    raise ConfigError("too many files and connections are open")


def users() -> str:
    return f"basic_auth_users: {{alice: '{bcrypt.hashpw(b'x', bcrypt.gensalt(4)).decode()}'}}"


async def test_start_counts_as_a_reload_that_was_accepted(running: Running) -> None:
    assert running.value(SUCCESSFUL) == 1
    assert abs(running.value(SUCCESS_AT) - clock.wall()) < 60


async def test_reload_changes_inventory_and_users(running: Running) -> None:
    running.write("inventory.toml", MORE)
    running.write("web.yml", users())

    said = await running.reloader.reload()

    assert said == "reloaded: 2 hosts at 1 venues"
    assert running.hosts() == {"STA-1", "STA-2"}
    assert await running.status() == 401


@pytest.mark.parametrize("file", ["inventory.toml", "web.yml", "aggregator.toml"])
async def test_pipe_in_place_of_a_file_ends_no_reload(running: Running, file: str) -> None:
    right = (running.folder / file).read_text()
    (running.folder / file).unlink()
    os.mkfifo(running.folder / file)

    with pytest.raises(ConfigError, match=f"{file}: expected a regular file, got a pipe$"):
        await asyncio.wait_for(running.reloader.reload(), PATIENCE_S)
    (running.folder / file).unlink()
    running.write(file, right)

    assert await running.reloader.reload() == "reloaded: 1 hosts at 1 venues"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("inventory.toml", "[[venue]]\n", 'inventory.toml: missing field "code" at $.venue[0]'),
        ("inventory.toml", "[[", "inventory.toml: expected TOML: "),
        ("web.yml", "users: {}", 'web.yml: unknown field "users" at $ - '),
        ("aggregator.toml", "[web]\nport = 1", 'aggregator.toml: unknown field "port" at $.web - '),
        (
            "aggregator.toml",
            '[web]\nconfig_file = "none.yml"',
            "none.yml: No such file or directory",
        ),
        ("aggregator.toml", 'inventory = "none.toml"', "none.toml: No such file or directory"),
    ],
)
async def test_wrong_file_leaves_everything_as_it_was(
    running: Running, whys: Whys, file: str, text: str, line: str
) -> None:
    for right in ("inventory.toml", "web.yml"):
        running.write(right, {"inventory.toml": MORE, "web.yml": users()}[right])
    running.write(file, text)
    before = running.value(SUCCESS_AT)

    with pytest.raises(ConfigError) as refused:
        await running.reloader.reload()

    assert str(refused.value).startswith(f"{running.folder}/{line}")
    assert whys("reload_refused") == [str(refused.value)]
    assert "\n" not in str(refused.value)
    assert running.hosts() == {"STA-1"}
    assert await running.status() == 404
    assert (running.value(SUCCESSFUL), running.value(SUCCESS_AT)) == (0, before)


async def test_renewal_that_failed_is_tried_again(
    running: Running, monkeypatch: pytest.MonkeyPatch, whys: Whys
) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(web_config, "load", has_no_descriptor)
        task = asyncio.create_task(running.reloader.run(asyncio.Event()))
        running.write("web.yml", users())
        await until(lambda: running.value(SUCCESSFUL) == 0)
        await asyncio.wait([task], timeout=0.1)  # it looks some times more

    await until(lambda: running.value(SUCCESSFUL) == 1)

    task.cancel()
    assert await running.status() == 401
    assert len(whys("reload_refused")) == 1


async def test_reload_after_a_wrong_one_is_successful_again(running: Running) -> None:
    running.write("inventory.toml", "[[")
    with pytest.raises(ConfigError):
        await running.reloader.reload()
    running.write("inventory.toml", MORE)

    await running.reloader.reload()

    assert (running.value(SUCCESSFUL), len(running.hosts())) == (1, 2)


async def test_settings_that_need_a_restart_are_named(running: Running) -> None:
    running.write("other.toml", MORE)
    running.write(
        "aggregator.toml",
        'inventory = "other.toml"\n[broker]\nport = 1884\n[notify]\ntimeout_s = 9.0\n'
        '[web]\nexternal_url = "https://x.example"\ntimestamps = true\nlisten_address = ":1"\n'
        '[alertmanager]\nurls = ["http://x"]\n',
    )

    said = [await running.reloader.reload() for _ in range(2)]

    names = "broker.port, web.listen_address, notify.timeout_s, alertmanager.urls"
    later = f"only at the next start: {names}"
    assert said == [f"reloaded: 2 hosts at 1 venues; {later}"] * 2
    assert running.reloader.url_of("/hosts/STA-1") == "https://x.example/hosts/STA-1"
    settings = running.reloader.settings
    assert (settings.web.timestamps, settings.web.config_file) == (True, "")
    assert (settings.broker.port, settings.web.listen_address) == (1883, "127.0.0.1:8039")


async def test_links_lead_to_where_the_pages_are_until_a_restart(running: Running) -> None:
    before = running.reloader.url_of("/incidents/7")
    running.write("aggregator.toml", '[web]\nexternal_url = "https://x.example/mon"\n')
    said = await running.reloader.reload()
    link = running.reloader.url_of("/incidents/7")
    running.write("aggregator.toml", '[web]\ngrafana_url = "https://x.example/d/1"\n')

    later = await running.reloader.reload()

    assert said.endswith("; only at the next start: web.external_url")
    assert link == before
    assert later.endswith("; only at the next start: web.grafana_url")


async def test_times_of_samples_stay_beside_remote_write(running: Running) -> None:
    running.write(
        "aggregator.toml", '[web]\ntimestamps = true\n[remote_write]\nurl = "http://x.example"\n'
    )
    running.reloader.settings = running.reread()
    running.write("aggregator.toml", "")

    said = await running.reloader.reload()

    assert said.endswith("; only at the next start: web.timestamps, remote_write.url")
    assert running.reloader.settings.web.timestamps


async def test_hangup_reloads_each_time(running: Running) -> None:
    hangup = asyncio.Event()
    task = asyncio.create_task(running.reloader.run(hangup))

    for text, hosts in ((MORE, 2), ("[[", 2), (STADE, 1)):
        running.write("inventory.toml", text)
        expected = 0 if text == "[[" else 1
        hangup.set()
        await until(
            lambda hosts=hosts, expected=expected: (  # type: ignore[misc]
                len(running.hosts()) == hosts and running.value(SUCCESSFUL) == expected
            )
        )

    task.cancel()


async def test_users_are_read_again_once_their_file_changes(
    running: Running, monkeypatch: pytest.MonkeyPatch, whys: Whys
) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.01)
    task = asyncio.create_task(running.reloader.run(asyncio.Event()))

    running.write("web.yml", users())
    await until(lambda: bool(running.server.access.users))
    assert await running.status() == 401
    running.write("web.yml", "users: {}")
    await until(lambda: running.value(SUCCESSFUL) == 0)
    assert await running.status() == 401
    running.write("web.yml", "")
    await until(lambda: running.value(SUCCESSFUL) == 1)
    assert await running.status() == 404

    task.cancel()
    assert len(whys("reload_refused")) == 1


async def test_renewed_users_do_not_hide_a_wrong_inventory(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.01)
    running.write("inventory.toml", "[[")
    with pytest.raises(ConfigError):
        await running.reloader.reload()
    task = asyncio.create_task(running.reloader.run(asyncio.Event()))

    running.write("web.yml", users())
    await until(lambda: bool(running.server.access.users))

    task.cancel()
    assert running.value(SUCCESSFUL) == 0


async def test_file_that_is_put_back_is_right_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.01)
    task = asyncio.create_task(running.reloader.run(asyncio.Event()))
    file, away = running.folder / "web.yml", running.folder / "away.yml"

    file.rename(away)
    await until(lambda: running.value(SUCCESSFUL) == 0)
    away.rename(file)
    await until(lambda: running.value(SUCCESSFUL) == 1)

    task.cancel()


async def test_former_web_configuration_is_not_read_again_after_a_reload(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.01)
    may_go_on, loaded, real = threading.Event(), [], web_config.load

    def reread() -> config.Config:
        may_go_on.wait(10.0)
        return running.reread()

    def load(path: str) -> web_config.WebConfig:
        loaded.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(running.reloader, "_reread", reread)
    monkeypatch.setattr(web_config, "load", load)
    running.write("other.yml", users())
    running.write("aggregator.toml", '[web]\nconfig_file = "other.yml"\n')
    reloading = asyncio.create_task(running.reloader.reload())
    watching = asyncio.create_task(running.reloader.run(asyncio.Event()))
    running.write("web.yml", "# changed\n")
    await asyncio.wait([watching], timeout=0.2)  # the change is seen while we reload

    may_go_on.set()
    await reloading
    running.write("other.yml", users())
    await until(lambda: len(loaded) > 1)

    watching.cancel()
    assert set(loaded) == {"other.yml"}


async def test_venue_in_two_files_is_refused_and_changes_nothing(running: Running) -> None:
    (running.folder / "inventory.d").mkdir()
    running.write("inventory.d/STA.toml", STADE.replace("STA-1", "STA-2"))

    with pytest.raises(ConfigError, match="expected each venue code in one file, STA"):
        await running.reloader.reload()

    assert running.hosts() == {"STA-1"}


async def test_file_of_a_new_venue_is_taken_in_by_reload(running: Running) -> None:
    (running.folder / "inventory.d").mkdir()
    running.write("inventory.d/AQU.toml", STADE.replace("STA", "AQU"))

    said = await running.reloader.reload()

    assert said == "reloaded: 2 hosts at 2 venues"
    assert running.hosts() == {"STA-1", "AQU-1"}
