"""Chain from a fleet to the one on duty, and an outage in which the aggregator has faults, too.

All servers are real, with the shipped files. By rules Prometheus tells Alertmanager, by push the
aggregators do. An outage is a venue that is cut and a host of another venue that is killed.
"""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

from aggregator.core.incidents.pushing import HOLD_S, RESEND_S
from tests.integration.duty import Duty, Hosts, Told
from tests.integration.monitoring import (
    AGGREGATOR,
    ALERTMANAGER,
    SECOND_AGGREGATOR,
    Alertmanager,
    Prometheus,
)
from tests.integration.real import Aggregator, Mosquitto, in_thread, inventory_of, pause, until
from tests.kit.receiver import Receiver
from venuewatch.base import clock

HOSTS = 40
"""How many hosts a venue has that is cut."""

VENUE = Told("/on-duty", "firing", "VenuewatchVenueUnreachable", "STA")
HOST = Told("/on-duty", "firing", "VenuewatchHostDown", "TAH-3")
UNCUT = ("TAH", "wired", 3)
"""The venue that is never cut; its last host is a process of its own."""

BY_RULES, BESIDE_PUSH = "rules.yml", "rules-with-push.yml"
TWO = ("first", "second")

_SCRAPE_S = 5.0
_UP = 'min(up{job="venuewatch"})'
_AT_MOST_S = 120.0
"""How long anything is waited for: no limit is asserted by waiting."""


class Pace(NamedTuple):
    """Times (s) of a chain; the shipped ones unless said otherwise.

    ``aways_s``: for how long an aggregator is away, each time that it is stopped or frozen.
    """

    group_s: int = 10
    resend_s: float = RESEND_S
    ends_after_s: float = HOLD_S
    retry_max_s: float = 10.0
    aways_s: Sequence[float] = (0.0, 180.0)


SHIPPED = Pace()


class Cut(NamedTuple):
    """How long after a venue was cut, and after that was decided, the one on duty was told (s)."""

    after_cut_s: float
    after_decision_s: float


class Heard(NamedTuple):
    """What the one on duty heard of an outage: while it lasted, and in all.

    ``faults``: how many faults the aggregator had meanwhile. ``notice``: that of the cut venue.
    """

    meanwhile: list[Told]
    in_all: list[Told]
    cut: Cut
    faults: int
    notice: dict[str, Any]


class Chain(NamedTuple):
    """A chain that runs. ``hosts``: their processes, by venue that can be cut, or by host."""

    pace: Pace
    is_by_rules: bool
    duty: Duty
    aggregators: Sequence[Aggregator]
    prometheus: Prometheus | None
    hosts: Mapping[str, Hosts]

    def until_settled(self) -> None:
        """Wait until every host is up, and every aggregator is sure of it."""
        expected = HOSTS * (len(self.hosts) - 2) + UNCUT[-1]

        def are_up() -> bool:
            pages = [one.page().of("venuewatch_host_up") for one in self.aggregators]
            return all(sum(value for _, value in page) == expected for page in pages)

        until("all are up", are_up, within_s=_AT_MOST_S)
        for one in self.aggregators:
            until_ready(one)
        if self.prometheus is not None:
            until("they are scraped", self.are_scraped, within_s=_AT_MOST_S)

    def cut(self, code: str) -> Cut:
        """Cut a venue, and wait until that is told."""
        told, cut_at = VENUE._replace(of=code), clock.wall()
        self.hosts[code].signal(signal.SIGSTOP)
        notice = self.until_told(told)
        name = "venuewatch_incident_opened_timestamp_seconds"
        pages = [one.page().of(name, venue=code, host="") for one in self.aggregators]
        decided = [value for page in pages for _, value in page]
        return Cut(notice["at"] - cut_at, notice["at"] - min(decided))

    def mend(self, code: str) -> None:
        """Let a venue be heard again, and wait until its end is told."""
        self.hosts[code].signal(signal.SIGCONT)
        self.until_told(end_of(VENUE._replace(of=code)))

    def until_told(self, told: Told) -> dict[str, Any]:
        """Wait until this is told; return the notice."""
        return until(f"{told}", lambda: self.duty.notice_of(told), within_s=_AT_MOST_S)

    def told(self) -> list[Told]:
        """Return what was told of the outage."""
        return sorted(self.duty.told_of(VENUE.of, HOST.of))

    def are_scraped(self) -> bool:
        """Tell whether the latest scrape of every aggregator was well."""
        return self.prometheus is not None and self.prometheus.series(_UP) == [({}, 1.0)]

    def is_not_scraped(self) -> bool:
        """Tell whether a scrape has failed, and none was well since."""
        return self.prometheus is not None and self.prometheus.series(_UP) == [({}, 0.0)]

    @property
    def news_s(self) -> float:
        """By when (s) all that was decided has been told."""
        return self.pace.group_s + (2 * _SCRAPE_S if self.is_by_rules else self.pace.resend_s)


