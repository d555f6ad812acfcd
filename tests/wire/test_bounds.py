"""Bounds of the wire: one table, and text of any bytes that is brought within it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from agent import config as agent_config
from agent.checks import CheckConfig
from aggregator import inventory
from venuewatch.base.config import ConfigError
from venuewatch.base.wire import bounds, messages
from venuewatch.base.wire.bounds import fitted


@given(st.binary(max_size=600), st.integers(1, 300))
def test_text_of_any_bytes_is_what_the_wire_takes(raw: bytes, longest: int) -> None:
    text = fitted(os.fsdecode(raw), longest)

    assert len(text) <= longest
    assert msgspec.json.decode(messages.encode(text)) == text


@given(st.text(max_size=50))
def test_text_that_fits_stays_as_it_is(text: str) -> None:
    assert fitted(text, 50) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"caf\xe9-01", "caf\ufffd-01"),
        (b"caf\xc3\xa9-01", "café-01"),
        (b'a "b"\n', 'a "b"\n'),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a" * 9, "aaaaaaa…"),
        (b"\xe9" * 9, "\ufffd" * 7 + "…"),
    ],
)
def test_each_byte_that_is_no_text_is_a_mark(raw: bytes, text: str) -> None:
    assert fitted(os.fsdecode(raw), 8) == text


TOO_LONG = {
    "role": (
        agent_config.read,
        f'venue = "STA"\nhost = "alpha"\nrole = "{"x" * 300}"',
        "expected text of at most 256 characters, got text at $.role",
    ),
    "address of a host": (
        inventory.read,
        f'[[venue]]\ncode = "STA"\n[[venue.host]]\nname = "alpha"\naddress = "{"x" * 254}"',
        "expected text of at most 253 characters, got text at $.venue[0].host[0].address",
    ),
    "name of a check": (
        agent_config.read,
        (
            'venue = "STA"\nhost = "alpha"\n[[check]]\nkind = "exec"\ncommand = ["x"]\n'
            f'name = "{"x" * 65}"'
        ),
        (
            "expected 1 to 64 letters, digits, dots, dashes or underscores, not beginning with _, "
            f'got "{"x" * 63}…" at $.check[0].name'
        ),
    ),
}


@pytest.mark.parametrize(("read", "text", "line"), TOO_LONG.values(), ids=TOO_LONG)
def test_setting_that_the_wire_would_refuse_is_refused(
    tmp_path: Path, read: Callable[[Path], object], text: str, line: str
) -> None:
    path = tmp_path / "some.toml"
    path.write_text(text)

    with pytest.raises(ConfigError) as refusal:
        read(path)

    assert str(refusal.value) == f"{path}: {line}"


def limits_of(struct: type[msgspec.Struct], name: str) -> tuple[object, ...]:
    """Return what a field's type allows, in numbers."""
    whole: Any = inspect.type_info(struct)
    (kind,) = (field.type for field in whole.fields if field.name == name)
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    names = ("pattern", "max_length", "ge", "le")
    return tuple(getattr(kind, limit, None) for limit in names)


@pytest.mark.parametrize(
    ("setting", "name", "message", "field"),
    [
        (agent_config.Config, "role", messages.Birth, "role"),
        (agent_config.Broker, "reconnect_max_s", messages.Birth, "reconnect_max_s"),
    ],
)
def test_setting_has_the_limits_of_the_field_that_it_becomes(
    setting: type[msgspec.Struct], name: str, message: type[msgspec.Struct], field: str
) -> None:
    assert limits_of(setting, name) == limits_of(message, field)


def test_names_of_settings_are_no_longer_than_names_of_messages() -> None:
    pattern, *_ = limits_of(CheckConfig, "name")
    _, longest, *_ = limits_of(messages.CheckReading, "check")

    assert pattern == rf"\A{bounds.NAME}\Z"
    assert longest == bounds.NAME_MAX == int(bounds.NAME.rpartition(",")[2].rstrip("}")) + 1
