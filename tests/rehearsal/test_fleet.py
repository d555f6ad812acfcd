"""The standard fleet of a rehearsal, and the checks of its hosts."""

from aggregator.inventory import Inventory, VenueEntry
from venuewatch.rehearsal.fleet import SPARE, brought_to, checks_of, standard_fleet


def test_standard_fleet_has_39_venues_of_7_hosts() -> None:
    fleet = standard_fleet()

    assert [len(venue.host) for venue in fleet.venue] == [7] * 39


def test_each_venue_has_one_gateway_and_addresses_of_its_own() -> None:
    for venue in standard_fleet().venue:
        assert [host.role for host in venue.host].count("gateway") == 1
        assert len({host.address for host in venue.host}) == 7


def test_venue_with_results_has_a_pair_of_servers_and_its_spare_is_watched() -> None:
    for venue in standard_fleet().venue:
        has_pair = [host.role for host in venue.host].count("results") == 2
        watched = [check.name for host in venue.host for check in checks_of(host, venue)]
        assert (SPARE in watched) == has_pair


def test_empty_venue_is_filled_and_names_stay_unique() -> None:
    filled = brought_to(Inventory((VenueEntry("A"),)), 20)

    assert len({host.name for host in filled.venue[0].host}) == 20
