"""Another inventory while the core runs: hosts and venues that come, go and move."""

from collections.abc import Mapping, Sequence

import pytest

from aggregator.core.incidents.record import IncidentChanged, Subject
from aggregator.core.outputs import InventoryChanged, Store, Tell
from aggregator.core.states import HostState
from aggregator.core.unlisted import UNLISTED_MAX
from aggregator.shell.exposition import render
from tests.kit.machine import GRACE_S, MARGIN_S, STOCK_MARGIN_S, Machine, Message
from tests.kit.story import STADE, Story, fleet_of
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import Reason

MORE = {**STADE, "STA": ("s1", "s2", "s3", "new")}
LESS = {**STADE, "STA": ("s2", "s3")}
MOVED = {"STA": ("s2", "s3"), "AQU": ("a1", "a2", "a3", "s1")}
ONLY_STADE = {"STA": STADE["STA"]}
OTHER = {**STADE, "TAH": ("t1", "t2")}


def expect(
    story: Story, names: Mapping[str, Sequence[str]], *, margin_s: float = MARGIN_S
) -> list[str]:
    """Change the inventory; each machine that it has is where it says. Return who is gone."""
    story.forget()
    for code, hosts in names.items():
        for name in hosts:
            known = story.machines.get(name)
            if known is None or known.venue != code:
                story.machines[name] = Machine(code, name, 0.25)
                story.machines[name].boot = "b1" if known is None else "b2"  # started anew there
    story.centre.change_inventory(story.now, fleet_of(names, margin_s=margin_s))
    story.look()
    said = story.said()
    return [name for out in said if isinstance(out, Store) for name in out.gone]


def ended(story: Story, how: str) -> list[str]:
    return [who for _, change, who, _ in story.lines() if change == how]


def on_the_page(story: Story) -> bytes:
    return render(story.centre.fleet.venues.values(), story.now)


def test_host_that_is_added_is_watched_within_its_grace(story: Story) -> None:
    changed_at = story.now
    assert expect(story, MORE) == []
    assert story.state("new") is HostState.UNKNOWN
    story.deliver(story.machines["new"].birth(is_retained=True))
    story.mute("new")

    story.run(GRACE_S - 0.25)
    assert story.accused() == []

    story.run(0.5)
    assert story.incident("host", "new").opened_at == changed_at + GRACE_S


@pytest.mark.parametrize("expected", [MORE, LESS, OTHER])
def test_hosts_that_stay_keep_all_that_is_known(
    story: Story, expected: dict[str, tuple[str, ...]]
) -> None:
    story.mute("a1", run_s=6.0)
    kept = story.host("s2")
    known = (kept.boot, kept.evidence_at, kept.round_trip_s, kept.deadline)

    expect(story, expected)

    assert story.host("s2") is kept
    assert (kept.boot, kept.evidence_at, kept.round_trip_s, kept.deadline) == known
    assert story.state("a1") is HostState.DOWN
    assert story.changes("s2", until=story.now) == []
    story.unmute("a1", run_s=5.0)
    assert ended(story, "closed") == ["host a1"]


@pytest.mark.parametrize("silent_s", [1.0, 6.0])  # before and after its deadline
def test_host_that_is_removed_is_forgotten_and_judged_no_more(
    story: Story, silent_s: float
) -> None:
    story.mute("s1", run_s=silent_s)
    assert b'host="s1"' in on_the_page(story)
    story.forget()

    story.centre.change_inventory(story.now, fleet_of(LESS))
    story.look()

    (store,) = [out for out in story.said() if isinstance(out, Store) and out.gone]
    assert store.gone == ["s1"]
    assert story.centre.fleet.find("s1") is None
    assert story.centre.decisions.incidents.open == {}
    assert b'host="s1"' not in on_the_page(story)
    assert not any(known.name == "s1" for known in store.hosts)
    story.run(60.0)
    assert story.accused() == []
    assert story.centre.decisions.incidents.open == {}


def test_incident_of_a_removed_host_ends_as_removed(story: Story) -> None:
    story.mute("s1", run_s=6.0)
    number = story.incident("host", "s1").number
    story.forget()

    story.centre.change_inventory(story.now, fleet_of(LESS))
    story.look()

    said = story.said()
    (ended,) = [out for out in said if isinstance(out, IncidentChanged)]
    (told,) = [out.changed for out in said if isinstance(out, Tell)]
    assert (ended.change, ended.at, ended.incident.number) == ("removed", story.now, number)
    assert (ended.incident.closed_at, ended.incident.evidence[-1].seen) == (story.now, "removed")
    assert told == ended


def test_removed_host_that_goes_on_beating_is_unlisted(story: Story) -> None:
    expect(story, LESS)

    story.run(5.0)

    assert not story.host("s1").is_listed
    assert story.state("s1") is HostState.UP
    assert story.centre.fleet.venues["STA"].unlisted == 1


def test_answers_about_a_removed_host_are_ignored(story: Story) -> None:
    story.mute("s1", run_s=2.875)
    ((by, _), *_) = story.asked()

    expect(story, LESS)
    story.answer(by, "s1", is_reached=True)

    story.run(5.0)
    assert story.lines() == []


