"""Versions that are missing, repeated or went backward, and messages that are no competition's."""

import pytest

from agent.checks.results_feed.state import Flag
from tests.agent.checks.feed.hall import UNIT, Hall, each

NO_LOSS = "flowing version_gaps_total=0 version_regressions_total=0 messages_total=3"
WRONG = "feed flag T, expected P"
STORIES = {
    "a gap is counted and said": (
        "0 CURRENT version=3; 1 CURRENT version=7; 1 flowing version_gaps_total=3 "
        f"version_regressions_total=0: *DT_CURRENT {UNIT} jumped to version 7, 3 missing"
    ),
    "a regression is counted and said": (
        "0 CURRENT version=3; 1 CURRENT version=2; 1 flowing version_gaps_total=0 "
        f"version_regressions_total=1: *DT_CURRENT {UNIT} went back to version 2"
    ),
    "a repeated version is no loss": each(range(3), "CURRENT version=3") + f"; 2 {NO_LOSS}",
    "versions of updates are no loss": (
        "0 RESULT_UPDATE version=1; 1 RESULT_UPDATE version=9; 2 RESULT_UPDATE version=2; "
        f"2 {NO_LOSS}"
    ),
    "an overtaken message is a regression that is not followed": (
        "0 CURRENT version=8; 20 CURRENT version=10; 21 CURRENT version=9 stamped_s=10; "
        "30 CURRENT version=11; 30 flowing version_gaps_total=1 version_regressions_total=1"
    ),
    "a source that counts anew is followed": (
        f"0 CURRENT version=90; {each(range(1, 6), 'CURRENT version={}')}; "
        "20 flowing version_gaps_total=0 version_regressions_total=1"
    ),
    "the first message of a source that counts anew moves its data": (
        f"0 RESULT version=7; 40 RESULT version=1; 60 KA; 84 KA; 84 flowing live_units=1 "
        f"version_regressions_total=1: *DT_RESULT {UNIT} went back to version 1"
    ),
    "a source that counts anew ends its unit with its first message": (
        f"0 RESULT version=7; 40 RESULT version=1 status=OFFICIAL; {each(range(60, 300, 20), 'KA')}"
        "; 300 flowing live_units=0 version_regressions_total=1"
    ),
    "an old version that comes late moves no data": (
        "0 RESULT version=7; 40 RESULT version=1 stamped_s=-60; 46 KA; 60 KA; 60 frozen"
    ),
    **{
        f"each {other} has versions of its own": (
            f"0 CURRENT version=1; 1 CURRENT version=9 {other}=OTHER; "
            "1 flowing version_gaps_total=0"
        )
        for other in ("code", "competition", "subcode", "subtype", "language", "source")
    },
    "each type has versions of its own": (
        f"0 CURRENT version=1; 1 OTHER code={UNIT} status=LIVE version=9; "
        "1 flowing version_gaps_total=0"
    ),
    "messages with another flag are counted and said and excuse nothing": (
        f"0 LOCAL_ON; 80 KA flag=T; 100 silent wrong_flag_total=1: *{WRONG}*"
    ),
    "another flag ends no window and no unit": (
        "0 CURRENT version=1; 10 RESULT status=OFFICIAL flag=T; 20 LOCAL_OFF flag=T; "
        "30 flowing live_units=1"
    ),
    "a competition that is sent with another flag only is frozen": (
        "0 LOCAL_ON flag=T; 10 not_expected; "
        f"{each(range(10, 100, 10), 'CURRENT version={} flag=T')}; 100 frozen: *{WRONG}*"
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_loss_and_flags_are_judged_as_they_are_told(story: str) -> None:
    Hall().plays(story)


@pytest.mark.parametrize(("flag", "expected"), [("", "P"), ("T", "T"), ("P", "any"), ("T", "any")])
def test_a_flag_that_fits_or_is_missing_is_not_wrong(flag: str, expected: Flag) -> None:
    Hall(expected).plays(f"0 LOCAL_ON flag={flag}; 0 flowing wrong_flag_total=0")
