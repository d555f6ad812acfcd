"""Tests of the bench of results feeds: its messages, the reader's cost, and a short real run."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.checks.results_feed.messages import read
from bench import __main__ as command
from bench import results
from bench.kit import plain_feed
from bench.kit.documents import Document, Source
from bench.kit.machine import program

SHORT = ("--seconds", "3", "--every", "1", "--rounds", "2", "--files", "60")
needs_mosquitto = pytest.mark.skipif(
    program("mosquitto") is None, reason="mosquitto is not installed"
)


@pytest.mark.parametrize("size", [2_000, 20_000, 200_000, 10 * 1024 * 1024])
def test_document_has_its_size_and_tells_its_version_and_time(size: int) -> None:
    content = Document(size).content(7, 1_722_643_200.25)

    message = read(content, size)

    assert len(content) == size
    assert (message.version, message.broken, message.odd) == (7, "", ())
    assert str(message.stamp) == "2024-08-03 00:00:00.250000"
    assert str(message.logical_date) == "2024-08-02"


def test_document_without_room_for_its_header_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        Document(100)


def test_source_delivers_one_version_after_the_other() -> None:
    said: list[bytes] = []
    source = Source(Document(2_000), said.append)

    source.say()
    source.say()

    assert [read(content, 2_000).version for content in said] == [1, 2]
    assert source.sent == 2


def test_body_of_a_message_costs_little_over_its_parsing() -> None:
    content = Document(20_000).content(1, 0.0)

    ours, *_ = results.readers("20 kB", content, 10)

    against = ours["against_expat"]
    assert isinstance(against, float)
    assert against < 2.0


def test_plain_reader_counts_what_it_parses() -> None:
    count = plain_feed.Count()

    count.parse(b"<a/>")

    assert count.messages == 1


@needs_mosquitto
@pytest.mark.real
def test_every_message_is_heard_as_file_and_as_push_in_little_memory(tmp_path: Path) -> None:
    output = tmp_path / "out.json"

    assert command.main(["results", *SHORT, "--output", str(output)]) == 0

    content = json.loads(output.read_text(encoding="utf-8"))
    rows: dict[str, dict[str, Any]] = {row["side"]: row for row in content["rows"]}
    assert rows["ours, 10 MiB"]["memory_mib"] < 1.0
    assert rows["ours, known files"]["cpu_ms"] > 0.0
    for way in ("files", "pushes"):
        for size in ("2 kB", "20 kB", "10 MiB"):
            row = rows[f"ours, {way}, {size}"]
            assert row["messages"] >= 1
            assert (row["unheard"], row["looks_not_flowing"]) == (0, 0), row
            assert rows[f"plain, {way}, {size}"]["unheard"] == 0
        assert rows[f"ours, {way}, 10 MiB"]["peak_over_idle_mib"] < 12.0
        assert rows[f"ours, {way}, 10 MiB"]["us_a_message"] > 0.0
