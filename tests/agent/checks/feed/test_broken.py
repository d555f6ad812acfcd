"""A broken part of a message costs that part only: no source that talks is called silent."""

import codecs

import pytest

from agent.checks.results_feed.header import FeedError, TruncatedError
from agent.checks.results_feed.messages import Reader, read
from tests.agent.checks.feed import door
from tests.agent.checks.feed.hall import UNIT, Hall, each, untimed

MAX_BYTES = 200_000
ROOT = '<Body DocumentType="DT_RESULT" DocumentCode="BKB1" ResultStatus="LIVE" Version="4">'
WHOLE = f"{ROOT}<Athlete Name='Zoé'/></Body>"
UTF_8 = '<?xml version="1.0" encoding="UTF-8"?>'

BROKEN = {
    "a byte of another encoding": (UTF_8 + WHOLE).encode("cp1252"),
    "a byte of another encoding in the root tag": (
        UTF_8 + WHOLE.replace("<Body", '<Body Venue="Zürich"')
    ).encode("cp1252"),
    "a byte of another encoding before the root tag": (UTF_8 + "<!-- é -->" + WHOLE).encode(
        "cp1252"
    ),
    "a bare ampersand": (UTF_8 + WHOLE.replace("Zoé", "A & B")).encode(),
    "a control character": (UTF_8 + WHOLE.replace("Zoé", "A\x02B")).encode(),
    "an entity that nothing declares": (UTF_8 + WHOLE.replace("Zoé", "&eacute;")).encode(),
    "ctrl-z behind": (UTF_8 + WHOLE).encode() + b"\x1a",
    "a second document behind": (UTF_8 + WHOLE).encode() * 2,
    "a blank line before the declaration": b"\r\n" + (UTF_8 + WHOLE).encode(),
    "a byte order mark and a blank before the declaration": (
        codecs.BOM_UTF8 + b" " + (UTF_8 + WHOLE).encode()
    ),
    "utf-8 that is declared as utf-16": (UTF_8.replace("UTF-8", "UTF-16") + WHOLE).encode(),
    "an encoding that nobody knows": (UTF_8.replace("UTF-8", "KLINGON") + WHOLE).encode(),
    "a wrong tag": (UTF_8 + ROOT + "<a></b></Body>").encode(),
    "elements too deep": (UTF_8 + ROOT + "<a>" * 40_000).encode(),
}


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_around_the_root_tag_leaves_the_header(content: bytes, step: int) -> None:
    reader = Reader(MAX_BYTES)
    for at in range(0, len(content), step):
        reader.feed(content[at : at + step])

    message = reader.close()

    assert (message.type, message.code, message.status) == ("DT_RESULT", "BKB1", "LIVE")
    assert message.version == 4
    assert message.broken.startswith("Expected")
    assert message.size_bytes == len(content)


