"""Runs the whole rehearsal in pieces, over all cores.

A piece follows from the printed seed and its own name. So neither the number of processes nor
their order changes a result. An interruption leaves the pieces that were finished by then.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import msgspec

from venuewatch.rehearsal import faults, verdicts
from venuewatch.rehearsal.margins import choosing, judging, kills
from venuewatch.rehearsal.margins.choosing import Survey
from venuewatch.rehearsal.margins.judging import Judged, Tally
from venuewatch.rehearsal.margins.outages import DAY_S
from venuewatch.rehearsal.margins.trace import Spec
from venuewatch.rehearsal.tcp.sender import LINUX, Tcp
from venuewatch.rehearsal.verdicts import MatrixRow
from venuewatch.rehearsal.work import IsStopped, Progress, counted, done_of, pool_of

PIECE_S = DAY_S / 2


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The work of one rehearsal.

    ``host_days`` for ours, by class; the other detectors need every beat, and so get no more
    than ``compared_host_days``. ``kills`` and ``verdict_trials``: how many trials of each class,
    and of each of ``faults``. ``processes``: None for one a core.
    """

    seed: int
    links: tuple[str, ...]
    host_days: float
    compared_host_days: float = 24.0
    kills: int = 100
    verdict_trials: int = 0
    faults: tuple[str, ...] = msgspec.field(default_factory=faults.names)
    tcp: Tcp = LINUX
    processes: int | None = None


class LinkResult(msgspec.Struct, kw_only=True):
    """The result of one class of link: false alarms and detection times of each detector."""

    link: str
    alpha_s: float
    judged: Judged
    times_s: dict[str, list[float]]


class RehearsalResult(msgspec.Struct):
    """All of it, as far as it was finished."""

    plan: Plan
    links: list[LinkResult]
    verdicts: list[MatrixRow]
    is_whole: bool = True


def run(
    plan: Plan, on_progress: Callable[[int, int], None], is_stopped: IsStopped = lambda: False
) -> RehearsalResult:
    """Carry out a plan; ``on_progress`` is told how many pieces are done, and of how many.

    When it was stopped before its end ``is_whole`` is false.
    """
    result = RehearsalResult(plan, [], [])
    with pool_of(plan.processes) as pool:
        alphas = _alphas(pool, plan, is_stopped)
        to_judge = {link: list(_judge_pieces(plan, link, alphas[link])) for link in alphas}
        to_kill = {link: list(_kill_pieces(plan, link, alphas[link])) for link in alphas}
        of = sum(map(len, to_judge.values())) + sum(map(len, to_kill.values()))
        count = counted(on_progress, of + plan.verdict_trials * len(plan.faults))
        times = done_of(pool, to_kill, count, is_stopped)
        judged = done_of(pool, to_judge, count, is_stopped)
        for link, alpha_s in alphas.items():
            if judged[link]:
                result.links.append(
                    LinkResult(
                        link=link,
                        alpha_s=alpha_s,
                        judged=_together(judged[link]),
                        times_s=_times_together(times[link]),
                    )
                )
        result.verdicts = _verdicts(pool, plan, count, is_stopped)
    result.is_whole = not is_stopped()
    return result


def choose(
    plan: Plan, on_progress: Callable[[int, int], None], is_stopped: IsStopped = lambda: False
) -> dict[str, Survey]:
    """Survey each class on seeds of its own; classes of which nothing was finished are missing."""
    pieces = {
        link: [partial(choosing.survey, spec) for spec in _specs(plan, link, "choose")]
        for link in plan.links
    }
    with pool_of(plan.processes) as pool:
        count = counted(on_progress, sum(map(len, pieces.values())))
        surveys = done_of(pool, pieces, count, is_stopped)
    return {link: choosing.joined(found) for link, found in surveys.items() if found}


def _alphas(pool: ProcessPoolExecutor, plan: Plan, is_stopped: IsStopped) -> dict[str, float]:
    pieces = {
        link: [partial(judging.calibrated_alpha, link, str(plan.seed), plan.tcp)]
        for link in plan.links
    }
    found = done_of(pool, pieces, lambda: None, is_stopped)
    return {link: alphas[0] for link, alphas in found.items() if alphas}


def _specs(plan: Plan, link: str, purpose: str) -> Iterator[Spec]:
    whole = Spec(link, "", PIECE_S).host_days
    for number in range(math.ceil(plan.host_days / whole)):
        yield Spec(link, f"{plan.seed}/{purpose}/{number}", PIECE_S, plan.tcp)


def _judge_pieces(plan: Plan, link: str, alpha_s: float) -> Iterator[Callable[[], Judged]]:
    compared = 0.0
    for spec in _specs(plan, link, "judge"):
        is_compared = compared < plan.compared_host_days
        compared += spec.host_days
        yield partial(judging.judge, spec, alpha_s=alpha_s if is_compared else None)


def _kill_pieces(
    plan: Plan, link: str, alpha_s: float
) -> Iterator[Callable[[], dict[str, list[float]]]]:
    for number in range(math.ceil(plan.kills / kills.TRIALS_PER_TRACE)):
        seed = f"{plan.seed}/{number}"
        yield partial(kills.try_kills, link, seed, alpha_s=alpha_s, tcp=plan.tcp)


def _verdicts(
    pool: ProcessPoolExecutor, plan: Plan, count: Progress, is_stopped: IsStopped
) -> list[MatrixRow]:
    """Return the verdicts on every fault; none at all when it was stopped before their end."""
    pieces = {
        name: [
            partial(verdicts.try_fault, name, verdicts.derived_seed(plan.seed, name, number))
            for number in range(plan.verdict_trials)
        ]
        for name in plan.faults
    }
    trials = done_of(pool, pieces, count, is_stopped)
    return [] if is_stopped() else verdicts.matrix(itertools.chain(*trials.values()))


def _together(found: list[Judged]) -> Judged:
    whole = Judged(tallies={}, outages=0, noticed=0, unsettled=0, oddities={}, centre=0)
    for each in found:
        for name, tally in each.tallies.items():
            whole.tallies.setdefault(name, Tally()).add(tally)
        whole.oddities = dict(Counter(whole.oddities) + Counter(each.oddities))
        whole.outages += each.outages
        whole.noticed += each.noticed
        whole.unsettled += each.unsettled
        whole.centre += each.centre
    return whole


def _times_together(found: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    for each in found:
        for name, times_s in each.items():
            times.setdefault(name, []).extend(times_s)
    return times
