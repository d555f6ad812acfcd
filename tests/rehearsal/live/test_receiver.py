"""A receiver's row of a notice says what the notice is about, and when it was answered."""

import msgspec
import pytest

from venuewatch.rehearsal.live.receiver import row_of

BODY = {
    "id": "7-2",
    "change": "sharpened",
    "incident": {
        "number": 7,
        "scope": "host",
        "venue": "STA",
        "host": "STA-1",
        "check": "",
        "cause": "host_down",
        "opened_at": 1000.0,
    },
    "aggregator": "aggregator",
    "url": "",
    "sentence": "a sentence",
    "severity": "critical",
}


def test_row_has_number_change_subject_and_the_receivers_time() -> None:
    row = row_of("a world", msgspec.json.encode(BODY), 5.0, accepted=True)

    assert (row.world, row.at, row.incident, row.seq) == ("a world", 5.0, 7, 2)
    assert (row.change, row.subject, row.cause) == ("sharpened", "host:STA/STA-1", "host_down")
    assert row.accepted


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"{}",
        msgspec.json.encode({**BODY, "id": "8-2"}),
        msgspec.json.encode({**BODY, "id": "7"}),
        msgspec.json.encode({**BODY, "id": "7-x"}),
        msgspec.json.encode({**BODY, "change": "another"}),
        msgspec.json.encode({**BODY, "incident": None}),
    ],
)
def test_what_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec says it in its own words
        row_of("a world", body, 5.0, accepted=True)
