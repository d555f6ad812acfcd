"""Cuts addresses off a machine by the kernel's packet filter, which ends a cut by itself.

Everything stands in one table of ours, in the machine's own namespace. An address is an element of
a set, with a time-out: it is gone after that, with no process of ours left.
"""

import shlex
from collections.abc import Sequence
from functools import partial
from typing import Final

from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import Machine, do

TABLE: Final = "inet venuewatch_stage"

_SET: Final = f"{TABLE} cut_off"
_RULES: Final = f"""\
table {TABLE} {{
  set cut_off {{ type ipv4_addr; flags timeout; }}
  chain arriving {{ type filter hook prerouting priority raw; }}
  chain leaving {{ type filter hook output priority raw; }}
}}
flush chain {TABLE} arriving
flush chain {TABLE} leaving
add rule {TABLE} arriving ip saddr @cut_off drop
add rule {TABLE} leaving ip daddr @cut_off drop
"""


def block(
    guardian: Guardian, machine: Machine, addresses: Sequence[str], *, lasts_s: float | None = None
) -> Fault:
    """Lose every packet between a machine and these addresses, without a sign to either.

    Raises:
        StageError: the packet filter refuses; the text is what it says.
    """
    elements = ", ".join(addresses)
    until = "" if lasts_s is None else f" timeout {round(1000 * lasts_s)}ms"
    # An element that is there is not renewed by adding it: it has to be deleted first.
    forget = f"add element {_SET} {{ {elements} }}\ndelete element {_SET} {{ {elements} }}\n"
    timed = ", ".join(f"{address}{until}" for address in addresses)
    begin = f"{_RULES}{forget}add element {_SET} {{ {timed} }}\n"
    undo = f"printf %s {shlex.quote(_RULES + forget)} | {shlex.join(_nft(machine))}"
    begin_it = partial(do, _nft(machine), begin, named=f"nft in {machine.namespace}")
    return guardian.play(begin_it, ("sh", "-c", undo), lasts_s=lasts_s)


def _nft(machine: Machine) -> tuple[str, ...]:
    return ("ip", "netns", "exec", machine.namespace, "nft", "-f", "-")
