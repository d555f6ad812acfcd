"""Writes documents in the shape of the Olympic Data Feed: a header, and a body that is ours."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

COMPETITION = "TEST1"
DAY_ENDS = timedelta(hours=3)
_CODE_LENGTH = 34


def code_of(discipline: str, rest: str = "") -> str:
    """Return a code of full length: of a discipline, or of what ``rest`` names in it."""
    return f"{discipline}{rest}".ljust(_CODE_LENGTH, "-")


def document(
    kind: str,
    stamp: datetime,
    source: str,
    *,
    body: str = "",
    logical_date: date | None = None,
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Return a document stamped with local time; ``more`` is further attributes of its header.

    Without a ``logical_date`` that of the stamp is said.
    """
    header = {
        "CompetitionCode": COMPETITION,
        "DocumentType": kind,
        "FeedFlag": "P",
        "Source": source,
        "Date": f"{stamp:%Y-%m-%d}",
        "Time": f"{stamp:%H%M%S}{stamp.microsecond // 1000:03}",
        "LogicalDate": f"{logical_date or (stamp - DAY_ENDS).date():%Y-%m-%d}",
        **(more or {}),
    }
    attributes = " ".join(f'{name}="{value}"' for name, value in header.items() if value)
    content = f"<Competition>{body}</Competition>" if body else ""
    root = f"<OdfBody {attributes}>{content}</OdfBody>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'.encode()


def schedule_of(units: Mapping[str, str]) -> str:
    """Return the body of a schedule: the status of each unit, by code."""
    return "".join(
        f'<Unit Code="{code}" ScheduleStatus="{status}"/>' for code, status in units.items()
    )


def score_of(number: int) -> str:
    """Return the body of a result: a score that no two documents share."""
    return f'<Result SortOrder="1" Result="{number}"/><Result SortOrder="2" Result="{number + 2}"/>'
