"""We hear hosts that do not hear us."""

from aggregator.core.cases import OneWay
from aggregator.core.evidence import Verdict
from aggregator.core.rules.one_way_loss import judge
from tests.aggregator.cases import AT, cause_of, hosts


def test_beats_without_an_echo_are_a_way_that_is_lost() -> None:
    assert cause_of(judge(OneWay(AT, hosts(1), 3, 40))) == "one_way_loss"


def test_it_lists_the_canaries_that_returned_and_each_host_that_echoes_none() -> None:
    mute = hosts(2)
    mute[0].presence.unechoed, mute[1].presence.unechoed = 5, 7

    said = judge(OneWay(AT, mute, 3, 40))

    assert isinstance(said, Verdict)
    assert [(seen.seen, dict(seen.detail)) for seen in said.evidence] == [
        ("canary", {"ticks_returned": 40}),
        ("no_echo", {"host": "s1", "beats": 5, "hosts_beating": 3}),
        ("no_echo", {"host": "s2", "beats": 7, "hosts_beating": 3}),
    ]
