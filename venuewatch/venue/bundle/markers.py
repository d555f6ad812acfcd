"""Tells what a wheel requires on one Python: names, versions and markers of its metadata. Pure.

Markers and versions are read as far as packages of ours use them (PEP 508, PEP 440). What can not
be read counts as required, so that a bundle has a wheel too much rather than one too few.
"""

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

_REQUIREMENT: Final = re.compile(
    r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?\s*\(?([^;()]*)\)?\s*(?:;(.*))?", re.DOTALL
)
_CLAUSE: Final = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([^\s,]+)")
_RELEASE: Final = re.compile(r"(?:\d+!)?(\d+(?:\.\d+)*)")
_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_COMPARED: Final[Mapping[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class Requirement(NamedTuple):
    """What a wheel requires: a distribution, extras of it, and versions (``>=0.8,<0.9``)."""

    name: str
    extras: frozenset[str]
    versions: str


def normal(name: str) -> str:
    """Return a distribution's name as wheels are compared by it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(
    line: str, *, python: str, machine: str, extras: Collection[str]
) -> Requirement | None:
    """Return what a line of ``Requires-Dist`` asks for; None where it asks for nothing there.

    ``python``: such as ``3.12``; ``machine``: such as ``x86_64``.

    Raises:
        ValueError: it is no requirement.
    """
    found = _REQUIREMENT.fullmatch(line)
    if found is None:
        raise ValueError(f"expected a requirement, got {line!r}")
    name, asked, versions, marker = found.groups()
    variables = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
    if marker and not any(_holds(marker, {**variables, "extra": extra}) for extra in ("", *extras)):
        return None
    chosen = frozenset(normal(extra) for extra in (asked or "").split(",") if extra.strip())
    return Requirement(normal(name), chosen, versions.strip())


def fits(version: str, versions: str) -> bool:
    """Tell if a version is one of those (``>=0.8,<0.9``); letters behind it are left out."""
    return all(_fits(version, sign, limit) for sign, limit in _CLAUSE.findall(versions))


def _fits(version: str, sign: str, limit: str) -> bool:
    if sign == "===":
        return version == limit
    has, wants = release_of(version), release_of(limit)
    if limit.endswith(".*"):
        return (has[: len(wants)] == wants) == (sign == "==")
    if sign == "~=":
        return has[: len(wants) - 1] == wants[:-1] and has >= wants
    width = max(len(has), len(wants))
    has, wants = _padded(has, width), _padded(wants, width)
    if sign in _ORDER:
        return _ORDER[sign](has, wants)
    return (has == wants) == (sign == "==")


def release_of(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with."""
    found = _RELEASE.match(version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _padded(release: tuple[int, ...], width: int) -> tuple[int, ...]:
    return release + (0,) * (width - len(release))


def _holds(marker: str, variables: Mapping[str, str]) -> bool:
    """Tell if a marker is true: its grammar is a part of Python's own."""
    try:
        return _true(ast.parse(marker.strip(), mode="eval").body, variables)
    except (SyntaxError, ValueError, KeyError, RecursionError):
        return True


def _true(node: ast.expr, variables: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = [_true(part, variables) for part in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        raise ValueError("no comparison")
    left, right = (_text(side, variables) for side in (node.left, node.comparators[0]))
    sign = type(node.ops[0])
    if sign is ast.In:
        return left in right
    if sign is ast.NotIn:
        return left not in right
    names = [side.id for side in (node.left, node.comparators[0]) if isinstance(side, ast.Name)]
    if "extra" in names:
        left, right = normal(left), normal(right)
    if any(name.endswith("_version") for name in names):
        return _fits(left, _COMPARED[sign], right)
    return {"==": left == right, "!=": left != right}[_COMPARED[sign]]


def _text(node: ast.expr, variables: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name) and node.id in variables:
        return variables[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError("neither a known variable nor text")
