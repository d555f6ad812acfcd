from collections.abc import AsyncIterator
from datetime import UTC

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from aggregator.shell.http.page.render import Renderer
from tests.aggregator.shell.http.page import site
from tests.kit import browser as kit


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    """The real templates, for a centre whose clock shows UTC."""
    return Renderer(zone=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(renderer: Renderer) -> AsyncIterator[str]:
    """Where the made-up pages are served."""
    async with site.served(renderer) as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with kit.browser() as started:
        yield started
