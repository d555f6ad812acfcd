"""The rehearsal as a whole, and the command that runs it."""

import json
import signal
import subprocess
import sys

import msgspec
import psutil
import pytest

from tests.integration.real import until
from venuewatch.rehearsal import run
from venuewatch.rehearsal.margins import kills
from venuewatch.rehearsal.margins.judging import OTHERS, OURS, judge
from venuewatch.rehearsal.margins.trace import Spec
from venuewatch.rehearsal.report import misses, rows
from venuewatch.rehearsal.run import Plan
from venuewatch.rehearsal.tcp.sender import Tcp

pytestmark = pytest.mark.long

COLUMNS = {
    *("link", "detector", "margin_s", "host_days", "false_alarms", "upper95_per_1000"),
    *("detection_mean_s", "detection_p99_s", "detection_max_s"),
}
FEW = ("--link=wired", "--host-days=6", "--kills=25", "--verdicts=0", "--seed=3")
SHORT = Plan(seed=1, links=("wired", "metro"), host_days=12.0, compared_host_days=6.0, kills=25)


def simulate(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "venuewatch.cli", "rehearse", "simulate", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture(scope="module")
def short() -> run.RehearsalResult:
    return run.run(msgspec.structs.replace(SHORT, processes=1), lambda _done, _of: None)


def test_the_same_seed_gives_the_same_result_on_any_number_of_processes(
    short: run.RehearsalResult,
) -> None:
    again = run.run(msgspec.structs.replace(SHORT, processes=2), lambda _done, _of: None)

    assert [msgspec.to_builtins(row) for row in rows(again)] == [
        msgspec.to_builtins(row) for row in rows(short)
    ]


def test_another_seed_gives_another_result(short: run.RehearsalResult) -> None:
    plan = Plan(seed=2, links=("wired",), host_days=6.0, kills=25)

    other = run.run(plan, lambda _done, _of: None)

    assert rows(other)[0].detection_mean_s != rows(short)[0].detection_mean_s


def test_every_detector_has_a_row_for_every_class(short: run.RehearsalResult) -> None:
    found = {(row.link, row.detector): row.host_days for row in rows(short)}

    assert set(found) == {(link, name) for link in SHORT.links for name in (OURS, *OTHERS)}
    assert (found["wired", OURS], found["wired", "chen"]) == (12.0, 6.0)


def test_a_few_days_of_a_wired_class_raise_no_false_alarm(short: run.RehearsalResult) -> None:
    wired = short.links[0].judged

    assert wired.tallies[OURS].false_alarms == 0
    assert (wired.unsettled, wired.centre) == (0, 0)
    assert misses(short) == []


def test_no_seed_is_enough_to_be_accused_of_missing_the_target_by_chance(
    short: run.RehearsalResult,
) -> None:
    assert all(row.upper95_per_1000 > 1 for row in rows(short))


def test_outages_are_noticed_and_are_no_false_alarms() -> None:
    found = [
        judge(Spec("wired", f"outages/{number}", 43_200.0), margin_s=2.0) for number in range(12)
    ]

    assert sum(each.noticed for each in found) > 0
    assert sum(each.tallies[OURS].false_alarms for each in found) == 0


def test_a_margin_that_is_too_small_is_told_by_its_false_alarms() -> None:
    judged = judge(Spec("satellite", "1", 3_600.0), margin_s=0.7)

    assert judged.tallies[OURS].false_alarms > 10


def test_a_wired_host_that_ends_is_known_to_within_interval_margin_and_the_way() -> None:
    times = kills.try_kills("wired", "1", alpha_s=1.5, tcp=Tcp())

    assert min(times[OURS]) > 1.8
    assert max(times[OURS]) < 1.0 + 1.8 + 0.05
    assert max(times["fixed 3x"]) == pytest.approx(3.0, abs=0.05)


def test_the_command_prints_json_for_programs_and_nothing_else() -> None:
    done = simulate(*FEW, "--choose", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(done.stdout)
    assert data["seed"] == 3
    assert {row["link"] for row in data["rows"]} == {"wired"}
    assert all(set(row) >= COLUMNS for row in data["rows"])
    assert data["verdicts"] == []
    assert data["assumptions"]["links"]["wired"]["rtt_s"] > 0
    assert "false alarm" in data["definition"]
    assert [choice["shipped_s"] > 0 for choice in data["chosen"]] == [True]


def test_the_command_tells_people_what_it_means() -> None:
    done = simulate(*FEW)

    assert (done.returncode, done.stderr) == (0, "")
    assert "A false alarm is" in done.stdout
    assert "seed 3" in done.stdout
    assert "phi 8" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    "words", [("--link", "carrier-pigeon"), ("--host-days", "0"), ("--kills", "many")]
)
def test_wrong_words_end_with_2_and_the_usage(words: tuple[str, ...]) -> None:
    refused = simulate(*words)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("usage: venuewatch rehearse simulate")


def test_the_help_teaches_by_examples() -> None:
    helped = simulate("--help")

    assert helped.returncode == 0
    assert "examples:" in helped.stdout
    assert "exit code" in helped.stdout


def test_an_interruption_ends_with_130_and_says_what_was_done() -> None:
    endless = ("--link", "wired", "--host-days", "100000", "--verdicts", "0", "--kills", "1")
    with subprocess.Popen(
        [sys.executable, "-m", "venuewatch.cli", "rehearse", "simulate", *endless],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            until("they work", lambda: have_worked_for_s(started.pid) > 4.0, within_s=50.0)
            started.send_signal(signal.SIGINT)
            said, complained = started.communicate(timeout=90)
        finally:
            started.kill()

    assert started.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in complained
    assert not psutil.pid_exists(started.pid)


def have_worked_for_s(pid: int) -> float:
    """Return for how long (s of CPU) the workers of a simulation have worked."""
    workers = psutil.Process(pid).children(recursive=True)
    return sum(worker.cpu_times().user for worker in workers)
