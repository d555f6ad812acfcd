"""The stage of a test: that of the product, or a skip where this machine can't have one."""

import contextlib
from collections.abc import Iterator

import pytest

from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.run import run_of_namespaces


@contextlib.contextmanager
def staged() -> Iterator[str]:
    """Yield the prefix of a run's namespaces; skip the test where there can be none."""
    with contextlib.ExitStack() as stack:
        try:
            prefix = stack.enter_context(run_of_namespaces())
        except StageError as error:
            pytest.skip(str(error))
        yield prefix
