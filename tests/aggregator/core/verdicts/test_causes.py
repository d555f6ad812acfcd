"""Causes: each has a meaning, and a world in which the core gives it."""

import pytest

from aggregator.core.verdicts.causes import Cause
from tests.kit.story import Story
from tests.kit.worlds import WORLDS


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_world_that_gives_it(cause: Cause) -> None:
    story = Story(away_limit_s=12.0).bring_up()

    WORLDS[cause](story)
    story.run(15.0)

    (incident,) = story.centre.decisions.incidents.open.values()
    assert incident.evidence
    assert str(cause) in {told for _, _, _, told in story.lines()}


def test_every_cause_has_a_meaning_of_its_own() -> None:
    meanings = {cause.meaning for cause in Cause}

    assert len(meanings) == len(Cause)
    assert all(meaning.endswith(".") for meaning in meanings)
