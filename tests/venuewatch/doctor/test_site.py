"""An installation: the program that runs there is found, and never hung up on."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import msgspec
import psutil
import pytest

from agent.status import NOT_YET, Answering, NoAnswerError, Status, socket_beside
from tests.agent.checks.authority import Authority, tls_peer
from tests.agent.checks.peers import LOOPBACK, refused_port, say, tcp_peer
from venuewatch.base.config import ConfigError
from venuewatch.doctor import site as of_site
from venuewatch.doctor import system
from venuewatch.doctor.checks import credentials, unit
from venuewatch.doctor.site import Running, Site
from venuewatch.doctor.trial import Trial

AGENT_TOML = 'venue = "STA"\nhost = "STA-1"\n[broker]\nport = 18833\n'
STATUS = Status(
    venue="STA",
    host="STA-1",
    agent_version="1",
    pid=7,
    broker="127.0.0.1:18833",
    is_connected=True,
    sessions=1,
)
HEARING = msgspec.structs.replace(STATUS, hears_centre=True)


def let_run(monkeypatch: pytest.MonkeyPatch, *commands: Sequence[str]) -> None:
    """Have no processes but these."""
    found = [SimpleNamespace(info={"pid": 7, "cmdline": list(each)}) for each in commands]

    def processes(_attributes: object) -> list[SimpleNamespace]:
        return found

    monkeypatch.setattr(psutil, "process_iter", processes)


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    let_run(monkeypatch)


@pytest.fixture
def config(short_folder: Path) -> Path:
    path = short_folder / "agent.toml"
    path.write_text(AGENT_TOML)
    return path


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what was tried under the host's name."""
    tried: list[object] = []

    def note(_where: object, who: object) -> Trial:
        tried.append(who)
        return Trial()

    monkeypatch.setattr(of_site, "tried", note)
    return tried


def test_a_running_agent_is_asked_and_nothing_is_tried(config: Path, trials: list[object]) -> None:
    answering = Answering(socket_beside(str(config.parent / "spool")), lambda: HEARING)
    site = Site(config)
    try:
        running, trial = site.running, site.trial
    finally:
        answering.close()

    assert running.status == HEARING
    assert trial is None
    assert trials == []


def test_agent_of_another_host_is_not_taken_for_ours(
    config: Path, trials: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = msgspec.structs.replace(HEARING, host="STA-2")
    monkeypatch.setattr(of_site, "asked", lambda _path: other)
    site = Site(config)

    assert site.running == Running(beside="the agent of STA-2, process 7")
    assert site.trial == Trial()
    assert len(trials) == 1


def test_a_hanging_agent_is_not_hung_up_on(
    config: Path, trials: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_path: str) -> None:
        raise NoAnswerError("no answer in time")

    monkeypatch.setattr(of_site, "asked", silent)
    site = Site(config)

    assert site.trial is None
    assert "no answer in time" in site.running.how
    assert trials == []


def test_where_no_agent_runs_a_session_is_tried_once(config: Path, trials: list[object]) -> None:
    site = Site(config)

    assert [site.trial, site.trial] == [Trial(), Trial()]
    assert len(trials) == 1


def test_over_a_websocket_nothing_is_tried(config: Path, trials: list[object]) -> None:
    config.write_text(AGENT_TOML + 'transport = "websockets"\n')

    assert Site(config).trial is None
    assert trials == []


def centre_in(folder: Path, web_port: int | None = None) -> Path:
    """Write the file of an aggregator; nobody listens at its web port, if none is named."""
    path = folder / "aggregator.toml"
    (folder / "inventory.toml").write_text("[[venue]]\ncode = 'STA'\n")
    path.write_text(
        f'name = "a"\n[web]\nlisten_address = "{LOOPBACK}:{web_port or refused_port()}"\n'
    )
    return path


def test_aggregator_that_listens_elsewhere_is_not_hung_up_on(
    tmp_path: Path, trials: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = centre_in(tmp_path)
    let_run(monkeypatch, ["python", "-I", "-m", "aggregator", "--config", str(path)])
    site = Site(path)

    assert site.trial is None
    assert "process 7" in site.running.how
    assert trials == []


@pytest.mark.parametrize(
    ("answer", "is_ready", "state"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True, "well"),
        (b"HTTP/1.1 503 Not\r\nContent-Length: 0\r\n\r\n", False, "wrong"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", None, "unknown"),
        (b"\x15\x03\x03\0\x02\x02\x46", None, "unknown"),
    ],
)
def test_running_aggregator_says_if_it_is_subscribed(
    tmp_path: Path,
    trials: list[object],
    answer: bytes,
    is_ready: bool | None,  # noqa: FBT001 - a column of the table
    state: str,
) -> None:
    with tcp_peer(say(answer)) as port:
        path = centre_in(tmp_path, port)
        site = Site(path)
        found = credentials.judge(credentials.look(site))

    assert site.running.is_ready is is_ready
    assert [each.state for each in found] == [state]
    assert trials == []


def test_aggregator_is_asked_over_tls_too(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 503 Not\r\nContent-Length: 0\r\n\r\n"
    with tls_peer(Authority(tmp_path).context(), say(answer)) as port:
        running = Site(centre_in(tmp_path, port)).running

    assert running.is_ready is False


def test_centre_without_an_aggregator_is_tried(tmp_path: Path, trials: list[object]) -> None:
    assert Site(centre_in(tmp_path)).trial == Trial()
    assert len(trials) == 1


def test_agent_that_systemd_is_about_to_start_is_not_hung_up_on(
    config: Path, trials: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def starts_again(_unit: str) -> dict[str, str]:
        return {"LoadState": "loaded", "SubState": "auto-restart", "NRestarts": "3"}

    monkeypatch.setattr(system, "state_of", starts_again)
    site = Site(config)

    assert site.trial is None
    assert [each.text for each in unit.judge(unit.look(site))] == [
        "venuewatch-agent.service ends again and again, 3 times so far"
    ]
    assert trials == []


def test_agent_that_a_supervisor_is_about_to_start_is_not_hung_up_on(
    config: Path, trials: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_run(monkeypatch, ["/usr/bin/python3", "-I", "/opt/venuewatch/supervise", "agent"])
    site = Site(config)

    assert site.trial is None
    assert "has ended" in unit.judge(unit.look(site))[0].text
    assert trials == []


def test_agent_that_has_just_begun_is_given_time_to_hear_the_centre(config: Path) -> None:
    connecting = msgspec.structs.replace(STATUS, is_connected=False, trouble=NOT_YET)
    answers = iter([connecting, STATUS, HEARING])
    answering = Answering(socket_beside(str(config.parent / "spool")), lambda: next(answers))
    try:
        running = Site(config).running
    finally:
        answering.close()

    assert running.status == HEARING


def test_an_inventory_is_no_installation(tmp_path: Path) -> None:
    path = tmp_path / "inventory.toml"
    path.write_text('[[venue]]\ncode = "STA"\n')

    with pytest.raises(ConfigError, match="got an inventory"):
        Site(path)


def test_the_spool_is_where_systemd_has_it(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    state = tmp_path / "state"
    monkeypatch.setattr(of_site, "STATE", state)

    by_hand = Site(config).spool
    state.mkdir()

    assert by_hand == str(config.parent / "spool")
    assert Site(config).spool == str(state / "spool")
