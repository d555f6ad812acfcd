"""Results that do not flow: who says so, and when it is over."""

import pytest

from aggregator.core.feeds import UNSAID_LEAST_S, UNSAID_PERIODS, Feeds
from aggregator.core.reported import CHECKS_MAX
from tests.aggregator.book import Book
from tests.aggregator.machine import WALL, Message
from tests.aggregator.watching import Watching
from venuewatch.base.wire.checks import CheckState
from venuewatch.base.wire.messages import Birth, CheckReading, Checks, Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

VITALS_EVERY_S = 10.0
EVERY_S = 2.0


def word(
    state: CheckState,
    watching: Watching,
    *,
    seq: int = 0,
    every_s: float = EVERY_S,
    check: str = "odf",
) -> Checks:
    """Return what the results check of s1 says now."""
    reading = CheckReading(
        check=check,
        kind="http",
        state=state,
        every_s=every_s,
        wall_ms=int((WALL + watching.now) * 1000),
        duration_s=0.1,
    )
    return Checks("b1", 1, seq, 0, [reading])


def say(watching: Watching, seq: int, *states: CheckState, every_s: float = EVERY_S) -> None:
    """Let s1 say what its results check found, every two seconds."""
    for number, state in enumerate(states):
        said = word(state, watching, seq=seq + number, every_s=every_s)
        watching.deliver(Message(watching.machines["s1"].topic(Stream.CHECKS), encode(said)))
        watching.run(EVERY_S)


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("frozen", "results_frozen"),
        ("delayed", "results_delayed"),
        ("silent", "results_silent"),
        ("redundancy_lost", "redundancy_lost"),
    ],
)
def test_a_results_feed_that_is_not_well_is_a_problem_of_its_own(
    watching: Watching, state: CheckState, cause: str
) -> None:
    say(watching, 0, "flowing", state, state)

    assert [line[1:] for line in watching.lines()] == [("opened", "feed s1", cause)]
    assert watching.state("s1") == "up"


def test_a_feed_gets_its_newest_cause(watching: Watching) -> None:
    say(watching, 0, "delayed", "frozen")

    assert [line[1:] for line in watching.lines()] == [
        ("opened", "feed s1", "results_delayed"),
        ("sharpened", "feed s1", "results_frozen"),
    ]


@pytest.mark.parametrize("state", ["flowing", "not_expected"])
def test_a_feed_that_is_well_for_three_beats_is_no_problem(
    watching: Watching, state: CheckState
) -> None:
    say(watching, 0, "frozen", state)
    watching.run(1.5)

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_a_feed_that_is_well_again_ends_however_often_it_says_so(watching: Watching) -> None:
    say(watching, 0, "frozen", "flowing", "flowing", "flowing", "flowing", "flowing")

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_a_feed_that_is_well_for_a_moment_stays_a_problem(watching: Watching) -> None:
    say(watching, 0, "frozen", "flowing", "frozen", "frozen", "frozen")

    assert [line[1] for line in watching.lines()] == ["opened"]


@pytest.mark.parametrize("state", ["ok", "warning", "critical", "unknown"])
def test_what_is_no_results_check_is_no_feed(watching: Watching, state: CheckState) -> None:
    say(watching, 0, state, state)

    assert watching.lines() == []


def speak(watching: Watching, seconds: float) -> None:
    """Let s1 say its vitals, and no word of any check, for so long."""
    for _ in range(round(seconds / VITALS_EVERY_S)):
        watching.run(VITALS_EVERY_S)
        wall_ms = int((WALL + watching.now) * 1000)
        said = Vitals("b1", 1, round(watching.now), wall_ms, Readings(node_load1=1.0))
        watching.deliver(Message(watching.machines["s1"].topic(Stream.VITALS), encode(said)))


