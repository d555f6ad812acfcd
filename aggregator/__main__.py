"""Runs the aggregator: ``python -I -m aggregator --config aggregator.toml``."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

import msgspec

from aggregator import app, config
from venuewatch.base import log
from venuewatch.base.config import ConfigError, in_words
from venuewatch.base.refusals import RefusedError, convert

USAGE_ERROR = 2
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--config", type=Path, required=True, help="aggregator.toml")
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        metavar="HOST:PORT",
        help="where HTTP is served, instead of the configuration's [web] listen_address",
    )
    parser.add_argument("--verbose", action="store_true", help="log every change of state")


def run(options: argparse.Namespace) -> int:
    """Run until stopped; return the exit code."""
    log.start(level=logging.DEBUG if options.verbose else logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    try:
        settings = config.read(options.config)
        if options.listen_address is not None:
            web = convert({"listen_address": options.listen_address}, config.Web)
            settings = msgspec.structs.replace(settings, web=web)
        number = asyncio.run(app.serve(settings))
    except (ConfigError, RefusedError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except OSError as error:
        print(f"{settings.web.listen_address}: {in_words(error)}", file=sys.stderr)
        return USAGE_ERROR
    return INTERRUPTED if number == signal.SIGINT else 0


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="aggregator", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
