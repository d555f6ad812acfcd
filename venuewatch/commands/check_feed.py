"""Runs ``venuewatch check-feed``: shows what a results check would say, before the venue opens.

Of a file, a folder or an address every message is read as the check ``feed`` reads it: what it is,
and what is wrong with it. Then comes the verdict:

- of a folder that of the check itself, at this moment;
- of a file or an address that of messages which have just come, so that an example of last year is
  as good as one of today.
"""

import argparse
import glob
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import time
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from agent import config as agent_config
from agent.checks import Reading, feed
from agent.checks.host.glob import Walk
from agent.checks.net.http_fetch import Request, fetch
from agent.checks.net.tls import Trust
from agent.checks.net.url import parse
from agent.checks.reading.asking import CheckFailedError
from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.clock import Calendar, zone_of
from agent.checks.results_feed.content import content_of
from agent.checks.results_feed.header import FeedError, Message
from agent.checks.results_feed.messages import read
from agent.checks.results_feed.state import Feed
from venuewatch.base import clock
from venuewatch.base.config import ConfigError, in_words, one_line
from venuewatch.base.refusals import convert
from venuewatch.base.wire.checks import WELL
from venuewatch.terminal import output

NOT_WELL = 1
USAGE_ERROR = 2

_FILES_MAX: Final = 1_000  # of a folder, the newest
_NAMES_MAX: Final = 50_000
_SHOWN_MAX: Final = 20
_READINGS_MAX: Final = 100  # of a folder, until nothing is unread
_TIMEOUT_S: Final = 10.0
_REDIRECTS_MAX: Final = 3


class Found(NamedTuple):
    """A message, or why there is none, and where it stands."""

    where: str
    what: Message | FeedError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "place", metavar="FILE|FOLDER|URL", help="a message, a folder of them, or an address"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="agent.toml, for its settings")
    parser.add_argument("--check", metavar="NAME", help="its check of the kind feed")
    parser.add_argument("--zone", metavar="ZONE", help="zone of the source's times (UTC)")
    parser.add_argument("--files", metavar="PATTERN", help="names of a folder's files (*.xml)")
    parser.add_argument("--flag", choices=["P", "T", "any"], help="the feed flag to expect (P)")
    parser.add_argument("--all", action="store_true", help="every message, not only the first ones")


def run(options: argparse.Namespace) -> int:
    """Print what is found; return 1 if a check would complain, 2 where nothing can be looked at."""
    try:
        settings = _settings(options)
        found = list(_found(options.place, settings))
        reading = _verdict(options.place, settings, found)
    except (ConfigError, CheckFailedError) as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(f"{one_line(options.place)}: {in_words(error, who='server')}")
    except ValueError as error:
        return _refused(one_line(error))
    output.show(lines_of(found, reading, is_all=options.all))
    return 0 if reading.state in WELL and not any(map(fault_of, found)) else NOT_WELL


def fault_of(found: Found) -> str:
    """Return what is wrong with a message, or why it is none; "" for a sound one."""
    if isinstance(found.what, FeedError):
        return f"refused: {found.what}"
    if found.what.broken:
        return f"broken: {found.what.broken}"
    return f"odd: {found.what.odd[0]}" if found.what.odd else ""


def lines_of(found: Sequence[Found], reading: Reading, *, is_all: bool = False) -> Iterator[str]:
    """Yield the messages, those with a fault first, and the verdict."""
    ordered = sorted(found, key=lambda each: not fault_of(each))
    shown = ordered if is_all else ordered[:_SHOWN_MAX]
    for each in shown:
        fault = fault_of(each)
        about = "" if isinstance(each.what, FeedError) else _about(each.what)
        yield one_line(f"{each.where}: {'; '.join(filter(None, (fault, about)))}")
    if len(shown) < len(ordered):
        yield f"… and {len(ordered) - len(shown)} more: --all shows them"
    faults = sum(bool(fault_of(each)) for each in found)
    yield f"{len(found) - faults} messages are sound, {faults} are not"
    yield one_line(f"the check would say: {reading.state}: {reading.detail}")


def verdict_of_examples(settings: feed.Config, messages: Iterable[Message | FeedError]) -> Reading:
    """Return the verdict on messages that come one after the other, each at its own time."""
    hours, minutes = settings.day_ends.split(":")
    calendar = Calendar(zone_of(settings.zone), time(int(hours), int(minutes)))
    judged = Feed(feed.limits_of(settings), calendar, settings.feed_flag)
    began = now = Now(clock.monotonic(), clock.wall())
    first_s: float | None = None
    for what in sorted(messages, key=_stamp_key):
        if isinstance(what, FeedError):
            judged.refuse(what, now)
            continue
        if what.stamp is not None:
            stamp_s = calendar.unixtime_of(what.stamp, now.wall_s)
            first_s = stamp_s if first_s is None else first_s
            now = Now(began.monotonic_s + stamp_s - first_s, stamp_s)
        judged.hear(what, now)
    return judged.judge(now)


