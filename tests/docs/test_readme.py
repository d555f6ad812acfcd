"""The README's examples are right."""

import re
from pathlib import Path

from agent import config as agent_config
from aggregator import config as aggregator_config

README = Path(__file__).parents[2] / "README.md"


def example(name: str) -> str:
    """Return the indented block that begins with a comment naming this file."""
    block = rf"^    # /etc/venuewatch/{name}\n((?:    .*\n|\n(?=    ))+)"
    found = re.search(block, README.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return "".join(line[4:] for line in found[1].splitlines(keepends=True))


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
