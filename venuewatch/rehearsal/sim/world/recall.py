"""What the journal would give back to a restarted core, without the journal."""

from aggregator.core.memory import Memory, Moment, as_known, restore
from aggregator.core.watch import Watch


def recall(before: Watch, after: Watch, stopped_at: float, now: float) -> None:
    """Give ``after``, which begins at ``now``, what ``before`` knew when it stopped (s)."""
    incidents = before.register.known()
    memory = Memory(
        hosts=[as_known(host) for host in before.fleet if host.is_listed],
        incidents=incidents,
        next_number=1 + max((incident.number for incident in incidents), default=0),
        alive=Moment(stopped_at, stopped_at),
    )
    restore(after, memory, now)
