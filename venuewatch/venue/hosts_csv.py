"""Reads the hosts of a venue from CSV, and tells every line that is wrong at once. Pure.

The first line names the columns. A spreadsheet may put a comma, a semicolon or a tab between them,
a mark at the start of the file, and blanks around what it says.
"""

import csv
import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, NamedTuple

from aggregator.inventory import HostEntry
from venuewatch.base.config import one_line
from venuewatch.base.refusals import convert, unknown
from venuewatch.base.wire.bounds import TEXT_MAX

COLUMNS: Final = ("host", "role", "address", "probe_port", "gateway", "required")
HOSTS_MAX: Final = 2_000
"""How many hosts a venue has at most."""

_WORDS: Final = {"yes": True, "x": True, "no": False}
_LABEL: Final = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOST_NAME: Final = re.compile(rf"({_LABEL}\.)*(?![0-9]+\.?$){_LABEL}\.?")
"""Names of hosts: the last part is no number, or else it is an address that is wrong."""


class Hosts(NamedTuple):
    """The hosts of a file, and a line for each that is wrong in it."""

    hosts: tuple[HostEntry, ...]
    wrong: tuple[str, ...]


def read(data: bytes) -> Hosts:
    """Return the hosts of a file; where anything is wrong nobody should use them."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Hosts((), (f"line {line}: expected UTF-8: save the file as CSV UTF-8",))
    wrong: list[str] = []
    found: dict[str, tuple[HostEntry, int]] = {}
    try:
        for line, cells in _rows(text):
            _take(line, cells, found, wrong)
    except (ValueError, csv.Error) as error:
        wrong.append(one_line(error))
    if not wrong and not 1 <= len(found) <= HOSTS_MAX:
        wrong.append(f"expected 1 to {HOSTS_MAX:,} hosts, got {len(found):,}")
    return Hosts(tuple(host for host, _ in found.values()), tuple(wrong))


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the cells that say something, by column, with the number of their line.

    Raises:
        ValueError, csv.Error: what is behind can not be read.
    """
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in next(rows, [])]
    while names and not names[-1]:  # a spreadsheet keeps columns that once were used
        names.pop()
    _check(names)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(f"line {rows.line_num}: expected CSV: {error}") from None
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) > len(names):
            cells = [*cells[: len(names)], *filter(None, cells[len(names) :])]
        yield rows.line_num, dict(zip([*names, *_extra(cells, names)], cells, strict=False))


def _extra(cells: list[str], names: list[str]) -> list[str]:
    return [f"cell {at + 1}" for at in range(len(names), len(cells))]


def _check(names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            raise ValueError(f"line 1: {unknown('column', name, COLUMNS)}")
        if names.count(name) > 1:
            raise ValueError(f"line 1: expected each column once, got {name} twice")
    if "host" not in names:
        raise ValueError("line 1: expected a column host")


def _take(
    line: int, cells: dict[str, str], found: dict[str, tuple[HostEntry, int]], wrong: list[str]
) -> None:
    extra = [name for name in cells if name not in COLUMNS]
    if extra:
        wrong.append(f"line {line}: expected a cell for each column at most, got one more")
        return
    said: dict[str, object] = {name: cell for name, cell in cells.items() if cell}
    for name in ("gateway", "required"):
        if name in said:
            said[name] = _WORDS.get(str(said[name]).lower(), str(said[name]).lower())
    if "host" in said:
        said["name"] = said.pop("host")
    problems = list(_problems(said))
    try:
        host = convert(said, HostEntry, strict=False)
    except ValueError as error:
        place = str(error).replace('"name"', '"host"').replace("$.name", "$.host")
        problems.append(place.replace(" at $.", " in column ").removesuffix(" at $"))
    else:
        before = found.get(host.name)
        if before is not None:
            problems.append(f"expected each host once, {host.name} is on line {before[1]}, too")
        elif not problems:
            found[host.name] = (host, line)
    wrong += [f"line {line}: {one_line(problem)}" for problem in problems]


def is_address(text: str) -> bool:
    """Tell whether a text is an address, or may be the name of a host."""
    try:
        return ip_address(text).version == 4 or "%" not in text  # noqa: PLR2004
    except ValueError:
        return _HOST_NAME.fullmatch(text) is not None


def is_path_name(name: str) -> bool:
    """Tell whether a name may be a file's and a command's argument: no ``..`` and no ``-x``."""
    return name[:1] not in {".", "-"}


def _problems(said: dict[str, object]) -> Iterator[str]:
    role, address = str(said.get("role", "")), str(said.get("address", ""))
    if not is_path_name(str(said.get("name", "x"))):
        yield "expected a name in column host that begins with a letter or a digit"
    if len(role) > TEXT_MAX or not role.isprintable():
        yield f"expected a role of {TEXT_MAX} characters at most, on one line"
    if address and not is_address(address):
        yield f"expected an address or a host's name in column address, got {address!r}"
