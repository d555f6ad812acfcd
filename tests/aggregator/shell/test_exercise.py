"""An exercise: what is told is marked in every kind of outlet, and without one nothing differs."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from aggregator.config import Alertmanager, Web, read
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.alerts import description_of
from aggregator.core.incidents.pushing import Pushing
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.http.page.render import FOLDER, Renderer
from aggregator.shell.http.page.stream import alarm_of
from aggregator.shell.http.server import HttpServer
from aggregator.shell.http.web_config import WebConfig
from aggregator.shell.outlets.alertmanager.writer import AlertWriter
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.outlets.webhook import notice_of
from tests.aggregator.shell.http.page.test_pages import pages
from tests.aggregator.shell.test_same_words import WALLTIME, told
from tests.kit.shown import Parsed
from venuewatch.base import log
from venuewatch.base.config import ConfigError
from venuewatch.base.exercise import FIELD, name_in, name_of

NAME = 'Rehearsal "2" <script>alert(1)</script>'
MARK = "EXERCISE: "
SENTENCE = re.compile(r"\{\{[^}]*(?:sentence|\bf\.name)[^}]*\}\}")


@pytest.fixture
def handler() -> Iterator[logging.Handler]:
    """The handler of the log, as it was before at the end."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    log.start(into=lambda _: None)
    yield root.handlers[0]
    root.handlers[:], root.level = before, level


def record(text: str = "incident") -> logging.LogRecord:
    return logging.LogRecord("aggregator", logging.INFO, "", 0, text, None, None)


@pytest.mark.parametrize("name", pages(Renderer()))
def test_a_page_has_the_banner_and_marks_what_it_tells(name: str) -> None:
    page = pages(Renderer(exercise=NAME))[name]

    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert title is not None
    assert title[1].startswith(MARK)
    assert page.count("EXERCISE: Rehearsal &#34;2&#34; &lt;script&gt;") == 1
    assert "<script>alert" not in page
    assert Parsed(page).open == []
    text = page.replace(title[0], "")
    for sentence in ("STA-2 in STA is gone.", "STA-1 in STA is gone.", "No heartbeat came by"):
        bare = [found.start() for found in re.finditer(re.escape(sentence), text)]
        assert all(MARK in text[max(0, at - 40) : at] for at in bare), sentence


@pytest.mark.parametrize("template", sorted(path.name for path in FOLDER.glob("*.html")))
def test_no_template_tells_a_sentence_without_the_mark(template: str) -> None:
    text = (FOLDER / template).read_text(encoding="utf-8")
    title = re.sub(r"\{% block title %\}.*?\{% endblock %\}", "", text)

    assert [found for found in SENTENCE.findall(title) if "|said" not in found] == []


def test_without_an_exercise_no_page_differs() -> None:
    for page in pages(Renderer()).values():
        assert "EXERCISE" not in page
        assert 'id="exercise"' not in page


def test_what_scripts_show_and_speak_is_marked() -> None:
    incident = told(Cause.HOST_DOWN).incident

    assert alarm_of(incident, WALLTIME, NAME).sentence == MARK + description_of(incident)
    assert alarm_of(incident, WALLTIME).sentence == description_of(incident)


def test_a_notice_of_the_webhook_is_marked() -> None:
    changed = told(Cause.HOST_DOWN)

    real, exercise = (
        json.loads(notice_of(changed, WALLTIME, "centre", str, name).body) for name in ("", NAME)
    )

    assert exercise == {**real, "sentence": MARK + real["sentence"]}


def test_a_pushed_alert_is_marked_and_keeps_its_labels() -> None:
    changed = told(Cause.HOST_DOWN)
    pushing = Pushing("centre")
    pushing.take_change(changed)
    (push,) = pushing.take(changed.at)

    real, exercise = (
        AlertWriter(Alertmanager(), Fleet(), WALLTIME, str, exercise=name).alert_of(push)
        for name in ("", NAME)
    )

    for text in ("summary", "description"):
        assert exercise.annotations[text] == MARK + real.annotations[text]
    assert (exercise.labels, exercise.starts_at) == (real.labels, real.starts_at)


def test_each_line_of_the_log_is_marked(handler: logging.Handler) -> None:
    log.mark(NAME)

    assert handler.format(record("one\ntwo")).count(MARK) == 2
    assert handler.format(record()).startswith(MARK)


@pytest.mark.usefixtures("handler")
def test_a_line_of_json_begins_with_the_mark() -> None:
    log.start()
    (real,) = logging.getLogger().handlers
    said = record()
    before = real.format(said)
    log.mark(NAME)

    line = real.format(said)

    assert line.startswith('{"EXERCISE":"Rehearsal')
    assert json.loads(line) == {"EXERCISE": NAME, **json.loads(before)}


def test_the_metric_is_there_in_an_exercise_only() -> None:
    metrics = OwnMetrics(Centre(Fleet()), version="1")
    before = metrics.render().decode()
    metrics.note_exercise(NAME)

    families = text_string_to_metric_families(metrics.render().decode())

    (sample,) = (one for family in families for one in family.samples if "exercise" in one.name)
    assert (sample.name, sample.labels, sample.value) == ("venuewatch_exercise", {"name": NAME}, 1)
    assert "exercise" not in before


@pytest.mark.parametrize("name", ["", NAME, "Répétition générale 2, Paris"])
async def test_each_answer_says_which_exercise_it_is_of(name: str) -> None:
    server = HttpServer(name)
    server.apply(Web())
    await server.begin(web.Application(), "127.0.0.1:0", WebConfig())
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET /none HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        writer.close()
    finally:
        await server.end()

    fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
    assert name_in(fields.get(FIELD)) == name
    assert (FIELD in fields) is bool(name)


@pytest.mark.parametrize(
    "field", ["%1b%5b2J" * 100, "%e2%80%ae", "x" * 100_000, "%", "%ff%00", "\r\n"]
)
def test_a_hostile_field_steers_no_terminal(field: str) -> None:
    name = name_in(field)

    assert len(name) <= 80
    assert name.isprintable()


@pytest.mark.parametrize("name", ["Rehearsal 2", "x" * 80, NAME, "Répétition"])
def test_a_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f"[exercise]\nname = {json.dumps(name, ensure_ascii=False)}\n")

    assert name_of(read(path).exercise) == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 'missing field "name" at $.exercise'),
        ('name = ""', "expected a name of 1 to 80 characters"),
        (f'name = "{"x" * 81}"', "expected a name of 1 to 80 characters"),
        ('name = "\\u001b[2J"', "none that steers a terminal"),
        ('name = "\\u202e"', "none that steers a terminal"),
        ('name = "a\\nb"', "none that steers a terminal"),
        ("name = 5", "got a number at $.exercise.name"),
        ('name = "a"\nnick = "b"', 'unknown field "nick" at $.exercise'),
    ],
)
def test_a_bad_name_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(f"[exercise]\n{text}\n")

    with pytest.raises(ConfigError) as caught:
        read(path)

    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_there_is_no_exercise_unless_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text("")

    assert name_of(read(path).exercise) == ""
