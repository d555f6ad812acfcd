"""The venues' part of the packet filter, as nft's own checker reads it: it changes no rule."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.venue import nftables

NFT = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin") or ""
TABLE = """\
table inet venuewatch_test {{
	include "{venues}"
	chain input {{
		ip saddr vmap @venues_ipv4
		ip6 saddr vmap @venues_ipv6
	}}
}}
"""

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not NFT, reason="nft (nftables) is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="nft -c needs root"),
]


def venue(code: str, *networks: str, hosts: int = 40) -> VenueEntry:
    entries = tuple(HostEntry(f"{code}-{at}") for at in range(hosts))
    return VenueEntry(code, host=entries, uplink_addresses=networks)


def check(folder: Path, venues: Sequence[VenueEntry]) -> str:
    """Return what nft says of a table with the venues' part in it; nothing when it is right."""
    (folder / "venues.nft").write_text(nftables.elements(venues))
    file = folder / "table.nft"
    file.write_text(TABLE.format(venues=folder / "venues.nft"))
    done = subprocess.run([NFT, "-c", "-f", file], capture_output=True, text=True, check=False)
    if "cache initialization" in done.stderr:
        pytest.skip("this kernel has no nftables")
    assert bool(done.stderr) == bool(done.returncode)
    return done.stderr


FLEET = [venue(f"V{at:02}", f"10.{at}.0.0/16", f"2001:db8:{at + 1:x}::/48") for at in range(39)]


@pytest.mark.parametrize(
    "venues",
    [
        [],
        [venue("STA")],
        [venue("STA", "192.0.2.0/28")],
        [venue("STA", "10.0.0.0/8", "10.1.0.0/16")],
        [venue("STA", "2001:db8::/48", hosts=1)],
        [venue("A-B", "192.0.2.1/32"), venue("A.B", "192.0.2.2/32"), venue("9", "192.0.2.3")],
        [venue("V" + 63 * ".", "192.0.2.1/32", hosts=1)],
        FLEET,
    ],
    ids=[
        "none",
        "no networks",
        "one",
        "one in another",
        "IPv6",
        "odd codes",
        "longest code",
        "39 venues",
    ],
)
def test_filter_takes_the_part_of_these_venues(tmp_path: Path, venues: list[VenueEntry]) -> None:
    assert check(tmp_path, venues) == ""


def test_filter_refuses_networks_that_overlap(tmp_path: Path) -> None:
    """So ``venuewatch venue add`` refuses them before."""
    both = [venue("STA", "192.0.2.0/28"), venue("AQU", "192.0.2.4/32")]

    assert "overlap" in check(tmp_path, both) or "conflict" in check(tmp_path, both)
    assert nftables.overlapping(both) != []
