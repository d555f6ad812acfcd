"""Other aggregators: what they say of themselves is handed on, and nothing else of them."""

import pytest

from aggregator.core.outputs import OtherOpen, OtherState
from tests.kit.machine import Message
from tests.kit.story import ALONE, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.messages import CentreOpen, CentreState, encode
from venuewatch.base.wire.packing import packed

STATE, OPEN = topics.centre_state("backup"), topics.centre_open("backup")
ONLINE, OFFLINE = encode(CentreState("online")), encode(CentreState("offline"))


@pytest.fixture
def story() -> Story:
    story = Story(ALONE)
    story.subscribe(0.0)
    return story


@pytest.mark.parametrize("is_retained", [True, False])
@pytest.mark.parametrize(
    ("payload", "is_online"),
    [(ONLINE, True), (encode(CentreState("offline")), False), (b"", False)],
)
def test_state_is_handed_on(
    story: Story, payload: bytes, *, is_online: bool, is_retained: bool
) -> None:
    story.forget()

    story.deliver(Message(STATE, payload, is_retained))

    said = [output for output in story.said() if isinstance(output, OtherState)]
    assert said == [OtherState(story.now, "backup", is_online)]


@pytest.mark.parametrize("keys", [(), ("VenuewatchHostDown/STA/alpha",) * 100])
def test_list_is_handed_on_packed_or_not(story: Story, keys: tuple[str, ...]) -> None:
    said = CentreOpen(keys, is_whole=False)
    story.forget()

    story.deliver(Message(OPEN, packed(encode(said))))

    heard = [output for output in story.said() if isinstance(output, OtherOpen)]
    assert heard == [OtherOpen(story.now, "backup", said)]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message(STATE, b"up!"), Reason.INVALID_JSON),
        (Message(STATE, b'{"state": "drunk"}'), Reason.WRONG_TYPE),
        (Message(OPEN, b"{}"), Reason.WRONG_TYPE),
        (Message(OPEN, encode({"keys": ["x" * 513]})), Reason.WRONG_TYPE),
        (Message(OPEN, encode({"keys": [""] * 20_001})), Reason.WRONG_TYPE),
        (Message(OPEN, b"\x78\x9cno zlib"), Reason.BAD_PACKING),
        (Message(OPEN, encode(CentreOpen(())), retain=True), Reason.RETAINED),
    ],
)
def test_bad_message_of_another_is_counted(story: Story, message: Message, reason: Reason) -> None:
    story.deliver(message)

    assert story.centre.intake.rejected[reason] == 1
