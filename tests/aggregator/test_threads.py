"""Threads that render pages make way for the loop."""

import sys

import pytest

from aggregator import app


def test_threads_make_way_soon_and_as_before_afterwards() -> None:
    before_s = sys.getswitchinterval()

    with app.threads_that_make_way():
        assert sys.getswitchinterval() == pytest.approx(app.MAKES_WAY_AFTER_S)

    assert sys.getswitchinterval() == before_s


def test_threads_are_as_before_when_the_aggregator_fails() -> None:
    before_s = sys.getswitchinterval()

    with pytest.raises(OSError, match="no disk"), app.threads_that_make_way():
        raise OSError("no disk")

    assert sys.getswitchinterval() == before_s
