"""The bytes of a write request, read by a decoder that knows the specification only."""

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.shell.outlets.remote_write.write_request import Series, encode
from tests.aggregator.shell.outlets.remote_write.written import read

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=256)
SAMPLES = st.tuples(st.floats(allow_nan=False), st.integers(0, 2**63 - 1))
SERIES = st.builds(Series, st.lists(st.tuples(TEXTS, TEXTS)), st.lists(SAMPLES))


def posted(*series: Series) -> bytes:
    return bytes(cramjam.snappy.compress_raw(encode(series)))


def test_request_is_these_bytes() -> None:
    one = Series([("__name__", "up"), ("a", "é")], [(1.0, 300)])

    assert encode([one]).hex(" ") == (
        "0a 27"
        " 0a 0e 0a 08 5f 5f 6e 61 6d 65 5f 5f 12 02 75 70"
        " 0a 07 0a 01 61 12 02 c3 a9"
        " 12 0c 09 00 00 00 00 00 00 f0 3f 10 ac 02"
    )


@given(st.lists(SERIES, max_size=5))
def test_any_series_can_be_read_back(series: list[Series]) -> None:
    assert [tuple(one) for one in read(posted(*series))] == [tuple(one) for one in series]


def test_time_before_1970_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 on"):
        encode([Series([("a", "b")], [(1.0, -1)])])
