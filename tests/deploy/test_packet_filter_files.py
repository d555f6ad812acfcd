"""The shipped packet filter, as nft's own checker reads it: it changes no rule of the machine."""

import shutil
import subprocess
from pathlib import Path

import pytest

FILES = Path(__file__).parents[2] / "deploy" / "nftables"
NFT = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin") or ""
INCLUDED = "/etc/venuewatch/venues.nft"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not NFT, reason="nft (nftables) is not installed"),
]


def check(folder: Path, venues: str, *, port: str = "8883") -> subprocess.CompletedProcess[str]:
    """Have nft check the filter with the venues' part; skip where it may not."""
    (folder / "venues.nft").write_text(venues)
    shipped = (FILES / "venuewatch.nft").read_text()
    assert shipped.count(INCLUDED) == 1
    assert shipped.count("define port = 8883\n") == 1
    text = shipped.replace(INCLUDED, str(folder / "venues.nft"))
    file = folder / "venuewatch.nft"
    file.write_text(text.replace("define port = 8883\n", f"define port = {port}\n"))
    done = subprocess.run([NFT, "-c", "-f", file], capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr or "cache initialization" in done.stderr:
        pytest.skip("nft -c needs root, and a kernel with nftables")
    return done


@pytest.mark.parametrize("port", ["8883", "{ 8883, 8884 }"])
@pytest.mark.parametrize("name", ["venues.nft", "example-venues.nft"])
def test_filter_with_the_shipped_venues_is_right(tmp_path: Path, name: str, port: str) -> None:
    done = check(tmp_path, (FILES / name).read_text(), port=port)

    assert (done.returncode, done.stderr) == (0, "")


def test_venue_whose_chain_is_missing_is_refused(tmp_path: Path) -> None:
    example = (FILES / "example-venues.nft").read_text()

    assert check(tmp_path, example.replace("chain venue_STA", "chain venue_LOST")).returncode != 0
