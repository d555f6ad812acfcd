CREATE TABLE readings (
    host TEXT NOT NULL, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL, stored_s REAL NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (host, boot, stream, seq)
) WITHOUT ROWID;
CREATE TABLE heard (
    host TEXT NOT NULL, stream TEXT NOT NULL, boot TEXT NOT NULL,
    stored_s REAL NOT NULL, ranges BLOB NOT NULL,
    PRIMARY KEY (host, stream, boot)
) WITHOUT ROWID;
INSERT INTO heard VALUES ('STA-1', 'vitals', 'b', 4e9, '[[0,4],[7,9]]');
INSERT INTO readings VALUES ('STA-1', 'b', 'vitals', 4, 1, 4e9, '{}');
