"""The results servers of a live venue, as its gateway sees them."""

from collections.abc import Sequence

from venuewatch.rehearsal.fleet import RESULTS
from venuewatch.rehearsal.live.watched.thing import Settings, Thing


class Servers(Thing):
    """A check of each server, which is there if it answers an echo, and the one that judges all."""

    KIND = "redundancy"

    @property
    def settings(self) -> Sequence[Settings]:
        """The checks."""
        each = [
            {
                "kind": "ping",
                "name": f"server-{at}",
                "address": address,
                "count": 2,
                "timeout_s": 2.0,
            }
            for at, address in enumerate(self.addresses, start=1)
        ]
        members = [one["name"] for one in each]
        return [*each, {"kind": self.KIND, "name": self.check, "members": members}]

    @property
    def addresses(self) -> Sequence[str]:
        """The addresses of the servers."""
        return [host.address for host in self.site.venue.host if host.role == RESULTS]
