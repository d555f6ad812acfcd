"""Reads the new messages of a folder that a results system drops them into, in their order.

1. A look goes through the folder and its newest folders of a day, for as long as it may; the next
   reading goes on with it. When it is over, what is news is known (``known.py``).
2. The news are read, the oldest first, for as long as it may be; the rest comes with the next look.
3. A file that ends too early may be incomplete: it is read again until it has settled.
4. Where files are written anew under one name, or are taken away, versions between were never there
   to be read: they are not lost.
"""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.content import Content, content_of, digest_of
from agent.checks.results_feed.header import FeedError, Message, OversizedError
from agent.checks.results_feed.known import UNREAD, File, Known
from agent.checks.results_feed.look import Begin, Look

_COMPARED_BYTES = 4 * 1024 * 1024  # at most, at each look, by their content
_UNREADABLE = 1  # in place of a digest: any content differs
_TAKEN_AWAY_S = 600.0  # after a file was taken away, so long others may have been


class Heard(NamedTuple):
    """A message, or why there is none, and when it came.

    ``is_kept``: versions before it would still be there to be read.
    """

    what: Message | FeedError
    at: Now
    is_kept: bool = True


class Folder:
    """Reads what is new, a bounded number of files at a time, oldest first.

    ``unread`` is how many of them the last reading has left for the next, and ``seen`` how many
    names a look that is still under way has met, 0 after its end. ``links`` and ``folders`` are how
    many of them the last look has passed over. ``files``: a shell pattern for names, small and
    capital letters alike. ``settles_s``: how long a file may stay incomplete.
    """

    def __init__(
        self, path: Path, files: str, *, per_reading: int, max_bytes: int, settles_s: float
    ) -> None:
        self._path = path
        self._prefix = os.path.join(path, "")  # noqa: PTH118 - pathlib takes as long as opening
        self._files = files.lower()
        self._per_reading = per_reading
        self._max_bytes = max_bytes
        self._settles_s = settles_s
        self._known = Known()
        self._incomplete: dict[File, float] = {}
        self._look: Look | None = None
        self._floor_ns: int | None = None
        self._looked: Now | None = None
        self._taken_away: Now | None = None
        self._days: list[str] = []
        self.unread = self.seen = self.links = self.folders = 0

    def take(self, now: Now, since_s: float, today: date, deadline: Deadline) -> Iterator[Heard]:
        """Yield what is new, until ``deadline``; what is left over comes next time.

        ``today`` is the logical day. The first time, only the newest files count, and none from
        before ``since_s`` (unixtime). A file came when it was last changed; not
        before the last look, whatever its time says.

        Raises:
            OSError: the folder cannot be read.
        """
        look = self._look or self._new_look(now, today)
        self._look = None  # one that fails is begun anew
        if not look.go_on(deadline.share(2)):
            self._look, self.seen, self.unread = look, look.seen, look.news
            return
        self.seen, self.links, self.folders = 0, look.links, look.folders
        fresh = self._news_of(look, since_s, now)
        new = self.unread
        for tried, file in enumerate(fresh):
            self.unread = new - tried
            if deadline.is_over():
                return
            yield from self._hear(file, now)
        self.unread = new - len(fresh)
        if len(fresh) < self._per_reading:
            self._looked = look.began
        for file in self._changed(look, deadline):
            yield from self._hear(file, now)

    def _new_look(self, now: Now, today: date) -> Look:
        begin = Begin(now, today, self._floor_ns)
        return Look(self._path, self._files, self._known, begin, self._per_reading)

    def _news_of(self, look: Look, since_s: float, now: Now) -> list[File]:
        """Return the files to read after a look, oldest first, and note how many there are."""
        fresh = look.fresh()
        self.unread = look.news
        is_first, self._floor_ns = self._floor_ns is None, look.floor_ns
        is_same_days, self._days = self._days == look.days, look.days
        if is_first:
            fresh = [file for file in fresh if file.written_ns >= since_s * 1e9]
            self._known.forget(file.name for file in fresh)
            self.unread = len(fresh)
        elif self._known.forget_others(look.present) and is_same_days:
            self._taken_away = now
        pending = {*fresh, *look.to_compare()}
        self._incomplete = {file: s for file, s in self._incomplete.items() if file in pending}
        return fresh

    def _changed(self, look: Look, deadline: Deadline) -> Iterator[File]:
        """Yield the known files whose content is another one, though their size and time are not.

        What there is no time for is compared after the next look.
        """
        left = _COMPARED_BYTES
        for file in look.to_compare():
            if deadline.is_over():
                return
            before = self._known.content_of(file)
            if before == UNREAD or file.size > left:  # forgotten meanwhile, or too large
                continue
            left -= file.size
            try:
                content = digest_of(self._prefix + file.name, self._max_bytes)
            except OSError:  # on Windows: a program that writes it
                continue
            if content != before:
                yield file
            else:
                self._known.note(file)

    def _hear(self, file: File, now: Now) -> Iterator[Heard]:
        """Yield what is in a file, unless it may still be on its way."""
        content = self._content_of(file)
        if not content.is_whole:
            since_s = self._incomplete.setdefault(file, now.monotonic_s)
            if now.monotonic_s - since_s < self._settles_s:
                return
        self._incomplete.pop(file, None)
        is_kept = file.name not in self._known and not self._is_taken_away(now)
        if content.status is not None:
            file = file.opened(content.status)
            if self._is_same(file, content):
                return
        self._known.keep(file, content.digest, is_doubted=not content.is_whole)
        at = self._came(file, now) if content.is_whole else now
        for what in content.found:
            yield Heard(what, at, is_kept)

    def _is_same(self, file: File, content: Content) -> bool:
        """Tell whether an opened file is as it was: a folder's list may be behind (on Windows)."""
        is_news = self._known.news_of(file) in ("new", "rewritten")
        return not is_news and content.digest == self._known.content_of(file)

    def _content_of(self, file: File) -> Content:
        if file.size > self._max_bytes:
            return Content((OversizedError(f"Expected at most {self._max_bytes} bytes"),), UNREAD)
        try:
            return content_of(self._prefix + file.name, self._max_bytes, self._files)
        except OSError as error:  # on Windows: a program that writes it
            refused = FeedError(f"cannot be read: {error.strerror}")
            return Content((refused,), _UNREADABLE, is_whole=False)

    def _is_taken_away(self, now: Now) -> bool:
        """Tell whether files are taken away lately."""
        then = self._taken_away
        return then is not None and now.monotonic_s - then.monotonic_s < _TAKEN_AWAY_S

    def _came(self, file: File, now: Now) -> Now:
        age_s = now.wall_s - file.written_ns / 1e9
        if self._looked is not None:
            age_s = min(age_s, now.monotonic_s - self._looked.monotonic_s)
        return now.before(age_s)
