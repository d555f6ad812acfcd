"""A machine that answers, how fast, and how much is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.net import icmp
from agent.checks.net.icmp import answered, checksum
from agent.checks.net.probing import ProbeConfig, judge
from agent.checks.net.reach import NotAskedError, Plan, Rounds, probe
from agent.checks.reading.times import Deadline
from tests.agent.checks.namespaces import cable
from tests.agent.checks.peers import LOOPBACK, read, say_nothing, tcp_peer

NONCE = b"0123456789abcdef"


@pytest.fixture
def no_icmp(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_family: int) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(icmp, "_open", refuse)


@pytest.mark.parametrize("address", [LOOPBACK, "::1"])
def test_this_machine_answers_and_is_measured(address: str) -> None:
    reading = read("ping", address=address, count=3, interval_s=0.01)

    if reading.state == "unknown":
        pytest.skip("ICMP echo is allowed neither by group nor by privilege here")
    values = reading.values
    assert (reading.state, values.check_loss_ratio) == ("ok", 0)
    assert values.check_round_trip_min_seconds is not None
    assert values.check_round_trip_avg_seconds is not None
    assert values.check_round_trip_max_seconds is not None
    assert values.check_jitter_seconds is not None
    assert 0 < values.check_round_trip_min_seconds <= values.check_round_trip_avg_seconds
    assert values.check_round_trip_avg_seconds <= values.check_round_trip_max_seconds < 1


@pytest.mark.real
def test_over_a_real_cable_it_asks_as_well_as_it_is_allowed_to() -> None:
    with cable() as net:
        raw = [net.read("ping", address=each) for each in ("10.9.0.2", "fd09::2")]
        nothing = net.read("ping", address="10.9.0.2", is_raw_allowed=False)
        refused = net.read("ping", address="10.9.0.2", port=9, is_raw_allowed=False)
        net.set(net.here, "ipv4/ping_group_range", "0 2147483647")
        unprivileged = [
            net.read("ping", address=each, is_raw_allowed=False)
            for each in ("10.9.0.2", "fd09::2", "fe80::9:2%port0")
        ]

    assert [reading.state for reading in raw] == ["ok", "ok"]
    assert nothing.state == "unknown"
    assert "ping_group_range" in nothing.detail
    assert (refused.state, refused.values.check_loss_ratio) == ("ok", 0)
    assert refused.detail.endswith("answers TCP only")
    assert [reading.state for reading in unprivileged] == ["ok", "ok", "ok"]


@pytest.mark.real
def test_over_a_real_cable_silence_is_critical_and_in_words() -> None:
    with cable() as net:
        net.run(net.here, "ip", "route", "add", "unreachable", "203.0.113.0/24")
        no_route = net.read("ping", address="203.0.113.1", timeout_s=1.0)
        net.set(net.there, "ipv4/icmp_echo_ignore_all", "1")
        deaf = net.read("ping", address="10.9.0.2", timeout_s=1.0)
        deaf_but_open = net.read("ping", address="10.9.0.2", port=9, timeout_s=1.0)
        net.run(net.there, "ip", "addr", "flush", "dev", "port0")
        gone = net.read("ping", address="10.9.0.2", port=9, timeout_s=1.0)

    assert no_route[:2] == ("critical", "that host cannot be reached from here")
    assert deaf[:2] == ("critical", "no answer in time")
    assert deaf.values.check_loss_ratio == 1
    assert deaf_but_open.state == "ok"
    assert gone.state == "critical"


@pytest.mark.usefixtures("no_icmp")
def test_without_icmp_a_connection_is_an_answer() -> None:
    with tcp_peer(say_nothing) as port:
        reading = read("ping", address=LOOPBACK, port=port, count=2)

    assert (reading.state, reading.values.check_loss_ratio) == ("ok", 0)


@pytest.mark.usefixtures("no_icmp")
def test_without_icmp_and_without_a_port_nothing_is_claimed() -> None:
    reading = read("ping", address=LOOPBACK)

    assert reading.state == "unknown"
    with pytest.raises(NotAskedError):
        probe(LOOPBACK, None, Plan(1, interval_s=1.0, enough=1), Deadline(1.0))


@pytest.mark.parametrize(
    ("trips_s", "state", "detail"),
    [
        ((0.1, 0.1, 0.1, 0.1), "ok", "0 of 4 lost; round trip 0.100 s"),
        ((0.1, 0.1, 0.1), "warning", "1 of 4 lost, over 0.2"),
        ((0.1,), "critical", "3 of 4 lost, over 0.5"),
        ((0.3, 0.3, 0.3, 0.3), "warning", "round trip 0.300 s, over 0.2"),
        ((0.9, 0.9, 0.9), "critical", "round trip 0.900 s, over 0.8"),
        ((), "critical", "no answer in time"),
    ],
)
def test_loss_and_round_trip_count_where_limits_are_set(
    trips_s: tuple[float, ...], state: str, detail: str
) -> None:
    config = ProbeConfig(
        name="it",
        warning_loss_ratio=0.2,
        critical_loss_ratio=0.5,
        warning_round_trip_s=0.2,
        critical_round_trip_s=0.8,
    )

    reading = judge(Rounds("icmp", 4, trips_s), config)

    assert reading[:2] == (state, detail)


def test_without_limits_only_silence_is_critical() -> None:
    reading = judge(Rounds("icmp", 10, (2.0,)), ProbeConfig(name="it"))

    assert reading.state == "ok"
    assert reading.values.check_loss_ratio == pytest.approx(0.9)


def test_jitter_is_the_mean_difference_of_consecutive_round_trips() -> None:
    rounds = Rounds("icmp", 3, (0.1, 0.4, 0.3))

    assert rounds.jitter_s == pytest.approx(0.2)


@given(st.binary(max_size=200), st.booleans())
def test_no_packet_of_others_is_taken_for_an_answer(packet: bytes, is_v6: bool) -> None:  # noqa: FBT001
    assert answered(packet, NONCE, is_v6=is_v6) == -1


def test_an_answer_is_found_behind_an_ip_header_and_without_one() -> None:
    icmp = bytes([0, 0, 0, 0, 0, 0, 1, 2]) + NONCE

    found = [answered(front + icmp, NONCE, is_v6=False) for front in (b"", b"\x46" + bytes(23))]

    assert found == [258, 258]


def test_our_own_echo_that_a_raw_socket_hears_is_no_answer() -> None:
    icmp = bytes([8, 0, 0, 0, 0, 0, 1, 2]) + NONCE

    assert answered(icmp, NONCE, is_v6=False) == -1


def test_the_checksum_is_that_of_rfc_1071() -> None:
    sent = bytes.fromhex("0001f203f4f5f6f7")  # the example of its section 3

    assert checksum(sent) == 0xFFFF - 0xDDF2
