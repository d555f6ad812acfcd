"""A record shows by itself whether it is whole; reading goes on behind any damage."""

from hypothesis import given
from hypothesis import strategies as st

from agent.spool.records import Record, encode, scan

PAYLOADS = st.lists(st.binary(max_size=60), min_size=1, max_size=6)


def written(payloads: list[bytes]) -> tuple[list[Record], bytes]:
    records = [Record(number, payload) for number, payload in enumerate(payloads, start=7)]
    return records, b"".join(encode(record) for record in records)


@given(PAYLOADS)
def test_what_was_written_is_read(payloads: list[bytes]) -> None:
    records, data = written(payloads)

    assert list(scan(data)) == records


@given(PAYLOADS, st.data())
def test_a_cut_at_any_byte_loses_only_what_is_behind_it(
    payloads: list[bytes], data: st.DataObject
) -> None:
    records, whole = written(payloads)
    cut = data.draw(st.integers(0, len(whole)))

    found = list(scan(whole[:cut]))

    ends = [len(written(payloads[:count])[1]) for count in range(1, len(payloads) + 1)]
    assert found == records[: sum(end <= cut for end in ends)]


@given(PAYLOADS, st.data())
def test_a_flipped_bit_loses_only_the_record_that_it_is_in(
    payloads: list[bytes], data: st.DataObject
) -> None:
    records, whole = written(payloads)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))

    found = list(scan(bytes(damaged)))

    lengths = [len(encode(record)) for record in records]
    hit = next(i for i in range(len(lengths)) if at < sum(lengths[: i + 1]))
    assert found == records[:hit] + records[hit + 1 :]


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
