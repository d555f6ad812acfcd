"""Rules of the house that no linter knows: words, lengths and names of modules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("agent", "aggregator", "venuewatch", "bench")
FOUND_BY_FOLDER = {
    "agent/checks",
    "agent/checks/extractors",
    "agent/checks/ways",
    "agent/vitals",
    "aggregator/shell/http/page/views",
    "aggregator/shell/outlets",
    "bench",
    "venuewatch/doctor/checks",
    "venuewatch/rehearsal/commands",
    "venuewatch/venue/commands",
    "venuewatch/rehearsal/margins/detectors",
    "venuewatch/rehearsal/faults",
    "venuewatch/rehearsal/live/watched",
}
QUESTION_WORDS = re.compile(r"(What|Whether|Which|How|Who|Whose|Whom|Where|When)(ever)?\b")
LONGEST = 400
SHORT = 40
SHORT_SHARE_MAX = 0.06
"""A ratchet: the share may fall, never rise."""


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_module_docstring_begins_with_no_question_word() -> None:
    asking = [
        f"{name_of(path)}: {first}"
        for path in modules(*PRODUCT, "tests")
        if (first := (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0])
        and QUESTION_WORDS.match(first)
    ]

    assert asking == []


def test_no_module_has_over_400_lines() -> None:
    long = [name_of(path) for path in modules(*PRODUCT, "tests") if length(path) > LONGEST]

    assert long == []


def test_few_modules_are_too_short_to_answer_a_question() -> None:
    rooms = [
        path
        for path in modules(*PRODUCT)
        if name_of(path.parent) not in FOUND_BY_FOLDER
        and not (path.name == "__init__.py" and length(path) <= 1)
    ]
    short = [name_of(path) for path in rooms if length(path) <= SHORT]

    share = len(short) / len(rooms)

    assert share <= SHORT_SHARE_MAX, (
        f"{len(short)} of {len(rooms)} modules have {SHORT} lines or less: {', '.join(short)}"
    )


def test_no_two_modules_differ_by_an_underscore_only() -> None:
    names = {name_of(path) for path in modules(*PRODUCT)}

    twins = [name for name in names if re.sub(r"/_(?=[a-z])", "/", name) in names - {name}]

    assert twins == []
