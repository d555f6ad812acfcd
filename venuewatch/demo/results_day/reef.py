"""Surfing in Tahiti: a satellite link that is cut, its backlog, and a standby server."""

from datetime import date, tzinfo

from venuewatch.base.odf import code_of
from venuewatch.demo.results_day.moments import Moment, Script
from venuewatch.demo.results_day.speaker import Sent, Speaker, held_back

REEF = code_of("SRF")
FIRST, SECOND = (code_of("SRF", f"MSB----------------QFNL000{at}00") for at in (1, 2))
BACKLOG_EACH_S = 2.0
STANDBY_AHEAD_S = 2.0

MOMENTS = (
    Moment("-10:00:00", "not_expected", "two days before, the schedule is sent"),
    Moment("07:00:00", "flowing", "the session opens"),
    Moment("08:01:21", "silent", "the satellite link is cut for 90 s, in a heat"),
    Moment("08:05:00", "delayed", "the link is back: messages come with 5 minutes of backlog"),
    Moment("08:05:42", "flowing", "the backlog is nearly through"),
    Moment("09:10:00", "flowing", "no wind: the schedule says DELAYED of a heat not begun"),
    Moment("10:30:50", "flowing", "the server died; a minute later the standby takes over"),
    Moment("12:00:00", "not_expected", "the session closes"),
)


def says(day: date, zone: tzinfo) -> list[Sent]:
    """Return what the results system of the reef sends, as it arrives."""
    reef = Speaker("REEF1", day, zone)
    reef.schedules("-10:00:00", dict.fromkeys((FIRST, SECOND), "SCHEDULED"), "DT_SCHEDULE")
    reef.says("07:00:00", "DT_LOCAL_ON", REEF)
    reef.keeps_alive("07:00:00", "10:30:00", REEF)
    reef.plays("07:30:00", "08:40:00", FIRST)
    reef.results("08:40:00", FIRST, "UNOFFICIAL")
    reef.results("08:50:00", FIRST, "OFFICIAL")
    reef.schedules("09:10:00", {SECOND: "DELAYED"})
    reef.schedules("10:00:00", {SECOND: "RUNNING"})
    reef.plays("10:00:00", "10:30:00", SECOND)
    reef.clock_ahead_s = STANDBY_AHEAD_S
    reef.counts_anew()
    reef.says("10:30:50", "DT_LOCAL_ON", REEF)
    reef.keeps_alive("10:30:50", "12:00:00", REEF)
    reef.plays("10:30:55", "11:30:00", SECOND)
    reef.results("11:30:00", SECOND, "UNOFFICIAL")
    reef.results("11:35:00", SECOND, "OFFICIAL")
    reef.says("12:00:00", "DT_LOCAL_OFF", REEF)
    cut = reef.unixtime("08:00:00"), reef.unixtime("08:05:00")
    return held_back(reef.sent(), *cut, BACKLOG_EACH_S)


SCRIPT = Script("TAH", "TAH-results-01", "Pacific/Tahiti", False, MOMENTS, says)  # noqa: FBT003
