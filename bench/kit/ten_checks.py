"""Ten checks of nine kinds, and targets for them, all of which are well."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from bench.kit.feed import EVERY_S, ResultsSystem
from bench.kit.mosquitto import Certificates
from bench.kit.scraping import evenly
from bench.kit.targets import ADDRESS, NAME, name_server, tls_server, web_server

SERVICE = "cron.service"

_LOOPBACK = "127.0.0.1"

Fields: TypeAlias = Mapping[str, str | int | float | list[str]]


@contextlib.contextmanager
def ten_checks(directory: Path, made: Certificates) -> Iterator[str]:
    """Yield them as TOML, at their default pace, while what they look at is there."""
    folder = directory / "results"
    folder.mkdir()
    system = ResultsSystem(folder)
    with (
        name_server() as names,
        web_server() as web,
        tls_server(made) as tls,
        evenly(system.say, EVERY_S, what="the feed"),
    ):
        checks: dict[str, Fields] = {
            "ping-a": {"address": _LOOPBACK},
            "ping-b": {"address": "127.0.0.2"},
            "tcp": {"address": _LOOPBACK, "port": web},
            "dns": {"query": NAME, "server": _LOOPBACK, "port": names, "expect": [ADDRESS]},
            "http": {"url": f"http://{_LOOPBACK}:{web}/", "contains": "ready"},
            "tls": {"address": _LOOPBACK, "port": tls, "ca_file": str(made.authority)},
            "process": {"program": "mosquitto"},
            "service": {"service": SERVICE},
            "file": {"pattern": f"{folder}/*.xml", "max_age_s": 60.0},
            "feed": {"zone": "UTC", "folder": str(folder)},
        }
        yield "".join(_check(name, fields) for name, fields in checks.items())


def _check(name: str, fields: Fields) -> str:
    """Return one check as TOML, its kind before the dash of its name.

    Texts, numbers and lists look in TOML as they do in Python.
    """
    kind = name.partition("-")[0]
    lines = [f'\n[[check]]\nkind = "{kind}"\nname = "{name}"']
    lines += [f"{field} = {value!r}" for field, value in fields.items()]
    return "\n".join(lines) + "\n"
