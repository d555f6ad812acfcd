"""Checks of the page of promises: each has tests, and each of these is there and runs."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = ROOT / "bench" / "results"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


class Promise(NamedTuple):
    """A row of the page: its words, and the file and name of each test."""

    words: str
    tests: list[tuple[str, str]]


def rows_of(page: str) -> list[Promise]:
    """Return the rows of all tables."""
    lines = [line.strip("| ") for line in page.splitlines() if line.startswith("| ")]
    cells = [line.split(" | ") for line in lines if line != "promise | held by"]
    return [Promise(words, NAMED.findall(tests)) for words, tests in cells]


def promises_of(readme: str) -> set[str]:
    """Return the sentences with which a README promises: see the page."""
    claims = re.findall(r"^\* (\*\*.+?)(?=^\* |\n\n)", readme, re.MULTILINE | re.DOTALL)
    sentences = {
        sentence
        for claim in claims
        for sentence in re.split(r"(?<=\.)\s+", " ".join(claim.replace("**", "").split()))
        if sentence and not sentence.startswith("[")
    }
    inside = re.findall(r"(?<=\S[ \n])\*\*([^*]+\.)\*\*", readme)
    return sentences | {" ".join(sentence.split()) for sentence in inside}


@cache
def found_in(file: Path) -> dict[str, bool]:
    """Return the tests of a file by name, and whether each is one that can run."""
    if not file.is_file():
        return {}
    tree = ast.parse(file.read_bytes())
    marks = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and _names(node.targets) == ["pytestmark"]
    ]
    is_off = any(_skips(mark) for mark in marks)
    return {
        node.name: not is_off
        and not any(_skips(mark) for mark in node.decorator_list)
        and not _gives_up(node)
        for node in _functions(tree)
    }


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    functions = (
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    yield from (function for function in functions if function.name.startswith("test_"))


def _names(targets: list[ast.expr]) -> list[str]:
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _skips(mark: ast.expr) -> bool:
    """Tell whether a mark skips always: a bare skip, or one whose condition is a true constant."""
    if isinstance(mark, ast.List | ast.Tuple):
        return any(map(_skips, mark.elts))
    call = mark.func if isinstance(mark, ast.Call) else mark
    name = ast.unparse(call).rpartition(".")[2]
    if name == "skip":
        return True
    if name != "skipif" or not isinstance(mark, ast.Call) or not mark.args:
        return False
    return isinstance(mark.args[0], ast.Constant) and bool(mark.args[0].value)


def _gives_up(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a test ends before it has begun."""
    first = next((node for node in test.body if not _is_docstring(node)), None)
    if isinstance(first, ast.Pass) or first is None:
        return True
    is_call = isinstance(first, ast.Expr) and isinstance(first.value, ast.Call)
    return is_call and ast.unparse(first).startswith(("pytest.skip(", "pytest.xfail("))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def wrong_in(page: str, readme: str, root: Path) -> list[str]:
    """Return what is wrong with a page of promises."""
    rows = rows_of(page)
    words = {row.words for row in rows}
    last = {"T": 6, "V": 8, "R": 10}
    numbered = {f"{kind}{at}" for kind, most in last.items() for at in range(1, most + 1)}
    wrong = [f"{row.words}: no test" for row in rows if not row.tests]
    wrong += [
        f"{name}: no row" for name in sorted(numbered - {row.partition(" ")[0] for row in words})
    ]
    wrong += [f"{sentence}: no row" for sentence in sorted(promises_of(readme) - words)]
    said = promises_of(readme)
    others = sorted(
        row for row in words if row.partition(" ")[0] not in numbered and row not in said
    )
    wrong += [f"{row}: the README does not say so" for row in others]
    for row in rows:
        for file, name in row.tests:
            can_run = found_in(root / file).get(name)
            if can_run is None:
                wrong.append(f"{file}::{name}: not there")
            elif not can_run:
                wrong.append(f"{file}::{name}: never runs")
    return wrong


