"""Whom a silent host's neighbours are asked, and whose word counts."""

import math

import pytest

from aggregator.core.cases import Inquiry
from aggregator.core.fleet import Host, Place, Venue
from aggregator.core.probes import ASKED_MAX, PROBE_TIMEOUT_S, WORD_WITHIN_S, Probes
from aggregator.core.states import HostState
from tests.aggregator.scene import MARGIN_S
from venuewatch.base.wire.messages import Probed

AT = 100.0


def neighbour(name: str, *, heard_at: float = 99.0, is_gateway: bool = False) -> Host:
    place = Place(f"10.0.0.{name[1:]}", 22, is_gateway)
    host = Host("STA", name, margin_s=MARGIN_S, place=place, state=HostState.UP)
    host.evidence_at = heard_at
    return host


def word(number: int = 1, *, about: str = "s1", is_reached: bool | None = True) -> Probed:
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
        self.probes = Probes()

    def ask(self) -> list[str]:
        """Return who is asked about s1."""
        _, wanted = self.probes.ask(self.venue, self.silent, AT)
        return [probe.by for probe in wanted]

    def hear(self, by: str, said: Probed) -> Inquiry | None:
        over = self.probes.hear(self.hosts[by], said, AT + 0.5)
        return None if over is None else over[1]


@pytest.fixture
def three() -> Neighbourhood:
    """Return s1 with three neighbours, who have been asked."""
    here = Neighbourhood(*(neighbour(f"s{number}") for number in (2, 3, 4)))
    here.ask()
    return here


def test_three_are_asked_the_gateways_first_and_then_who_was_heard_last() -> None:
    here = Neighbourhood(
        neighbour("s2", heard_at=99.0),
        neighbour("s3", heard_at=99.5),
        neighbour("s4", heard_at=98.0, is_gateway=True),
        neighbour("s5", heard_at=99.25),
    )

    assert here.ask() == ["s4", "s3", "s5"]
    assert ASKED_MAX == 3


@pytest.mark.parametrize("state", sorted(set(HostState) - {HostState.UP}))
def test_only_those_who_are_up_are_asked(state: HostState) -> None:
    here = Neighbourhood(neighbour("s2"), neighbour("s3"))
    here.hosts["s2"].state = state

    assert here.ask() == ["s3"]


def test_who_is_not_in_the_inventory_is_not_asked() -> None:
    here = Neighbourhood(neighbour("s2"))
    here.hosts["s2"].is_listed = False

    assert here.ask() == []


def test_it_is_the_inventorys_address_that_is_asked_for() -> None:
    here = Neighbourhood(neighbour("s2"))

    inquiry, wanted = here.probes.ask(here.venue, here.silent, AT)

    assert inquiry == Inquiry(("s2",))
    (probe,) = wanted
    assert (probe.at, probe.venue, probe.by, probe.host) == (AT, "STA", "s2", "s1")
    assert (probe.address, probe.port, probe.timeout_s) == ("10.0.0.1", 22, PROBE_TIMEOUT_S)


@pytest.mark.parametrize(
    ("has_address", "is_listed", "has_neighbour", "why"),
    [
        (False, True, True, "the inventory has no address for it"),
        (True, False, True, "the inventory has no address for it"),
        (True, True, False, "no other host of the venue is heard"),
    ],
)
def test_where_nobody_can_be_asked_it_says_why_and_waits_for_nobody(
    *, has_address: bool, is_listed: bool, has_neighbour: bool, why: str
) -> None:
    here = Neighbourhood(*([neighbour("s2")] if has_neighbour else []))
    here.silent.address = "10.0.0.1" if has_address else ""
    here.silent.is_listed = is_listed

    inquiry, wanted = here.probes.ask(here.venue, here.silent, AT)

    assert (inquiry.is_over, inquiry.obstacle, wanted) == (True, why, [])
    assert here.probes.next_deadline() == math.inf


