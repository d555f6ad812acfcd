"""A sitting says what it does, and what it waits for."""

from venuewatch.rehearsal.playing.waits import in_words, unwell_in_words


def test_phases_and_obstacles_are_counted() -> None:
    said = in_words(
        ["playing", "looking", "playing", "ready", "over"],
        {"for a rest": 2, "for their turn": 30, "to be alone": 0},
        rest_s=87.4,
        unwell={"STA"},
        lingering=1,
    )

    assert said == (
        "2 play, 1 look, 1 wait to be kept apart, 2 wait for a rest, the first for 87 s, 30 wait "
        "for their turn, not well: STA, incidents kept open in case that they return: 1"
    )


def test_sitting_that_waits_for_nothing_says_so() -> None:
    assert in_words([], {}, rest_s=0.0, unwell=(), lingering=0) == "nothing waits"


def test_only_some_of_many_venues_are_named() -> None:
    assert unwell_in_words(["D", "", "A", "C", "B"]) == "not well: A, B, C and 2 more"
    assert unwell_in_words(["", "A"]) == "not well: A, the centre"
    assert unwell_in_words([]) == "an incident lingers"
