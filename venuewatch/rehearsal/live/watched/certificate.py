"""The certificate of a service at a live venue, which a host looks at."""

import math
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from venuewatch.rehearsal.live.programs import program
from venuewatch.rehearsal.live.sources.doors import DoorPlan
from venuewatch.rehearsal.live.watched.spoiling import Spoiling
from venuewatch.rehearsal.live.watched.thing import Settings, Site, Thing
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import StageError

_FIRST_PORT: Final = 8_443
_USUAL_DAYS: Final = 365.0
_OPENSSL_S: Final = 20.0
_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Certificate(Thing):
    """A service with TLS on the router of a venue; each host that looks has one of its own.

    Attributes:
        port: where it is served.
    """

    KIND = "tls"

    def __init__(self, check: str, site: Site) -> None:
        super().__init__(check, site)
        self.port = _FIRST_PORT + site.number
        self._usual = site.folder.parent / "certificate.pem"
        self._shown = site.folder / f"{check}.pem"

    @property
    def settings(self) -> Sequence[Settings]:
        """The check, with its usual limits; nobody has signed the certificate but itself."""
        return [
            {
                "kind": self.KIND,
                "name": self.check,
                "address": self.site.lan.gateway,
                "port": self.port,
                "verify": False,
            }
        ]

    @property
    def plan(self) -> DoorPlan:
        """What the program that serves it has to know of it."""
        lan = self.site.lan
        where = (lan.router.namespace, lan.gateway, self.port)
        return DoorPlan(*where, usual=str(self._usual), shown=str(self._shown))

    def make(self, guardian: Guardian) -> None:
        """Make the usual certificate, if there is none: all venues have the same."""
        del guardian
        if not self._usual.exists():
            _make_certificate(self._usual, _USUAL_DAYS)

    def ageing(self, days: float) -> Spoiling:
        """Return how the service comes to show a certificate that is valid for so many days."""
        show = partial(_make_certificate, self._shown, days)
        return Spoiling(show, ("rm", "-f", str(self._shown)))


def _make_certificate(path: Path, days: float) -> None:
    """Make a key, and a certificate that it has signed itself, in one file. Raises StageError."""
    new = path.with_suffix(".new")
    files = ("-keyout", str(new), "-out", str(new))
    valid = ("-days", str(max(1, math.floor(days))), "-subj", "/CN=service.venue.example")
    words = (program("openssl"), "req", "-x509", *_KEY, *valid, *files)
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=_OPENSSL_S)
    except subprocess.CalledProcessError as error:
        raise StageError(f"openssl: {error.stderr.strip().rpartition(chr(10))[2]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StageError(f"openssl: {error}") from None
    new.replace(path)
