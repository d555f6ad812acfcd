"""Follows one source: asks its way in, takes apart what came, and has it judged.

It is the shell of this package: what it calls does the I/O. A flood is taken in parts, and only
until half of the reading's time is over: what is left then is said to be unread.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from agent.checks import Reading
from agent.checks.extractors import Body, Extractor, NoValueError
from agent.checks.patterns.matcher import UnmatchedError, WholePattern
from agent.checks.reading.encodings import encoding_of
from agent.checks.reading.times import Deadline, Now, for_reading
from agent.checks.results_feed.header import Reason
from agent.checks.streams.facts import Facts, facts_of
from agent.checks.streams.frames import Frames, is_blank
from agent.checks.streams.judge import Hindrance, Judge
from agent.checks.streams.settings import Plan, time_zone
from agent.checks.streams.source import Source
from agent.checks.ways import Heard, Piece, Way

_PART_MESSAGES: Final = 1_000
_PART_BYTES: Final = 256 * 1024
_NOTHING: Final = Facts()


class _Content(NamedTuple):
    """All of a message that its facts depend on."""

    content: bytes
    encoding: str
    name: str


_Message: TypeAlias = tuple[_Content, str]
"""The content, and the stream that it came in."""


class Follower:
    """Reads one source, from ``way``; ``extractors`` by the names of the facts that they find.

    ``sees_all``: the way brings every message, not only the one of now. ``refuses``: the reasons
    for which it refuses senders.
    """

    def __init__(  # noqa: PLR0913 - it stands between so many
        self,
        plan: Plan,
        way: Way,
        extractors: Mapping[str, Extractor],
        now: Callable[[], Now],
        *,
        timeout_s: float,
        sees_all: bool = True,
        refuses: Sequence[Reason] = (),
    ) -> None:
        self._plan = plan
        self._way = way
        self._extractors = extractors
        self._now = now
        self._timeout_s = timeout_s
        self._zone = time_zone(plan.zone)
        self._answers = [(WholePattern(key), text) for key, text in plan.answers.items()]
        self._frames: dict[str, Frames] = {}
        self._source = Source(has_frames=bool(plan.ends), sees_all=sees_all)
        self._judge = Judge(plan, self._source, now(), refuses=refuses)
        self._sent_s = now().monotonic_s

    def read(self) -> Reading:
        """Hear what has come since the last reading, and judge."""
        deadline = for_reading(self._timeout_s)
        hearing = Deadline(self._timeout_s / 2)
        try:
            hindrance = self._hear(hearing, deadline)
        except UnmatchedError as error:
            hindrance = Hindrance(unmatched=str(error))
        return self._judge.judge(self._now(), hindrance)

    def close(self) -> None:
        """Release what the way holds."""
        self._way.close()

    def _hear(self, hearing: Deadline, deadline: Deadline) -> Hindrance:
        """Take in what there is, and return what keeps it from more; raises UnmatchedError."""
        trouble, is_again = "", False
        while True:
            heard = self._way.hear(self._now(), hearing)
            failed = self._take(heard, deadline)
            trouble = heard.trouble or failed or trouble
            is_more = heard.unread or (heard.begun and self._plan.send and not is_again)
            if not is_more or hearing.is_over():
                break
            is_again = True
        unsaid = self._remind()
        return Hindrance(trouble or unsaid, heard.is_unreadable, heard.unread)

    def _take(self, heard: Heard, deadline: Deadline) -> str:
        """Take in one hearing, and answer it; return what failed."""
        now, limit_s = self._now(), self._plan.silence_limit_s
        self._judge.refusals.refuse_all(heard.refusals, heard.refused, now, limit_s)
        if heard.pieces or heard.oversized:
            self._judge.refusals.hear()
        self._source.hear_oversized(heard.oversized, now)
        failed = [
            self._way.say(self._plan.send, source) for source in heard.begun if self._plan.send
        ]
        if failed:
            self._sent_s = now.monotonic_s
        part: list[_Message] = []
        size = 0
        for piece in heard.pieces:
            self._source.hear_bytes(len(piece.content), now)
            for message in self._messages(piece, now):
                part.append(message)
                size += len(message[0].content)
                if len(part) >= _PART_MESSAGES or size >= _PART_BYTES:
                    failed.append(self._take_part(part, now, deadline))
                    part, size = [], 0
        failed.append(self._take_part(part, now, deadline))
        for source in heard.ended:
            self._frames.pop(source, None)
        return next(filter(None, failed), "")

    def _messages(self, piece: Piece, now: Now) -> Iterator[_Message]:
        """Return the messages that a piece completes."""
        plan = self._plan
        if not plan.ends:
            return
        if piece.is_whole and not plan.splits_bodies:
            if len(piece.content) > plan.max_frame_bytes:
                self._source.hear_oversized(1, now)
            elif is_blank(piece.content):
                self._source.hear_no_content(now)
            else:
                encoding = "" if plan.encoding == "auto" else plan.encoding
                yield _Content(piece.content, encoding, piece.name), piece.source
            return
        frames = None if piece.is_whole else self._frames.get(piece.source)
        if frames is None:
            frames = Frames(plan.ends, plan.encoding, plan.max_frame_bytes)
        if not piece.is_whole:
            self._frames[piece.source] = frames
        contents, oversized, blanks = frames.cut(piece.content)
        self._source.hear_oversized(oversized, now)
        self._source.hear_blanks(blanks, now)
        if piece.is_whole and (rest := frames.rest()):
            contents = (*contents, rest)
        for content in contents:
            yield _Content(content, "utf-8", piece.name), piece.source

    def _take_part(self, part: Sequence[_Message], now: Now, deadline: Deadline) -> str:
        """Take in some messages, and answer them; return what failed; raises UnmatchedError.

        Facts of equal messages are looked for once: most messages of a flood are equal.
        """
        contents = list(dict.fromkeys(content for content, _ in part))
        bodies = [Body(*content) for content in contents]
        said = dict(zip(contents, self._facts(bodies, now, deadline), strict=True))
        for content, _ in part:
            self._source.hear(content.content, said[content], now)
        failed = [
            self._way.say(answer, source) for source, answer in self._due(part, bodies, deadline)
        ]
        return next(filter(None, failed), "")

    def _facts(self, bodies: Sequence[Body], now: Now, deadline: Deadline) -> Iterator[Facts]:
        """Return what each of some bodies says."""
        found = {
            name: extractor.take_all(bodies, deadline)
            for name, extractor in self._extractors.items()
        }
        is_checked = self._plan.encoding == "auto" and self._plan.extracts
        for at, body in enumerate(bodies):
            said = facts_of({name: each[at] for name, each in found.items()}, self._zone, now)
            if is_checked and said == _NOTHING and not encoding_of(body.content):
                said = said._replace(broken="is no text in UTF-8, UTF-16 or cp1252")
            yield said

    def _due(
        self, part: Sequence[_Message], bodies: Sequence[Body], deadline: Deadline
    ) -> Iterable[tuple[str, bytes]]:
        """Return the streams to answer, and how: each once for each pattern."""
        due: dict[tuple[str, bytes], None] = {}
        if not self._answers:
            return due
        texts = {body.content: text for body in bodies if (text := _text_of(body)) is not None}
        for pattern, answer in self._answers:
            fits = pattern.fits(list(texts.values()), deadline)
            asking = {content for content, is_one in zip(texts, fits, strict=True) if is_one}
            due |= {(source, answer): None for content, source in part if content.content in asking}
        return due

    def _remind(self) -> str:
        """Send again what is sent from time to time; return what failed, "" if nothing."""
        now_s, every_s = self._now().monotonic_s, self._plan.send_every_s
        if every_s is None or now_s - self._sent_s < every_s:
            return ""
        self._sent_s = now_s
        return self._way.say(self._plan.send)


def _text_of(body: Body) -> str | None:
    """Return the text of a body; None where it is none."""
    try:
        return body.text
    except NoValueError:
        return None
