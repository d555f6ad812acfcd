BEGIN TRANSACTION;
CREATE TABLE changes (
    number INTEGER NOT NULL, seq INTEGER NOT NULL,
    at REAL NOT NULL, change TEXT NOT NULL, cause TEXT NOT NULL,
    PRIMARY KEY (number, seq)
) WITHOUT ROWID;
INSERT INTO "changes" VALUES(1,1,4000000011.75,'opened','silent');
INSERT INTO "changes" VALUES(1,2,4000000020.0,'closed','silent');
INSERT INTO "changes" VALUES(2,1,4000000030.0,'opened','silent');
INSERT INTO "changes" VALUES(2,2,4000000031.0,'sharpened','venue_unreachable');
INSERT INTO "changes" VALUES(3,1,4000000040.0,'opened','feed_stale');
INSERT INTO "changes" VALUES(4,1,4000000041.0,'opened','process_died');
CREATE TABLE heard (
    host TEXT NOT NULL, stream TEXT NOT NULL, boot TEXT NOT NULL,
    stored_s REAL NOT NULL, ranges BLOB NOT NULL,
    PRIMARY KEY (host, stream, boot)
) WITHOUT ROWID;
INSERT INTO "heard" VALUES('STA-1','vitals','b',4000000046.0,X'5B5B302C345D2C5B372C395D5D');
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, venue TEXT NOT NULL, state TEXT NOT NULL, since REAL NOT NULL,
    cause TEXT, interval_s REAL NOT NULL, evidence_at REAL, was_up INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "hosts" VALUES('AQU-1','AQU','unreachable',4000000030.0,'venue_unreachable',2.0,4000000028.0,0);
INSERT INTO "hosts" VALUES('AQU-2','AQU','unreachable',4000000030.0,'venue_unreachable',2.0,4000000028.0,0);
INSERT INTO "hosts" VALUES('STA-1','STA','up',4000000020.0,NULL,1.0,4000000045.0,1);
INSERT INTO "hosts" VALUES('STA-2','STA','up',4000000000.0,NULL,1.0,4000000045.0,1);
INSERT INTO "hosts" VALUES('STA-3','STA','down',4000000041.0,'process_died',1.0,4000000040.9,0);
CREATE TABLE incidents (
    number INTEGER PRIMARY KEY,
    scope TEXT NOT NULL, venue TEXT NOT NULL, host TEXT NOT NULL, check_name TEXT NOT NULL,
    cause TEXT NOT NULL, opened_at REAL NOT NULL, silent_since REAL, closed_at REAL,
    falls INTEGER NOT NULL, children TEXT NOT NULL, evidence TEXT NOT NULL, alive TEXT NOT NULL
);
INSERT INTO "incidents" VALUES(1,'host','STA','STA-1','','silent',4000000011.75,4000000010.0,4000000020.0,2,'[]','[{"at":4000000011.75,"by":"centre","seen":"silence","detail":{"margin_s":1.75}}]','[{"host":"STA-1","start":4000000012.5,"end":4000000013.5,"readings":2}]');
INSERT INTO "incidents" VALUES(2,'venue','AQU','','','venue_unreachable',4000000030.0,4000000028.0,NULL,1,'["AQU-1","AQU-2"]','[{"at":4000000030.0,"by":"centre","seen":"silence","detail":{}}]','[]');
INSERT INTO "incidents" VALUES(3,'feed','STA','STA-2','timing','feed_stale',4000000040.0,NULL,NULL,1,'[]','[]','[]');
INSERT INTO "incidents" VALUES(4,'host','STA','STA-3','','process_died',4000000041.0,4000000040.9,NULL,1,'[]','[]','[]');
CREATE TABLE lived (lived_s REAL PRIMARY KEY, wall REAL NOT NULL);
INSERT INTO "lived" VALUES(0.0,0.0);
INSERT INTO "lived" VALUES(0.001,4000000000.0);
CREATE TABLE marks (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
INSERT INTO "marks" VALUES('alive_at',4000000046.0);
INSERT INTO "marks" VALUES('lived_s',46.0);
INSERT INTO "marks" VALUES('next_number',5.0);
CREATE TABLE outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL
);
INSERT INTO "outbox" VALUES(1,'3-1',X'7B226964223A22332D31227D');
INSERT INTO "outbox" VALUES(2,'4-1',X'7B226964223A22342D31227D');
CREATE TABLE readings (
    host TEXT NOT NULL, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL, stored_s REAL NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (host, boot, stream, seq)
) WITHOUT ROWID;
INSERT INTO "readings" VALUES('STA-1','b','vitals',4,4,4000000046.0,X'7B22626F6F74223A2262222C2273657373696F6E223A312C22736571223A342C2277616C6C5F6D73223A342C2272656164696E6773223A7B226E6F64655F6C6F616431223A302E357D7D');
CREATE TABLE transitions (
    at REAL NOT NULL, venue TEXT NOT NULL, host TEXT NOT NULL,
    before TEXT NOT NULL, after TEXT NOT NULL, why TEXT NOT NULL, silent_since REAL
);
INSERT INTO "transitions" VALUES(4000000000.0,'STA','STA-1','unknown','up','beat',NULL);
INSERT INTO "transitions" VALUES(4000000011.75,'STA','STA-1','up','down','deadline_passed',4000000010.0);
INSERT INTO "transitions" VALUES(4000000020.0,'STA','STA-1','down','up','beat',4000000010.0);
INSERT INTO "transitions" VALUES(4000000000.0,'STA','STA-2','unknown','up','beat',NULL);
INSERT INTO "transitions" VALUES(4000000000.0,'STA','STA-3','unknown','up','beat',NULL);
INSERT INTO "transitions" VALUES(4000000041.0,'STA','STA-3','up','down','connection_lost',4000000040.9);
INSERT INTO "transitions" VALUES(4000000000.0,'AQU','AQU-1','unknown','up','beat',NULL);
INSERT INTO "transitions" VALUES(4000000000.0,'AQU','AQU-2','unknown','up','beat',NULL);
INSERT INTO "transitions" VALUES(4000000030.0,'AQU','AQU-1','up','unreachable','deadline_passed',4000000028.0);
INSERT INTO "transitions" VALUES(4000000030.0,'AQU','AQU-2','up','unreachable','deadline_passed',4000000028.0);
CREATE INDEX readings_by_age ON readings (stored_s);
CREATE INDEX incidents_by_end ON incidents (closed_at);
CREATE INDEX transitions_by_age ON transitions (at);
CREATE INDEX transitions_by_host ON transitions (host, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',2);
COMMIT;
PRAGMA user_version = 2;
