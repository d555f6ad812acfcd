from datetime import UTC

import pytest

from aggregator.shell.http.page.render import Renderer


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    """The real templates, for a centre whose clock shows UTC."""
    return Renderer(zone=UTC)
