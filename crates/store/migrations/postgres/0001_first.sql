-- Times are milliseconds since 1970, dates are yyyymmdd, ids are time-ordered (see `id.rs`).
-- Enums are small integers; `codec.rs` is their table.

-- What the database knows about itself: the checks of the master keys.
CREATE TABLE meta (
    key   TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE account (
    id         BIGINT   PRIMARY KEY,
    user_id    TEXT     NOT NULL UNIQUE,
    brno       TEXT     NOT NULL,
    company    TEXT     NOT NULL,
    kind       TEXT     NOT NULL,
    approval   SMALLINT NOT NULL,
    status     SMALLINT NOT NULL,
    created_ms BIGINT   NOT NULL
);

CREATE TABLE credential (
    id            BIGINT   PRIMARY KEY,
    account_id    BIGINT   NOT NULL REFERENCES account (id),
    environment   SMALLINT NOT NULL,
    auth_key_hash BYTEA    NOT NULL UNIQUE, -- SHA-256
    secret_key    BYTEA    NOT NULL,        -- sealed
    key_version   INTEGER  NOT NULL,
    approved      BOOLEAN  NOT NULL,
    revoked_ms    BIGINT,
    allowed_ips   TEXT     NOT NULL,        -- networks separated by commas
    created_ms    BIGINT   NOT NULL
);
CREATE INDEX credential_account ON credential (account_id);

CREATE TABLE delegation (
    owner_id    BIGINT NOT NULL REFERENCES account (id),
    delegate_id BIGINT NOT NULL REFERENCES account (id),
    granted_ms  BIGINT NOT NULL,
    revoked_ms  BIGINT,
    PRIMARY KEY (owner_id, delegate_id)
);

CREATE TABLE token (
    hash          BYTEA  PRIMARY KEY, -- SHA-256
    credential_id BIGINT NOT NULL REFERENCES credential (id),
    issued_ms     BIGINT NOT NULL,
    expires_ms    BIGINT NOT NULL
);
CREATE INDEX token_expiry ON token (expires_ms);

-- The hot table: no foreign keys, few indexes.
CREATE TABLE verification (
    id           BIGINT   NOT NULL,
    at_ms        BIGINT   NOT NULL,
    company_id   BIGINT   NOT NULL,
    caller_id    BIGINT   NOT NULL,
    environment  SMALLINT NOT NULL,
    sector       SMALLINT NOT NULL,
    channel      SMALLINT NOT NULL,
    class        SMALLINT NOT NULL,
    from_date    INTEGER  NOT NULL,
    to_date      INTEGER  NOT NULL,
    plate        TEXT COLLATE "C",
    api_type     TEXT COLLATE "C",
    code         SMALLINT NOT NULL,
    temporary    BOOLEAN  NOT NULL,
    identity     SMALLINT,
    licence_hash BYTEA    NOT NULL, -- keyed hash, 16 bytes
    subject      BYTEA    NOT NULL, -- sealed: licence number, name, device id
    PRIMARY KEY (company_id, id)
);
-- 2^52 of an id are 12.4 days: inserts stay local, a week is at most two probes.
CREATE INDEX verification_licence ON verification ((id >> 52), licence_hash, id);

-- The first sighting of a vehicle that is not the company's (§3.3).
CREATE TABLE vehicle_grace (
    company_id  BIGINT   NOT NULL,
    environment SMALLINT NOT NULL,
    plate       TEXT COLLATE "C" NOT NULL,
    started_ms  BIGINT   NOT NULL,
    PRIMARY KEY (company_id, environment, plate)
);

-- Append-only; every row's hash covers the row before it.
CREATE TABLE audit (
    chain        TEXT COLLATE "C" NOT NULL,
    seq          BIGINT   NOT NULL,
    at_ms        BIGINT   NOT NULL,
    actor        BIGINT   NOT NULL,
    action       TEXT     NOT NULL,
    company_id   BIGINT,
    subject_hash BYTEA,             -- keyed hash, 16 bytes
    reference    BIGINT   NOT NULL,
    outcome      TEXT     NOT NULL,
    hash         BYTEA    NOT NULL, -- SHA-256
    PRIMARY KEY (chain, seq)
);
