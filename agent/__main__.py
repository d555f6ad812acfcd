"""Runs the agent: ``python -I -m agent --config agent.toml``."""

import argparse
import contextlib
import logging
import os
import random
import signal
import sys
from pathlib import Path
from types import FrameType

from agent import config
from agent.checks.host import adoption
from agent.mqtt.connecting import proxy_of
from agent.shell import Agent
from agent.status import Answering, socket_beside
from venuewatch.base import log
from venuewatch.base.config import FAILED, ConfigError, check_usable, in_words
from venuewatch.base.secret_files import check_secrets

OWN_FILES = 0o077
"""The umask: what we write is for our own user, whatever we were started with."""

INTERRUPTED = 130

_M_ARENA_MAX = -8  # mallopt(3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--config", type=Path, required=True, help="agent.toml")
    parser.add_argument("--verbose", action="store_true", help="log more")


def run(options: argparse.Namespace) -> int:
    """Run until stopped; return the exit code."""
    os.umask(OWN_FILES)
    keep_one_heap()
    log.start(level=logging.DEBUG if options.verbose else logging.INFO)
    try:
        settings = config.read(options.config)
        check_secrets(settings)
        check_usable(settings.broker)
        proxy_of(settings.broker)
    except ConfigError as error:
        log.last_words(error)
        return error.exit_code
    adoption.begin()
    try:
        number = serve(settings)
    except OSError as error:
        log.last_words(in_words(error))
        return FAILED
    return INTERRUPTED if number == signal.SIGINT else 0


def keep_one_heap() -> None:
    """Have all threads share a heap; with one each, as glibc makes them, we take 0.3 MiB more."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - vitals load it too, there

        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def serve(settings: config.Config) -> int:
    """Run the agent of ``settings`` until SIGINT or SIGTERM; return which it was."""
    agent = Agent(settings, rng=random.Random())
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        agent.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    answering = Answering(socket_beside(str(settings.spool.directory)), agent.status)
    try:
        agent.run()
    finally:
        answering.close()
    return received[0]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="agent", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