@contextmanager
def running(
    folder: Path,
    pace: Pace = SHIPPED,
    *,
    rules: str = "",
    names: Sequence[str] = ("aggregator",),
    more: Sequence[str] = (),
) -> Iterator[Chain]:
    """Run a chain until the block ends.

    ``rules``: the file that Prometheus has, "" for no Prometheus; but for ``BY_RULES`` the
    aggregators push. ``names``: the aggregators'. ``more``: further venues that can be cut.
    """
    codes = (VENUE.of, *more)
    inventory = inventory_of(*((code, "wired", HOSTS) for code in codes), UNCUT)
    with ExitStack() as stack:
        receiver = stack.enter_context(in_thread(Receiver.serving()))
        broker = stack.enter_context(Mosquitto(folder))
        url = f"http://127.0.0.1:{receiver.port}"
        alertmanager = Alertmanager(folder, url, group_interval_s=pace.group_s)
        stack.enter_context(alertmanager)
        pushes = "" if rules == BY_RULES else pushing(alertmanager, pace)
        aggregators = []
        for name in names:
            place = folder / f"of-{name}"
            place.mkdir()
            made = Aggregator(place, broker.port, inventory=inventory, broker=pushes, name=name)
            aggregators.append(stack.enter_context(made))
        prometheus = None
        if rules:
            prometheus = stack.enter_context(_scraping(folder, rules, aggregators, alertmanager))
        hosts = {
            code: Hosts(folder, code, broker.port, inventory_of((code, "wired", HOSTS)))
            for code in codes
        }
        hosts |= uncut_hosts(folder, broker.port)
        for one in hosts.values():
            stack.enter_context(one)
        chain = Chain(pace, rules == BY_RULES, Duty(receiver), aggregators, prometheus, hosts)
        chain.until_settled()
        yield chain


def uncut_hosts(folder: Path, port: int) -> dict[str, Hosts]:
    """Return the hosts of the venue that is never cut: one that can be killed, and the rest."""
    alone = f'[[venue]]\ncode = "{UNCUT[0]}"\n[[venue.host]]\nname = "{HOST.of}"\n'
    return {
        "rest": Hosts(folder, "rest", port, inventory_of(UNCUT), without=HOST.of),
        HOST.of: Hosts(folder, HOST.of, port, alone),
    }


def pushing(to: Alertmanager, pace: Pace) -> str:
    """Return the configuration of an aggregator that pushes."""
    return (
        f'[alertmanager]\nurls = ["http://127.0.0.1:{to.port}"]\nresend_s = {pace.resend_s}\n'
        f"ends_after_s = {pace.ends_after_s}\nretry_max_s = {pace.retry_max_s}\n"
    )


def _scraping(
    folder: Path, rules: str, aggregators: Sequence[Aggregator], alertmanager: Alertmanager
) -> Prometheus:
    targets = [f"127.0.0.1:{one.port}" for one in aggregators]
    replaced = {
        AGGREGATOR: targets[0],
        SECOND_AGGREGATOR: targets[-1],
        ALERTMANAGER: f"127.0.0.1:{alertmanager.port}",
        f"rule_files: [{BY_RULES}]": f"rule_files: [{rules}]",
    }
    config = "prometheus.yml" if len(targets) == 1 else "prometheus-two-aggregators.yml"
    return Prometheus(folder, replaced, config=config)


def until_ready(aggregator: Aggregator) -> None:
    """Wait until an aggregator has decided the state of every host."""
    until("it has settled", aggregator.is_ready, within_s=_AT_MOST_S)


def outage(chain: Chain) -> Heard:
    """Have an outage, in which the only aggregator has faults."""
    (aggregator,) = chain.aggregators
    cut = chain.cut(VENUE.of)
    chain.hosts[HOST.of].kill()
    chain.until_told(HOST)
    have_faults = _fail_scrapes if chain.is_by_rules else _be_away
    return _end(chain, cut, have_faults(chain, aggregator))


def outage_while_one_of_two_flaps(chain: Chain, for_s: float = 0.0) -> Heard:
    """Have an outage in which the second aggregator ends and starts, once or for ``for_s`` s."""
    _, second = chain.aggregators
    cut = chain.cut(VENUE.of)
    chain.hosts[HOST.of].kill()
    chain.until_told(HOST)
    end, faults = clock.monotonic() + for_s, 0
    for way in cycle((Aggregator.kill, Aggregator.stop)):
        way(second)
        pause(chain.pace.aways_s[0])
        second.start()
        until_ready(second)
        faults += 1
        if clock.monotonic() >= end:
            break
    return _end(chain, cut, faults)


def _fail_scrapes(chain: Chain, aggregator: Aggregator) -> int:
    """Have scrapes fail because the aggregator is frozen, and because it is restarted."""
    aggregator.signal(signal.SIGSTOP)
    until("a scrape failed", chain.is_not_scraped, within_s=_AT_MOST_S)
    aggregator.signal(signal.SIGCONT)
    until("it is scraped again", chain.are_scraped, within_s=_AT_MOST_S)
    aggregator.stop()
    until("a scrape failed", chain.is_not_scraped, within_s=_AT_MOST_S)
    pause(_SCRAPE_S)
    aggregator.start()
    until("it is scraped again", chain.are_scraped, within_s=_AT_MOST_S)
    return 2


def _be_away(chain: Chain, aggregator: Aggregator) -> int:
    """Kill the aggregator for each time, then freeze it for the longest."""
    for away_s in chain.pace.aways_s:
        aggregator.kill()
        pause(away_s)
        aggregator.start()
        until_ready(aggregator)
    aggregator.signal(signal.SIGSTOP)
    pause(max(chain.pace.aways_s))
    aggregator.signal(signal.SIGCONT)
    return len(chain.pace.aways_s) + 1


def _end(chain: Chain, cut: Cut, faults: int) -> Heard:
    """Let the outage end, once all that was decided meanwhile has been told."""
    pause(chain.news_s)
    meanwhile = chain.told()
    chain.hosts[VENUE.of].signal(signal.SIGCONT)
    chain.hosts[HOST.of].start()
    for told in (VENUE, HOST):
        chain.until_told(end_of(told))
    pause(chain.news_s)
    notice = chain.duty.notice_of(VENUE)
    assert notice is not None
    return Heard(meanwhile, chain.told(), cut, faults, notice)


def end_of(told: Told) -> Told:
    """Return how the end of an alert is told."""
    return told._replace(status="resolved")
