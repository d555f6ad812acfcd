"""Writes a value as TOML has it in one line, and a table in several."""

from collections.abc import Mapping

import msgspec


def in_toml(value: object) -> str:
    """Return a value as TOML has it; what a table has as None is left out."""
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {in_toml(it)}" for key, it in value.items() if it is not None)
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(in_toml, value))}]"
    return _word(value)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _word(name)


def _word(value: object) -> str:
    text = msgspec.json.encode(value).decode()  # the same for texts, numbers and booleans
    return text.replace("\x7f", "\\u007f")  # but for a sign that TOML takes in no other form


def table(said: Mapping[str, object], head: str = "") -> str:
    """Return a table, a line a key, below its head, as ``[[venue]]``; a file's top has none."""
    lines = [head] if head else []
    lines += [f"{key} = {in_toml(value)}" for key, value in said.items() if value is not None]
    return "\n".join(lines) + "\n"
