"""Runs the worked example of ``docs/adding-a-check.md`` as it stands there."""

import re
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent import checks, config

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "adding-a-check.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the page's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the example's file the one kind that the agent finds by itself."""
    (tmp_path / "udp.py").write_text(blocks("python")[0], encoding="utf-8")
    monkeypatch.setattr(checks, "__path__", [str(tmp_path), *checks.__path__])
    yield
    sys.modules.pop("agent.checks.udp", None)


def own_tests() -> dict[str, Callable[[], None]]:
    namespace: dict[str, Callable[[], None]] = {}
    exec(blocks("python")[1], namespace)  # noqa: S102 - our own page
    return {name: found for name, found in namespace.items() if name.startswith("test_")}


@pytest.mark.parametrize("name", own_tests())
def test_the_examples_own_tests_pass(name: str) -> None:
    own_tests()[name]()


def test_the_examples_page_is_the_generated_one() -> None:
    made: str = runpy.run_path(str(DOCS / "make_checks.py"))["text"]()

    quoted = re.findall(r"^    (## udp\n(?:    .*\n|\n)+)", PAGE, re.MULTILINE)[0]

    assert re.sub(r"^    ", "", quoted, flags=re.MULTILINE).strip() in made


def test_the_examples_configuration_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f'venue = "STA"\nhost = "STA-1"\n{blocks("toml")[0]}')

    assert [check.name for check in config.read(path).check] == ["timing"]
