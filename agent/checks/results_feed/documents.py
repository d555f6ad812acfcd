"""Messages of one push: those of its documents that are messages, told by their content."""

from agent.checks.results_feed.bodies import Part
from agent.checks.results_feed.door import HttpError, Push
from agent.checks.results_feed.header import FeedError, Message, OversizedError, TruncatedError
from agent.checks.results_feed.messages import Reader


def messages_of(push: Push, max_bytes: int) -> list[Message]:
    """Return the messages of a push; what stands beside them in a form is left out.

    Raises:
        FeedError: there is none; the text is about the longest document.
    """
    messages: list[Message] = []
    faults: list[tuple[int, FeedError]] = []
    for part in push.parts:
        size, found = _read(part, max_bytes)
        if isinstance(found, Message):
            messages.append(found)
        else:
            faults.append((size, found))
    if messages:
        return messages
    _size, fault = max(faults, key=lambda each: each[0])
    if len(faults) == 1:
        raise fault
    text = f"Expected a message in one of {len(faults)} fields; the longest is none: {fault}"
    raise FeedError(text)


def _read(part: Part, max_bytes: int) -> tuple[int, Message | FeedError]:
    """Return the size (bytes) of a document and its message, or what keeps it from being one."""
    reader, size_bytes = Reader(max_bytes), 0
    try:
        for piece in part.content:
            size_bytes += len(piece)
            reader.feed(piece)
        return size_bytes, reader.close()
    except (HttpError, OversizedError):
        raise
    except TruncatedError as error:
        return size_bytes, error.message or error
    except FeedError as error:
        return size_bytes, error
