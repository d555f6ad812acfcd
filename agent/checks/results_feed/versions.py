"""Counts lost versions of a feed's messages: without serial numbers, only they show a loss."""

from typing import Literal, TypeAlias

from agent.checks.results_feed.header import Message

Step: TypeAlias = Literal["moved", "jumped", "repeated", "backward", "anew"]
"""What a message does to what is known: ``repeated`` and a late ``backward`` move nothing."""

MAX_IDENTITIES = 8_192  # 0.8 MB; a busy day of one sport has a few thousand
_REPEATED_WHEN_QUIET = "DT_CURRENT"


class Versions:
    """Remembers the newest version of each identity, and counts what is not the next one.

    ``gaps`` counts versions that never came, ``regressions`` messages that went backward, and
    ``forgotten`` the identities that were too many.
    """

    def __init__(self) -> None:
        self.forgotten = 0
        self.gaps = 0
        self.regressions = 0
        # By hash: an identity's own strings would cost ten times as much.
        self._newest: dict[int, tuple[int, float, bool]] = {}

    def hear(self, message: Message, stamp_s: float | None, *, counts_lost: bool = True) -> Step:
        """Take in a message stamped ``stamp_s`` (unixtime); return what it does.

        Where not ``counts_lost``, versions before it may have been there, and are not lost.

        A lower version with a later stamp is a source that counts anew, and is followed
        at once; with an earlier one it is only late. A repetition moves nothing, whatever its
        stamp, but for the type that a source repeats to say that nothing happens, and where the
        version came broken before.
        """
        if message.version is None or message.type.endswith("_UPDATE"):
            return "moved"
        key = hash(message.identity)
        at_s, is_sound = stamp_s or 0.0, not message.broken
        known = self._newest.pop(key, None)
        if known is None or message.version > known[0]:
            self._keep(key, message.version, at_s, is_sound)
            missed = message.version - known[0] - 1 if known and counts_lost else 0
            self.gaps += missed
            return "jumped" if missed else "moved"
        is_later = at_s > known[1]
        if message.version == known[0]:
            self._keep(key, message.version, max(at_s, known[1]), is_sound or known[2])
            is_sign = is_later and message.type == _REPEATED_WHEN_QUIET
            return "moved" if is_sign or not known[2] else "repeated"
        self.regressions += 1
        self._keep(key, *((message.version, at_s, is_sound) if is_later else known))
        return "anew" if is_later else "backward"

    def _keep(self, key: int, version: int, at_s: float, is_sound: bool) -> None:  # noqa: FBT001
        self._newest[key] = (version, at_s, is_sound)
        if len(self._newest) > MAX_IDENTITIES:
            self.forgotten += 1
            del self._newest[next(iter(self._newest))]
