"""Rows of a run's file, and the words that stand in them.

Every ``at`` is in seconds. A **world** is one sitting of the run: a simulated world, or one start
of the live stage. Times of one world are of one monotonic clock (virtual in a simulation), and may
be compared; times of two worlds may not. Incidents of one world are the same where their number
and their ``aggregator_run`` are: that changes when an aggregator counts anew, and not when it
goes on from its journal.
"""

from typing import Literal, NamedTuple, TypeAlias

from venuewatch.rehearsal.scenario import Mode, Scenario

StepWhat: TypeAlias = Literal["ordered", "armed", "begun", "ended", "healed", "given_up", "aborted"]
"""What the injector did of a step: it is written **before** it is done, but for these.

``begun``: the fault acts since ``at``. ``ended``: it acts no more since ``at``. ``healed``: all
that was done for it is undone.
"""

Phase: TypeAlias = Literal["before", "during", "after"]
Sees: TypeAlias = Literal["no_effect", "effect", "healed", "cant_see"]
WellBy: TypeAlias = Literal["stage", "witness", "monitor"]
Change: TypeAlias = Literal["opened", "sharpened", "closed", "removed", "corrected"]
AttemptState: TypeAlias = Literal["begun", "ended", "given_up", "interrupted", "aborted"]
"""How far a scenario came: ``interrupted`` ones are played again, others are finished."""

State: TypeAlias = Literal["waiting", "begun", "ended", "given_up", "interrupted", "aborted"]


class Step(NamedTuple):
    """What the injector did with one step of a scenario."""

    number: int
    step: str
    what: StepWhat
    at: float
    detail: str = ""


class Witness(NamedTuple):
    """What a witness saw of a step, by another way than the fault acts."""

    number: int
    step: str
    at: float
    phase: Phase
    sees: Sees
    detail: str = ""


class Seen(NamedTuple):
    """A change of an incident, ``at`` the moment when an outside reader first got it.

    ``subject`` as :func:`~venuewatch.rehearsal.scenario.text_of` writes it; ``children``: hosts
    behind it; ``opened_at``: when it became true by the aggregator's own word.
    """

    world: str
    at: float
    incident: int
    change: Change
    subject: str
    cause: str
    children: int = 0
    opened_at: float | None = None
    aggregator_run: str = ""


class Notice(NamedTuple):
    """A notice, ``at`` the first try that the receiver answered; ``accepted`` where by a 2xx."""

    world: str
    at: float
    receiver: str
    incident: int
    seq: int
    change: Change
    subject: str
    cause: str
    accepted: bool = True
    aggregator_run: str = ""


class Counter(NamedTuple):
    """A number of ``/metrics`` before and after a scenario; None where it could not be read.

    ``metric`` with its labels as :func:`counted_name` writes it.
    """

    number: int
    metric: str
    before: float | None
    after: float | None


class Well(NamedTuple):
    """A word of the stage, a witness or the monitor about the world: well since ``at``, or not.

    ``number``: only of this scenario; None: of all that are played in this world. A monitor that
    is not well before a scenario names the one that it lingers from, or None.
    """

    world: str
    at: float
    by: WellBy
    is_well: bool
    number: int | None = None
    detail: str = ""


class Ending(NamedTuple):
    """One attempt at a scenario in a simulated world, from its begin to its end."""

    number: int
    world: str
    state: AttemptState
    began_at: float
    ended_at: float
    void_reason: str = ""


Row: TypeAlias = Step | Witness | Seen | Notice | Counter | Well


class About(NamedTuple):
    """The run as a whole; ``plan`` is the digest of its run sheet."""

    plan: str
    mode: Mode
    seed: int
    versions: dict[str, str]
    is_aborted: bool
    controller: str


class Played(NamedTuple):
    """A scenario of the run, and how far its last attempt came."""

    scenario: Scenario
    state: State
    world: str = ""
    began_at: float | None = None
    ended_at: float | None = None
    void_reason: str = ""
    attempts: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether it is not to be played any more."""
        return self.state in {"ended", "given_up"}


def counted_name(metric: str, labels: dict[str, str]) -> str:
    """Return how a counted number is named in a run's file: ``name{host="STA-1"}``."""
    inside = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{metric}{{{inside}}}" if inside else metric
