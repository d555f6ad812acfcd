"""The pages over HTTP: what each path answers, with which headers, and what is refused."""

import gzip
import re

import pytest

from tests.aggregator.shell.http.conftest import Client
from tests.kit.shown import Parsed
from venuewatch.base import times

PATHS = ("/", "/wall", "/map", "/venues/STA", "/hosts/lost", "/incidents", "/search?q=STA")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("asked", PATHS)
async def test_pages_are_html_that_may_run_nothing_foreign(client: Client, asked: str) -> None:
    answer = await client.get(asked)

    assert (answer.status, answer.content_type) == (200, "text/html")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert Parsed(await answer.text()).open == []


@pytest.mark.parametrize("asked", PATHS)
async def test_every_link_of_a_page_leads_somewhere(client: Client, asked: str) -> None:
    page = Parsed(await (await client.get(asked)).text())

    links = {link.partition("#")[0] for link in page.values("href") + page.values("src")} - {""}
    assert links
    for link in links:
        assert (await client.get(link)).status == 200, link


async def test_the_worst_of_a_venue_is_on_its_page_and_the_incident_too(client: Client) -> None:
    page = Parsed(await (await client.get("/venues/STA")).text())
    (link, *_) = [link for link in page.values("href") if re.fullmatch(r"/incidents/\d+", link)]

    incident = Parsed(await (await client.get(link)).text()).text

    assert "What it is not" in incident
    assert "Who was told" in incident


@pytest.mark.parametrize(
    ("asked", "status", "line"),
    [
        ("/venues/STQ", 404, 'unknown venue "STQ" - did you mean "STA"?'),
        ("/hosts/nobody", 404, 'unknown host "nobody"'),
        ("/incidents/99999", 404, "no incident 99999 is known"),
        ("/incidents/x", 404, "expected an incident's number"),
        ("/incidents?venue=XYZ", 404, 'unknown venue "XYZ"'),
        ("/incidents?vanue=STA", 400, 'unknown parameter "vanue" - did you mean "venue"?'),
        ("/incidents?cursor=..%2f", 400, "expected the cursor of a page before"),
        ("/?%3Cscript%3E=1", 400, 'unknown parameter "<script>"'),
        ("/?%00%1b%5b2J=%e2%80%ae", 400, "unknown parameter"),
        ("/map?x=1&x=2", 400, 'unknown parameter "x"'),
        ("/incidents?open=yes", 400, "open"),
        ("/incidents?open=1&open=1", 400, "expected open once"),
        ("/venues/" + "x" * 2_000, 404, "unknown venue"),
        ("/venues/%3Cscript%3E", 404, 'unknown venue "<script>"'),
        ("/hosts/%e2%80%ae%1b%5b2J", 404, "unknown host"),
        ("/incidents/" + "9" * 400, 404, "incident"),
        ("/wall?page=0", 400, "page"),
        ("/wall?page=x", 400, "page"),
        ("/search?q=" + "x" * 101, 400, "q"),
    ],
)
async def test_what_is_not_there_is_refused_in_one_line(
    client: Client, asked: str, status: int, line: str
) -> None:
    answer = await client.get(asked)

    html = await answer.text()
    assert answer.status == status
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert line in Parsed(html).text
    assert "<script>" not in html


async def test_assets_are_kept_for_ever_and_compressed(client: Client) -> None:
    page = Parsed(await (await client.get("/")).text())
    (style,) = [link for link in page.values("href") if link.endswith(".css")]

    answer = await client.get(style, headers={"Accept-Encoding": "gzip"})

    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "--ground" in await answer.text()


async def test_a_file_that_is_no_asset_is_not_served(client: Client) -> None:
    for asked in ("/static/page.css", "/static/..%2fids.py", "/static/"):
        assert (await client.get(asked)).status == 404


async def test_pages_are_compressed_only_where_it_is_taken(client: Client) -> None:
    plain = await client.get("/", headers={"Accept-Encoding": "identity"})
    small = await client.get("/", headers={"Accept-Encoding": "gzip"}, auto_decompress=False)

    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(await small.read()) == await plain.read()


@pytest.mark.parametrize("asked", ["/venues/STA", "/hosts/away"])
async def test_a_farewell_is_shown_with_its_moment(client: Client, asked: str) -> None:
    away = await (await client.get("/api/v1/hosts/away")).json()

    text = Parsed(await (await client.get(asked)).text()).text

    assert away["sentence"] in text
    assert f"down at {times.zoned(away['down_at'], None, away['down_at'])}" in text
