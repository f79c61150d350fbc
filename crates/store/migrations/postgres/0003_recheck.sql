-- Checks that KOROAD did not answer and that are made again for companies that asked to be told. Dates and codes are
-- numbers, see codec.rs.
CREATE TABLE recheck (
    id          BIGINT   PRIMARY KEY,
    company_id  BIGINT   NOT NULL,
    caller_id   BIGINT   NOT NULL,
    environment SMALLINT NOT NULL,
    sector      SMALLINT NOT NULL,
    channel     SMALLINT NOT NULL,
    reference   TEXT COLLATE "C" NOT NULL, -- the caller's own
    item        INTEGER  NOT NULL,
    at_ms       BIGINT   NOT NULL,
    from_date   INTEGER  NOT NULL,
    to_date     INTEGER  NOT NULL,
    class       SMALLINT NOT NULL,
    plate       TEXT,
    api_type    TEXT,
    subject     BYTEA    NOT NULL,         -- licence number, name and device id, sealed
    due_ms      BIGINT   NOT NULL,         -- the next attempt, or the end of the claim
    claim       BIGINT,
    UNIQUE (caller_id, company_id, environment, reference, item)
);
CREATE INDEX recheck_due ON recheck (due_ms, id);
