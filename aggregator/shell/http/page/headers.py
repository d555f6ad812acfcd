"""Headers of a page: what a browser may do with it, and for how long it keeps it.

Nothing comes from outside, nothing is inline: a hostile name that gets into a page as markup could
still run nothing and call nobody.
"""

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURE: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What every answer of the pages has."""

PAGE: Final[Mapping[str, str]] = {
    **SECURE,
    hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-cache",
    hdrs.VARY: hdrs.ACCEPT_ENCODING,
}
"""What a page has. It is asked for anew each time: what it shows is a second old at most."""