def test_the_first_who_reached_it_ends_the_inquiry(three: Neighbourhood) -> None:
    first = three.hear("s3", word(is_reached=False))
    second = three.hear("s4", word(is_reached=True))

    assert first is None
    assert second is not None
    assert (second.is_over, second.reached_by) == (True, "s4")
    assert [(said.by, said.at, said.way, said.detail) for said in second.words] == [
        ("s3", AT + 0.5, "tcp", "d"),
        ("s4", AT + 0.5, "tcp", "d"),
    ]


@pytest.mark.parametrize("is_reached", [False, None])
def test_the_last_who_was_asked_ends_it(three: Neighbourhood, *, is_reached: bool | None) -> None:
    three.hear("s2", word(is_reached=False))
    three.hear("s3", word(is_reached=is_reached))

    last = three.hear("s4", word(is_reached=is_reached))

    assert last is not None
    assert last.is_unreached


def test_one_who_answers_twice_is_one(three: Neighbourhood) -> None:
    said = [three.hear("s2", word(is_reached=False)) for _ in range(3)]

    assert said == [None, None, None]


def test_who_was_not_asked_has_no_word() -> None:
    here = Neighbourhood(*(neighbour(f"s{number}") for number in (2, 3, 4, 5)))
    asked = here.ask()
    (other,) = {"s2", "s3", "s4", "s5"} - set(asked)

    assert here.hear(other, word()) is None
    assert here.hear("s1", word()) is None  # nor has the silent host itself


@pytest.mark.parametrize(
    "said", [word(0), word(2), word(2**53), word(about="s3"), word(about="x" * 64)]
)
def test_a_word_on_what_was_not_asked_changes_nothing(three: Neighbourhood, said: Probed) -> None:
    assert three.hear("s2", said) is None
    assert three.hear("s2", word()) is not None


def test_a_word_that_comes_after_the_end_changes_nothing(three: Neighbourhood) -> None:
    three.hear("s2", word())

    assert three.hear("s3", word()) is None


def test_the_numbers_of_two_inquiries_are_kept_apart(three: Neighbourhood) -> None:
    other = three.hosts["s2"]
    other.state = HostState.DOWN
    three.probes.ask(three.venue, other, AT + 0.125)

    assert three.hear("s3", word(2, about="s1")) is None
    over = three.hear("s3", word(2, about="s2"))

    assert over is not None
    assert three.hear("s4", word(1, about="s1")) is not None


def test_an_inquiry_is_over_after_a_second(three: Neighbourhood) -> None:
    three.hear("s2", word(is_reached=False))

    before = three.probes.take_over(AT + WORD_WITHIN_S - 0.125)
    ((at, host, inquiry),) = three.probes.take_over(AT + WORD_WITHIN_S)

    assert before == []
    assert (at, host) == (AT + WORD_WITHIN_S, three.silent)
    assert inquiry.is_unreached
    assert three.probes.next_deadline() == math.inf


@pytest.mark.parametrize(
    ("round_trip_s", "more_s"), [(0.125, 0.125), (0.625, 3 * 0.625), (5.0, 2.0)]
)
def test_neighbours_on_a_way_have_their_round_trip_more_and_a_loss_on_a_long_one(
    round_trip_s: float, more_s: float
) -> None:
    here = Neighbourhood(neighbour("s2"), neighbour("s3"))
    here.hosts["s3"].round_trip_s = round_trip_s

    here.ask()

    assert here.probes.next_deadline() == AT + WORD_WITHIN_S + more_s


def test_inquiries_are_over_in_order_of_time(three: Neighbourhood) -> None:
    for number, name in enumerate(("s2", "s3")):
        three.hosts[name].state = HostState.DOWN
        three.probes.ask(three.venue, three.hosts[name], AT - 1.0 - number)

    over = three.probes.take_over(AT + 10.0)

    assert [host.name for _, host, _ in over] == ["s3", "s2", "s1"]


def test_who_is_back_is_asked_about_no_more(three: Neighbourhood) -> None:
    three.probes.forget(three.silent)

    assert three.hear("s2", word()) is None
    assert three.probes.next_deadline() == math.inf


def test_a_stall_of_our_own_gives_the_neighbours_more_time(three: Neighbourhood) -> None:
    three.probes.credit(5.0)

    assert three.probes.next_deadline() == AT + WORD_WITHIN_S + 5.0
