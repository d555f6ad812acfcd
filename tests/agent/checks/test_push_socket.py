"""Pushes through a Unix socket: only the user who may push is heard."""

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.checks.push import Check, Config
from tests.agent.checks.feed.hall import untimed
from tests.agent.checks.feed.results_day import Clock
from venuewatch.push import say_alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who sends")

OTHER = 65_534
"""The number of nobody, who is on each machine."""

_SAY_GOODBYE = (
    "import socket, sys; s = socket.socket(1, 2); s.sendto(b'{\"bye\": true}', sys.argv[1])"
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="to be another user, one has to be root")

Listen = Callable[..., Check]


@pytest.fixture
def path() -> Iterator[str]:
    """Return a path that every user can get to."""
    name = f"/tmp/venuewatch-test-{os.getpid()}.sock"  # noqa: S108 - pytest's own are for one user
    yield name
    Path(name).unlink(missing_ok=True)


@pytest.fixture
def listen(path: str) -> Iterator[Listen]:
    """Return what makes a check that listens there, for a user."""
    checks: list[Check] = []

    def make(user: str = "") -> Check:
        config = Config(name="scores", listen_socket=path, user=user)
        checks.append(Check(config, lambda _name: None))
        return checks[-1]

    yield make
    for check in checks:
        check.close()


def say_goodbye_as(user: int, path: str) -> None:
    command = ["/usr/bin/env", "python3", "-c", _SAY_GOODBYE, path]
    subprocess.run(command, user=user, group=user, extra_groups=[], check=True, cwd="/")


def test_program_is_heard_through_a_socket(listen: Listen, path: str) -> None:
    check = listen()
    say_alive(5, address=path)

    reading = check.read()

    assert (reading.state, untimed(reading.detail)) == ("flowing", "last is 5")
    assert reading.values.results_unauthorized_total is None


@pytest.mark.parametrize("by_name", [False, True])
def test_the_user_who_may_push_is_heard(listen: Listen, path: str, *, by_name: bool) -> None:
    own = os.geteuid()
    check = listen(pwd.getpwuid(own).pw_name if by_name else str(own))
    say_alive(5, address=path)

    reading = check.read()

    assert (reading.state, reading.values.results_unauthorized_total) == ("flowing", 0.0)


@needs_root
def test_goodbye_of_another_user_has_no_effect_and_is_counted(listen: Listen, path: str) -> None:
    check = listen(str(os.geteuid()))
    say_alive(5, address=path)
    say_goodbye_as(OTHER, path)
    say_alive(6, address=path)

    reading = check.read()

    assert (reading.state, untimed(reading.detail)) == ("flowing", "last is 6")
    assert reading.values.results_unauthorized_total == 1.0
    assert reading.values.results_parse_errors_total == 0.0


@needs_root
def test_without_a_user_everybody_is_heard(listen: Listen, path: str) -> None:
    check = listen()
    say_alive(5, address=path)
    say_goodbye_as(OTHER, path)

    assert check.read().state == "not_expected"


def test_user_who_does_not_exist_is_said(listen: Listen, path: str) -> None:
    reading = listen("no-such-user").read()

    assert reading.state == "critical"
    assert reading.detail == f"{path}: this machine has no user no-such-user"


def test_socket_of_a_process_that_has_ended_is_replaced(listen: Listen, path: str) -> None:
    left = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.bind(path)
    left.close()

    check = listen()
    say_alive(5, address=path)

    assert check.read().state == "flowing"
    check.close()
    assert not Path(path).exists()


@pytest.mark.parametrize("what", ["a socket in use", "a file"])
def test_path_that_is_not_ours_is_left_as_it_is(listen: Listen, path: str, what: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as used:
        if what == "a file":
            Path(path).write_text("mine")
        else:
            used.bind(path)

        check = listen()

        assert check.read().state == "critical"
        assert Path(path).exists()


def test_user_without_a_socket_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected `listen_socket` beside `user`"):
        Config(name="scores", user="scoreboard")


@needs_root
def test_only_another_user_talking_is_no_silence(path: str) -> None:
    clock = Clock(1_722_700_000.0)
    config = Config(name="scores", listen_socket=path, user=str(os.geteuid()))
    check = Check(config, lambda _name: None, clock)
    say_goodbye_as(OTHER, path)
    clock.wall_s += 61.0

    reading = check.read()
    check.close()

    assert reading.state == "critical"
    assert f"; 1 datagram refused, with another user than {os.geteuid()}" in reading.detail
