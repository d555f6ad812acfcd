"""Words for what a sitting does at a moment, and for what it waits. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from venuewatch.rehearsal.playing.live import ActPhase

_PHASES: Final[Mapping[ActPhase, str]] = {
    "playing": "play",
    "looking": "look",
    "ready": "wait to be kept apart",
    "counting": "end",
}
_NAMED: Final = 3


def in_words(
    phases: Iterable[ActPhase],
    obstacles: Mapping[str, int],
    *,
    rest_s: float,
    unwell: Collection[str],
    lingering: int,
) -> str:
    """Return how many scenarios are in each phase, and for what the others wait.

    ``rest_s``: when the first of those may begin that rest. ``unwell``: the codes of venues.
    ``lingering``: how many incidents are open in case that they come again.
    """
    counts = Counter(phases)
    parts = [f"{counts[phase]} {word}" for phase, word in _PHASES.items() if counts[phase]]
    parts += [f"{count} wait {_more(what, rest_s)}" for what, count in obstacles.items() if count]
    if unwell:
        parts.append(unwell_in_words(unwell))
    if lingering:
        parts.append(f"incidents kept open in case that they return: {lingering}")
    return ", ".join(parts) or "nothing waits"


def unwell_in_words(unwell: Collection[str]) -> str:
    """Return which venues are not well; the empty code is the centre's."""
    names = sorted(code or "the centre" for code in unwell)
    if not names:
        return "an incident lingers"
    named = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"not well: {named}{more}"


def _more(what: str, rest_s: float) -> str:
    return f"{what}, the first for {rest_s:.0f} s" if what == "for a rest" else what
