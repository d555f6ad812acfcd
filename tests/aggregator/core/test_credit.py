"""Backlog is granted: so much in all, a venue and a host, in turn, and less while beats wait."""

import copy
from collections import Counter

import pytest

from aggregator.core.bulk import LATE_S, Bulk
from aggregator.core.credit import (
    ALL_BYTES_PER_S,
    GRANT_BYTES,
    LEAST_SHARE,
    OUTSTANDING_BYTES,
    RECORD_BYTES,
    RENEW_EVERY_S,
    SAID_AT_ONCE,
    UNSTORED_BYTES,
    VENUE_BYTES_PER_S,
    Credit,
)
from aggregator.core.dedup import Dedup
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.hearing import Hearing
from aggregator.core.host import Host
from aggregator.core.incidents.store import IncidentStore
from aggregator.core.outputs import Publish
from aggregator.core.states import HostState
from aggregator.core.storing import Storing
from tests.kit.story import Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Backlog, Grant

BATCH = 8_000
PLENTY = 60_000  # records
LOOK_S = 0.1
ROUND_TRIP_S = 0.004


class Agents:
    """A fleet whose agents have backlog, and send it as soon as it is granted."""

    def __init__(self, venues: int, hosts: int, *, waiting: int = PLENTY) -> None:
        self.now = 1_000.0
        self.hearing = Hearing()
        self.hearing.recover(self.now)
        made = [Venue(f"V{number}", margin_s=1.0) for number in range(venues)]
        for venue in made:
            for number in range(hosts):
                name = f"{venue.code}-{number}"
                venue.hosts[name] = Host(venue.code, name, margin_s=1.0, state=HostState.UP)
        self.fleet = Fleet(made)
        self.bulk = Bulk(is_separate=True)
        self.bulk.opened(self.now)
        self.bulk.live_heard(self.now)
        self.credit = Credit(self.fleet, "centre", self.bulk)
        self.storing = Storing(self.fleet, IncidentStore(self.fleet, []), Dedup(), [])
        self.waiting = {host.name: waiting for host in self.fleet}
        self.sent = dict.fromkeys(self.waiting, 0)
        self.up_to = dict.fromkeys(self.waiting, 0)
        self.silent: set[str] = set()

    def ask(self, *names: str) -> None:
        for name in names or self.waiting:
            self._say(name, 0, 0)

    def run(self, seconds: float) -> list[Publish]:
        """Let time pass; return what was said."""
        said: list[Publish] = []
        for _ in range(round(seconds / LOOK_S)):
            self.now += LOOK_S
            said += self.look()
        return said

    def look(self) -> list[Publish]:
        said = self.credit.advance(self.now, self.hearing, self.storing)
        for publish in said:
            grant = publish.message
            assert isinstance(grant, Grant)
            name = publish.topic.split("/")[3]
            assert (publish.topic.split("/")[4], grant.boot, grant.by) == ("cmd", "boot", "centre")
            self.up_to[name] = grant.up_to
            if name not in self.silent:
                self.send(name)
        return said

    def send(self, name: str) -> None:
        """Send all that is granted."""
        while self.sent[name] < self.up_to[name] and self.waiting[name]:
            size = min(BATCH, self.up_to[name] - self.sent[name])
            self.waiting[name] -= min(self.waiting[name], max(1, size // RECORD_BYTES))
            self._say(name, 1, size)

    def canary(self, round_trip_s: float) -> None:
        self.bulk.returned += 1
        self.bulk.round_trip_s = round_trip_s
        self.credit.advance(self.now, self.hearing, self.storing)

    def bulk_canary(self, age_s: float) -> None:
        """Have a canary be on the way to the bulk connection, for so long by now."""
        self.bulk.sent(1, self.now - age_s)

    def bytes_of(self, prefix: str = "") -> int:
        return sum(sent for name, sent in self.sent.items() if name.startswith(prefix))

    def _say(self, name: str, number: int, size: int) -> None:
        self.sent[name] += size
        backlog = Backlog("boot", 1, number, sent=self.sent[name], waiting=self.waiting[name])
        self.credit.note(self.fleet.named(name), backlog)


def test_so_much_is_granted_in_all_and_all_of_it() -> None:
    agents = Agents(20, 10)
    agents.ask()

    agents.run(60.0)

    assert 0.95 * ALL_BYTES_PER_S * 60 < agents.bytes_of() < 1.05 * ALL_BYTES_PER_S * 60


def test_a_venue_has_its_own_limit() -> None:
    agents = Agents(2, 10)
    agents.ask()

    agents.run(60.0)

    for venue in ("V0-", "V1-"):
        assert 0.95 * VENUE_BYTES_PER_S < agents.bytes_of(venue) / 60 < 1.05 * VENUE_BYTES_PER_S


def test_a_host_has_no_more_outstanding_than_allowed() -> None:
    agents = Agents(1, 1)
    agents.silent.add("V0-0")
    agents.ask()

    agents.run(60.0)

    assert 0 < agents.up_to["V0-0"] - agents.sent["V0-0"] <= OUTSTANDING_BYTES


def test_a_host_is_granted_again_once_half_of_it_has_come() -> None:
    agents = Agents(1, 1)
    agents.silent.add("V0-0")
    agents.ask()
    agents.run(60.0)
    before = agents.up_to["V0-0"]

    agents.send("V0-0")
    agents.run(1.0)

    assert agents.up_to["V0-0"] == before + 2 * GRANT_BYTES


def test_venues_and_hosts_are_served_alike() -> None:
    agents = Agents(8, 1)
    small = Agents(4, 25)
    agents.ask()
    small.ask()

    agents.run(120.0)
    small.run(240.0)

    assert max(agents.sent.values()) - min(agents.sent.values()) <= OUTSTANDING_BYTES + BATCH
    assert max(small.sent.values()) - min(small.sent.values()) <= OUTSTANDING_BYTES + BATCH


def test_one_host_of_a_small_venue_waits_for_no_large_venue() -> None:
    agents = Agents(7, 300)
    agents.ask(*(name for name in agents.sent if not name.startswith("V6")))
    agents.run(5.0)

    agents.ask("V6-0")
    agents.run(2.0)

    assert agents.sent["V6-0"] > GRANT_BYTES


def test_a_fleet_of_15000_is_told_to_wait_and_granted_in_turn() -> None:
    agents = Agents(39, 385, waiting=3)
    agents.ask()

    said = [agents.run(LOOK_S) for _ in range(600)]

    assert len(agents.sent) > 15_000
    assert max(map(len, said)) <= SAID_AT_ONCE
    assert not any(agents.waiting.values())
    assert len(agents.credit) == 0
    assert agents.bytes_of() <= 1.1 * ALL_BYTES_PER_S * 60


def test_whoever_waits_is_told_so_in_time() -> None:
    agents = Agents(39, 385)
    agents.ask()
    agents.run(30.0)

    said = agents.run(RENEW_EVERY_S + 5.0)

    told = {publish.topic.split("/")[3] for publish in said}
    assert told == set(agents.sent)


def test_one_that_says_nothing_of_grants_is_granted_none() -> None:
    agents = Agents(1, 1)

    agents.credit.note(agents.fleet.named("V0-0"), Backlog("boot", 1, 7, waiting=5))

    assert agents.run(60.0) == []


def test_when_nothing_waits_behind_a_batch_no_more_is_said() -> None:
    agents = Agents(1, 1, waiting=2)
    agents.ask()
    agents.run(1.0)

    assert agents.waiting == {"V0-0": 0}
    assert agents.run(60.0) == []


def test_a_host_with_little_is_granted_little() -> None:
    agents = Agents(1, 1, waiting=2)
    agents.ask()

    agents.run(1.0)

    assert agents.up_to["V0-0"] == 2 * RECORD_BYTES


def test_whoever_asks_again_is_granted_from_there_on() -> None:
    agents = Agents(1, 1)
    agents.silent.add("V0-0")
    agents.ask()
    agents.run(5.0)

    agents.ask()  # in a new session: the old grants are void
    agents.run(0.2)

    assert 0 < agents.up_to["V0-0"] - agents.sent["V0-0"] <= OUTSTANDING_BYTES


@pytest.mark.parametrize(
    "trouble", ["blind", "doubtful", "overloaded", "journal", "journal failing", "bulk"]
)
def test_in_trouble_nothing_is_granted_and_all_are_told(trouble: str) -> None:
    agents = Agents(1, 2)
    if trouble == "blind":
        agents.hearing.go_blind(agents.now, "canary", agents.now)
    elif trouble == "doubtful":
        agents.hearing.doubt_at = agents.now
    elif trouble == "overloaded":
        agents.hearing.sent(1, agents.now - 5.0)
        agents.hearing.least_echo_s = 5.0
    elif trouble == "journal failing":
        agents.storing.not_stored(1)
    elif trouble == "bulk":
        agents.bulk_canary(0.6)
    else:
        host = agents.fleet.named("V0-0")
        agents.storing.keep_backlog(host, (), Backlog("boot", 1, 1), UNSTORED_BYTES + 1)
    agents.ask()

    said = agents.run(RENEW_EVERY_S + 1.0)

    assert agents.bytes_of() == 0
    assert Counter(publish.topic for publish in said) == {
        topics.topic("V0", f"V0-{number}", topics.Stream.CMD): 2 for number in range(2)
    }


def test_nothing_is_granted_while_the_canary_of_bulk_is_late() -> None:
    agents = Agents(1, 2)
    agents.bulk_canary(LATE_S - 0.2)
    agents.ask()
    agents.run(0.1)
    in_time = agents.bytes_of()

    agents.run(0.3)
    late = agents.bytes_of()
    agents.run(1.0)
    still_late = agents.bytes_of()
    agents.bulk.came_back(1, agents.now)
    agents.run(1.0)

    assert 0 < in_time <= late == still_late < agents.bytes_of()


def test_a_journal_that_takes_again_is_granted_for_again() -> None:
    agents = Agents(1, 2)
    agents.storing.not_stored(1)
    agents.ask()
    agents.run(5.0)
    before = agents.bytes_of()

    agents.storing.stored(1)
    agents.run(1.0)

    assert before == 0 < agents.bytes_of()


def granted_bytes(story: Story) -> int:
    return max(out.message.up_to for out in story.published if isinstance(out.message, Grant))


def test_each_stall_of_ours_halves_what_is_granted(alone: Story) -> None:
    alone.bring_up()
    before = alone.centre.credit.share
    alone.canary_s = None

    alone.stall(0.5)
    halved = alone.centre.credit.share
    for _ in range(10):
        alone.stall(0.5)

    in_time = 1 / 8  # for the last canary that came back before it
    assert (before, halved, alone.centre.credit.share) == (1.0, 0.5 + in_time, LEAST_SHARE)


def test_while_no_backlog_is_taken_none_is_granted(alone: Story) -> None:
    alone.bring_up()
    alone.centre.intake.take_backlogs(has_room=False)
    question = Backlog("b1", 1, 0, sent=0, waiting=PLENTY)

    alone.deliver(alone.machines["alpha"].said(question))
    alone.run(2.0)
    without_room = granted_bytes(alone)
    alone.centre.intake.take_backlogs(has_room=True)
    alone.run(2.0)

    assert without_room == 0 < granted_bytes(alone)


def test_less_is_granted_while_the_canary_is_late_and_more_again() -> None:
    agents = Agents(20, 10)
    agents.canary(ROUND_TRIP_S)
    shares = []
    for round_trip_s in [0.05] + [0.06] * 5 + [ROUND_TRIP_S] * 8:
        agents.canary(round_trip_s)
        shares.append(agents.credit.share)
    agents.canary(1.0)
    agents.ask()

    agents.run(20.0)

    assert shares[:7] == [1.0, 0.5, 0.25, 0.125, LEAST_SHARE, LEAST_SHARE, LEAST_SHARE + 1 / 8]
    assert shares[-1] == 1.0
    assert 0.45 * ALL_BYTES_PER_S < agents.bytes_of() / 20 < 0.55 * ALL_BYTES_PER_S


def test_a_canary_that_is_always_slow_becomes_the_least() -> None:
    agents = Agents(1, 1)
    agents.canary(ROUND_TRIP_S)
    for _ in range(700):
        agents.now += 1.0
        agents.canary(0.2)

    assert agents.credit.share == 1.0


def test_a_host_that_is_gone_is_forgotten_and_holds_up_nobody() -> None:
    agents = Agents(1, 30)
    agents.ask()
    for number in range(29):
        agents.fleet.named(f"V0-{number}").state = HostState.DOWN

    agents.run(3.0)

    assert agents.bytes_of("V0-29") > VENUE_BYTES_PER_S
    assert len(agents.credit) == 1


def test_a_host_that_has_left_the_fleet_is_forgotten() -> None:
    agents = Agents(1, 2)
    agents.ask()
    agents.fleet.remove(agents.fleet.named("V0-0"))

    agents.run(3.0)

    assert agents.up_to["V0-0"] == 0


def test_a_host_that_asks_without_end_gets_no_more_than_its_turn() -> None:
    agents = Agents(1, 2)
    agents.ask()
    for _ in range(300):
        agents.ask("V0-0")
        agents.run(LOOK_S)

    assert agents.bytes_of("V0-1") > 0.4 * VENUE_BYTES_PER_S * 30


def test_a_copy_goes_on_by_itself() -> None:
    agents = Agents(2, 2)
    agents.ask()

    copied = copy.deepcopy(agents)
    copied.run(3.0)

    assert copied.bytes_of() > 4 * GRANT_BYTES
    assert (agents.bytes_of(), len(agents.credit)) == (0, 4)
