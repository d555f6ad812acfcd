"""Beach volleyball court: a wrong zone, slow data, rain, and a night past the logical day."""

from datetime import date, tzinfo

from venuewatch.base.odf import code_of
from venuewatch.demo.results_day.moments import Moment, Script
from venuewatch.demo.results_day.speaker import Sent, Speaker

COURT = code_of("VBV")
MORNING, NOON, EVENING, NIGHT = (
    code_of("VBV", f"MTEAM2-------------GPA-000{at}00") for at in (1, 2, 3, 4)
)
WRONG_ZONE_S = -7_200.0

MOMENTS = (
    Moment("-10:00:00", "not_expected", "two days before, the schedule is sent"),
    Moment("09:00:00", "flowing", "the session opens; the server was set up in a wrong zone"),
    Moment("09:08:50", "flowing", "all of ten minutes was 2 hours behind", is_clock_wrong=True),
    Moment("09:30:00", "flowing", "a match is live, by the wrong clock", is_clock_wrong=True),
    Moment("10:40:20", "flowing", "the zone is set right"),
    Moment("11:20:00", "delayed", "scores are 150 s on their way; keep-alives are fresh"),
    Moment("11:24:00", "flowing", "scores are quick again"),
    Moment("12:30:00", "not_expected", "the session closes"),
    Moment("20:00:00", "flowing", "the evening session opens"),
    Moment("21:10:00", "not_expected", "rain: the schedule says INTERRUPTED, data rests"),
    Moment("21:50:00", "not_expected", "a score was corrected in the rain; nobody plays yet"),
    Moment("+00:30:00", "flowing", "the rain is over: the schedule says RUNNING"),
    Moment("+03:00:00", "flowing", "the logical day ends, and a match is still live"),
    Moment("+03:35:00", "not_expected", "the session closes at last"),
)


def says(day: date, zone: tzinfo) -> list[Sent]:
    """Return what the results system of the court sends."""
    court = Speaker("COURT1", day, zone)
    units = dict.fromkeys((MORNING, NOON, EVENING, NIGHT), "SCHEDULED")
    court.schedules("-10:00:00", units, "DT_SCHEDULE")
    court.clock_ahead_s = WRONG_ZONE_S
    court.says("09:00:00", "DT_LOCAL_ON", COURT)
    court.keeps_alive("09:00:00", "10:40:00", COURT)
    court.plays("09:30:00", "10:20:00", MORNING)
    court.results("10:20:00", MORNING, "OFFICIAL")
    court.clock_ahead_s = 0.0
    court.keeps_alive("10:40:00", "12:30:00", COURT)
    court.plays("11:00:00", "11:20:00", NOON)
    court.plays("11:20:00", "11:24:00", NOON, late_s=150.0)
    court.plays("11:24:00", "11:50:00", NOON)
    court.results("11:50:00", NOON, "OFFICIAL")
    court.says("12:30:00", "DT_LOCAL_OFF", COURT)
    _play_through_the_rain(court)
    return court.sent()


def _play_through_the_rain(court: Speaker) -> None:
    court.says("20:00:00", "DT_LOCAL_ON", COURT)
    court.keeps_alive("20:00:00", "+03:35:00", COURT)
    court.plays("20:30:00", "21:10:00", EVENING)
    court.schedules("21:10:00", {EVENING: "INTERRUPTED", NIGHT: "DELAYED"})
    court.results("21:40:00", EVENING, "LIVE")  # a score is corrected while all wait
    court.schedules("+00:30:00", {EVENING: "RUNNING"})
    court.plays("+00:30:20", "+01:10:00", EVENING)
    court.results("+01:10:00", EVENING, "OFFICIAL")
    court.schedules("+01:30:00", {EVENING: "FINISHED", NIGHT: "RUNNING"})
    court.plays("+01:30:00", "+03:20:00", NIGHT)
    court.results("+03:20:00", NIGHT, "UNOFFICIAL")
    court.results("+03:25:00", NIGHT, "OFFICIAL")
    court.says("+03:35:00", "DT_LOCAL_OFF", COURT)


SCRIPT = Script("EIF", "EIF-results-01", "Europe/Paris", False, MOMENTS, says)  # noqa: FBT003
