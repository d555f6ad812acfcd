"""Headers of a page: what a browser may do with it, and for how long it keeps it.

Nothing comes from outside, nothing is inline: a hostile name that gets into a page as markup could
still run nothing and call nobody.
"""

import asyncio
import gzip
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from aggregator.shell.http.scrape import takes_gzip

_GZIP_LEVEL = 6
_PACKER = ThreadPoolExecutor(1, "pack")  # the pool of the loop has to look up names of brokers

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


async def answer(request: web.Request, status: HTTPStatus, html: str) -> web.Response:
    """Return a page as the answer to a request, compressed where the browser takes it."""
    body = html.encode("utf-8", "replace")
    sent = dict(PAGE)
    if takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(_PACKER, gzip.compress, body, _GZIP_LEVEL)
        sent[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(status=status, body=body, headers=sent)
