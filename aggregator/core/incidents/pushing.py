"""Pushing: what Alertmanagers are told of incidents, and when, beside other aggregators.

The life of a pushed alert:

1. An incident opens: its alert is pushed, with an end that lies ``hold_s`` ahead.
2. Each ``resend_s``, and when its sentence changes, it is pushed again with a later end. So no
   outage of ours that is shorter than ``hold_s`` lets Alertmanager believe that it is over.
3. The incident ends. While another aggregator still has the alert open, it is pushed no more: that
   one ends it. Else its end is pushed, and again each ``resend_s`` for ``hold_s``.
4. A later process begins at 2 or at 3, with what the journal holds. Until it has heard the fleet
   for ``SETTLE_S``, it pushes what was open only where Alertmanager still has it: it may be over,
   and told as such. So does one that did not run for ``hold_s``.

Another aggregator has an alert open while the last list that it published says so. It is gone when
it is offline, or published no list, for ``hold_s``. What it has open is not known for the first
``list_wait_s`` after it or we came online; one that then has published none does not push.

While we are blind we end nothing. If that lasts for ``hold_s``, others count us as gone and end
alerts that we would push again: then we go on as after a restart.

Incidents of the centre are not pushed: a blind aggregator can not know whether another one sees.
Prometheus' rules tell them, as they tell that an aggregator is gone. Times are monotonic seconds.
"""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.core.host import INF
from aggregator.core.incidents.alerts import row_of
from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from venuewatch.base.wire.messages import OPEN_KEYS_MAX, CentreOpen

RESEND_S = 60.0
HOLD_S = 600.0

OTHERS_MAX = 16
"""How many other aggregators are known at most."""

LIST_BYTES_MAX = 200_000
"""How long the keys of a list are together at most, before it is packed."""

LISTS_APART_S = 1.0
"""How long (s) two lists are apart at least; the first change after a pause is told at once."""

SETTLE_S = 30.0
"""How long (s) we have to hear until we know of what is over: three beats, a reading of a check."""

_SLACK_S = 5.0


class Push(NamedTuple):
    """One alert to be pushed; over, if ``is_over``.

    ``is_conditional``: only if the Alertmanager has it firing.
    """

    key: str
    incident: Incident
    starts_at: float
    ends_at: float
    is_over: bool = False
    is_conditional: bool = False


class _Raised(NamedTuple):
    """An alert that is open here."""

    incident: Incident
    starts_at: float


class _Ended(NamedTuple):
    """An alert that is over here; ``told_at`` is when its end was first pushed, INF before."""

    raised: _Raised
    at: float
    told_at: float = INF


class _Other(NamedTuple):
    """Another aggregator: its state since ``at``, and its last list, which came at ``listed_at``.

    ``keys`` is None while it has published none since.
    """

    is_online: bool
    at: float
    keys: frozenset[str] | None = None
    is_whole: bool = True
    listed_at: float = -INF


def key_of(incident: Incident) -> str:
    """Return what tells the alert of an incident from all others, equal at every aggregator."""
    subject = incident.subject
    of = (subject.venue, subject.host, subject.check)
    return "/".join((row_of(subject, incident.cause).alert.name, *filter(None, of)))


