"""Runs the aggregator: ``python -I -m aggregator --config aggregator.toml``."""

import argparse
import asyncio
import logging
import os
import platform
import signal
import sys
from functools import partial
from pathlib import Path

from aggregator import app, config
from aggregator.shell.resolving import Loop
from venuewatch import __version__
from venuewatch.base import log
from venuewatch.base.config import FAILED, ConfigError, in_words
from venuewatch.base.exercise import name_of

OWN_FILES = 0o077
"""The umask: what we write is for our own user, whatever we were started with."""

INTERRUPTED = 130

_WEB = ("listen_address", "external_url", "config_file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--config", type=Path, required=True, help="aggregator.toml")
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        metavar="HOST:PORT",
        help="where HTTP is served, instead of the configuration's [web] listen_address",
    )
    parser.add_argument(
        "--web.external-url",
        dest="external_url",
        metavar="URL",
        help="under which people reach it, as through a proxy, instead of [web] external_url",
    )
    parser.add_argument(
        "--web.config.file",
        dest="config_file",
        metavar="FILE",
        help="TLS and users, as the exporters have them, instead of [web] config_file",
    )
    parser.add_argument("--version", action="version", version=version())
    parser.add_argument("--verbose", action="store_true", help="log every change of state")


def version() -> str:
    """Return our version, and what we run on."""
    return f"venuewatch {__version__} (Python {platform.python_version()}, {platform.platform()})"


def settings_of(options: argparse.Namespace) -> config.Config:
    """Return the configuration, with what the command line says instead.

    Raises:
        ConfigError: one of them is wrong.
    """
    said = {name: getattr(options, name) for name in _WEB if getattr(options, name) is not None}
    return config.read(options.config, said)


def run(options: argparse.Namespace) -> int:
    """Run until stopped; return the exit code."""
    os.umask(OWN_FILES)
    log.start(level=logging.DEBUG if options.verbose else logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    try:
        settings = settings_of(options)
        if name_of(settings.exercise):
            log.mark(name_of(settings.exercise))
        with asyncio.Runner(loop_factory=Loop) as runner:
            number = runner.run(app.serve(settings, partial(settings_of, options)))
    except ConfigError as error:
        log.last_words(error)
        return error.exit_code
    except OSError as error:
        log.last_words(in_words(error))
        return FAILED
    return INTERRUPTED if number == signal.SIGINT else 0


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="aggregator", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
