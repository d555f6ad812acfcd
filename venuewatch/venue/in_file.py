"""Writes tables as TOML has them, a line a key; what is None is left out."""

from collections.abc import Mapping

from venuewatch.base.in_toml import in_toml


def table(said: Mapping[str, object], head: str = "") -> str:
    """Return a table below its head, as in ``[[venue]]``; the top of a file has none."""
    lines = [head] if head else []
    lines += [f"{key} = {in_toml(value)}" for key, value in said.items() if value is not None]
    return "\n".join(lines) + "\n"
