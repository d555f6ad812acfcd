"""``venuewatch rehearse simulate``: its arguments, its progress bar and its exit code."""

import argparse
import json
import random
import sys

from venuewatch.base.config import USAGE_ERROR
from venuewatch.base.options import number, whole
from venuewatch.rehearsal import long_work, pages, report
from venuewatch.rehearsal import run as simulation
from venuewatch.rehearsal.margins.links import LINKS
from venuewatch.rehearsal.tcp.sender import RTO_MAX_S, Tcp
from venuewatch.rehearsal.work import IsStopped, WorkerLostError
from venuewatch.terminal import output

NOT_WELL = 1

_HOST_DAYS_MAX = 1e7
_TRIALS_MAX = 1_000_000
_PROCESSES_MAX = 1_024
_RTO_LIMIT_S = 86_400.0

_SUMMARY = """\
How often a living host would be called down, and how soon a dead one: by class of link, on beats
that went over a model of TCP, of lossy links, of pausing hosts and of a stalling centre. The core
and its rules are the real ones. Fixed timeouts, phi-accrual and Chen's detector get the same
beats. Then every fault in turn, and which cause the rules give it.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse simulate
      every class for a few host-days, in a minute or two
  venuewatch rehearse simulate --link wired --host-days 3000
      enough host-days of one class to tell one false alarm in 1,000
  venuewatch rehearse simulate --choose --host-days 10000 --link satellite
      the margin that the class needs, from seeds that nothing is judged on
  venuewatch rehearse simulate --seed 7 --json
      the very same again, for a program

exit code: 0 as promised, 1 a promise is missed (as far as enough was run to tell: 3,000 host-days,
100 kills), 130 interrupted; what was finished by then is printed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--link",
        action="append",
        choices=tuple(LINKS),
        metavar="CLASS",
        help=f"only this class of link, may be repeated: {', '.join(LINKS)}",
    )
    parser.add_argument(
        "--host-days",
        type=number(up_to=_HOST_DAYS_MAX),
        default=60.0,
        metavar="N",
        help="days of one host, for each class (60); one false alarm in 1,000 shows from 3,000 on",
    )
    parser.add_argument(
        "--seed",
        type=whole(-(2**63), 2**63),
        metavar="N",
        help="do the same again; without it, any, and printed",
    )
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.add_argument(
        "--kills",
        type=whole(1, _TRIALS_MAX),
        default=100,
        metavar="N",
        help="hosts silenced at random moments, for each class (100)",
    )
    parser.add_argument(
        "--verdicts",
        type=whole(0, _TRIALS_MAX),
        default=2,
        metavar="N",
        help="trials of every fault in the confusion matrix (2); 0 for none",
    )
    parser.add_argument(
        "--choose",
        action="store_true",
        help="also find the least margin that each class needs, on other seeds",
    )
    parser.add_argument(
        "--stock-tcp",
        action="store_true",
        help="agents that can do nothing about TCP: on Windows or macOS, or over a websocket",
    )
    parser.add_argument(
        "--rto-max",
        type=number(up_to=_RTO_LIMIT_S),
        default=RTO_MAX_S,
        metavar="SECONDS",
        help="the longest TCP retransmission timeout: 120 as stock, 1 with TCP_RTO_MAX_MS",
    )
    parser.add_argument(
        "--processes", type=whole(1, _PROCESSES_MAX), metavar="N", help="at a time; one a core"
    )


def run(options: argparse.Namespace) -> int:
    """Simulate, print, and return the exit code."""
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    plan = simulation.Plan(
        seed=seed,
        links=tuple(dict.fromkeys(options.link or LINKS)),
        host_days=options.host_days,
        kills=options.kills,
        verdict_trials=options.verdicts,
        tcp=Tcp(options.rto_max, options.stock_tcp),
        processes=options.processes,
    )
    try:
        with long_work.interrupts() as is_stopped:
            result, chosen = _simulated(plan, is_stopped, chooses=options.choose)
            is_interrupted = is_stopped()
    except WorkerLostError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    with output.reader_may_leave():
        if options.json:
            print(json.dumps(report.as_data(result, chosen), indent=1))
        else:
            pages.show(output.rich_console(), result, chosen)
    missed = report.misses(result)
    for line in missed:
        print(line, file=sys.stderr)
    if is_interrupted:
        return long_work.INTERRUPTED
    return NOT_WELL if missed else 0


def _simulated(
    plan: simulation.Plan, is_stopped: IsStopped, *, chooses: bool
) -> tuple[simulation.RehearsalResult, list[report.Choice]]:
    with long_work.bar("simulating") as on_progress:
        result = simulation.run(plan, on_progress, is_stopped)
    if not chooses or is_stopped():
        return result, []
    with long_work.bar("choosing margins") as on_progress:
        return result, report.choices(plan, simulation.choose(plan, on_progress, is_stopped))
