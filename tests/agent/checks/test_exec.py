"""Plugins: what they say is taken over, and whatever they do, nothing of them stays behind."""

import os
import select
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from agent.checks import Reading
from agent.checks.exec import Check, Config
from agent.checks.host import spawn
from venuewatch.base import clock
from venuewatch.base.wire.checks import CheckState, CheckValues

PATIENCE_S = 20.0
PLUGINS = Path("/usr/lib/nagios/plugins")
FLOODED = "killed: it wrote more than 16.0 MB"

needs_plugins = pytest.mark.skipif(
    not (PLUGINS / "check_dummy").exists(), reason="no package monitoring-plugins-basic"
)
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")


def check(*command: str, timeout_s: float = PATIENCE_S, **environment: str) -> Check:
    found = Config(name="plugin", command=command, timeout_s=timeout_s, environment=environment)
    return Check(found, lambda _: None)


def read(*command: str, timeout_s: float = PATIENCE_S) -> Reading:
    return check(*command, timeout_s=timeout_s).read()


def shell(script: str, timeout_s: float = PATIENCE_S) -> Reading:
    return read("sh", "-c", script, timeout_s=timeout_s)


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def held() -> tuple[int, int, set[int]]:
    process = psutil.Process()
    return process.num_fds(), process.num_threads(), children()


