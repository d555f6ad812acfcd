"""The recorded calls of the start commit lead to the same events: its behaviour has stayed."""

import pytest

from tests.kit import recording

SEEDS = 3


def differences(seeds: range) -> list[str]:
    found = []
    for at, world in enumerate(recording.worlds()):
        if at % SEEDS in seeds:
            difference = recording.play(world).difference()
            if difference:
                found.append(f"{world['fault']} {world['seed']}: {difference}")
    return found


@pytest.mark.long
def test_recorded_calls_lead_to_recorded_events() -> None:
    assert differences(range(1)) == []


@pytest.mark.long
@pytest.mark.timeout(600)  # half a minute of computing, on a machine of its own
def test_recorded_calls_of_more_seeds_lead_to_recorded_events() -> None:
    assert differences(range(1, SEEDS)) == []
