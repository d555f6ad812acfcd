"""A live run's file beside the journal of its aggregator: what differs, a line each, by plain SQL.

Times of the file are monotonic, those of the journal wall time: ``offset_s`` is what to add.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

SOON_S: Final = 2.0
"""How much later (s) than the aggregator wrote it a change is read, and a notice taken."""

_VIEWS: Final = """
CREATE TEMP VIEW since AS SELECT min(at) + (SELECT offset_s FROM clocks) AS at
    FROM well JOIN journal.world AS w ON well.world = w.name WHERE by = 'stage';
CREATE TEMP VIEW written AS
    SELECT number, scope || ':' || rtrim(venue || '/' || host || '/' || check_name, '/') AS subject,
        cause, opened_at, closed_at, json_array_length(children) AS children
    FROM journal.incidents WHERE closed_at IS NULL OR closed_at > (SELECT at FROM since);
CREATE TEMP VIEW changed AS
    SELECT number, seq, at, change, changes.cause, subject
    FROM journal.changes JOIN written USING (number) WHERE change <> 'known';
CREATE TEMP VIEW read AS
    SELECT seen.rowid AS place, incident AS number, at + (SELECT offset_s FROM clocks) AS at,
        change, subject, cause, children, opened_at
    FROM seen JOIN journal.world AS w ON seen.world = w.name;
CREATE TEMP VIEW latest AS SELECT * FROM read AS one WHERE place = (
    SELECT place FROM read AS other WHERE other.number = one.number
    ORDER BY at DESC, place DESC LIMIT 1
);
CREATE TEMP VIEW told AS
    SELECT incident AS number, seq, at + (SELECT offset_s FROM clocks) AS at, change, subject, cause
    FROM notice JOIN journal.world AS w ON notice.world = w.name WHERE accepted;
"""

_DIFFERENCES: Final[Mapping[str, str]] = {
    "written, and not read": "SELECT number FROM written EXCEPT SELECT number FROM read",
    "read, and not written": "SELECT number FROM read EXCEPT SELECT number FROM written",
    "another subject": "SELECT number, read.subject, written.subject FROM read"
    " JOIN written USING (number) WHERE read.subject <> written.subject",
    "another cause at last": "SELECT number, latest.cause, written.cause FROM latest"
    " JOIN written USING (number) WHERE latest.cause <> written.cause",
    "another number of hosts": "SELECT number, latest.children, written.children FROM latest"
    " JOIN written USING (number) WHERE latest.children <> written.children",
    "opened at another time": "SELECT number, read.opened_at, written.opened_at FROM read"
    " JOIN written USING (number) WHERE abs(read.opened_at - written.opened_at) > 0.002",
    "not opened once": "SELECT number, sum(change = 'opened') AS times FROM read"
    " GROUP BY number HAVING times <> 1",
    "closed in one of both only": "SELECT number, latest.change, closed_at FROM latest"
    " JOIN written USING (number)"
    " WHERE (latest.change IN ('closed', 'removed')) <> (closed_at IS NOT NULL)",
    "a cause that was never written": "SELECT number, cause FROM read"
    " EXCEPT SELECT number, cause FROM changed",
    "read long after it was written": f"""
        SELECT number, change, read.at - changed.at FROM read JOIN changed USING (number, change)
        WHERE change IN ('opened', 'closed') AND read.at - changed.at NOT BETWEEN -0.1 AND {SOON_S}
    """,  # noqa: S608 - ours
    "a notice that was never written": "SELECT number, seq, change, subject, cause FROM told"
    " EXCEPT SELECT number, seq, change, subject, cause FROM changed",
    "written, and no notice": "SELECT number, seq, change, subject, cause FROM changed"
    " EXCEPT SELECT number, seq, change, subject, cause FROM told",
    "told long after it was written": f"""
        SELECT number, seq, told.at - changed.at FROM told JOIN changed USING (number, seq)
        WHERE told.at - changed.at NOT BETWEEN -0.1 AND {SOON_S}
    """,  # noqa: S608 - ours
}


def differences(run: Path, journal: Path, *, offset_s: float) -> list[str]:
    """Return what a run's file says otherwise than the journal of one of its worlds."""
    with closing(_both(run, journal, offset_s)) as database:
        return [
            f"{what}: {row}"
            for what, query in _DIFFERENCES.items()
            for row in database.execute(query)
        ]


def offset_of(run: Path, journal: Path) -> float:
    """Return the offset by which the first word that was read was read at once."""
    query = """
        SELECT coalesce(max(changed.at - read.at), 0.0)
        FROM read JOIN changed USING (number, change) WHERE change = 'opened'
    """
    with closing(_both(run, journal, 0.0)) as database:
        return float(database.execute(query).fetchone()[0])


def incidents(run: Path, journal: Path, *, offset_s: float) -> dict[str, tuple[str, float, float]]:
    """Return cause, and when it was opened and closed (s of the run's clock), by subject.

    Each subject of the journal has one incident.
    """
    query = """
        SELECT subject, cause, (SELECT at FROM changed AS c WHERE c.number = w.number AND seq = 1),
            (SELECT max(at) FROM changed AS c WHERE c.number = w.number AND change = 'closed')
        FROM written AS w
    """
    with closing(_both(run, journal, offset_s)) as database:
        rows = database.execute(query).fetchall()
    found = {
        subject: (str(cause), opened - offset_s, closed - offset_s)
        for subject, cause, opened, closed in rows
    }
    assert len(found) == len(rows)
    return found


def _both(run: Path, journal: Path, offset_s: float) -> sqlite3.Connection:
    database = sqlite3.connect(run)
    database.execute("ATTACH ? AS journal", (str(journal),))
    database.execute("CREATE TEMP TABLE clocks AS SELECT ? AS offset_s", (offset_s,))
    database.executescript(_VIEWS)
    return database