class Pushing:
    """The decisions of the aggregator ``name``; see above for its times (s)."""

    def __init__(self, name: str, *, resend_s: float = RESEND_S, hold_s: float = HOLD_S) -> None:
        self._name = name
        self._resend_s = resend_s
        self._hold_s = hold_s
        self._list_wait_s = resend_s + _SLACK_S
        # we may be gone for longer than we know; we look each second
        self._gone_after_s = max(_SLACK_S, hold_s - self._list_wait_s)
        self._keys: dict[Subject, str] = {}
        self._open: dict[str, _Raised] = {}
        self._ended: dict[str, _Ended] = {}
        self._others: dict[str, _Other] = {}
        self._changed: dict[str, None] = {}
        self._unproved: set[str] = set()
        self._resend_at = -INF
        self._is_blind = False
        self._had_others = False
        self._looked_at = INF
        self._hearing_at = INF
        self._unsettled_at = -INF
        self._listed_at = -INF
        self._wants_list = True

    @property
    def keys(self) -> set[str]:
        """The keys of all alerts that are open here, or whose end is still to be told."""
        return {*self._open, *self._ended}

    # What happens

    def restore(self, incidents: Iterable[Incident], now: float) -> None:
        """Take over what an earlier process knew: incidents that are open or ended lately."""
        for incident in sorted(incidents, key=lambda incident: incident.number):
            ended_at = incident.closed_at
            if ended_at is None:
                self._raise(incident, incident.opened_at)
            elif ended_at > now - self._hold_s and _is_pushed(incident):
                raised = _Raised(incident, incident.opened_at)
                self._ended[key_of(incident)] = _Ended(raised, ended_at)
        for key in self._open:
            self._ended.pop(key, None)
        self._changed.clear()  # none of it is news
        self._doubt(now)

    def take_change(self, changed: IncidentChanged) -> None:
        """Note that an incident was opened, sharpened or ended."""
        incident = changed.incident
        if changed.change == "corrected" or not _is_pushed(incident):
            return
        if incident.closed_at is None:
            is_new = changed.change == "opened"
            self._raise(incident, incident.opened_at if is_new else changed.at)
            self._unproved.discard(key_of(incident))
        elif not self._has_later(incident):
            self._end(incident.subject, incident.closed_at)

    def take_state(self, name: str, now: float, *, is_online: bool) -> None:
        """Note what another aggregator, or its will, says of itself."""
        if name == self._name:
            return
        other = self._others.get(name)
        if is_online:
            if other is not None or len(self._others) < OTHERS_MAX:
                self._others[name] = _Other(is_online=True, at=now)
            self._wants_list = True
        elif other is not None and other.is_online:
            self._others[name] = other._replace(is_online=False, at=now)

    def take_list(self, name: str, said: CentreOpen, now: float) -> None:
        """Note which alerts another aggregator has open."""
        other = self._others.get(name)
        if other is not None:
            self._others[name] = other._replace(
                keys=frozenset(said.keys), is_whole=said.is_whole, listed_at=now
            )

    def opened(self, now: float) -> None:
        """Note that we are connected: others' lists may have changed meanwhile."""
        self._others = {
            name: _Other(is_online=True, at=now) if other.is_online else other
            for name, other in self._others.items()
        }
        self._wants_list = True

    def hear(self, now: float, *, is_blind: bool, is_settled: bool) -> None:
        """Note, each second, whether we are blind, and whether every host's state is decided."""
        known_at = self._hearing_at if self._had_others else self._looked_at
        if now >= known_at + self._gone_after_s:
            self._doubt(now)
        self._looked_at, self._is_blind = now, is_blind
        if not is_blind:
            self._hearing_at = now
            self._had_others = any(other.is_online for other in self._others.values())
        if not is_settled:
            self._unsettled_at = now
        elif self._unproved and now >= self._unsettled_at + SETTLE_S:
            self._changed |= dict.fromkeys(self._unproved)
            self._unproved.clear()

    # What is to be done

    def take(self, now: float) -> list[Push]:
        """Return, once, what is to be pushed now."""
        self._forget_gone(now)
        pushes = []
        if now >= self._resend_at:
            self._resend_at = now + self._resend_s
            self._changed = dict.fromkeys(self._open)
            pushes += self._ends_again(now)
        until = now + self._hold_s
        for key in self._changed:
            is_conditional = key in self._unproved
            pushes.append(Push(key, *self._open[key], until, is_conditional=is_conditional))
        self._changed.clear()
        pushes += self._first_ends(now)
        return pushes

    def take_own_list(self, now: float) -> CentreOpen | None:
        """Return, once, the list of our open alerts that is to be published now."""
        is_due = self._wants_list and now >= self._listed_at + LISTS_APART_S
        if not is_due and now < self._listed_at + self._resend_s:
            return None
        self._wants_list, self._listed_at = False, now
        keys: list[str] = []
        size = 0
        for key in self._open:
            size += len(key)
            if size > LIST_BYTES_MAX or len(keys) == OPEN_KEYS_MAX:
                return CentreOpen(tuple(keys), is_whole=False)
            keys.append(key)
        return CentreOpen(tuple(keys))

    def list_not_sent(self) -> None:
        """Have the list taken again: it could not be published."""
        self._wants_list = True

    def _doubt(self, now: float) -> None:
        """Take all that is open, but for news, for possibly over."""
        self._unproved = self._open.keys() - self._changed.keys()
        self._unsettled_at = now

    def _raise(self, incident: Incident, at: float) -> None:
        if not _is_pushed(incident):
            return
        key, subject = key_of(incident), incident.subject
        known = self._keys.get(subject)
        if known is not None and known != key:  # as when results that came late have stopped
            self._end(subject, at)
        was = self._open.get(key)
        if was is None:
            self._wants_list = True
        self._keys[subject] = key
        self._open[key] = _Raised(incident, at if was is None else was.starts_at)
        self._ended.pop(key, None)
        self._changed[key] = None

    def _has_later(self, incident: Incident) -> bool:
        """Tell whether the alert is of a later incident about the same, which goes on."""
        raised = self._open.get(self._keys.get(incident.subject, ""))
        return raised is not None and raised.incident.number > incident.number

    def _end(self, subject: Subject, at: float) -> None:
        key = self._keys.pop(subject, None)
        if key is None:
            return
        self._unproved.discard(key)
        self._ended[key] = _Ended(self._open.pop(key), at)
        self._changed.pop(key, None)
        self._wants_list = True

    def _first_ends(self, now: float) -> list[Push]:
        if self._is_blind:
            return []
        pushes = []
        for key, ended in self._ended.items():
            if ended.told_at == INF and not self._is_open_elsewhere(key, now):
                self._ended[key] = ended._replace(told_at=now)
                pushes.append(_end_of(key, ended))
        return pushes

    def _ends_again(self, now: float) -> list[Push]:
        if self._is_blind:
            return []
        over = [key for key, ended in self._ended.items() if now > ended.told_at + self._hold_s]
        for key in over:
            del self._ended[key]
        return [
            _end_of(key, ended)
            for key, ended in self._ended.items()
            if ended.told_at < INF and not self._is_open_elsewhere(key, now)
        ]

    def _is_open_elsewhere(self, key: str, now: float) -> bool:
        return any(self._has_open(other, key, now) for other in self._others.values())

    def _has_open(self, other: _Other, key: str, now: float) -> bool:
        if other.keys is None:
            return other.is_online and now < other.at + self._list_wait_s
        seen_at = other.listed_at if other.is_online else other.at
        return now < seen_at + self._hold_s and (key in other.keys or not other.is_whole)

    def _forget_gone(self, now: float) -> None:
        for name, other in list(self._others.items()):
            if not other.is_online and now >= other.at + self._hold_s:
                del self._others[name]


def _is_pushed(incident: Incident) -> bool:
    return incident.subject.scope != "centre"


def _end_of(key: str, ended: _Ended) -> Push:
    raised = ended.raised
    ends_at = max(ended.at, raised.starts_at)
    return Push(key, raised.incident, raised.starts_at, ends_at, is_over=True)
