"""The outlet beside other aggregators: what is published for them, and what is left to them."""

import pytest

from aggregator.core.incidents.pushing import LISTS_APART_S, key_of
from aggregator.core.outputs import Connected, OtherOpen, OtherState
from tests.aggregator.shell.outlets.alertmanager.pusher import Pusher, incident
from venuewatch.base import clock
from venuewatch.base.wire.messages import CentreOpen


class TestOtherAggregators:
    """What is published for them, and what is left to them."""

    def online(self, pusher: Pusher, *keys: str) -> None:
        pusher.outlet.take([OtherState(0.0, "backup", is_online=True)])
        pusher.outlet.take([OtherOpen(0.0, "backup", CentreOpen(keys))])

    def test_list_is_published_again_until_it_goes_out(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pusher = Pusher("http://127.0.0.1:9")
        pusher.is_heard = False
        pusher.change("opened", incident())
        pusher.is_heard = True

        later = clock.monotonic() + LISTS_APART_S
        monkeypatch.setattr(clock, "monotonic", lambda: later)
        pusher.outlet.take([])

        assert pusher.published == [CentreOpen((key_of(incident()),))]

    def test_end_is_left_to_the_one_that_has_it_open(self) -> None:
        pusher = Pusher("http://127.0.0.1:9")
        pusher.outlet.take([Connected(0.0, "live")])
        pusher.change("opened", incident())
        self.online(pusher, key_of(incident()))
        pusher.change("closed", incident()._replace(closed_at=20.0))
        before = [push.is_over for push in pusher.queue.waiting]

        self.online(pusher)

        assert (before, [push.is_over for push in pusher.queue.waiting]) == ([False], [True])