@pytest.mark.parametrize("every_s", [EVERY_S, UNSAID_LEAST_S])
def test_a_check_that_its_agent_mentions_no_more_has_no_problem(
    watching: Watching, every_s: float
) -> None:
    say(watching, 0, "frozen", every_s=every_s)
    unsaid_s = max(UNSAID_LEAST_S, UNSAID_PERIODS * every_s)

    speak(watching, VITALS_EVERY_S + unsaid_s)  # the first may be just behind the check's word
    before = [line[1] for line in watching.lines()]
    speak(watching, VITALS_EVERY_S)

    assert before == ["opened"]
    assert [line[1] for line in watching.lines()] == ["closed"]


def test_a_check_whose_agent_says_nothing_keeps_its_problem(watching: Watching) -> None:
    say(watching, 0, "frozen")

    watching.run(UNSAID_LEAST_S * 5)

    assert [line[1] for line in watching.lines()] == ["opened"]


@pytest.mark.parametrize("state", ["frozen", "unknown"])
def test_a_check_that_speaks_keeps_its_problem(watching: Watching, state: CheckState) -> None:
    for round_number in range(3):
        say(watching, round_number, state if round_number else "frozen")
        speak(watching, UNSAID_LEAST_S)

    assert [line[1] for line in watching.lines()] == ["opened"]


@pytest.mark.parametrize(("every_s", "vitals"), [(EVERY_S, 8), (100.0, 37)])
def test_a_restart_remembers_how_often_a_check_speaks(
    watching: Watching, every_s: float, vitals: int
) -> None:
    say(watching, 0, "frozen", every_s=every_s)
    incident = watching.incident("feed", "s1")
    book = Book()
    book.incidents.restore([incident], next_number=2, now=0.0)
    feeds = Feeds(book.incidents)
    feeds.restore(incident)

    for _ in range(vitals - 1):
        feeds.hear_vitals(watching.host("s1"), 1.0)
    still_open = incident.subject in book.incidents.open
    feeds.hear_vitals(watching.host("s1"), 1.0)

    assert still_open
    assert incident.subject not in book.incidents.open


def test_one_that_is_whole_again_is_well(watching: Watching) -> None:
    say(watching, 0, "redundancy_lost", "ok")
    watching.run(1.5)

    assert [line[1] for line in watching.lines()] == ["opened", "closed"]


def test_vitals_that_are_rare_end_nothing(watching: Watching) -> None:
    rare = Birth(
        boot="b1", session=1, wall_ms=0, interval_s=1.0, vitals_every_s=120.0, agent_version="0"
    )
    watching.deliver(Message(watching.machines["s1"].topic(Stream.BIRTH), encode(rare)))

    for round_number in range(5):
        say(watching, round_number, "frozen")
        speak(watching, VITALS_EVERY_S)

    assert [line[1] for line in watching.lines()] == ["opened"]


def test_a_word_that_another_has_overtaken_is_not_judged(watching: Watching) -> None:
    say(watching, 5, "flowing")
    watching.now -= 2 * EVERY_S
    late = word("frozen", watching)
    watching.now += 2 * EVERY_S

    watching.deliver(Message(watching.machines["s1"].topic(Stream.CHECKS), encode(late)))

    assert watching.lines() == []


def test_a_word_that_waited_for_long_says_nothing_of_now(watching: Watching) -> None:
    late = word("frozen", watching)
    watching.run(UNSAID_LEAST_S + 1.0)

    watching.deliver(Message(watching.machines["s1"].topic(Stream.CHECKS), encode(late)))

    assert watching.lines() == []


def test_who_makes_up_names_without_end_opens_no_incidents_without_end(
    watching: Watching,
) -> None:
    for number in range(CHECKS_MAX * 2):
        said = word("frozen", watching, check=f"odf-{number}", seq=number)
        watching.deliver(Message(watching.machines["s1"].topic(Stream.CHECKS), encode(said)))

    assert len(watching.watch.incidents.open) == CHECKS_MAX
