"""Hall with handball and basketball: two windows, a late official, a freeze, a silence."""

from datetime import date, tzinfo

from venuewatch.base.odf import code_of
from venuewatch.demo.results_day.moments import Moment, Script
from venuewatch.demo.results_day.speaker import Sent, Speaker

HANDBALL, BASKETBALL = code_of("HBL"), code_of("BKB")
FIRST, SECOND = (code_of("HBL", f"WTEAM7-------------GPA-000{at}00") for at in (1, 2))
EARLY, LATE = (code_of("BKB", f"MTEAM5-------------GPA-000{at}00") for at in (1, 2))

MOMENTS = (
    Moment("-10:00:00", "not_expected", "two days before, schedule and entries are sent"),
    Moment("08:00:00", "not_expected", "the server says good morning; no session is open"),
    Moment("09:00:00", "flowing", "the handball session opens"),
    Moment("11:00:00", "flowing", "the match ends; the official who signs results is ill"),
    Moment("12:20:00", "flowing", "the official result comes, 80 minutes late"),
    Moment("13:20:00", "flowing", "basketball closes; handball in the same hall is live"),
    Moment("14:20:00", "not_expected", "handball closes, too"),
    Moment("19:30:00", "flowing", "the basketball session opens"),
    Moment("20:30:50", "frozen", "the score stands still for 45 s; keep-alives go on"),
    Moment("20:42:00", "flowing", "the score moves; three versions never came"),
    Moment("21:01:21", "silent", "the server is dead for 90 s, in the middle of a match"),
    Moment("21:08:00", "flowing", "the server is back"),
    Moment("22:00:00", "not_expected", "the session closes"),
    Moment("22:40:00", "not_expected", "the last official result comes after the session"),
)


def says(day: date, zone: tzinfo) -> list[Sent]:
    """Return what the results system of the hall sends."""
    hall = Speaker("HALL1", day, zone)
    units = dict.fromkeys((FIRST, SECOND, EARLY, LATE), "SCHEDULED")
    hall.schedules("-10:00:00", units, "DT_SCHEDULE")
    hall.says("-10:00:05", "DT_PARTIC", HANDBALL, body='<Participant Code="1" Status="ACTIVE"/>')
    hall.says("08:00:00", "DT_GLOBAL_GM")
    _play_handball(hall)
    hall.says("11:30:00", "DT_LOCAL_ON", BASKETBALL)
    hall.keeps_alive("11:30:00", "13:20:00", BASKETBALL)
    hall.plays("12:00:00", "13:10:00", EARLY)
    hall.results("13:10:00", EARLY, "OFFICIAL")
    hall.says("13:20:00", "DT_LOCAL_OFF", BASKETBALL)
    _play_at_night(hall)
    return hall.sent()


def _play_handball(hall: Speaker) -> None:
    hall.says("09:00:00", "DT_LOCAL_ON", HANDBALL)
    hall.keeps_alive("09:00:00", "14:20:00", HANDBALL)
    hall.plays("09:30:00", "10:05:00", FIRST)
    hall.results("10:05:00", FIRST, "INTERMEDIATE")
    hall.plays("10:20:00", "11:00:00", FIRST)
    hall.results("11:00:00", FIRST, "UNOFFICIAL")
    hall.results("12:20:00", FIRST, "OFFICIAL")
    hall.plays("12:30:00", "14:00:00", SECOND)
    hall.results("14:00:00", SECOND, "OFFICIAL")
    hall.says("14:20:00", "DT_LOCAL_OFF", HANDBALL)


def _play_at_night(hall: Speaker) -> None:
    hall.says("19:30:00", "DT_LOCAL_ON", BASKETBALL)
    hall.keeps_alive("19:30:00", "21:00:00", BASKETBALL)
    hall.plays("20:00:00", "20:30:00", LATE)
    hall.loses(LATE, 3)
    hall.plays("20:42:00", "21:00:00", LATE)
    hall.says("21:08:00", "DT_LOCAL_ON", BASKETBALL)
    hall.keeps_alive("21:08:00", "22:00:00", BASKETBALL)
    hall.plays("21:08:00", "21:40:00", LATE)
    hall.results("21:40:00", LATE, "UNOFFICIAL")
    hall.says("22:00:00", "DT_LOCAL_OFF", BASKETBALL)
    hall.results("22:40:00", LATE, "OFFICIAL")


SCRIPT = Script("BCY", "BCY-results-01", "Europe/Paris", True, MOMENTS, says)  # noqa: FBT003
