-- Times are milliseconds since 1970, dates are yyyymmdd, ids are time-ordered (see `id.rs`).
-- Enums are small integers; `codec.rs` is their table.

-- What the database knows about itself: the checks of the master keys.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    id         INTEGER PRIMARY KEY,
    user_id    TEXT    NOT NULL UNIQUE,
    brno       TEXT    NOT NULL,
    company    TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    approval   INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE credential (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES account (id),
    environment   INTEGER NOT NULL,
    auth_key_hash BLOB    NOT NULL UNIQUE, -- SHA-256
    secret_key    BLOB    NOT NULL,        -- sealed
    key_version   INTEGER NOT NULL,
    approved      INTEGER NOT NULL,
    revoked_ms    INTEGER,
    allowed_ips   TEXT    NOT NULL,        -- networks separated by commas
    created_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX credential_account ON credential (account_id);

CREATE TABLE delegation (
    owner_id    INTEGER NOT NULL REFERENCES account (id),
    delegate_id INTEGER NOT NULL REFERENCES account (id),
    granted_ms  INTEGER NOT NULL,
    revoked_ms  INTEGER,
    PRIMARY KEY (owner_id, delegate_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash          BLOB    PRIMARY KEY, -- SHA-256
    credential_id INTEGER NOT NULL REFERENCES credential (id),
    issued_ms     INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_expiry ON token (expires_ms);

-- The hot table: no foreign keys, few indexes.
CREATE TABLE verification (
    id           INTEGER PRIMARY KEY,
    at_ms        INTEGER NOT NULL,
    company_id   INTEGER NOT NULL,
    caller_id    INTEGER NOT NULL,
    environment  INTEGER NOT NULL,
    sector       INTEGER NOT NULL,
    channel      INTEGER NOT NULL,
    class        INTEGER NOT NULL,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    plate        TEXT,
    api_type     TEXT,
    code         INTEGER NOT NULL,
    temporary    INTEGER NOT NULL,
    identity     INTEGER,
    licence_hash BLOB    NOT NULL, -- keyed hash, 16 bytes
    subject      BLOB    NOT NULL  -- sealed: licence number, name, device id
) STRICT;
-- No index by licence: its random keys make every row cost a page of the write-ahead log, half of all that a
-- commit writes (docs/performance.md). A look-up by licence reads the time range of the primary key instead.
CREATE INDEX verification_company ON verification (company_id, environment, id);

-- The first sighting of a vehicle that is not the company's (§3.3).
CREATE TABLE vehicle_grace (
    company_id  INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    plate       TEXT    NOT NULL,
    started_ms  INTEGER NOT NULL,
    PRIMARY KEY (company_id, environment, plate)
) STRICT, WITHOUT ROWID;

-- Append-only; every row's hash covers the row before it.
CREATE TABLE audit (
    chain        TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    actor        INTEGER NOT NULL,
    action       TEXT    NOT NULL,
    company_id   INTEGER,
    subject_hash BLOB,             -- keyed hash, 16 bytes
    reference    INTEGER NOT NULL,
    outcome      TEXT    NOT NULL,
    hash         BLOB    NOT NULL, -- SHA-256
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;
