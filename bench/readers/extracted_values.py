"""Bodies of others, that extractors take values out of, and the values themselves."""

from collections.abc import Sequence
from datetime import UTC

from agent.checks.extractors import Body, NoValueError, columns, json, xml
from agent.checks.reading.stamps import stamp_of
from agent.checks.reading.times import Deadline
from agent.checks.reading.values import number_of, truth_of

ERRORS: tuple[type[Exception], ...] = ()  # what lacks is told

_EXTRACTORS = (
    json.Extractor("/a/0"),
    json.Extractor(""),
    xml.Extractor("@a"),
    xml.Extractor("a/b@c"),
    xml.Extractor("b"),
    columns.Extractor((2, 30)),
)


def read(data: bytes) -> None:
    """Take a value out in each way, and read it in each."""
    body, deadline = Body(data), Deadline(1.0)
    for extractor in _EXTRACTORS:
        try:
            value = extractor.take(body, deadline)
        except NoValueError:
            continue
        number_of(value)
        truth_of(value)
        stamp_of(value, UTC, 1e9)


def seeds() -> Sequence[bytes]:
    """Return bodies that have values, and one that has not."""
    return [
        b'{"a": ["2024-08-03T18:42:03.5+02:00"], "b": NaN, "c": "\\ud83d\n"}',
        b'\xef\xbb\xbf[-12.50e3, true, "/Date(1722703323000)/"]',
        b'<?xml version="1.0"?><x:a xmlns:x="u" a="1"><x:b x:c="Y">184203</x:b></x:a>',
        '<a a="20240803T184203Z"><b c="live"/></a>'.encode("utf-16"),
        b"\x0218:42:03 B",
        b"\1\2\3\4",
    ]
