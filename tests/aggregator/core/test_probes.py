"""Probes: the neighbours that are asked about a silent host, and the answers that count."""

import math

import msgspec
import pytest

from aggregator.core.fleet import Venue
from aggregator.core.host import Host, Place
from aggregator.core.probes import (
    ANSWER_WITHIN_S,
    ASKED_MAX,
    PROBE_TIMEOUT_S,
    Asked,
    EndedInquiry,
    Probes,
)
from aggregator.core.states import HostState
from aggregator.core.verdicts.silence import Inquiry, Reach, reach_of
from tests.kit.machine import MARGIN_S
from venuewatch.base.wire.messages import Probed

AT = 100.0


def neighbour(name: str, *, heard_at: float = 99.0, is_gateway: bool = False) -> Host:
    place = Place(f"10.0.0.{name[1:]}", 22, is_gateway)
    host = Host("STA", name, margin_s=MARGIN_S, place=place, state=HostState.UP)
    host.evidence_at = heard_at
    return host


def answer(number: int = 1, *, about: str = "s1", is_reached: bool | None = True) -> Probed:
    return Probed(
        boot="b", session=1, number=number, host=about, is_reached=is_reached, way="tcp", detail="d"
    )


class Neighbourhood:
    """s1, which is silent, and its neighbours: s2, s3 and so on."""

    def __init__(self, *others: Host) -> None:
        self.silent = neighbour("s1")
        self.silent.state = HostState.DOWN
        self.venue = Venue("STA", margin_s=MARGIN_S)
        self.hosts = {host.name: host for host in (self.silent, *others)}
        self.venue.hosts.update(self.hosts)
        self.probes = Probes("ours")
        self.numbers: list[int] = []

    def ask(self, about: str = "s1", at: float = AT) -> Asked:
        asked = self.probes.ask(self.venue, self.hosts[about], at)
        self.numbers += {probe.number for _, probe in asked.probes}
        return asked

    def asked(self) -> list[str]:
        """Ask about s1, and return who is asked."""
        return [name for name, _ in self.ask().probes]

    def receive(self, by: str, said: Probed) -> EndedInquiry | None:
        """Receive an answer; its number is given as if the first probe had number 1."""
        number = self.numbers[0] - 1 + said.number
        said = msgspec.structs.replace(said, number=number)
        return self.probes.receive_answer(self.hosts[by], said, AT + 0.5)


@pytest.fixture
def three() -> Neighbourhood:
    """Return s1 with three neighbours, who have been asked."""
    here = Neighbourhood(*(neighbour(f"s{number}") for number in (2, 3, 4)))
    here.ask()
    return here


def test_gateways_are_asked_first_then_the_last_heard() -> None:
    here = Neighbourhood(
        neighbour("s2", heard_at=99.0),
        neighbour("s3", heard_at=99.5),
        neighbour("s4", heard_at=98.0, is_gateway=True),
        neighbour("s5", heard_at=99.25),
    )

    assert here.asked() == ["s4", "s3", "s5"]
    assert ASKED_MAX == 3


@pytest.mark.parametrize("state", sorted(set(HostState) - {HostState.UP}))
def test_only_hosts_that_are_up_are_asked(state: HostState) -> None:
    here = Neighbourhood(neighbour("s2"), neighbour("s3"))
    here.hosts["s2"].state = state

    assert here.asked() == ["s3"]


def test_unlisted_host_is_not_asked() -> None:
    here = Neighbourhood(neighbour("s2"))
    here.hosts["s2"].is_listed = False

    assert here.asked() == []


def test_probe_names_the_address_of_the_inventory() -> None:
    here = Neighbourhood(neighbour("s2"))

    inquiry, ((by, probe),) = here.ask()

    assert inquiry == Inquiry(("s2",))
    assert (by, probe.host, probe.address, probe.port) == ("s2", "s1", "10.0.0.1", 22)
    assert probe.timeout_s == PROBE_TIMEOUT_S


@pytest.mark.parametrize(
    ("has_address", "is_listed", "has_neighbour", "obstacle"),
    [
        (False, True, True, "the inventory has no address for it"),
        (True, False, True, "the inventory has no address for it"),
        (True, True, False, "no other host of the venue is heard"),
    ],
)
def test_inquiry_without_a_neighbour_is_over_and_says_why(
    *, has_address: bool, is_listed: bool, has_neighbour: bool, obstacle: str
) -> None:
    here = Neighbourhood(*([neighbour("s2")] if has_neighbour else []))
    here.silent.address = "10.0.0.1" if has_address else ""
    here.silent.is_listed = is_listed

    assert here.ask() == Asked(Inquiry(is_over=True, obstacle=obstacle))
    assert here.probes.next_deadline() == math.inf


