"""Search over the API, of a small fleet."""

from typing import Any

import pytest

from tests.aggregator.shell.http.conftest import Client


async def found(client: Client, text: str) -> list[tuple[str, str]]:
    answer = await client.get("/api/v1/search", params={"q": text})
    content: dict[str, Any] = await answer.json()
    return [(each["kind"], each["id"]) for each in content["found"]]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("STA", ("venue", "STA")),
        ("sta", ("venue", "STA")),
        ("saint", ("venue", "STA")),
        ("DENIS", ("venue", "STA")),
        ("lost", ("host", "lost")),
        ("OST", ("host", "lost")),
        ("results", ("host", "away")),
        ("1", ("incident", "1")),
        ("#2", ("incident", "2")),
        ("e", ("venue", "AQU")),  # whose name has an é
    ],
)
async def test_a_text_finds_what_it_means(
    client: Client, text: str, first: tuple[str, str]
) -> None:
    assert first in await found(client, text)


async def test_what_begins_with_the_text_comes_first(client: Client) -> None:
    assert (await found(client, "un"))[0] == ("host", "unseen")
    assert (await found(client, "up"))[0] == ("host", "up")


@pytest.mark.parametrize("text", [" ", "zzz", "\x00", "\u202e", "<script>", "%", "9" * 99])
async def test_a_hostile_text_finds_nothing(client: Client, text: str) -> None:
    assert await found(client, text) == []
