"""The register of an authority: every certificate that it has issued, and which are revoked.

It is a file of JSON, ``clients/issued.json``. Pure: times are seconds since 1970 (UTC).
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from venuewatch.venue.authority.certificates import DAY_S, Made
from venuewatch.venue.authority.crls import Revoked

BYTES_MAX: Final = 256 * 1024 * 1024
"""How many bytes its file may have: 35,000 hosts that are renewed each month have 15 MB."""

LONGEST_S: Final = 25 * 31 * DAY_S
"""So long (s) a host's certificate is valid at most: 24 months, and a day before."""

KEPT_S: Final = 30 * DAY_S
"""How long (s) a certificate that has expired stays in the register."""


class Issued(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A certificate. ``serial``: hexadecimal. ``venue``: empty for one that is no host's."""

    serial: str
    name: str
    venue: str = ""
    not_after: float
    revoked_at: float | None = None
    why: str = ""


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All certificates of an authority. ``crl_number``: of its latest list."""

    issued: tuple[Issued, ...] = ()
    crl_number: int = 0

    def add(self, made: Made, name: str, venue: str = "") -> "Register":
        """Return it with a new certificate."""
        entry = Issued(serial=f"{made.serial:x}", name=name, venue=venue, not_after=made.not_after)
        return replace(self, issued=(*self.issued, entry))

    def revoke(self, names: Collection[str], now: float, why: str) -> "Register":
        """Return it with all certificates of these names revoked that are not yet."""
        return self._revoked(lambda entry: entry.name in names, now, why)

    def revoke_venue(self, venue: str, now: float, why: str) -> "Register":
        """Return it with all certificates revoked that were made at a venue.

        A name that has gone on to another venue keeps the certificate that it has there.
        """
        return self._revoked(lambda entry: entry.venue == venue, now, why)

    def numbered(self, now: float) -> "Register":
        """Return it for a new list, without what expired long ago."""
        kept = tuple(entry for entry in self.issued if entry.not_after + KEPT_S > now)
        return replace(self, issued=kept, crl_number=self.crl_number + 1)

    def revoked(self) -> list[Revoked]:
        """Return what stands on the list."""
        return [
            Revoked(int(entry.serial, 16), entry.revoked_at)
            for entry in self.issued
            if entry.revoked_at is not None
        ]

    def latest(self, name: str) -> Issued | None:
        """Return the certificate of a name that was made last, of those that are not revoked."""
        kept = (entry for entry in reversed(self.issued) if entry.name == name)
        return next((entry for entry in kept if entry.revoked_at is None), None)

    def latest_of_all(self) -> dict[str, Issued]:
        """Return ``latest`` of every name."""
        return {entry.name: entry for entry in self.issued if entry.revoked_at is None}

    def current(self, name: str, now: float) -> Issued | None:
        """Return the latest certificate of a name while it is valid; else None."""
        latest = self.latest(name)
        return latest if latest is not None and latest.not_after > now else None

    def joined(self, other: "Register", now: float) -> "Register":
        """Return it with what another has of the same authority, and is valid; revoked stays so."""
        entries = {entry.serial: entry for entry in self.issued}
        for entry in other.issued:
            known = entries.get(entry.serial)
            if known is None and entry.not_after > now:
                entries[entry.serial] = entry
            elif known is not None and known.revoked_at is None and known.not_after > now:
                since = replace(known, revoked_at=entry.revoked_at, why=entry.why)
                entries[entry.serial] = since
        return Register(tuple(entries.values()), max(self.crl_number, other.crl_number))

    def names_of(self, venue: str) -> list[str]:
        """Return the names that have had a certificate at a venue."""
        return sorted({entry.name for entry in self.issued if entry.venue == venue})

    def _revoked(self, is_meant: Callable[[Issued], bool], now: float, why: str) -> "Register":
        return replace(
            self,
            issued=tuple(
                replace(entry, revoked_at=now, why=why)
                if entry.revoked_at is None and is_meant(entry)
                else entry
                for entry in self.issued
            ),
        )


def of_list(revoked: Iterable[Revoked], number: int) -> Register:
    """Return what a list tells of a register that is lost: neither names nor ends."""
    entries = (
        Issued(
            serial=f"{serial:x}", name="", not_after=at + LONGEST_S, revoked_at=at, why="on a list"
        )
        for serial, at in revoked
    )
    return Register(tuple(entries), number)


def read(data: bytes) -> Register:
    """Return a register from its file.

    Raises:
        ValueError: it is none, in words for the operator.
    """
    try:
        found = msgspec.json.decode(data, type=Register)
        check_serials(found.issued)
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"expected the register of an authority: {error}") from None
    return found


def write(register: Register) -> bytes:
    """Return the content of its file."""
    return msgspec.json.format(msgspec.json.encode(register)) + b"\n"


def check_serials(entries: Iterable[Issued]) -> None:
    """Check that each serial number is one.

    Raises:
        ValueError: one is not.
    """
    for entry in entries:
        int(entry.serial, 16)
