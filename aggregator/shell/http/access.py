"""Access: who may read, who may change something, and users with their passwords.

1. Without users only this machine may read page and API. Other machines get 403, and one line that
   says what to do. Metrics, discovery and health are read as those of exporters are: by everybody.
2. With users every path needs one, but ``/-/healthy`` and ``/-/ready``.
3. A client is where its connection comes from. A proxy that ``[web] proxies`` lists is believed
   what it says of its client (``X-Forwarded-For``). A request that any other proxy has passed on
   does not come from this machine, whatever its connection says.
4. bcrypt is slow on purpose. A password that was right once is known again by a keyed digest, so
   that a scrape costs no hash. An unknown user costs as much as a known one. Checks run one at a
   time, in a thread of their own: a flood of wrong passwords keeps neither the event loop nor those
   who are known waiting. After ``FAILURES_MAX`` wrong ones an address waits.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import NamedTuple

import bcrypt
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from aggregator.shell.http.api.problem import refusal
from aggregator.shell.http.clients import (
    Address,
    Network,
    address_of,
    address_of_socket,
    counted_as,
    is_in,
    networks_of,
)
from venuewatch.base import clock

FAILURES_MAX = 10
"""How many wrong passwords an address may give within ``FAILURES_S``."""

FAILURES_S = 60.0

_ADDRESSES_MAX = 1_000
_KNOWN_MAX = 100
_WAITING_MAX = 32
_FORWARDED_MAX = 32  # proxies in a row
_BCRYPT_MAX = 72  # bytes of a password that bcrypt takes into account
_CHALLENGE: Mapping[str, str] = {hdrs.WWW_AUTHENTICATE: 'Basic realm="venuewatch", charset="UTF-8"'}
_BY_PROXY = (hdrs.FORWARDED, hdrs.VIA, hdrs.X_FORWARDED_FOR, "X-Real-IP")
_BY_BROWSER = (hdrs.ORIGIN, "Sec-Fetch-Site", "Sec-Fetch-Mode")
_HEALTH = frozenset({"/-/healthy", "/-/ready"})
FOR_MACHINES = frozenset({"/metrics", "/metrics/self", "/sd", *_HEALTH})
"""What exporters show everybody who has a user, where there are users."""

_ONLY_HERE = (
    "expected a request from this machine: others may read once [web] config_file has"
    " basic_auth_users"
)


class _Given(NamedTuple):
    user: str
    password: str


class Access:
    """Who may ask. ``users`` are bcrypt hashes by user's name; without any only this machine may.

    Attributes:
        proxies: the addresses and networks of proxies that are believed.
    """

    def __init__(
        self, users: Mapping[str, bytes] | None = None, proxies: Iterable[str] = ()
    ) -> None:
        self.users: Mapping[str, bytes] = users or {}
        self.proxies: Sequence[Network] = ()
        self.believe(proxies)
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, None] = {}
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._waiting = 0
        self._worker = ThreadPoolExecutor(1, "bcrypt")

    def close(self) -> None:
        """Check nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def believe(self, proxies: Iterable[str]) -> None:
        """Believe these proxies, addresses or networks, and no others from now on.

        Raises:
            ValueError: one is neither.
        """
        self.proxies = networks_of(proxies)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse a request of those who may not ask."""
        path = request.path
        if not self.users:
            if path not in FOR_MACHINES and path != "/-/reload" and not self.is_local(request):
                return refusal(request, HTTPStatus.FORBIDDEN, _ONLY_HERE)
        elif path not in _HEALTH:
            refused = await self._refused(request)
            if refused is not None:
                return refused
        return await handler(request)

    def may_change(self, request: web.Request) -> bool:
        """Tell whether a request may change something: it has a user, or comes from this machine.

        A page in a browser may not: browsers name its ``Origin``, or say how they fetch.
        """
        if any(name in request.headers for name in _BY_BROWSER):
            return False
        return bool(self.users) or self.is_local(request)  # without a user it came not this far

    def is_local(self, request: web.Request) -> bool:
        """Tell whether a request comes from this machine, and through no proxy from another one."""
        client = self.client_of(request)
        return client is not None and client.is_loopback

    def client_of(self, request: web.Request) -> Address | None:
        """Return the address of a request's client; None if a proxy leaves it unknown."""
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        client = address_of_socket(peer)
        if not any(name in request.headers for name in _BY_PROXY):
            return client
        if client is None or not is_in(client, self.proxies):
            return None if client is None or client.is_loopback else client
        said = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, ())).split(",")
        for text in reversed(said[-_FORWARDED_MAX:]):
            client = address_of(text.strip())
            if client is None or not is_in(client, self.proxies):
                return client
        return client

    async def _refused(self, request: web.Request) -> web.Response | None:
        """Return the answer to a request without a user with the right password; else None."""
        given = _given(request)
        if given is None:
            return refusal(request, HTTPStatus.UNAUTHORIZED, "unauthorized", _CHALLENGE)
        hashed = self.users.get(given.user)
        digest = self._digest(given, hashed)
        if digest in self._known:
            return None
        whose = counted_as(self.client_of(request))
        wait_s = self._wait_s(whose, clock.monotonic())
        if wait_s > 0.0:
            later: Mapping[str, str] = {hdrs.RETRY_AFTER: str(int(wait_s) + 1)}
            words = "too many wrong passwords from this address, try again later"
            return refusal(request, HTTPStatus.TOO_MANY_REQUESTS, words, later)
        if self._waiting >= _WAITING_MAX:
            words = "too many passwords to check, try again"
            return refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, words, {hdrs.RETRY_AFTER: "1"})
        if await self._is_right(given, hashed):
            if len(self._known) >= _KNOWN_MAX:
                del self._known[next(iter(self._known))]
            self._known[digest] = None
            return None
        self._note_failure(whose, clock.monotonic())
        return refusal(request, HTTPStatus.UNAUTHORIZED, "unauthorized", _CHALLENGE)

    async def _is_right(self, given: _Given, hashed: bytes | None) -> bool:
        self._waiting += 1
        try:
            compared = hashed or next(iter(self.users.values()))
            loop = asyncio.get_running_loop()
            password = given.password.encode()
            is_same = await loop.run_in_executor(self._worker, _matches, password, compared)
        finally:
            self._waiting -= 1
        # The configuration may have changed while we waited.
        return is_same and hashed is not None and self.users.get(given.user) == hashed

    def _wait_s(self, whose: str, now: float) -> float:
        """Return how long (s) an address waits until another password of it is looked at."""
        failures = self._failures.get(whose)
        if failures is None or len(failures) < FAILURES_MAX:
            return 0.0
        return failures[0] + FAILURES_S - now

    def _note_failure(self, whose: str, now: float) -> None:
        self._failures.setdefault(whose, deque(maxlen=FAILURES_MAX)).append(now)
        self._failures.move_to_end(whose)
        if len(self._failures) > _ADDRESSES_MAX:
            self._failures.popitem(last=False)

    def _digest(self, given: _Given, hashed: bytes | None) -> bytes:
        whole = b"\0".join((hashed or b"", given.user.encode(), given.password.encode()))
        return hmac.new(self._key, whole, hashlib.sha256).digest()


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
