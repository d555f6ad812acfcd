"""The broker's access rules: a block a user, literal lines, and nothing for anybody else. Pure.

A host's block has neither ``+`` nor a pattern: no host can speak for another, or for a venue that
nobody knows. The rules stand between two marks; what an operator writes outside of them stays. A
user without a block may say and hear nothing, whatever certificate it has.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from aggregator.inventory import VenueEntry
from venuewatch.base.wire import topics
from venuewatch.base.wire.topics import Stream, bulk_client, live_client

BEGIN: Final = "# venuewatch venue begins: a command writes these lines, and changes here are lost."
END: Final = "# venuewatch venue ends."
CLEARING: Final = "_clear"
"""The user that deletes what the broker keeps of a host; it has a certificate for minutes only."""

_UPWARD: Final = tuple(stream for stream in Stream if stream is not Stream.CMD)
_KEPT: Final = (Stream.BIRTH, Stream.DEATH)


class AclError(ValueError):
    """The file of rules can not be changed; its text is for the operator."""


def rules(
    venues: Iterable[VenueEntry],
    aggregators: Sequence[str],
    bridges: Iterable[str] = (),
    clearing: Iterable[tuple[str, str]] = (),
) -> str:
    """Return all blocks.

    ``bridges``: the venues that have a broker of their own. ``clearing``: venue and name of hosts
    of which something is to be deleted now.
    """
    blocks = [line for name in aggregators for line in _of_aggregator(name)]
    blocks += [_of_bridge(venue, aggregators) for venue in sorted(bridges)]
    for venue in venues:
        blocks += [
            _of_host(venue.code, host.name, aggregators) for host in venue.host if not host.revoked
        ]
    cleared = [
        f"topic write {topics.topic(venue, host, stream)}"
        for venue, host in clearing
        for stream in _KEPT
    ]
    if cleared:
        blocks.append(_block(CLEARING, cleared))
    return "\n".join(blocks)


def within(text: str, blocks: str) -> str:
    """Return a file of rules with our blocks in it, and all else as it was.

    Raises:
        AclError: the marks in it are not as they were written.
    """
    lines = text.splitlines()
    marks = lines.count(BEGIN), lines.count(END)
    if marks == (0, 0):
        before, after = lines, []
    elif marks == (1, 1) and lines.index(BEGIN) < lines.index(END):
        before, after = lines[: lines.index(BEGIN)], lines[lines.index(END) + 1 :]
    else:
        raise AclError(f"expected one line {BEGIN!r}, and behind it one line {END!r}")
    if any(line.split()[:1] in (["topic"], ["pattern"]) for line in after[: _to_user(after)]):
        raise AclError(f"expected a line user … before the first topic behind {END!r}")
    kept = [*before, BEGIN, *blocks.splitlines(), END, *after]
    return "\n".join(kept) + "\n"


def kept_topics(venue: str, host: str) -> list[str]:
    """Return the topics on which the broker keeps something of a host."""
    return [topics.topic(venue, host, stream) for stream in _KEPT]


def _to_user(lines: Sequence[str]) -> int:
    """Return how many lines stand before the first that names a user."""
    return next((at for at, line in enumerate(lines) if line.split()[:1] == ["user"]), len(lines))


def _block(user: str, lines: Iterable[str]) -> str:
    return "\n".join([f"user {user}", *lines, ""])


def _of_aggregator(name: str) -> list[str]:
    live = [
        f"topic read {topics.ROOT}/#",
        "topic read $SYS/#",
        f"topic write {topics.ROOT}/_centre/{name}/#",
        f"topic write {topics.TICK}",
        f"topic write {topics.ROOT}/+/+/{Stream.CMD}",
        f"topic write {topics.ROOT}/_status/+",
    ]
    return [_block(live_client(name), live), _block(bulk_client(name), [live[0]])]


def _of_host(venue: str, host: str, aggregators: Iterable[str]) -> str:
    lines = [f"topic write {topics.topic(venue, host, stream)}" for stream in _UPWARD]
    lines.append(f"topic read {topics.topic(venue, host, Stream.CMD)}")
    return _block(host, [*lines, *_of_centre(aggregators)])


def _of_bridge(venue: str, aggregators: Iterable[str]) -> str:
    """Return a bridge's block: it speaks for every host of its venue, and for no other."""
    lines = [f"topic write {topics.ROOT}/{venue}/+/{stream}" for stream in _UPWARD]
    lines.append(f"topic write {topics.BRIDGES}{venue}")
    lines.append(f"topic read {topics.ROOT}/{venue}/+/{Stream.CMD}")
    return _block(f"_bridge-{venue}", [*lines, *_of_centre(aggregators)])


def _of_centre(aggregators: Iterable[str]) -> list[str]:
    lines = [f"topic read {topics.TICK}"]
    for name in aggregators:
        lines.append(f"topic read {topics.centre_tick(name)}")
        lines.append(f"topic read {topics.centre_state(name)}")
    return lines
