"""Concrete scenarios: named subjects, drawn lengths and bounds, the same for the same seed."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.incidents.alerts import ROWS, kind_of
from aggregator.core.verdicts.causes import Cause
from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.rehearsal.kinds.files import GOOD, changed, written
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.choosing import CannotPlay
from venuewatch.rehearsal.kinds.load import known_roles, read_kind, read_kinds, read_policies
from venuewatch.rehearsal.kinds.model import Kind
from venuewatch.rehearsal.kinds.resolve import can_play, resolve
from venuewatch.rehearsal.scenario import Scenario, subject_of

FLEET = standard_fleet()
KINDS: Mapping[str, Kind] = read_kinds()
PLAYABLE = [name for name, kind in KINDS.items() if kind.is_playable]
VENUES = [venue.code for venue in FLEET.venue]


def small(link: Link = "wired", *, code: str = "A", results: int = 2, hosts: int = 7) -> VenueEntry:
    roles = ["gateway", *["results"] * results, *["timing"] * (hosts - 1 - results)]
    made = [HostEntry(f"{code}-{at}", role=role, gateway=at == 0) for at, role in enumerate(roles)]
    return VenueEntry(code, link=link, host=tuple(made))


def made(folder: Path, text: str) -> Kind:
    return read_kind(written(folder, text), policies=read_policies(), roles=known_roles())


def resolved(kind: Kind, *venues: VenueEntry, seed: int = 1) -> Scenario:
    return resolve(kind, Inventory(venues), number=1, venue=venues[0].code, seed=seed)


@pytest.mark.parametrize("name", PLAYABLE)
def test_playable_kind_can_be_played_in_some_venue(name: str) -> None:
    reasons = [can_play(KINDS[name], FLEET, venue) for venue in VENUES]

    assert None in reasons, reasons[0]


@given(name=st.sampled_from(PLAYABLE), seed=st.integers(0, 2**32), data=st.data())
def test_scenario_is_whole_and_the_same_for_a_seed(
    name: str, seed: int, data: st.DataObject
) -> None:
    kind = KINDS[name]
    venue = data.draw(st.sampled_from([v for v in VENUES if can_play(kind, FLEET, v) is None]))

    scenario = resolve(kind, FLEET, number=7, venue=venue, seed=seed)

    assert scenario == resolve(kind, FLEET, number=7, venue=venue, seed=seed)
    assert scenario.venue == venue
    steps = [order.step for order in scenario.orders]
    assert len(set(steps)) == len(steps)
    targets = [subject_of(target) for order in scenario.orders for target in order.targets]
    assert {target.venue for target in targets} - {""} <= set(scenario.venues)
    for each in scenario.expected:
        subject = subject_of(each.subject)
        assert each.after in steps
        assert 0 < each.detect_within_s < 200
        assert all((kind_of(subject), Cause(cause)) in ROWS for cause in each.causes)
    assert scenario.runs_alone == (
        any(target.scope == "centre" for target in targets) or kind.runs_alone
    )


def test_host_dead_inside_a_cut_is_told_after_its_heal(tmp_path: Path) -> None:
    scenario = resolved(made(tmp_path, changed("lasts = [20, 40]", "lasts = 30")), small())

    cut, off = scenario.orders
    venue, host = scenario.expected
    assert (cut.targets, cut.lasts_s) == (("venue:A",), 30)
    assert off.targets == (host.subject,)
    assert (venue.subject, host.after, host.after_heal) == ("venue:A", "cut", True)


def test_lengths_are_drawn_within_their_range(tmp_path: Path) -> None:
    kind = made(tmp_path, GOOD)

    drawn = {resolved(kind, small(), seed=seed).orders[0].lasts_s for seed in range(20)}

    assert len(drawn) > 10
    assert all(20 <= lasts_s <= 40 for lasts_s in drawn)


def test_half_of_outages_last_about_a_keepalive(tmp_path: Path) -> None:
    kind = made(tmp_path, changed("lasts = [20, 40]", "lasts = 100\nkeepalives = [1.2, 2.5]"))

    drawn = [resolved(kind, small("satellite"), seed=seed).orders[0].lasts_s for seed in range(40)]

    near = [lasts_s for lasts_s in drawn if lasts_s != 100]
    assert 10 <= len(near) <= 30
    assert all(12 <= lasts_s <= 25 for lasts_s in near)


def test_step_after_a_heal_begins_when_that_is_over(tmp_path: Path) -> None:
    text = changed("at = 10", 'at = 5\nafter_heal_of = "cut"')
    scenario = resolved(made(tmp_path, text), small())

    cut, off = scenario.orders
    assert off.at_s == pytest.approx(cut.lasts_s + 5, abs=0.01)


def test_targets_apart_are_orders_of_their_own(tmp_path: Path) -> None:
    text = changed('roles = ["results"]', 'roles = ["results"]\nhosts = 2')
    text = text.replace("at = 10", "at = 10\napart_s = 4").replace('after = "cut"', 'after = "off"')
    scenario = resolved(made(tmp_path, text), small())

    offs = [order for order in scenario.orders if order.fault == "machine_off"]
    assert [order.at_s for order in offs] == [10, 14]
    told = {each.subject: each.after for each in scenario.expected if "host" in each.subject}
    assert told == {order.targets[0]: order.step for order in offs}


def test_results_server_that_is_hit_may_be_told_by_its_gateway(tmp_path: Path) -> None:
    scenario = resolved(made(tmp_path, GOOD), small())

    assert ("feed:A/A-0/servers", ("redundancy_lost",)) in {
        (each.subject, each.causes) for each in scenario.allowed
    }


@pytest.mark.parametrize(
    ("text", "venue", "reason"),
    [
        (('["results"]', '["print"]'), small(), "it has 0 hosts of print, and needs 1"),
        (('["results"]', '["results"]\nhosts = 3'), small(), "it has 2 hosts of results"),
        (
            ('["results"]', '["results"]\nleast_hosts = 9'),
            small(),
            "it has 7 hosts, and needs 9",
        ),
        (
            ('["results"]', '["results"]\nlinks = ["satellite"]'),
            small(),
            "its link is wired, not satellite",
        ),
        (
            ('["results"]', '["results"]\nhosts = 2\nis_minority = true'),
            small(hosts=3),
            "2 of its 3 hosts would be most of it",
        ),
        (('scope = "venue"', 'scope = "venue"\nvenues = 2'), small(), "1 other venues"),
        (('source = "Own"', 'source = "Own"\nleast_venues = 5'), small(), "5 venues are needed"),
    ],
)
def test_venue_that_lacks_something_says_what(
    text: tuple[str, str], venue: VenueEntry, reason: str, tmp_path: Path
) -> None:
    kind = made(tmp_path, changed(*text))

    with pytest.raises(CannotPlay, match=reason):
        resolved(kind, venue)
    assert reason in (can_play(kind, Inventory((venue,)), "A") or "")


def test_venue_that_is_not_in_the_fleet_is_refused(tmp_path: Path) -> None:
    reason = can_play(made(tmp_path, GOOD), FLEET, "XXX")

    assert reason == "the inventory has no venue XXX"


def test_no_two_targets_take_the_same_host(tmp_path: Path) -> None:
    text = changed("[[step]]", '[target.other]\nscope = "host"\nroles = ["results"]\n\n[[step]]')
    text += '\n[[step]]\nname = "too"\nfault = "machine_off"\nof = "other"\nlasts = 5\n'
    kind = made(tmp_path, text)

    for seed in random.Random(1).sample(range(1000), 10):
        hosts = [order.targets for order in resolved(kind, small(), seed=seed).orders[1:]]
        assert len(set(hosts)) == len(hosts)
