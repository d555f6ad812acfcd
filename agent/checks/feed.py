"""Follows a results feed: XML messages in a folder, or pushed to the agent by HTTP."""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec

from agent.checks import CheckConfig, Latest, LimitS, Reading, about, worded
from agent.checks.reading import times
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from agent.checks.results_feed import door_settings
from agent.checks.results_feed.clock import Calendar, zone_of
from agent.checks.results_feed.documents import messages_of
from agent.checks.results_feed.door import Desk, Push
from agent.checks.results_feed.folder import Folder, Heard
from agent.checks.results_feed.header import FeedError, Reason
from agent.checks.results_feed.refusals import OF_PUSHES, PROBE, Refusals
from agent.checks.results_feed.state import Feed, Flag, Way
from agent.checks.results_feed.world import Limits
from venuewatch.base.config import ConfigError, Port, in_words

_DATA_LIMITS_S = {"BKB": 45.0, "FBL": 450.0}  # 1.5 x what they repeat after, 30 s and 5 min

Discipline: TypeAlias = Annotated[str, worded(r"\A[A-Z]{3}\Z", "3 capital letters")]
TimeOfDay: TypeAlias = Annotated[
    str, worded(r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z", "a time of day, as in 04:00")
]


class Config(CheckConfig, frozen=True, tag="feed"):
    """Watches a `folder`, or listens at `listen_port` for pushes by HTTP: one of the two.

    A beginning, a keep-alive or a live unit opens the talking window of a source and discipline. A
    unit is frozen while it is live, its data rests and its source talks, unless the schedule calls
    it interrupted, delayed or postponed.

    Data is judged as by the right clock. A clock of the source that is off for longer, or messages
    that all wait in a queue, are told beside the state.

    A message whose root tag can be read counts as a sign of life, whatever else is broken in it. A
    push is answered with 200 for a message, 400 for anything else, 401 for a wrong key, 403 for
    another sender than those of `peers`, 405 for another method than POST and PUT, and 413
    where it is too large. GET, HEAD and OPTIONS are probes of a load balancer: they are counted,
    and change no state. It may be gzip, whatever its head says. It may be a form
    (`application/x-www-form-urlencoded` or `multipart`): each field that is a message is one, and
    what is called a form and begins as XML is taken as it is. All that is refused is counted by its
    reason, and the detail says why: where nothing else comes, the feed is unknown, and critical
    after `keep_alive_limit_s`.

    Files may be gzip, or a zip of messages, whatever their names. A file is news by its size,
    times and content. One that ends too early, or with zeros, is read again until it has settled.
    While files are unread, or a large folder is still being looked through, the feed is delayed,
    never silent or frozen. Versions that were overwritten under one name, or taken away, are not
    lost. Links are not followed. Folders of a day are read up to tomorrow's, others not. Of over
    50,000 files the newest are remembered.

    A check that listens beyond this machine needs `api_key_file` or `peers`. Without a key,
    what a page in a browser can send is refused: any `Origin` or `Sec-Fetch-Site` (403), and the
    content types `text/plain`, of a form, and `multipart` (415). Forms are taken without a key from
    senders on other machines that `peers` names. Head and key have to come within 5 s. Of
    16 connections, 4 of one address may be silent, 12 of one that has shown the key; where there
    are more, the oldest silent one is ended.
    """

    zone: Annotated[str, about("IANA name of the zone of the source's times", "Europe/Paris")]
    folder: Annotated[
        door_settings.FilePath,
        about("folder with the messages, or with one for each day", "/srv/results/out"),
    ] = None
    files: Annotated[
        str,
        worded(r"\A[^/\\]+\Z", "a pattern of names, without a folder"),
        about("its files, a shell pattern of names", "DT_*.xml"),
    ] = "*.xml"
    files_per_reading: Annotated[
        int, about("most files that one reading takes; the rest next time", 100, ge=1, le=10_000)
    ] = 5_000
    settles_s: Annotated[
        LimitS, about("how long a file may be incomplete before it counts as broken, in s", 60.0)
    ] = 30.0
    listen_address: Annotated[str, about("IP address to listen at", "10.1.0.20")] = "127.0.0.1"
    listen_port: Annotated[Port | None, about("TCP port to listen at", 8041)] = None
    api_key_file: door_settings.ApiKeyFile = None
    api_key_header: door_settings.ApiKeyHeader = "X-Api-Key"
    peers: door_settings.PeerNames = ()
    cert_file: door_settings.CertFile = None
    key_file: door_settings.KeyFile = None
    day_ends: Annotated[TimeOfDay, about("end of the logical day, local time", "04:00")] = "03:00"
    feed_flag: Annotated[
        Flag, about("P for production, T for test: what a message must say, if it says any", "T")
    ] = "P"
    keep_alive_limit_s: Annotated[
        LimitS, about("how long a source may say nothing inside its talking window, in s", 120.0)
    ] = 90.0
    latency_limit_s: Annotated[
        LimitS, about("how long data may be on its way, by its own date and time, in s", 30.0)
    ] = 90.0
    clock_limit_s: Annotated[
        LimitS, about("how far the source's clock may be ahead or behind, in s", 30.0)
    ] = 60.0
    data_limit_s: Annotated[LimitS, about("how long live data may rest, in s", 120.0)] = 300.0
    data_limits_s: Annotated[
        dict[Discipline, LimitS],
        about(
            "the same for single disciplines; BKB has 45 and FBL 450 unless said here",
            {"BKB": 30.0, "FBL": 300.0},
        ),
    ] = {}  # noqa: RUF012 - msgspec copies it
    max_message_bytes: Annotated[
        int, about("largest message, unpacked, in bytes", 16_777_216, ge=1024, le=64 * 1024 * 1024)
    ] = 10 * 1024 * 1024  # ODF allows 10 MB

    def __post_init__(self) -> None:
        if (self.folder is None) == (self.listen_port is None):
            raise ValueError("Expected either `folder` or `listen_port`")
        family = socket.AF_INET6 if ":" in self.listen_address else socket.AF_INET
        try:
            socket.inet_pton(family, self.listen_address)
        except (OSError, ValueError):
            raise ValueError("Expected `listen_address` to be an IP address") from None
        door_settings.refuse_open_door(
            self.listen_address,
            has_key=self.api_key_file is not None,
            peers=self.peers,
            has_pair=(self.cert_file is None) == (self.key_file is None),
        )
        zone_of(self.zone)


class Check:
    """A feed that can't be got is ``critical``; else :mod:`.results_feed.state` judges it."""

    def __init__(self, config: Config, _latest: Latest, now: Callable[[], Now] = times.now) -> None:
        hours, minutes = config.day_ends.split(":")
        self._config = config
        self._now = now
        self._calendar = Calendar(zone_of(config.zone), time(int(hours), int(minutes)))
        self._lock = threading.Lock()
        self._feed = Feed(limits_of(config), self._calendar, config.feed_flag)
        self._folder = None if config.folder is None else _folder(config, config.folder)
        self._receiver: Any = None
        self._refused: Counter[Reason] = Counter()
        self._ended = 0
        if self._folder is None:
            with contextlib.suppress(OSError, ConfigError):  # tried anew at each reading
                self._listen()

    def read(self) -> Reading:
        """Take in what is new, and judge."""
        config, trouble = self._config, ""
        try:
            if self._folder is not None:
                self._look(self._folder, self._now())
            elif self._receiver is None:
                self._listen()
        except (OSError, ConfigError) as error:
            place = config.folder or f"{config.listen_address}:{config.listen_port}"
            if isinstance(error, OSError) and self._folder is not None and error.filename:
                place = str(error.filename)
            trouble = short(f"{place}: {in_words(error)}")
        folder = self._folder
        with self._lock:
            counts = (folder.unread, folder.seen) if folder else ()
            state, detail, values = self._feed.judge(self._now(), Way(trouble, *counts))
            refusals = self._feed.refusals
        if folder is not None and folder.links:
            detail = short(f"{detail}; {folder.links} links not followed")
        if folder is not None and folder.folders and not values.results_messages_total:
            detail = short(f"{detail}; {folder.folders} folders not looked into")
        if self._receiver is not None:
            values = msgspec.structs.replace(
                values,
                results_unauthorized_total=float(refusals.unauthorized),
                results_refused_total=refusals.counts(OF_PUSHES),
                results_connections_ended_total=float(self._receiver.places.made_room),
            )
            detail = short("; ".join(filter(None, (detail, self._turned_away(refusals)))))
        return Reading(state, detail, values)

    def _turned_away(self, refusals: Refusals) -> str:
        """Return what was turned away since the last reading, "" if nothing."""
        now, ended = refusals.by_reason.copy(), self._receiver.places.made_room
        new = sorted((now - self._refused).items())
        told = [f"{reason} {count}" for reason, count in new if reason != PROBE]
        if ended > self._ended:
            told.append(f"connections ended for others {ended - self._ended}")
        self._refused, self._ended = now, ended
        return f"turned away since the last reading: {', '.join(told)}" if told else ""

    def close(self) -> None:
        """Stop listening."""
        if self._receiver is not None:
            self._receiver.close()

    def _look(self, folder: Folder, now: Now) -> None:
        """Hear the new files, and the first time those of the logical day so far."""
        since_s, today = self._calendar.day_began(now.wall_s), self._calendar.today(now.wall_s)
        for heard in folder.take(now, since_s, today, Deadline(self._config.timeout_s / 2)):
            self._hear(heard)

    def _listen(self) -> None:
        self._receiver = _receiver(self._config, Desk(self._take, self._refuse))

    def _take(self, push: Push) -> None:
        for message in messages_of(push, self._config.max_message_bytes):
            self._hear(Heard(message, self._now()))

    def _refuse(self, error: FeedError) -> None:
        self._hear(Heard(error, self._now()))

    def _hear(self, heard: Heard) -> None:
        with self._lock:
            if isinstance(heard.what, FeedError):
                self._feed.refuse(heard.what, heard.at)
            else:
                self._feed.hear(heard.what, heard.at, is_kept=heard.is_kept)


def limits_of(config: Config) -> Limits:
    """Return the limits that a configuration sets."""
    return Limits(
        keep_alive_s=config.keep_alive_limit_s,
        latency_s=config.latency_limit_s,
        clock_s=config.clock_limit_s,
        data_default_s=config.data_limit_s,
        data_s=_DATA_LIMITS_S | config.data_limits_s,
    )


def _folder(config: Config, path: str) -> Folder:
    return Folder(
        Path(path),
        config.files,
        per_reading=config.files_per_reading,
        max_bytes=config.max_message_bytes,
        settles_s=config.settles_s,
    )


def _receiver(config: Config, desk: Desk) -> Any:
    """Return a receiver that listens; raises OSError or ConfigError."""
    return door_settings.opened(
        (config.listen_address, config.listen_port or 0),
        config.max_message_bytes,
        desk,
        api_key_file=config.api_key_file,
        api_key_header=config.api_key_header,
        peers=config.peers,
        cert_file=config.cert_file,
        key_file=config.key_file,
    )