def test_every_promise_has_tests_that_are_there_and_run() -> None:
    assert wrong_in(PAGE, README, ROOT) == []


def test_every_row_names_nothing_but_tests() -> None:
    tables = [line for line in PAGE.splitlines() if line.startswith("| ") and "held by" not in line]

    for line in tables:
        named = line.strip("| ").split(" | ")[1]
        assert ", ".join(f"`{file}::{name}`" for file, name in NAMED.findall(named)) == named


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ("test_a_jump_deletes_nothing", "test_a_jump_deletes", "test_a_jump_deletes: not there"),
        ("tests/docs/test_queues.py", "tests/docs/test_queue.py", "table_has_its_head"),
        ("| T5 Nothing", "| T9 Nothing", "T5: no row"),
        ("| R4 Each", "| R9 Each", "R4: no row"),
        ("| V3 A flood", "| V1 A flood", "V3: no row"),
        ("| It is quick. ", "| It is fast. ", "It is quick.: no row"),
        ("| Its state stays. ", "| It stays. ", "It stays.: the README does not say so"),
        ("`tests/integration/test_verdicts.py::", "`tests/", "It is quick.: no test"),
    ],
)
def test_a_page_that_is_wrong_is_told(before: str, after: str, wrong: str) -> None:
    assert before in PAGE

    assert [line for line in wrong_in(PAGE.replace(before, after), README, ROOT) if wrong in line]


@pytest.mark.parametrize(
    "more",
    [
        "* **It sings.** Loudly.\n\nThen",
        "It is so. **It sings.** And",
        "It is\n**It sings.**",
    ],
)
def test_a_new_promise_of_the_readme_wants_a_row(more: str) -> None:
    assert "It sings.: no row" in wrong_in(PAGE, f"{README}\n{more}\n\n", ROOT)


@pytest.mark.parametrize(
    ("test", "can_run"),
    [
        ("def test_a(): assert f()", True),
        ("@pytest.mark.real\nasync def test_a(): assert f()", True),
        ("@pytest.mark.skipif(f(), reason='')\ndef test_a(): assert f()", True),
        ("@pytest.mark.skip(reason='')\ndef test_a(): assert f()", False),
        ("@pytest.mark.skip\ndef test_a(): assert f()", False),
        ("@pytest.mark.skipif(True, reason='')\ndef test_a(): assert f()", False),
        ("pytestmark = [pytest.mark.real, pytest.mark.skip]\ndef test_a(): assert f()", False),
        ("def test_a():\n    'So.'\n    pytest.skip('')", False),
        ("def test_a(): pass", False),
    ],
)
def test_a_test_that_never_runs_is_known(tmp_path: Path, test: str, *, can_run: bool) -> None:
    file = tmp_path / "test_one.py"
    file.write_text(test, encoding="utf-8")

    assert found_in(file) == {"test_a": can_run}


def kept(bench: str) -> dict[str, Any]:
    """Return our own row of the kept run of a bench."""
    rows = json.loads((RESULTS / f"{bench}.json").read_text(encoding="utf-8"))["rows"]
    return next(row for row in rows if row["side"] == "ours")


def test_cost_of_an_agent_is_that_of_the_kept_run() -> None:
    row = kept("agent")

    said = re.search(
        r"An agent takes (\d+) MiB of memory and ([\d.]+) CPU seconds a minute", README
    )
    assert said is not None
    assert float(said[1]) == pytest.approx(row["rss_mib"], abs=1.0)
    assert float(said[2]) == pytest.approx(row["cpu_s_per_min"], abs=0.01)


def test_cost_of_the_aggregator_is_that_of_the_kept_run() -> None:
    cores = kept("ingest")["cpu_us_per_beat_max"] * 1e-6 * 15_000

    assert "part of one core for 15,000 hosts" in " ".join(README.split())
    assert cores <= 0.5
