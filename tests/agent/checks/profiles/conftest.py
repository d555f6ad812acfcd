"""Checks of profiles for the tests of real ways, closed at their end."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.agent.checks.profiles.watching import Watch


@pytest.fixture
def watch() -> Iterator[Callable[..., Watch]]:
    with contextlib.ExitStack() as watches:

        def begin(profile: str, **way: Any) -> Watch:
            return watches.enter_context(contextlib.closing(Watch(profile, **way)))

        yield begin
