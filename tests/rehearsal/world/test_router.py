import pytest

from venuewatch.rehearsal.world.router import Router, is_wanted


@pytest.mark.parametrize(
    ("topic", "pattern", "wanted"),
    [
        ("a/b/c", "a/b/c", True),
        ("a/b/c", "a/+/c", True),
        ("a/b/c", "a/+", False),
        ("a/b/c", "a/#", True),
        ("a", "a/#", True),
        ("a/b/c/d", "a/+/+/#", True),
        ("a/b/c", "a/+/+/#", True),
        ("a/b", "a/+/+/#", False),
    ],
)
def test_patterns_mean_what_they_mean_in_mqtt(topic: str, pattern: str, *, wanted: bool) -> None:
    assert is_wanted(topic, pattern) is wanted


def test_who_wants_a_topic_twice_gets_it_once_and_who_left_gets_nothing() -> None:
    router: Router[str] = Router()
    router.subscribe("both", ("a/b", "a/+"))
    router.subscribe("gone", ("a/b",))

    router.leave("gone")

    assert router.wanting("a/b") == ["both"]
