"""Timeline of an incident: what was seen, when and by whom; what changed; who was told.

``WORDS`` has the sentence for each kind of evidence. Evidence of another version, which has none
there, is told by its own word.

Times are s since 1970, to the millisecond.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from aggregator.core.incidents.alerts import description_of
from aggregator.core.incidents.record import Incident
from aggregator.core.verdicts.causes import Cause, Scalar
from aggregator.shell.http.api.incidents import StepKind, StepView
from aggregator.shell.http.api.record import IncidentJson, incident_json
from aggregator.shell.journal.rows import ChangeRow
from aggregator.shell.told import Telling
from aggregator.shell.walltime import WallTime

WORDS: Final[Mapping[str, str]] = {
    "silence": "No heartbeat came by the deadline. The last one was {last_heard_s_ago} s before.",
    "will": "The broker reported that the connection of the agent had ended.",
    "excuse": "The verdict waited for {for_s} s: {reason}.",
    "no_word": "No answer came from {of}.",
    "nobody_to_ask": "No neighbour was asked: {why}.",
    "bridge": "The bridge of the venue's broker changed its state.",
    "canary": "The centre's own ticks came back: {ticks_returned} in all.",
    "no_echo": "{host} sent {beats} heartbeats that echo no tick.",
    "blindness": "The centre heard nothing more: {missing}.",
    "port": "The broker's port was tried: {says}.",
    "taken_over": "Another client may use our name: {why}. That was number {times}.",
    "refused": "The broker refused our connection: {why}. That was number {times}.",
    "nobody_heard": "From here on no host at all was heard.",
    "boots": "Two agents alternate under one name: boots {returned} and {between}.",
    "falls": "It fell {falls} times.",
    "restarts": "Its agent has begun anew {restarts} times, more than 16 within an hour.",
    "clock": "Its clock differs by {offset_s} s, that of the fleet by {fleet_median_s} s.",
    "farewell": "The agent said farewell, and was away for {away_s} s.",
    "absence": "It is still away, {down_s} s after it counted as down.",
    "reading": "The check said: {says}",
    "same_check": "It is critical on {critical_on} of {hosts_that_have_it} hosts that have it.",
    "clock_in_doubt": "The centre's clock was set by {jump_s} s: times from then on are doubtful.",
    "budget": "It sent more than it may for {for_s} s: {bytes_refused} bytes were thrown away.",
    "terms": "It announced terms that are out of bounds.",
    "birth": "Its birth was refused, for {field}. {expected}.",
    "loud": "It sent {bytes_taken} bytes; {messages_refused} of its messages were refused.",
    "trouble": "What is wrong: {why}.",
    "starved": "The agent says that it did not run for {late_s} s: nobody is accused of that.",
    "hang_ups": "{hosts} connections at {venues} venues were closed within {within_s} s. "
    "{not_back} hosts were not back {waited_s} s later.",
    "venues_lost": "{venues} of {of} venues were lost within {within_s} s, with {hosts} hosts.",
    "left_behind": "The venues that were lost with it have been back for {after_s} s.",
    "folded": "Others failed with it: it is part of incident {into} from here on.",
    "removed": "The inventory lists it no more.",
}
"""The sentence for each kind of evidence, with its figures in braces."""

_CHANGES: Final[Mapping[str, tuple[StepKind, str]]] = {
    "opened": ("opened", "The incident was opened: {sentence}"),
    "sharpened": ("sharpened", "More is known: {sentence}"),
    "corrected": ("corrected", "A backlog corrected the record."),
    "closed": ("closed", "The incident was closed: its problem is over."),
    "removed": ("removed", "The incident was closed: its subject is watched no more."),
}
_CAUSES = frozenset(Cause)
_ORDER = {"seen": 0, "lived": 1, "opened": 2, "sharpened": 2, "corrected": 2, "closed": 3}


def seen_steps(incident: Incident, wall: WallTime) -> Iterator[StepView]:
    """Yield what an incident of the core stands on, the oldest first."""
    return _seen(incident_json(incident, wall))


def timeline_of(
    record: IncidentJson,
    incident: Incident,
    changes: Iterable[ChangeRow],
    told: Iterable[Telling],
) -> tuple[StepView, ...]:
    """Return the whole timeline of an incident, the oldest step first.

    The sentences are of the ``incident``, the times of its ``record``. ``changes``: those of the
    journal; without any, opening and end are the record's.
    """
    steps = [*_seen(record), *_lived(record), *_changed(record, incident, changes), *_told(told)]
    return tuple(sorted(steps, key=lambda step: (step.at, _ORDER.get(step.kind, len(_ORDER)))))


def _seen(record: IncidentJson) -> Iterator[StepView]:
    for seen in sorted(record.evidence, key=lambda seen: seen.at):
        sentence = _sentence(seen.seen, seen.detail)
        yield StepView(
            at=seen.at, kind="seen", by=seen.by, sentence=sentence, detail=dict(seen.detail)
        )


def _sentence(seen: str, detail: Mapping[str, Scalar]) -> str:
    if seen == "probe":
        reached = "reached the machine" if detail.get("reached") else "did not reach the machine"
        return f"A neighbour {reached} ({detail.get('way') or 'no way'})."
    if seen == "reading" and detail.get("says") == "":
        return "The check reported its state without details."
    words = WORDS.get(seen)
    if words is None:
        return seen.replace("_", " ")
    return words.format_map(_Figures(detail))


class _Figures(dict[str, Scalar]):
    """The figures of a piece of evidence; one that another version left out is not known."""

    def __missing__(self, key: str) -> str:
        return "?"

    def __getitem__(self, key: str) -> Scalar:
        value = super().__getitem__(key)
        return "?" if value is None else value


def _lived(record: IncidentJson) -> Iterator[StepView]:
    for alive in record.alive:
        yield StepView(
            at=alive.start,
            kind="lived",
            by=alive.host,
            sentence="Its backlog shows that it lived then, while it was not heard.",
            detail={"until": alive.end, "readings": alive.readings},
        )


def _changed(
    record: IncidentJson, incident: Incident, changes: Iterable[ChangeRow]
) -> Iterator[StepView]:
    rows = list(changes)
    if not any(row.change == "opened" for row in rows):
        rows.append(ChangeRow(record.number, 1, record.opened_at, "opened", record.cause))
    is_over = any(row.change in {"closed", "removed"} for row in rows)
    if record.closed_at is not None and not is_over:
        rows.append(ChangeRow(record.number, 0, record.closed_at, "closed", record.cause))
    for row in rows:
        if row.change in _CHANGES:  # another version may know others
            kind, words = _CHANGES[row.change]
            yield StepView(
                at=row.at,
                kind=kind,
                by="centre",
                sentence=words.format(sentence=_told_as(incident, row.cause)),
                detail={"cause": row.cause},
            )


def _told(told: Iterable[Telling]) -> Iterator[StepView]:
    for telling in told:
        yield StepView(
            at=telling.at,
            kind="told",
            by=telling.to,
            sentence=f"{telling.to} was told: {telling.said}. The answer: {telling.answer}.",
            detail={"said": telling.said, "answer": telling.answer},
        )


def _told_as(incident: Incident, cause: str) -> str:
    """Return what an incident was told as while it had a cause."""
    known = Cause(cause) if cause in _CAUSES else incident.cause  # another version may know others
    return description_of(incident._replace(cause=known))