def test_last_silent_hosts_of_a_cut_venue_may_be_removed(story: Story) -> None:
    story.mute("s1", "s2", "s3", run_s=6.0)
    assert story.incident("venue", "STA").children == ("s1", "s2", "s3")

    expect(story, {"STA": ("s4",), "AQU": STADE["AQU"]})
    story.run(6.0)

    assert story.state("s4") is HostState.UP
    assert story.centre.decisions.incidents.open == {}


def test_venue_that_is_removed_is_forgotten_with_its_incident(story: Story) -> None:
    story.mute("a1", "a2", "a3", run_s=6.0)
    assert story.incident("venue", "AQU")

    assert expect(story, ONLY_STADE) == ["a1", "a2", "a3"]

    assert set(story.centre.fleet.venues) == {"STA"}
    assert story.centre.decisions.incidents.open == {}
    assert b'venue="AQU"' not in on_the_page(story)
    story.unmute("a1", run_s=2.0)
    assert story.centre.intake.rejected[Reason.UNKNOWN_VENUE] >= 2


def test_cut_ends_once_its_silent_hosts_are_removed() -> None:
    hosts = tuple(f"s{number}" for number in range(1, 9))
    story = Story({"STA": hosts, "AQU": ("a1", "a2")}).bring_up()
    story.mute(*hosts[:6], run_s=6.0)
    assert story.incident("venue", "STA").cause == "venue_unreachable"

    expect(story, {"STA": hosts[6:], "AQU": ("a1", "a2")})
    assert story.centre.decisions.incidents.open == {}

    story.run(60.0)
    assert story.accused() == []


def test_way_of_a_venue_ends_once_its_mute_hosts_are_removed() -> None:
    story = Story({"STA": ("s1", "s2", "s3", "s4"), "AQU": ("a1", "a2")}).bring_up()
    for name in ("s1", "s2", "s3"):
        story.machines[name].is_deaf = True
    story.run(20.0)
    assert story.incident("link", "STA").cause == "one_way_loss"

    expect(story, {"STA": ("s3", "s4"), "AQU": ("a1", "a2")})
    assert list(story.centre.decisions.incidents.open) == [Subject("link", "STA")]

    expect(story, {"STA": ("s4",), "AQU": ("a1", "a2")})
    assert story.centre.decisions.incidents.open == {}
    assert not story.centre.decisions.one_way.has_venue_links


@pytest.mark.parametrize("times", [1, 5])
def test_venue_that_returns_to_the_inventory_begins_anew(story: Story, times: int) -> None:
    for _ in range(times):  # it flaps
        story.mute("s1", "s2", "s3", run_s=6.0)
        story.unmute("s1", "s2", "s3", run_s=6.0)
    story.mute("s1", "s2", "s3", run_s=6.0)

    expect(story, {"AQU": STADE["AQU"]})
    story.run(2.0)
    expect(story, STADE)
    story.deliver(*(story.machines[name].birth() for name in STADE["STA"]))
    story.unmute("s1", "s2", "s3", run_s=6.0)
    story.forget()

    story.mute("s1", "s2", "s3", run_s=6.0)
    assert [line[1:] for line in story.lines()] == [("opened", "venue STA", "venue_unreachable")]


@pytest.mark.parametrize(
    ("expected", "removed", "changed"),
    [
        (MORE, (), ("STA",)),
        (LESS, (), ("STA",)),
        (MOVED, (), ("STA", "AQU")),
        (ONLY_STADE, ("AQU",), ()),
        (OTHER, (), ("TAH",)),
        (STADE, (), ()),
    ],
)
def test_change_is_told_with_venues_whose_hosts_change(
    story: Story,
    expected: dict[str, tuple[str, ...]],
    removed: tuple[str, ...],
    changed: tuple[str, ...],
) -> None:
    story.forget()

    story.centre.change_inventory(story.now, fleet_of(expected))
    story.look()

    told = [out for out in story.said() if isinstance(out, InventoryChanged)]
    assert told == [InventoryChanged(removed, changed)]


def test_venue_that_is_removed_takes_its_unlisted_hosts(story: Story) -> None:
    story.machines["stranger"] = Machine("AQU", "stranger")
    story.run(2.0)

    assert "stranger" in expect(story, ONLY_STADE)
    assert story.centre.fleet.find("stranger") is None


def test_venue_that_is_added_is_watched(story: Story) -> None:
    story.machines["t1"] = Machine("TAH", "t1", 0.25)
    story.run(1.0)
    assert story.centre.intake.rejected[Reason.UNKNOWN_VENUE] > 0

    expect(story, OTHER)
    story.deliver(story.machines["t1"].birth(), story.machines["t2"].birth())
    story.run(GRACE_S + 1.0)
    assert {story.state("t1"), story.state("t2")} == {HostState.UP}
    story.forget()

    story.mute("t1", "t2", run_s=6.0)
    assert [line[1:] for line in story.lines()] == [("opened", "venue TAH", "venue_unreachable")]


