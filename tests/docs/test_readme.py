"""Checks of the README and of the installation guide: examples, commands, length, links."""

import re
from pathlib import Path

import pytest

from agent import config as agent_config
from aggregator import config as aggregator_config
from venuewatch import cli

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
INSTALL = ROOT / "docs" / "install.md"
PAGES = sorted(
    page
    for folder in (ROOT, ROOT / "docs", ROOT / "mosquitto", ROOT / "deploy")
    for page in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)


def example(name: str) -> str:
    """Return the indented block that begins with a comment naming this file."""
    block = rf"^    # /etc/venuewatch/{name}\n((?:    .*\n|\n(?=    ))+)"
    found = re.search(block, INSTALL.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return "".join(line[4:] for line in found[1].splitlines(keepends=True))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_agents_example_is_right(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(example("agent.toml"))

    settings = agent_config.read(path)

    assert settings.host == "STA-results-01"
    assert [check.name for check in settings.check] == ["uplink-a", "results"]


def test_the_aggregators_example_is_right(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(example("aggregator.toml"))

    settings = aggregator_config.read(path)

    assert settings.web.listen_address == "127.0.0.1:8039"


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 130


def test_the_readme_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    there_are = re.findall(r"^    ([a-z-]+)(?: |$)", capsys.readouterr().out, re.MULTILINE)

    listed = re.findall(r"^\| `venuewatch ([a-z-]+)", README.read_text("utf-8"), re.MULTILINE)

    assert sorted(listed) == sorted(there_are)


def test_the_readmes_make_commands_exist() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)", README.read_text(encoding="utf-8")))

    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))

    for link in links:
        if not link.startswith(("http://", "https://")):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_readme_shows_the_page_as_a_small_picture() -> None:
    picture = ROOT / "docs/page.webp"

    assert "](docs/page.webp)" in (ROOT / "README.md").read_text("utf-8")
    assert (ROOT / "docs/make_page.py").exists()
    assert picture.stat().st_size <= 300_000


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_a_page_names_exist(name: str) -> None:
    code = re.findall(r"`([^`\n]+)`", (ROOT / name).read_text(encoding="utf-8"))

    named = [
        path for path in code if re.fullmatch(r"[\w.]+(/[\w.-]+)*(/|\.(py|toml|sh|yml))", path)
    ]

    tops = {path.name for path in ROOT.iterdir()}
    missing = [path for path in named if path.split("/")[0] in tops and not (ROOT / path).exists()]
    assert missing == []
    assert named
