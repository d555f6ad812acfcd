"""The table of the rehearsal's sub-commands."""

import argparse
import importlib
import pkgutil

import pytest

from tests.venuewatch.test_cli import venuewatch
from venuewatch.rehearsal import command, commands

FILES = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))


def test_every_file_of_the_folder_is_a_sub_command() -> None:
    parser = argparse.ArgumentParser()

    command.add_arguments(parser)

    text = parser.format_help()
    assert all(f"\n    {name}" in text for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_sub_command_teaches_by_examples(name: str) -> None:
    module = importlib.import_module(f"venuewatch.rehearsal.commands.{name}")
    parser = argparse.ArgumentParser()

    module.add_arguments(parser)

    assert parser.description
    assert f"venuewatch rehearse {name}" in (parser.epilog or "")


def test_a_missing_package_of_a_sub_command_names_the_extra() -> None:
    refused = venuewatch("rehearse", "simulate", "--help", without="rich")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "needs rich: install the extra `rehearsal`" in refused.stderr
