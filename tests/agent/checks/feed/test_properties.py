"""Any messages in any order: no crash, no false silence, no counter goes back."""

from datetime import UTC, datetime, time
from itertools import chain
from typing import get_args
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.header import FeedError, Message, OversizedError
from agent.checks.results_feed.state import Feed
from agent.checks.results_feed.world import Limits
from tests.kit.examples import examples
from venuewatch.base.wire.checks import CheckValues, ResultsState
from venuewatch.base.wire.readings import families_of

NOON = datetime(2024, 8, 3, 12, tzinfo=UTC).timestamp()
COUNTERS = [
    family.name
    for family in families_of(CheckValues)
    if family.kind == "counter" and family.name.startswith("results_")
]
KINDS = ["DT_LOCAL_ON", "DT_LOCAL_OFF", "DT_KA", "DT_RESULT", "DT_CURRENT", "DT_RESULT_UPDATE"]
STATUSES = ["", "LIVE", "OFFICIAL", "INTERMEDIATE", "START_LIST", "?"]

stamps = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31))  # noqa: DTZ001 - no zone
messages = st.builds(
    Message,
    type=st.sampled_from(KINDS),
    code=st.sampled_from(["", "BKB1", "FBL1", "X"]),
    source=st.sampled_from(["", "HALL1", "HALL2"]),
    status=st.sampled_from(STATUSES),
    flag=st.sampled_from(["", "P", "T", "?"]),
    version=st.none() | st.integers(0, 10**12 - 1),
    stamp=st.none() | stamps,
    logical_date=st.none() | st.dates(),
    odd=st.sampled_from([(), ("Expected another Time",)]),
    broken=st.sampled_from(["", "", "Expected XML"]),
    size_bytes=st.integers(0, 2**26),
)
gaps_s = st.sampled_from([0.0, 1.0, 29.0, 31.0, 91.0, 301.0, 40_000.0])


def new_feed(zone: str = "Europe/Paris") -> Feed:
    limits = Limits(keep_alive_s=90.0, data_s={"BKB": 30.0})
    return Feed(limits, Calendar(ZoneInfo(zone), time(3)), "P")


def counts(values: CheckValues) -> list[float]:
    found = [getattr(values, name) or 0.0 for name in COUNTERS]
    by_label = [[count for _, count in each] for each in found if isinstance(each, list)]
    return [each for each in found if not isinstance(each, list)] + [*chain(*by_label)]


@examples(200)
@given(
    st.lists(st.tuples(gaps_s, messages | st.sampled_from([FeedError("a"), OversizedError("b")]))),
    st.floats(-1e9, 1e9),
)
def test_no_order_of_messages_crashes_and_no_counter_goes_back(
    heard: list[tuple[float, Message | FeedError]], stepped_s: float
) -> None:
    feed = new_feed()
    before = counts(feed.judge(Now(0.0, NOON)).values)
    at_s = 0.0
    for gap_s, what in heard:
        at_s += gap_s
        now = Now(at_s, NOON + at_s + (stepped_s if at_s > 100 else 0.0))
        if isinstance(what, FeedError):
            feed.refuse(what, now)
        else:
            feed.hear(what, now)

        reading = feed.judge(now)

        after = counts(reading.values)
        assert all(old <= new for old, new in zip(before, after, strict=True))
        assert reading.state in {*get_args(ResultsState), "unknown", "critical"}
        assert reading.detail
        assert "\n" not in reading.detail
        before = after


@examples(300)
@given(st.lists(st.tuples(gaps_s, messages), max_size=40))
def test_silent_is_never_said_outside_a_window(heard: list[tuple[float, Message]]) -> None:
    feed = new_feed("Pacific/Tahiti")
    last_sign: dict[str, str] = {}
    at_s = 0.0
    for gap_s, message in heard:
        at_s += gap_s
        stamp = datetime.fromtimestamp(NOON + at_s, ZoneInfo("Pacific/Tahiti"))
        feed.hear(message._replace(stamp=stamp.replace(tzinfo=None)), Now(at_s, NOON + at_s))
        if message.flag in ("", "P"):
            is_sign = message.type in ("DT_LOCAL_ON", "DT_LOCAL_OFF", "DT_KA")
            sign = message.type if message.type != "DT_LOCAL_OFF" else message.type + message.code
            last_sign[message.source] = sign if is_sign else last_sign.get(message.source, "data")

        reading = feed.judge(Now(at_s + 100.0, NOON + at_s + 100.0))

        if all(sign in ("DT_LOCAL_OFF", "DT_LOCAL_OFFX") for sign in last_sign.values()):
            assert reading.state != "silent"
