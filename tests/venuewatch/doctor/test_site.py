"""An installation: the program that runs there is found, and never hung up on."""

from pathlib import Path

import msgspec
import pytest

from agent.status import Answering, NoAnswerError, Status, socket_beside
from venuewatch.base.config import ConfigError
from venuewatch.doctor import site as of_site
from venuewatch.doctor.site import Running, Site, is_agent
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


@pytest.mark.parametrize(
    ("command", "is_ours"),
    [
        (["/opt/venuewatch/bin/python", "-I", "-m", "agent", "--config", "{}"], True),
        (["python", "/opt/venuewatch/bin/venuewatch", "agent", "--config={}"], True),
        (["python", "-m", "agent", "--config", "agent.toml"], True),
        (["python", "-m", "agent", "--config", "/gone/away/agent.toml"], True),
        (["python", "-m", "agent", "--config", "other.toml"], False),
        (["python", "-m", "agent", "--config", "{}.other"], False),
        (["vim", "agent"], False),
        (["ssh-agent"], False),
        ([], False),
    ],
)
def test_an_agent_of_this_configuration_is_told_by_its_command(
    config: Path,
    command: list[str],
    is_ours: bool,  # noqa: FBT001 - a column of the table
) -> None:
    config.with_name("agent.toml.other").touch()

    assert is_agent([word.replace("{}", str(config)) for word in command], config) is is_ours


def test_a_running_agent_is_asked_and_nothing_is_tried(config: Path, trials: list[object]) -> None:
    answering = Answering(socket_beside(str(config.parent / "spool")), lambda: STATUS)
    site = Site(config)
    try:
        running, trial = site.running, site.trial
    finally:
        answering.close()

    assert running.status == STATUS
    assert trial is None
    assert trials == []


def test_agent_of_another_host_is_not_taken_for_ours(
    config: Path, trials: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = msgspec.structs.replace(STATUS, host="STA-2")
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