@pytest.mark.parametrize("declared", ["UTF-8", "iso-8859-1", "utf-16", "KLINGON"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_utf_16_is_read_whatever_it_is_declared_as(
    declared: str, mark: str, encoding: str, step: int
) -> None:
    content = (mark + UTF_8.replace("UTF-8", declared) + WHOLE).encode(encoding)
    reader = Reader(MAX_BYTES)
    for at in range(0, len(content), step):
        reader.feed(content[at : at + step])

    message = reader.close()

    assert (message.type, message.version, message.broken) == ("DT_RESULT", 4, "")


def test_utf_16_that_is_cut_or_wrong_is_told_as_what_it_is() -> None:
    content = ("\ufeff" + UTF_8 + WHOLE).encode("utf-16-le")

    with pytest.raises(TruncatedError, match="unclosed token"):
        read(content[:-2], MAX_BYTES)
    wrong = content.replace("</Body>".encode("utf-16-le"), "</Bodi>".encode("utf-16-le"))
    assert read(wrong, MAX_BYTES).broken.startswith("Expected XML: mismatched tag")
    doctype = content.replace("<Body".encode("utf-16-le"), "<!DOCTYPE a><Body".encode("utf-16-le"))
    with pytest.raises(FeedError, match="Expected no DOCTYPE"):
        read(doctype, MAX_BYTES)


@pytest.mark.parametrize("filled", [0, 90_000, 98_000, 98_200, 100_000, 130_000])
def test_deep_body_is_judged_alike_in_pieces_of_any_size(filled: int) -> None:
    content = (UTF_8 + ROOT + "<b/>" * (filled // 4) + "<a>" * 200 + "</a>" * 200).encode()
    content += b"<c/>" * 20_000 + b"</Body>"
    messages = []
    for step in (113, 4_096, 65_536, len(content)):
        reader = Reader(MAX_BYTES + 100_000)
        for at in range(0, len(content), step):
            reader.feed(content[at : at + step])
        messages.append(reader.close())

    assert len({message.broken for message in messages}) == 1


def test_units_of_a_large_schedule_are_read_to_its_end() -> None:
    unit = '<Unit Code="BKB{}" ScheduleStatus="DELAYED"/>'
    units = unit.format(1) + "<b/>" * 40_000 + unit.format(2)
    content = f'{UTF_8}<Body DocumentType="DT_SCHEDULE">{units}</Body>'.encode()

    message = read(content, MAX_BYTES)

    assert message.schedule == (("BKB1", "DELAYED"), ("BKB2", "DELAYED"))


@pytest.mark.parametrize(
    "name", ["latin1", "latin-1", "cp1252", "ISO_8859-1", "ISO8859-1", "Windows-1252"]
)
def test_another_name_of_a_usual_encoding_is_read(name: str) -> None:
    message = read((UTF_8.replace("UTF-8", name) + WHOLE).encode("cp1252"), MAX_BYTES)

    assert (message.version, message.broken) == (4, "")


LIVE = "CURRENT version={} broken=cut"
STORIES = {
    "a source that sends only broken messages is delayed and not silent": (
        f"0 LOCAL_ON; {each(range(10, 60, 10), LIVE)}; 60 flowing; "
        f"{each(range(70, 200, 10), LIVE)}; "
        "200 delayed parse_errors_total=18: HALL1: only broken messages for 200 s*; "
        "290 silent: HALL1: nothing for 100 s, limit 90 s*"
    ),
    "one broken message among sound ones is counted and said": (
        f"0 CURRENT version=1; 10 {LIVE.format(2)}; 20 CURRENT version=3; "
        f"20 flowing parse_errors_total=1 version_gaps_total=0: *broken DT_CURRENT {UNIT}: cut"
    ),
    "a broken message moves no data": (
        f"0 CURRENT version=1; {each(range(10, 60, 10), LIVE)}; "
        "60 KA; 60 frozen data_age_seconds=60"
    ),
    "a broken message that is sent again whole moves data": (
        "0 CURRENT version=1; 30 CURRENT version=2 broken=cut; 40 RESULT version=9 broken=cut; "
        "50 CURRENT version=2; 60 KA; 60 flowing data_age_seconds=10"
    ),
    "broken messages begin and end what their header says": (
        "0 LOCAL_ON broken=cut; 1 RESULT broken=cut; 2 flowing live_units=1; "
        "3 RESULT status=OFFICIAL broken=cut; 4 flowing live_units=0; "
        "5 LOCAL_OFF broken=cut; 6 not_expected"
    ),
    "a sound message ends the delay of broken ones": (
        f"0 LOCAL_ON; {each(range(10, 100, 10), 'SCHEDULE broken=cut')}; "
        "100 delayed; 101 KA; 101 flowing"
    ),
}


def played(story: str) -> Hall:
    hall = Hall()
    hall.plays(story)
    return hall


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_broken_messages_are_judged_as_it_is_told(story: str) -> None:
    played(story)


def test_odd_field_costs_that_field_and_counts_once() -> None:
    hall = Hall()
    odd = ("Expected another Time than '12:03:10.000'", "Expected another Version than '1.0'")
    for at_s in range(0, 200, 10):
        hall.says(at_s, "DT_KA", stamp=None, odd=odd)

    reading = hall.at(200.0)

    assert reading.state == "flowing"
    assert reading.values.results_parse_errors_total == 20
    assert reading.detail.endswith("odd DT_KA: Expected another Time than '12:03:10.000'")


def test_refused_messages_in_a_window_are_never_silence() -> None:
    hall = played("0 LOCAL_ON")
    for at_s in range(10, 200, 10):
        hall.feed.refuse(FeedError("Expected no DOCTYPE"), hall.now(at_s))
        assert hall.at(at_s).state in ("flowing", "unknown", "critical")

    assert hall.at(200.0).state == "critical"
    assert untimed(hall.at(200.0).detail) == (
        "all that came for 190 s was refused; refused: Expected no DOCTYPE"
    )


def test_refused_sender_is_unknown_and_critical_after_the_limit() -> None:
    hall = Hall()
    states = []
    for at_s in range(0, 120, 30):
        hall.feed.refuse(FeedError("Expected no DOCTYPE"), hall.now(at_s))
        states.append(hall.at(at_s).state)

    assert states == ["unknown", "unknown", "unknown", "unknown"]
    assert hall.at(91.0).state == "critical"
    assert hall.at(181.0).state == "unknown"


def test_message_ends_the_run_of_refusals() -> None:
    hall = Hall()
    for at_s in range(0, 120, 10):
        hall.feed.refuse(FeedError("Expected no DOCTYPE"), hall.now(at_s))
    hall.says(121.0, "DT_LOCAL_OFF")

    assert hall.at(122.0).state == "not_expected"


@pytest.mark.parametrize("field", ['Time="12:03:10.000"', 'Date="d"', 'Version="1.0"'])
def test_push_with_an_odd_field_is_accepted_and_heard(hall: door.Hall, field: str) -> None:
    status = hall.push(f'<Body DocumentType="DT_KA" {field}/>'.encode())

    assert (status, hall.types()) == (200, ["Message"])