def test_host_that_moves_is_awaited_at_its_new_venue(story: Story) -> None:
    story.mute("s1", run_s=6.0)

    assert expect(story, MOVED) == []
    assert (story.host("s1").venue, story.state("s1")) == ("AQU", HostState.UNKNOWN)
    assert story.centre.decisions.incidents.open == {}

    story.run(3.0)
    assert story.state("s1") is HostState.UP
    assert story.centre.fleet.venues["AQU"].counts[HostState.UP] == 4
    assert story.centre.fleet.venues["STA"].counts[HostState.UP] == 2
    story.deliver(Machine("STA", "s1").beat(story.now))
    assert story.centre.intake.rejected[Reason.WRONG_VENUE] == 1


def test_host_that_moves_keeps_its_history(story: Story) -> None:
    story.machines["s1"].seq += 2  # two of its beats are lost
    story.run(1.0)
    before = story.host("s1")
    before.is_clock_right = False
    story.mute("s1")
    story.forget()

    story.centre.change_inventory(story.now, fleet_of(MOVED))
    story.look()

    moved = story.host("s1")
    (known,) = [each for out in story.said() if isinstance(out, Store) for each in out.hosts]
    assert (moved.boot, moved.missed, moved.evidence_at) == ("b1", 2, before.evidence_at)
    assert (moved.counts_as_up, moved.interval_s, moved.is_clock_right) == (True, 1.0, False)
    assert (known.name, known.venue, known.was_up, known.since) == ("s1", "AQU", True, story.now)
    story.machines["s1"] = Machine("AQU", "s1", 0.25)
    story.machines["s1"].boot = "b2"
    story.run(2.0)
    assert (moved.state, moved.restarts, moved.missed) == (HostState.UP, 1, 2)


def test_host_that_died_while_it_moved_is_told_once(story: Story) -> None:
    story.mute("s1")
    changed_at = story.now

    story.centre.change_inventory(story.now, fleet_of(MOVED))
    story.run(60.0)

    assert story.accused() == ["s1"]
    assert story.incident("host", "s1").opened_at == changed_at + GRACE_S


def test_unlisted_host_that_is_listed_now_keeps_its_life(story: Story) -> None:
    story.machines["new"] = Machine("STA", "new", 0.25)
    story.run(3.0)
    stranger = story.host("new")
    assert not stranger.is_listed

    assert expect(story, MORE) == []

    assert story.host("new") is stranger
    assert (stranger.is_listed, stranger.address) == (True, "10.0.0.4")
    assert (story.state("new"), story.centre.fleet.venues["STA"].unlisted) == (HostState.UP, 0)


def test_unlisted_hosts_of_a_kept_venue_stay(story: Story) -> None:
    story.machines["stranger"] = Machine("STA", "stranger")
    story.run(3.0)

    assert expect(story, LESS) == ["s1"]

    assert story.state("stranger") is HostState.UP
    assert story.centre.fleet.venues["STA"].unlisted == 1 < UNLISTED_MAX


@pytest.mark.parametrize("margin_s", [0.75, 4.25])
def test_new_margin_counts_from_the_next_verdict_on(story: Story, margin_s: float) -> None:
    evidence_at = story.host("s1").evidence_at or 0.0
    story.mute("s1")

    expect(story, STADE, margin_s=margin_s)

    assert story.host("s1").interval_s == 1.0
    story.run(8.0)
    assert story.incident("host", "s1").opened_at == evidence_at + 1.0 + margin_s
    assert story.centre.fleet.venues["STA"].margin_s == margin_s


def test_hosts_behind_a_bridge_keep_the_stock_margin(story: Story) -> None:
    story.deliver(Message(topics.BRIDGES + "STA", b"1", retain=True))

    expect(story, MORE, margin_s=4.25)
    story.deliver(story.machines["new"].birth())
    story.run(2.0)

    assert [story.host(name).margin_s for name in MORE["STA"]] == [STOCK_MARGIN_S] * 4
    assert story.host("a1").margin_s == 4.25


def test_narrower_margin_accuses_no_past_silence(story: Story) -> None:
    story.mute("s1", run_s=1.5)
    changed_at = story.now

    expect(story, STADE, margin_s=0.5)

    assert story.state("s1") is HostState.LATE
    story.run(1.0)
    assert story.incident("host", "s1").opened_at == changed_at + 0.5


def test_change_while_blind_accuses_no_host(story: Story) -> None:
    story.lose_connection()
    story.run(3.0)

    expect(story, MOVED | {"TAH": ("t1",)})
    story.mute(*story.machines, run_s=60.0)
    assert story.accused() == []
    assert {host.state for host in story.centre.fleet} == {HostState.UNKNOWN}

    story.regain_connection()
    story.run(GRACE_S + 1.0)
    assert {host.state for host in story.centre.fleet} == {HostState.UP}


def test_same_inventory_changes_nothing(story: Story) -> None:
    story.mute("s1", run_s=6.0)
    deadlines = [host.deadline for host in story.centre.fleet]

    assert expect(story, STADE) == []

    assert [host.deadline for host in story.centre.fleet] == deadlines
    assert story.said() == []
