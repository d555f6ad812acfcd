"""Finds the subscribers that want a topic."""

from functools import lru_cache
from typing import Generic, TypeVar

S = TypeVar("S")


@lru_cache(maxsize=65_536)
def is_wanted(topic: str, pattern: str) -> bool:
    """Tell whether ``topic`` fits an MQTT pattern (MQTT 5, 4.7); ``#`` also fits its parent."""
    levels, wanted = topic.split("/"), pattern.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        if len(levels) < len(wanted):
            return False
    elif len(levels) != len(wanted):
        return False
    return all(want in ("+", level) for want, level in zip(wanted, levels, strict=False))


class Router(Generic[S]):
    """Subscriptions by pattern; what a topic leads to is worked out once."""

    def __init__(self) -> None:
        self._patterns: dict[S, tuple[str, ...]] = {}
        self._exact: dict[str, dict[S, None]] = {}
        self._wild: dict[S, list[str]] = {}

    def subscribe(self, who: S, patterns: tuple[str, ...]) -> None:
        """Have ``who`` want exactly these."""
        self.leave(who)
        self._patterns[who] = patterns
        for pattern in patterns:
            if "+" in pattern or "#" in pattern:
                self._wild.setdefault(who, []).append(pattern)
            else:
                self._exact.setdefault(pattern, {})[who] = None

    def leave(self, who: S) -> None:
        """Have ``who`` want nothing."""
        for pattern in self._patterns.pop(who, ()):
            self._exact.get(pattern, {}).pop(who, None)
        self._wild.pop(who, None)

    def wanting(self, topic: str) -> list[S]:
        """Return who wants a message of ``topic``, each once."""
        found = dict(self._exact.get(topic, {}))
        for who, patterns in self._wild.items():
            if any(is_wanted(topic, pattern) for pattern in patterns):
                found[who] = None
        return list(found)