def _stamp_key(what: Message | FeedError) -> str:
    """Return by what messages are in their order: what has no stamp comes last."""
    stamp = None if isinstance(what, FeedError) else what.stamp
    return "~" if stamp is None else stamp.isoformat()


def _about(message: Message) -> str:
    said = {
        "": message.type,
        "code": message.code,
        "source": message.source,
        "status": message.status,
        "version": "" if message.version is None else str(message.version),
        "flag": message.flag,
        "stamped": "" if message.stamp is None else message.stamp.isoformat(sep=" "),
    }
    return ", ".join(f"{name} {value}".strip() for name, value in said.items() if value)


def _settings(options: argparse.Namespace) -> feed.Config:
    """Return the settings of a check; those of the command line come first.

    Raises:
        ConfigError, ValueError: they are of no use.
    """
    said = {"zone": options.zone, "files": options.files, "feed_flag": options.flag}
    given = {name: value for name, value in said.items() if value is not None}
    if options.config is None:
        if options.check is not None:
            raise ConfigError("expected --config beside --check")
        own = {"kind": "feed", "name": "feed", "zone": "UTC", "folder": "."}
        return convert(own | given, feed.Config)
    checks = agent_config.read(options.config).check
    feeds = [each for each in checks if isinstance(each, feed.Config)]
    wanted = [each for each in feeds if options.check in (None, each.name)]
    if len(wanted) != 1:
        names = ", ".join(each.name for each in feeds) or "none"
        raise ConfigError(
            f"{options.config}: expected --check to name a check of the kind feed. Known: {names}"
        )
    return convert(msgspec.to_builtins(wanted[0]) | given, feed.Config)


def _found(place: str, settings: feed.Config) -> Iterator[Found]:
    """Yield what there is; raises OSError, CheckFailedError or ValueError where that is nothing."""
    if "://" in place:
        yield Found(place, _read(_body_of(place, settings.max_message_bytes), settings))
        return
    if not Path(place).is_dir():
        yield from _found_in(place, Path(place).name, settings)
        return
    walk = Walk(
        str(Path(glob.escape(place), "**", settings.files)),
        max_entries=_NAMES_MAX,
        until=clock.monotonic() + _TIMEOUT_S,
        follows_links=False,
    )
    newest = sorted(walk.files(), key=lambda file: -file.modified_at)
    for file in islice(newest, _FILES_MAX):
        name = str(Path(file.path).relative_to(place))
        try:
            yield from _found_in(file.path, name, settings)
        except FileNotFoundError:  # its source has taken it away meanwhile
            continue
        except OSError as error:
            yield Found(name, FeedError(in_words(error)))


def _found_in(path: str, name: str, settings: feed.Config) -> Iterator[Found]:
    for what in content_of(path, settings.max_message_bytes, settings.files).found:
        yield Found(name, what)


def _read(content: bytes, settings: feed.Config) -> Message | FeedError:
    try:
        return read(content, settings.max_message_bytes)
    except FeedError as error:
        return error


def _body_of(url: str, max_bytes: int) -> bytes:
    trust = Trust(None, is_verified=True)
    request = Request(parse(url), "GET", {}, trust, _REDIRECTS_MAX, max_bytes)
    page = fetch(request, Deadline(_TIMEOUT_S))
    if page.status != 200:  # noqa: PLR2004 - that of a page
        raise CheckFailedError(f"{one_line(url)}: expected the status 200, got {page.status}")
    if not page.is_whole:
        raise CheckFailedError(f"{one_line(url)}: expected at most {max_bytes:,} bytes")
    return page.body


def _verdict(place: str, settings: feed.Config, found: Sequence[Found]) -> Reading:
    if "://" in place or not Path(place).is_dir():
        return verdict_of_examples(settings, [each.what for each in found])
    ours = msgspec.structs.replace(settings, folder=place, listen_port=None)
    check = feed.Check(ours, lambda _name: None)
    reading = check.read()
    for _ in range(_READINGS_MAX):
        if reading.state != "delayed":
            break
        reading = check.read()
    return reading


def _refused(line: str) -> int:
    print(line, file=sys.stderr)
    return USAGE_ERROR
