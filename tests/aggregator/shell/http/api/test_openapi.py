"""Description of the API: valid, whole, and what the server does."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from aggregator.shell.http.api.openapi import description
from aggregator.shell.http.api.routes import BASE, ROUTES
from aggregator.shell.http.server import HttpServer
from tests.aggregator.shell.http.conftest import Client


@pytest.fixture
async def document(client: Client) -> dict[str, Any]:
    answer = await client.get(f"{BASE}/openapi.json")
    assert (answer.status, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = await answer.json()
    return found


async def test_the_description_is_valid(document: dict[str, Any]) -> None:
    validate(document)

    assert document["openapi"] == "3.1.0"


async def test_every_route_is_described(document: dict[str, Any]) -> None:
    assert list(document["paths"]) == [route.path for route in ROUTES]


def test_every_field_has_a_struct_that_explains_it() -> None:
    schemas = description(ROUTES, BASE)["components"]["schemas"]

    silent = [name for name, schema in schemas.items() if not schema.get("description")]
    assert silent == []


async def test_parameters_come_from_the_structs(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/incidents"]["get"]["parameters"]

    known = {each["name"]: each for each in parameters}
    assert set(known) == {"open", "venue", "limit", "cursor"}
    assert known["limit"]["schema"] | {"minimum": 1, "maximum": 1000} == known["limit"]["schema"]
    assert not any(each["required"] for each in parameters)


@pytest.mark.long
@pytest.mark.usefixtures("client")
async def test_the_server_does_what_the_description_says(
    server: HttpServer, tmp_path: Path
) -> None:
    schemathesis = Path(sys.executable).with_name("schemathesis")
    address = f"http://127.0.0.1:{server.port}{BASE}/openapi.json"

    process = await asyncio.create_subprocess_exec(
        schemathesis,
        "run",
        address,
        "--exclude-path=/events",  # a stream: test_events.py
        "--checks=all",
        "--max-examples=20",
        "--seed=1",
        "--no-color",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()
