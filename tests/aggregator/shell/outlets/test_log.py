"""Log outlet: one line for each change, at the level that it is worth."""

import logging

import pytest

from aggregator.core.incidents.record import Incident, IncidentChange, IncidentChanged, Subject
from aggregator.core.outputs import Connected, HostChanged, Output, Refused, Stalled
from aggregator.core.states import HostState, Trigger
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.outlets.log import LogOutlet
from venuewatch.base.wire.errors import Reason

WARNING, INFO, DEBUG = logging.WARNING, logging.INFO, logging.DEBUG


def change(before: HostState, after: HostState) -> HostChanged:
    return HostChanged(10.0, "STA", "alpha", before, after, Trigger.BEAT, 7.25)


def incident(what: IncidentChange) -> IncidentChanged:
    return IncidentChanged(10.0, what, Incident(3, Subject("venue", "STA"), Cause.SILENT, 9.0), 1)


@pytest.mark.parametrize(
    ("output", "event", "level"),
    [
        (change(HostState.LATE, HostState.DOWN), "host_changed", WARNING),
        (change(HostState.UP, HostState.UNREACHABLE), "host_changed", WARNING),
        (change(HostState.DOWN, HostState.UP), "host_changed", INFO),
        (change(HostState.UP, HostState.LATE), "host_changed", DEBUG),
        (incident("opened"), "incident", WARNING),
        (incident("sharpened"), "incident", WARNING),
        (incident("closed"), "incident", INFO),
        (incident("corrected"), "incident", INFO),
        (Stalled(10.0, 0.5), "stalled", WARNING),
        (Refused(Reason.BAD_TOPIC, "x" * 999, "a topic"), "message_refused", WARNING),
    ],
)
def test_an_output_is_logged_at_its_level(
    output: Output, event: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(DEBUG)

    LogOutlet().take([output])

    (record,) = caplog.records
    assert (record.getMessage(), record.levelno) == (event, level)
    assert len(str(record.__dict__["venuewatch_fields"])) < 500


def test_a_fallen_host_is_logged_with_its_silence(caplog: pytest.LogCaptureFixture) -> None:
    LogOutlet().take([change(HostState.LATE, HostState.DOWN), Connected(11.0, "live")])

    (record,) = caplog.records
    fields = record.__dict__["venuewatch_fields"]
    assert (fields["host"], fields["after"], fields["silent_s"]) == ("alpha", "down", 2.75)
