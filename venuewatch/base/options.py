"""Numbers on the command line: bounded, and refused in words.

A number that a program can not use (``nan``, ``inf``, a port of 99999999) never gets past here.
"""

import argparse
import math
from collections.abc import Callable

_LONGEST_SHOWN = 40
PORT_MAX = 65_535


def whole(low: int, high: int, *, what: str = "a whole number") -> Callable[[str], int]:
    """Return a type of option: ``what``, from ``low`` to ``high``."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if low <= value <= high:
            return value
        raise argparse.ArgumentTypeError(f"expected {what} from {low} to {high}, got {_got(text)}")

    return parse


def number(
    *, up_to: float, over: float = 0.0, may_be_least: bool = False
) -> Callable[[str], float]:
    """Return a type of option: a number over ``over`` (or ``over`` itself), up to ``up_to``."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        is_over = value >= over if may_be_least else value > over  # nan is neither
        if is_over and value <= up_to:
            return value
        low = f"from {over:g}" if may_be_least else f"over {over:g} and up"
        raise argparse.ArgumentTypeError(
            f"expected a number {low} to {up_to:.10g}, got {_got(text)}"
        )

    return parse


port = whole(0, PORT_MAX, what="a port")
"""A TCP port; 0 is any that is free."""


def _got(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
