"""Access: users with passwords, and requests that may change something.

With users every path needs one, as in the exporters. bcrypt is slow on purpose, so a password that
was right once is known again by a keyed digest, and a scrape costs no hash. An unknown user costs
as much as a known one. Checks run one at a time in a thread of their own: a flood of wrong
passwords keeps neither the event loop nor those who are known waiting.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from ipaddress import ip_address
from typing import NamedTuple

import bcrypt
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

_KNOWN_MAX = 100
_WAITING_MAX = 32
_BCRYPT_MAX = 72  # bytes of a password that bcrypt takes into account
_CHALLENGE = {hdrs.WWW_AUTHENTICATE: 'Basic realm="venuewatch", charset="UTF-8"'}
_BY_PROXY = (hdrs.FORWARDED, hdrs.VIA, hdrs.X_FORWARDED_FOR, "X-Real-IP")


class _Given(NamedTuple):
    user: str
    password: str


class Access:
    """Who may ask. ``users`` are bcrypt hashes by user's name; without any everybody may."""

    def __init__(self, users: Mapping[str, bytes] | None = None) -> None:
        self.users: Mapping[str, bytes] = users or {}
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, None] = {}
        self._waiting = 0
        self._worker = ThreadPoolExecutor(1, "bcrypt")

    def close(self) -> None:
        """Check nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 401 where a user is needed, and the request names none with the right password."""
        if self.users:
            given = _given(request)
            if given is None or not await self._is_right(given):
                return web.Response(
                    status=HTTPStatus.UNAUTHORIZED, text="unauthorized\n", headers=_CHALLENGE
                )
        return await handler(request)

    def may_change(self, request: web.Request) -> bool:
        """Tell whether a request may change something: it has a user, or comes from this machine.

        What a proxy or a page in a browser here passes on does not come from here.
        """
        if self.users:  # or it would not have come this far
            return True
        if any(name in request.headers for name in (*_BY_PROXY, hdrs.ORIGIN)):
            return False
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        return isinstance(peer, tuple) and _is_loopback(str(peer[0]))

    async def _is_right(self, given: _Given) -> bool:
        hashed = self.users.get(given.user)
        password = given.password.encode()
        digest = self._digest(given.user, password, hashed or b"")
        if digest in self._known:
            return True
        if self._waiting >= _WAITING_MAX:
            raise web.HTTPServiceUnavailable(text="too many passwords to check, try again\n")
        self._waiting += 1
        try:
            compared = hashed or next(iter(self.users.values()))
            loop = asyncio.get_running_loop()
            is_same = await loop.run_in_executor(self._worker, _matches, password, compared)
        finally:
            self._waiting -= 1
        # The configuration may have changed while we waited.
        is_right = is_same and hashed is not None and self.users.get(given.user) == hashed
        if is_right:
            if len(self._known) >= _KNOWN_MAX:
                del self._known[next(iter(self._known))]
            self._known[digest] = None
        return is_right

    def _digest(self, user: str, password: bytes, hashed: bytes) -> bytes:
        whole = b"\0".join((hashed, user.encode(), password))
        return hmac.new(self._key, whole, hashlib.sha256).digest()


def _is_loopback(address: str) -> bool:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def _given(request: web.Request) -> _Given | None:
    """Return the user and the password in a request (RFC 7617); None without any."""
    scheme, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip()).decode().partition(":")
    except ValueError:
        return None
    return _Given(user, password) if colon else None


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_BCRYPT_MAX], hashed)
    except ValueError:  # a hash that only looks like one
        return False
