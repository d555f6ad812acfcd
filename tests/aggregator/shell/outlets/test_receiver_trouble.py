"""Receivers in trouble: of a real incident nothing is lost, whatever they answer and others say."""

from collections.abc import Sequence

import msgspec
import pytest

from aggregator.shell.journal.rows import Notice
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.outlets.sending import Sending, sending, where
from tests.kit.receiver import Answer, Receiver
from tests.kit.waiting import until
from venuewatch.base import clock

OUTAGE_S = 600.0
OUT_WITHIN_S = 10.0
"""How soon the first word is out after the receiver is well."""

REAL = 7_000
CHANGES = ("opened", "sharpened", "closed")
TROUBLES: Sequence[Answer] = (401, 302, 404, 429, 500, "hang", "hang_up", "slow", "drip")


class Ahead:
    """The monotonic clock, and how far (s) it is set ahead."""

    def __init__(self) -> None:
        self.by_s = 0.0
        self._real = clock.monotonic

    def now(self) -> float:
        return self._real() + self.by_s


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Ahead:
    found = Ahead()
    monkeypatch.setattr(clock, "monotonic", found.now)
    return found


def notice(number: int, seq: int, change: str, venue: str, host: str) -> Notice:
    body = {"id": f"{number}-{seq}", "change": change, "incident": {"venue": venue, "host": host}}
    return Notice(f"{number}-{seq}", msgspec.json.encode(body))


def flood(at_work: Sending, begin: int) -> None:
    """Let one host of another venue open 500 incidents, and repeat itself 3,000 times."""
    at_work.webhook.add(
        [notice(number, 1, "opened", "MAD", "mad") for number in range(begin, begin + 500)]
    )
    at_work.webhook.add([notice(begin, seq, "sharpened", "MAD", "mad") for seq in range(2, 3_002)])


@pytest.mark.parametrize("answer", TROUBLES, ids=str)
async def test_nothing_of_a_real_incident_is_lost(
    receiver: Receiver, answer: Answer, ahead: Ahead
) -> None:
    receiver.usual = answer
    real = [notice(REAL, seq, change, "STA", "STA-1") for seq, change in enumerate(CHANGES, 1)]

    async with sending(where(receiver.url)) as at_work:
        flood(at_work, 1)
        at_work.webhook.add(real[:1])
        await receiver.until_attempts(3)
        ahead.by_s += OUTAGE_S
        flood(at_work, 1_000)
        at_work.webhook.add(real[1:])
        await receiver.until_attempts(5)
        receiver.usual = 200
        well_at = clock.monotonic()
        await until(lambda: f"{REAL}-1" in at_work.settled)
        out_at = clock.monotonic()
        await until(lambda: f"{REAL}-3" in at_work.settled)

    taken = [body["id"] for body in receiver.taken]
    ours = list(dict.fromkeys(id_ for id_ in taken if id_.startswith(f"{REAL}-")))
    assert ours == [one.id for one in real]
    assert out_at - well_at <= OUT_WITHIN_S


async def test_a_flood_over_the_bound_costs_its_own_host_alone(
    receiver: Receiver, ahead: Ahead, whys: Whys
) -> None:
    receiver.usual = 404
    async with sending(where(receiver.url)) as at_work:
        at_work.webhook.add([notice(REAL, 1, "opened", "STA", "STA-1")])
        for begin in range(10_000, 20_000, 1_000):
            flood(at_work, begin)
        await receiver.until_attempts(3)
        ahead.by_s += OUTAGE_S
        await until(lambda: any("it answers 404" in why for why in at_work.wrong))
        lost = {id_.split("-")[1] for id_ in at_work.settled}
        receiver.usual = 200
        await until(lambda: f"{REAL}-1" in [body["id"] for body in receiver.taken])

    assert at_work.counted("dropped") >= 10 * 3_500 - 10_000 - 1
    assert "1" not in lost
    assert any("too many notices wait" in why for why in whys("webhook_fails"))


async def test_order_and_fairness_hold_after_a_restart(receiver: Receiver) -> None:
    """What the journal gives back is one list, the oldest first."""
    left = [notice(1, seq, "sharpened", "MAD", "mad") for seq in range(2, 1_000)]
    left += [notice(number, 1, "opened", "MAD", "mad") for number in range(10, 500)]
    left += [notice(REAL, seq, change, "STA", "STA-1") for seq, change in enumerate(CHANGES, 1)]

    async with sending(where(receiver.url)) as at_work:
        at_work.webhook.add(left)
        await at_work.until_settled(20)

    ours = [id_ for id_ in receiver.ids[:20] if id_.startswith(f"{REAL}-")]
    assert ours == [f"{REAL}-1", f"{REAL}-2", f"{REAL}-3"]
