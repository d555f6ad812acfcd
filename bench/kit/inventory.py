"""An invented fleet over 39 venues, and the configuration of an aggregator that expects it."""

from pathlib import Path

VENUES = 39  # as many as the founding fleet has


def place(index: int) -> tuple[str, str]:
    """Return the venue's code and the name of host number ``index``."""
    return f"V{index % VENUES:02d}", f"host-{index:05d}"


def write(path: Path, hosts: int) -> None:
    """Write the inventory of a fleet of so many hosts."""
    lines: list[str] = []
    for first in range(min(VENUES, hosts)):
        lines.append(f'[[venue]]\ncode = "{place(first)[0]}"\ntimezone = "Europe/Paris"\n')
        lines += [
            f'[[venue.host]]\nname = "{place(index)[1]}"\nrole = "server"\n'
            for index in range(first, hosts, VENUES)
        ]
    path.write_text("".join(lines), encoding="utf-8")
