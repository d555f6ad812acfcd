"""Promises of the queue of notices that hold whatever happens, in whatever order."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.notices.queue import Waiting
from tests.aggregator.core.notices.played import Answer, Played, notice, taken
from tests.kit.examples import examples

WAITING_MAX = 12
OWNERS = [("STA", "s1"), ("STA", "s2"), ("TAH", "t1"), ("TAH", ""), ("", "")]

ANSWERS: list[Answer] = ["taken", "taken", "failed", "failed", 3.0]

answers = st.sampled_from(ANSWERS)
durations = st.sampled_from([0.0, 0.01, 1.0, 5.0])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.integers(0, len(OWNERS) - 1)),
        st.tuples(st.sampled_from(["sharpened", "closed"]), st.integers(0, 30)),
        st.tuples(st.just("run"), st.sampled_from([0, 1, 10])),
    ),
    max_size=80,
)


class Story:
    """Incidents that open, sharpen and close, and a receiver that answers by chance."""

    def __init__(self, data: st.DataObject, **bounds: int) -> None:
        self._data = data
        self.played = Played(self._receives, **bounds)
        self.incidents: dict[int, tuple[tuple[str, str], int]] = {}
        self.said: list[Waiting] = []

    def _receives(self, _: float, __: Waiting) -> tuple[Answer, float]:
        return self._data.draw(answers), self._data.draw(durations)

    def play(self, what: str, which: int) -> None:
        if what == "run":
            self.played.run(float(which))
        elif what == "open":
            number = len(self.said) + 1
            self._say(number, 1, "opened", OWNERS[which])
        elif self.incidents:
            number = list(self.incidents)[which % len(self.incidents)]
            owner, seq = self.incidents[number]
            self._say(number, seq + 1, what, owner)

    def _say(self, number: int, seq: int, change: str, owner: tuple[str, str]) -> None:
        one = notice(number, seq, change, venue=owner[0], host=owner[1])
        self.said.append(one)
        self.played.add(one)
        self.incidents[number] = owner, seq
        if change == "closed":
            del self.incidents[number]

    def end(self) -> None:
        """Let the receiver be well, and all go out."""
        self.played.receives = taken
        self.played.run(100.0)


@examples(100)
@given(steps=steps, data=st.data())
def test_nothing_is_lost_and_each_incident_is_in_order(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    story = Story(data)

    for what, which in steps:
        story.play(what, which)
    story.end()

    assert sorted(story.played.taken) == sorted(one.id for one in story.said)
    by_number = defaultdict(list)
    for attempt in story.played.attempts:
        if attempt.answer == "taken":
            by_number[attempt.notice.number].append(attempt.notice.seq)
    assert all(seqs == sorted(seqs) for seqs in by_number.values())
    assert story.played.queue.waiting == 0


@examples(100)
@given(steps=steps, data=st.data())
def test_overflow_loses_no_first_word_and_no_known_end(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    story = Story(data, waiting_max=WAITING_MAX)

    for what, which in steps:
        story.play(what, which)
    story.end()

    lost = {one.id for one in story.played.dropped}
    assert sorted([*story.played.taken, *lost]) == sorted(one.id for one in story.said)
    ends = {one.number: one.id for one in story.said if one.change == "closed"}
    for one in story.played.dropped:
        if one.change != "sharpened":
            assert {f"{one.number}-1", ends[one.number]} <= lost


@examples(50)
@given(steps=steps, data=st.data())
def test_a_first_word_is_out_ten_seconds_after_recovery(
    steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    story = Story(data, waiting_max=WAITING_MAX)
    for what, which in steps:
        story.play(what, which)

    well_at = story.played.now
    story.end()

    late = [
        attempt
        for attempt in story.played.attempts
        if attempt.notice.change == "opened" and attempt.answer == "taken"
    ]
    assert all(attempt.at <= well_at + 10.0 for attempt in late)
