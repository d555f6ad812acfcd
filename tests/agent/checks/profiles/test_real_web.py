"""Boxes behind a websocket."""

import contextlib

import pytest
from wsproto.events import TextMessage

from tests.agent.checks.peers import LOOPBACK
from tests.agent.checks.profiles.speaking import speaker
from tests.agent.checks.profiles.watching import LATER_S, Watch, minute_of, size_of
from tests.agent.checks.ways.speaker import Speaker, speaking


def rest(box: Speaker) -> None:
    """Open the websocket of one that comes again, and say nothing."""
    box.opens()
    box.rests()


@pytest.mark.parametrize("name", ["crg", "signalr"])
def test_box_of_the_web_flows_until_it_is_silent(name: str) -> None:
    def talk(box: Speaker) -> None:
        box.opens()
        heard = box.hears()
        assert isinstance(heard, TextMessage)
        assert speaker(name).asked in heard.data.encode()
        box.says_text(*(piece.content.decode() for piece in minute_of(name)))
        box.rests()

    with (
        speaking(talk, rest) as port,
        contextlib.closing(Watch(name, websocket=f"ws://{LOOPBACK}:{port}/live")) as watched,
    ):
        talking = watched.until_heard(size_of(name))
        later = watched.after(LATER_S)

    assert (talking.state, later.state) == ("flowing", "silent")