def test_first_neighbour_that_reached_it_ends_the_inquiry(three: Neighbourhood) -> None:
    first = three.receive("s3", answer(is_reached=False))
    second = three.receive("s4", answer())
    third = three.receive("s2", answer())

    assert (first, third) == (None, None)
    assert second is not None
    assert (second.at, second.host, second.inquiry.is_over) == (AT + 0.5, three.silent, True)
    assert reach_of(second.inquiry) is Reach.REACHED
    assert [(said.by, said.at, said.way, said.detail) for said in second.inquiry.answers] == [
        ("s3", AT + 0.5, "tcp", "d"),
        ("s4", AT + 0.5, "tcp", "d"),
    ]


@pytest.mark.parametrize("is_reached", [False, None])
def test_last_neighbour_that_was_asked_ends_it(
    three: Neighbourhood, *, is_reached: bool | None
) -> None:
    three.receive("s2", answer(is_reached=False))
    three.receive("s3", answer(is_reached=is_reached))

    last = three.receive("s4", answer(is_reached=is_reached))

    assert last is not None
    assert reach_of(last.inquiry) is Reach.UNREACHED


def test_neighbour_that_answers_twice_is_one(three: Neighbourhood) -> None:
    assert [three.receive("s2", answer(is_reached=False)) for _ in range(3)] == [None] * 3


def test_answer_of_a_host_that_was_not_asked_is_ignored() -> None:
    here = Neighbourhood(*(neighbour(f"s{number}") for number in (2, 3, 4, 5)))
    (other,) = {"s2", "s3", "s4", "s5"} - set(here.asked())

    assert here.receive(other, answer()) is None
    assert here.receive("s1", answer()) is None  # the silent host itself


@pytest.mark.parametrize(
    "said", [answer(0), answer(2), answer(2**53), answer(about="s3"), answer(about="x" * 64)]
)
def test_answer_to_what_was_not_asked_is_ignored(three: Neighbourhood, said: Probed) -> None:
    assert three.receive("s2", said) is None
    assert three.receive("s2", answer()) is not None


@pytest.mark.parametrize(("name", "at"), [("theirs", AT), ("ours", AT + 9.0)])
def test_answer_to_another_aggregator_or_an_earlier_process_is_ignored(
    name: str, at: float
) -> None:
    ours, others = (Neighbourhood(neighbour("s2")) for _ in range(2))
    others.probes = Probes(name)
    ours.ask()

    ((_, probe),) = others.ask(at=at).probes

    said = answer(probe.number)
    assert ours.probes.receive_answer(ours.hosts["s2"], said, at + 0.5) is None
    assert others.probes.receive_answer(others.hosts["s2"], said, at + 0.5) is not None


def test_numbers_of_two_inquiries_are_kept_apart(three: Neighbourhood) -> None:
    three.hosts["s2"].state = HostState.DOWN
    three.ask("s2", AT + 0.125)

    assert three.receive("s3", answer(2, about="s1")) is None
    assert three.receive("s3", answer(2, about="s2")) is not None
    assert three.receive("s4", answer(1, about="s1")) is not None


@pytest.mark.parametrize(
    ("round_trip_s", "more_s"), [(0.125, 0.125), (0.625, 3 * 0.625), (5.0, 2.0)]
)
def test_neighbours_on_a_long_way_have_a_loss_more(round_trip_s: float, more_s: float) -> None:
    here = Neighbourhood(neighbour("s2"), neighbour("s3"))
    here.hosts["s3"].round_trip_s = round_trip_s

    here.ask()

    assert here.probes.next_deadline() == AT + ANSWER_WITHIN_S + more_s


def test_inquiries_are_over_in_order_of_time(three: Neighbourhood) -> None:
    for number, name in enumerate(("s2", "s3")):
        three.hosts[name].state = HostState.DOWN
        three.ask(name, AT - 1.0 - number)

    over = three.probes.take_ended(AT + 10.0)

    assert [ended.host.name for ended in over] == ["s3", "s2", "s1"]


def test_host_that_is_back_is_asked_about_no_more(three: Neighbourhood) -> None:
    three.probes.ask_later(three.silent)

    three.probes.forget(three.silent)

    assert three.receive("s2", answer()) is None
    assert three.probes.next_deadline() == math.inf
    assert three.probes.take_unexplained("STA") == []


def test_unexplained_host_is_handed_over_once(three: Neighbourhood) -> None:
    three.probes.ask_later(three.silent)

    assert three.probes.take_unexplained("AQU") == []
    assert three.probes.take_unexplained("STA") == [three.silent]
    assert three.probes.take_unexplained("STA") == []
