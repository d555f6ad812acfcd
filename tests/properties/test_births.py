"""The property of births: what ``check-config`` lets through is a birth that the centre takes."""

import os
import platform
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import config, identity
from tests.kit.machine import Message
from tests.kit.story import Story
from venuewatch.base.config import ConfigError
from venuewatch.base.in_toml import in_toml
from venuewatch.base.wire import topics
from venuewatch.base.wire.links import INTERVAL_MAX_S, KEEPALIVE_MAX_S
from venuewatch.base.wire.messages import Birth, encode
from venuewatch.base.wire.topics import Stream

names = st.from_regex(r"[A-Za-z0-9._-]{1,66}", fullmatch=True) | st.text(max_size=4)
near_bounds = st.sampled_from(
    [0.0, 0.1, 1.0, INTERVAL_MAX_S, INTERVAL_MAX_S + 0.1, 86_400.0, 86_400.1, 1e300]
)
spans = near_bounds | st.floats(0.1, 90.0)
roles = st.text(max_size=300) | st.text("\x01\x7f\u2028é😀", min_size=250, max_size=260)
facts = st.tuples(*[st.binary(max_size=64)] * 5)  # as long as Linux lets them be
tables = st.fixed_dictionaries(
    {"venue": names, "host": names},
    optional={
        "role": roles,
        "heartbeat": st.fixed_dictionaries(
            {}, optional={"interval_s": spans, "vitals_every_s": spans}
        ),
        "broker": st.fixed_dictionaries(
            {},
            optional={
                "reconnect_max_s": spans,
                "keepalive_s": st.integers(-1, int(KEEPALIVE_MAX_S) + 1),
                "link": st.sampled_from(sorted(config.KEEPALIVE_S)),
            },
        ),
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("births")


def birth_of(settings: config.Config, raw: tuple[bytes, ...]) -> Birth:
    """Return the birth on a machine whose system says these bytes of itself."""
    fields = ("system", "node", "release", "version", "machine")
    said = SimpleNamespace(**dict(zip(fields, map(os.fsdecode, raw), strict=True)))
    with mock.patch.object(platform, "uname", return_value=said):
        return identity.birth(
            settings, boot=identity.new_boot(), session=1, address="192.0.2.1", stock_tcp=False
        )


@given(table=tables, raw=facts)
def test_configuration_that_is_taken_makes_a_birth_that_is_taken(
    folder: Path, table: dict[str, object], raw: tuple[bytes, ...]
) -> None:
    path = folder / "agent.toml"
    lines = [f"{name} = {in_toml(value)}" for name, value in table.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        settings = config.read(path)
    except ConfigError:
        return
    story = Story({settings.venue: (settings.host,)})
    story.centre.opened(story.now)

    birth = birth_of(settings, raw)
    topic = topics.topic(settings.venue, settings.host, Stream.BIRTH)
    story.deliver(Message(topic, encode(birth)))

    assert sum(story.centre.intake.rejected.values()) == 0
    assert story.host(settings.host).birth == birth
