"""A record shows by itself whether it is whole; reading goes on behind any damage."""

from hypothesis import given
from hypothesis import strategies as st

from agent.spool.records import Record, encode, scan

PAYLOADS = st.lists(
    st.tuples(st.binary(max_size=60), st.sampled_from([b"", b"one", b"two"])),
    min_size=1,
    max_size=6,
)


def written(payloads: list[bytes]) -> tuple[list[Record], bytes]:
    records = [Record(number, payload) for number, payload in enumerate(payloads, start=7)]
    return records, b"".join(encode(record) for record in records)


@given(PAYLOADS)
def test_what_was_written_is_read_with_its_catalogue(payloads: list[tuple[bytes, bytes]]) -> None:
    data, after = b"", b""
    for number, (payload, catalogue) in enumerate(payloads):
        data += encode(Record(number, payload, catalogue), after=after)
        after = catalogue or after

    found = [(record.payload, record.catalogue) for record in scan(data)]
    assert [payload for payload, _ in found] == [payload for payload, _ in payloads]
    assert all(want in {got, b""} for (_, got), (_, want) in zip(found, payloads, strict=True))


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(data: bytes) -> None:
    for record in scan(data):
        assert encode(record) in data


def test_a_file_cut_at_every_byte_gives_the_records_that_are_whole() -> None:
    payloads = [b"one", b"", b"three " * 5, b"four"]
    records, whole = written(payloads)
    ends = [len(written(payloads[:count])[1]) for count in range(1, len(payloads) + 1)]

    found = [list(scan(whole[:cut])) for cut in range(len(whole) + 1)]

    assert found == [records[: sum(end <= cut for end in ends)] for cut in range(len(whole) + 1)]


def test_a_file_with_any_one_bit_flipped_gives_all_records_but_that_one() -> None:
    records, whole = written([b"one", b"two", b"three"])

    lost = []
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        lost.append(len(records) - len([one for one in scan(bytes(damaged)) if one in records]))

    assert lost == [1] * len(lost)
