"""The spool loses nothing within its bounds, and counts what it loses beyond them."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.spool.disk import Spool
from agent.spool.records import Record, encode

KIB = 1024


def open_spool(folder: Path, *, max_bytes: int = 64 * KIB, segment_bytes: int = 4 * KIB) -> Spool:
    path = str(folder / "spool")
    return Spool(path, host="STA-1", max_bytes=max_bytes, segment_bytes=segment_bytes)


def payloads(spool: Spool, *, after: int = 0) -> list[bytes]:
    return [record.payload for record in spool.read(after, max_bytes=10**9)]


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for word in (b"one", b"two", b"three"):
        spool.append(word)
    spool.close()

    found = open_spool(tmp_path)

    assert payloads(found) == [b"one", b"two", b"three"]
    assert found.pending == 3
    assert found.append(b"four") == 4


def test_each_record_has_its_catalogue_wherever_reading_begins(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=16 * KIB, segment_bytes=KIB)
    kept = [(b"%d" % number, b"one" * 99 if number % 9 else b"two" * 99) for number in range(500)]
    for payload, catalogue in kept:
        spool.append(payload, catalogue)
    spool.acknowledge(450)
    spool.close()

    left = open_spool(tmp_path).read(0, max_bytes=10**9)

    assert [(record.payload, record.catalogue) for record in left] == kept[450:]


@pytest.mark.parametrize("record", [(bytes(262_145), b""), (b"", bytes(262_145))])
def test_a_record_that_nobody_would_take_costs_only_itself(
    record: tuple[bytes, bytes], tmp_path: Path
) -> None:
    spool = open_spool(tmp_path)

    spool.append(*record)
    spool.append(b"next")

    assert payloads(spool) == [b"next"]
    assert (spool.pending, spool.dropped) == (1, 1)


def test_a_batch_has_one_catalogue_or_few_more_that_fit(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for number in range(6):
        spool.append(b"x" * 10, b"%d" % (number // 4) * 50)

    sizes = [len(spool.read(0, max_bytes=bytes_)) for bytes_ in (1, 30, 40, 99, 100, 1000)]

    assert sizes == [1, 3, 4, 4, 5, 6]


def test_a_catalogue_is_written_once_in_a_segment(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, segment_bytes=4 * KIB)

    for _ in range(20):
        spool.append(b"x", b"names" * 200)

    assert spool.size_bytes < 2 * KIB


def test_numbers_go_on_when_everything_was_acknowledged(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    last = spool.append(b"one")
    spool.acknowledge(last)
    spool.close()

    found = open_spool(tmp_path)

    assert found.pending == 0
    assert found.append(b"two") == last + 1


def test_an_acknowledgement_of_what_was_never_kept_forgets_nothing_to_come(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.append(b"one")

    spool.acknowledge(1_000)
    spool.append(b"two")

    assert payloads(spool) == [b"two"]


def test_beyond_the_bound_the_oldest_go_and_are_counted(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=16 * KIB)

    for number in range(100):
        spool.append(b"%05d" % number + bytes(KIB))

    kept = payloads(spool)
    assert spool.size_bytes <= 16 * KIB
    assert spool.dropped + len(kept) == 100
    assert kept[-1].startswith(b"00099")
    assert spool.pending == len(kept)


def test_a_batch_holds_what_fits_and_at_least_one(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    for _ in range(3):
        spool.append(bytes(100))

    assert [record.number for record in spool.read(0, max_bytes=250)] == [1, 2]
    assert [record.number for record in spool.read(2, max_bytes=1)] == [3]


def test_a_folder_that_can_not_be_made_costs_only_what_memory_can_not_hold(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file, not a folder")
    spool = open_spool(tmp_path)

    for _ in range(40):
        spool.append(bytes(64 * KIB))

    assert spool.trouble is not None
    assert spool.dropped + len(payloads(spool)) == 40
    assert spool.dropped > 0


def test_memory_bound_counts_each_catalogue_once(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file, not a folder")
    spool = open_spool(tmp_path)

    for number in range(40):
        spool.append(b"vitals", b"%d" % (number // 5) * 200 * KIB)
        spool.append(b"a check")

    left = payloads(spool)
    assert spool.dropped + len(left) == 80
    assert left.count(b"vitals") == 25


def test_a_full_disk_is_survived_and_written_to_again_when_it_has_room(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=KIB * KIB)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_500, limits[1]))
    try:
        numbers = [spool.append(bytes(KIB)) for _ in range(5)]
        trouble = spool.trouble
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)

    spool.sync()

    assert trouble is not None
    assert spool.trouble is None
    assert [record.number for record in spool.read(0, max_bytes=10**9)] == numbers
    assert spool.dropped == 0


def test_a_kill_at_any_moment_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    program = (
        "import sys; from agent.spool.disk import Spool\n"
        f"spool = Spool({str(tmp_path / 'spool')!r}, host='STA-1',"
        " max_bytes=1 << 24, segment_bytes=4096)\n"
        "while True:\n"
        "    number = spool.append(b'x' * 200)\n"
        "    print(number, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(200):
            process.stdout.readline()
        process.kill()
        said = process.stdout.read().split(b"\n")
    last = max([200, *(int(line) for line in said[:-1] if line)])

    found = open_spool(tmp_path, max_bytes=1 << 24)

    assert found.pending in {last, last + 1}  # it may have been killed before it could say so
    assert found.dropped == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.floats(0, 1), flips=st.lists(st.floats(0, 0.999), max_size=3))
def test_damage_is_survived_and_what_it_cost_is_counted(
    tmp_path_factory: pytest.TempPathFactory, cut: float, flips: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    spool = open_spool(folder, segment_bytes=600)
    for number in range(20):
        spool.append(b"%d" % number * 50)
    spool.close()
    files = sorted((folder / "spool").glob("*.spool"))
    victim = files[len(files) // 2]
    data = bytearray(victim.read_bytes())
    for flip in flips:
        data[int(flip * len(data))] ^= 0x10
    victim.write_bytes(data[: int(cut * len(data))])

    found = open_spool(folder, segment_bytes=600)

    assert found.dropped + len(payloads(found)) == 20
    assert found.append(b"next") == 21


@pytest.mark.parametrize("said", [b"9" * 18, b"9" * 30, b"9" * 5_000, b"-7", b"\xff", b""])
def test_a_number_that_none_can_have_is_not_believed(tmp_path: Path, said: bytes) -> None:
    spool = open_spool(tmp_path)
    spool.append(b"one")
    spool.close()
    (tmp_path / "spool" / "acknowledged").write_bytes(said)

    found = open_spool(tmp_path)

    assert found.append(b"two") == 2
    assert payloads(found) == [b"one", b"two"]


def test_a_record_of_a_number_that_none_can_have_is_damage(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    record = encode(Record(2**64 - 1, b"odd"))
    (tmp_path / "spool" / f"{1:016x}.spool").write_bytes(record)

    found = open_spool(tmp_path)

    assert found.append(b"next") == 1


def test_others_may_not_read_it(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.append(b"secret")

    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "spool").iterdir()}
    assert modes == {0}
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0