class Lifeline:
    """A pipe that ends when the last process that holds it is gone."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._heard = b""

    def close(self) -> None:
        os.close(self._fd)

    def said_before_its_end(self) -> str:
        while select.select([self._fd], [], [], PATIENCE_S)[0]:
            chunk = os.read(self._fd, 4096)
            self._heard += chunk
            if not chunk:
                return self._heard.decode()
        raise AssertionError("somebody still lives")


@pytest.fixture
def lifeline(tmp_path: Path) -> Iterator[Lifeline]:
    found = Lifeline(tmp_path / "lifeline")
    yield found
    found.close()


@needs_plugins
@pytest.mark.parametrize(
    ("code", "state"), [(0, "ok"), (1, "warning"), (2, "critical"), (3, "unknown")]
)
def test_a_plugins_exit_code_is_the_state_and_its_first_line_the_detail(
    code: int, state: CheckState
) -> None:
    reading = read(str(PLUGINS / "check_dummy"), str(code), "all well")

    assert reading[:2] == (state, f"{state.upper()}: all well")
    assert reading.values == CheckValues(check_exit_code=code)


@needs_plugins
def test_a_real_plugins_performance_data_become_rows_in_base_units() -> None:
    used_bytes = shutil.disk_usage("/").used

    reading = read(str(PLUGINS / "check_disk"), "-w", "1", "-c", "1", "-p", "/")

    ((label, value),) = reading.values.check_performance_bytes or []
    assert reading.state == "ok"
    assert reading.detail.startswith("DISK OK - free space: / ")
    assert label == "/"
    assert value == pytest.approx(used_bytes, rel=0.05)


def test_performance_data_on_later_lines_count_too() -> None:
    reading = shell("printf 'fine | a=1s\\nlong text\\nmore | b=2ms\\nc=3KB\\n'")

    assert reading.detail == "fine"
    assert reading.values.check_performance_seconds == [("a", 1.0), ("b", 0.002)]
    assert reading.values.check_performance_bytes == [("c", 3000.0)]


def test_no_shell_looks_at_the_arguments() -> None:
    assert read("echo", "$HOME; `id` * |x=1").detail == "$HOME; `id` *"


def test_a_plugin_gets_the_least_environment_and_what_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", "secret")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    show = "import os; print(sorted(os.environ.items()))"

    reading = check(sys.executable, "-I", "-c", show, VENUE="STA").read()

    assert reading.detail == str(
        [("LANG", "C"), ("LC_ALL", "C"), ("PATH", "/usr/bin:/bin"), ("VENUE", "STA")]
    )


@needs_proc
def test_a_plugin_inherits_none_of_our_files(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(fd, True)  # noqa: FBT003 - its own signature

    reading = read(sys.executable, "-c", "import os; print(sorted(os.listdir('/proc/self/fd')))")

    os.close(fd)
    assert reading.detail == "['0', '1', '2', '3']"  # 3 is the listing itself


def test_a_plugin_leaves_no_file_no_zombie_and_no_thread() -> None:
    before = held()

    states = [shell("echo fine; exit 0").state, shell("kill -9 $$").state, read("/nope").state]

    assert states == ["ok", "critical", "unknown"]
    assert held() == before


@pytest.mark.timed
def test_a_plugin_that_ignores_sigterm_is_killed_in_time_with_all_of_its_children(
    lifeline: Lifeline,
) -> None:
    before = children()
    script = (
        f"exec 3>{lifeline.path}; trap '' TERM; echo waiting for the database; "
        "(trap '' TERM; echo child >&3; while :; do sleep 1000; done) & "
        "(trap '' TERM; sh -c 'echo grandchild >&3; sleep 1000; :' & wait) & "
        f'setsid sh -c "echo apart >&3; sleep 1000; :" & '
        "while :; do sleep 1000; done"
    )
    begin = clock.monotonic()

    reading = shell(script, timeout_s=1.0)

    assert clock.monotonic() - begin < 1.0
    assert reading[:2] == (
        "critical",
        "killed: no end within 1 s; it said: waiting for the database",
    )
    assert sorted(lifeline.said_before_its_end().split()) == ["apart", "child", "grandchild"]
    assert children() == before


def test_what_a_plugin_leaves_in_the_background_holds_up_nothing_and_is_killed(
    lifeline: Lifeline,
) -> None:
    reading = shell(f"exec 3>{lifeline.path}; sleep 1000 & echo started")

    assert reading[:2] == ("ok", "started")
    assert lifeline.said_before_its_end() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is so anyway")
def test_where_the_kernel_can_not_tell_the_end_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, lifeline: Lifeline
) -> None:
    def refuse(_: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    before = held()

    fine = shell(f"exec 3>{lifeline.path}; sleep 1000 & echo fine | tee /dev/stderr; exit 1")
    hanging = shell("exec sleep 1000", timeout_s=0.5)

    assert fine[:2] == ("warning", "fine")
    assert lifeline.said_before_its_end() == ""
    assert hanging[:2] == ("critical", "killed: no end within 0.5 s")
    assert held() == before


def test_endless_output_is_cut_and_its_writer_killed() -> None:
    before = children()

    reading = read("yes", "all is well")

    assert reading[:2] == ("critical", FLOODED)
    assert children() == before


def test_of_long_output_the_beginning_is_kept_and_the_exit_code_counts() -> None:
    script = "import sys; print('long | a=1', 'x' * 1_000_000); sys.exit(1)"
    outcome = spawn.run([sys.executable, "-c", script], {}, timeout_s=PATIENCE_S)

    reading = read(sys.executable, "-c", script)

    assert len(outcome.stdout) == spawn.OUTPUT_BYTES
    assert reading[:2] == ("warning", "long")
    assert reading.values.check_performance == [("a", 1.0)]


def test_garbage_becomes_one_printable_line_that_can_be_sent() -> None:
    script = (
        r"printf '\000\377\033[31mred\tand\rso on %s' \"$(head -c 5000 /dev/zero | tr '\0' x)\""
    )

    reading = shell(f"{script}; head -c 50000 /dev/urandom; echo \"|'=='''=1 =\"")

    assert len(reading.detail) == 256
    assert reading.detail.startswith("\ufffd [31mred and so on")
    assert reading.detail.isprintable()
    assert msgspec.json.decode(msgspec.json.encode(reading))[1] == reading.detail


@pytest.mark.parametrize(
    ("script", "state", "detail"),
    [
        ("cat; echo over", "ok", "over"),  # its stdin is empty
        ("true", "ok", "it said nothing"),
        ("printf 'Traceback\nno such venue\n' >&2; exit 1", "warning", "no such venue"),
        ("echo so what; exit 42", "unknown", "exit code 42 means nothing: so what"),
        ("echo fine; kill -SEGV $$", "critical", "ended by signal 11 (SIGSEGV)"),
        ("echo fine; kill -KILL $$", "critical", "ended by signal 9 (SIGKILL)"),
        ("echo fine; kill -40 $$", "critical", "ended by signal 40"),
    ],
)
def test_the_end_of_a_plugin_is_told_in_words(script: str, state: CheckState, detail: str) -> None:
    assert shell(script)[:2] == (state, detail)


def test_a_plugin_that_can_not_be_started_is_unknown_in_words(tmp_path: Path) -> None:
    plain, headless, lost = tmp_path / "plain", tmp_path / "headless", tmp_path / "lost"
    plain.write_text("#!/bin/sh\n")
    headless.write_bytes(b"\x00\x01\x02")
    headless.chmod(0o755)
    lost.write_text("#!/no/such/interpreter\n")
    lost.chmod(0o755)

    readings = [read(str(path)) for path in (tmp_path / "none", plain, headless, lost, tmp_path)]

    assert {reading.state for reading in readings} == {"unknown"}
    assert [reading.detail.partition(": ")[2] for reading in readings] == [
        "there is no such program (or the interpreter that it names)",
        "it may not be executed",
        "it is no program for this machine, and names no interpreter",
        "there is no such program (or the interpreter that it names)",
        "it may not be executed",
    ]


def test_a_second_one_is_never_started_beside_one_that_can_not_be_killed(
    monkeypatch: pytest.MonkeyPatch, lifeline: Lifeline
) -> None:
    plugin = check(
        "sh", "-c", f"exec 3>{lifeline.path}; echo $$ >&3; exec sleep 1000", timeout_s=0.4
    )
    groups: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", lambda group, _: groups.append(group))
        first = plugin.read()

    second = plugin.read()

    os.killpg(groups[0], signal.SIGKILL)
    started = lifeline.said_before_its_end().split()
    os.waitid(os.P_PID, groups[0], os.WEXITED | os.WNOWAIT)
    plugin.close()
    assert first[:2] == ("critical", "killed: no end within 0.4 s")
    assert second[:2] == ("unknown", f"process {groups[0]} of an earlier reading can't be killed")
    assert started == [str(groups[0])]
