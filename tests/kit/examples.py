"""Number of examples that a property is tested with."""

from hypothesis import settings


def examples(count: int) -> settings:
    """Return settings for ``count`` examples, or a fifth of them in ``make quick``."""
    of_profile, of_thorough = settings().max_examples, settings.get_profile("thorough").max_examples
    return settings(max_examples=max(1, count * of_profile // of_thorough))
