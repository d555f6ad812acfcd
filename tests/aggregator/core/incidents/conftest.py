import pytest

from tests.kit.book import Book


@pytest.fixture
def book() -> Book:
    """A venue with s1 and s2, and no incident yet."""
    return Book()
