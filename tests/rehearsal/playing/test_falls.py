"""Hits that come again and again, or of several orders, are kept apart from those of others."""

from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.scenario import Order, Scenario, Value

HOSTS = 7
KEEPALIVE_S = 5.0


def isolation() -> Isolation:
    return Isolation(lambda _code: KEEPALIVE_S, lambda _code: HOSTS)


def order(
    target: str,
    *,
    at_s: float = 0.0,
    lasts_s: float = 4.0,
    fault: str = "agent_killed",
    fields: dict[str, Value] | None = None,
) -> Order:
    return Order(
        step=f"{target} {at_s}",
        at_s=at_s,
        fault=fault,
        targets=(target,),
        lasts_s=lasts_s,
        fields=fields or {},
    )


def scenario(number: int, *orders: Order) -> Scenario:
    """Return one of these orders, at the venue of the first."""
    venue = orders[0].targets[0].partition(":")[2].partition("/")[0]
    return Scenario(
        number=number,
        kind="any",
        kind_id="",
        title="",
        policy="",
        venues=(venue,),
        seed=number,
        modes=("simulated",),
        orders=orders,
    )


def test_nothing_is_hit_when_a_venue_that_is_cut_again_and_again_is_back() -> None:
    rules = isolation()
    fields: dict[str, Value] = {"falls": 5, "every_s": 20.0, "down_s": 2.0}
    flapping = order("venue:A", lasts_s=100.0, fault="uplink_flapping", fields=fields)
    rules.begin(scenario(1, flapping), 0.0)

    begun = [now for now in range(2, 100, 10) if rules.may_begin(_one_of("B"), float(now))]
    assert begun == [12, 32, 52, 72, 92]


def test_how_often_it_falls_is_the_faults_own_word_where_the_order_has_none() -> None:
    rules = isolation()
    flapping = order("venue:A", lasts_s=160.0, fault="uplink_flapping")
    rules.begin(scenario(1, flapping), 0.0)

    assert not rules.may_begin(_one_of("B"), 90.0)


def test_nothing_is_hit_while_agents_are_ended_one_after_the_other() -> None:
    rules = isolation()
    update = order("venue:A", lasts_s=60.0, fault="bad_update", fields={"within_s": 30.0})
    rules.begin(scenario(1, update), 0.0)

    assert not rules.may_begin(_one_of("B"), 25.0)


def test_orders_of_one_scenario_count_together_beside_those_of_another() -> None:
    rules = isolation()
    rules.begin(scenario(1, order("host:A/A-1", lasts_s=30.0)), 0.0)
    two = scenario(2, order("host:B/B-1"), order("host:B/B-2", at_s=0.5))

    assert not rules.may_begin(two, 0.2)
    assert rules.may_begin(_one_of("B"), 0.2)


def test_scenario_of_many_orders_is_not_kept_from_itself() -> None:
    many = scenario(1, *(order(f"host:A/A-{number}") for number in range(5)))

    assert isolation().may_begin(many, 0.0)


def _one_of(venue: str) -> Scenario:
    return scenario(9, order(f"host:{venue}/{venue}-1", lasts_s=2.0))
