"""Fleets as they are built: every class of link that an inventory may have."""

import random
from typing import get_args

import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.margins.links import LINKS
from venuewatch.rehearsal.world.layout import layout_of


@pytest.mark.parametrize("link", get_args(Link))
def test_venue_of_any_class_of_link_can_be_built(link: Link) -> None:
    fleet = Inventory((VenueEntry("A", link=link, host=(HostEntry("A-1"),)),))

    (plan,) = layout_of(fleet, lambda _host, _venue: {}, random.Random(1)).venues

    assert plan.link == link
    assert 0 < plan.delay_s <= LINKS[link].rtt_s
