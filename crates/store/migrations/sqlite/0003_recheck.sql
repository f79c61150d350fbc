-- Checks that KOROAD did not answer and that are made again for companies that asked to be told. Dates and codes are
-- numbers, see codec.rs.
CREATE TABLE recheck (
    id          INTEGER PRIMARY KEY,
    company_id  INTEGER NOT NULL,
    caller_id   INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    sector      INTEGER NOT NULL,
    channel     INTEGER NOT NULL,
    reference   TEXT    NOT NULL, -- the caller's own
    item        INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    from_date   INTEGER NOT NULL,
    to_date     INTEGER NOT NULL,
    class       INTEGER NOT NULL,
    plate       TEXT,
    api_type    TEXT,
    subject     BLOB    NOT NULL, -- licence number, name and device id, sealed
    due_ms      INTEGER NOT NULL, -- the next attempt, or the end of the claim
    claim       INTEGER,
    UNIQUE (caller_id, company_id, environment, reference, item)
) STRICT;
CREATE INDEX recheck_due ON recheck (due_ms, id);
