-- Times are milliseconds since 1970, dates are yyyymmdd, ids are time-ordered (see `id.rs`).
-- Enums are small integers; `codec.rs` is their table. Tables that grow for ever are partitioned by month
-- (`partition.rs`).

-- What the database knows about itself: the checks of the master keys.
CREATE TABLE meta (
    key   TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Once an account is destroyed, its number is what is left of it: records that are kept longer name it.
CREATE TABLE account (
    id         BIGINT   PRIMARY KEY,
    user_id    TEXT UNIQUE, -- null once destroyed, as are the next two
    brno       TEXT,
    company    TEXT,
    kind       TEXT     NOT NULL,
    approval   SMALLINT NOT NULL,
    status     SMALLINT NOT NULL,
    created_ms BIGINT   NOT NULL,
    ended_ms   BIGINT       -- when it was rejected, deleted or withdrawn
);

CREATE TABLE credential (
    id            BIGINT   PRIMARY KEY,
    account_id    BIGINT   NOT NULL REFERENCES account (id),
    environment   SMALLINT NOT NULL,
    auth_key_hash BYTEA    NOT NULL UNIQUE, -- SHA-256
    secret_key    BYTEA    NOT NULL,        -- sealed
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
CREATE INDEX delegation_delegate ON delegation (delegate_id);

CREATE TABLE token (
    hash          BYTEA  PRIMARY KEY, -- SHA-256
    credential_id BIGINT NOT NULL REFERENCES credential (id),
    issued_ms     BIGINT NOT NULL,
    expires_ms    BIGINT NOT NULL
);
CREATE INDEX token_expiry ON token (expires_ms);
CREATE INDEX token_credential ON token (credential_id);

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
) PARTITION BY RANGE (id);
-- What is old. None by licence, as on SQLite: its random keys would cost every verification more than it gives the
-- rare question (docs/performance.md).
CREATE INDEX verification_age ON verification (id);
CREATE TABLE verification_default PARTITION OF verification DEFAULT;

-- The first sighting of a vehicle that is not the company's (§3.3).
CREATE TABLE vehicle_grace (
    company_id  BIGINT   NOT NULL,
    environment SMALLINT NOT NULL,
    plate_key   TEXT COLLATE "C" NOT NULL,
    started_ms  BIGINT   NOT NULL,
    PRIMARY KEY (company_id, environment, plate_key)
);
CREATE INDEX vehicle_grace_age ON vehicle_grace (started_ms);

-- Append-only; every row's keyed hash covers the row before it.
CREATE TABLE audit (
    chain        TEXT COLLATE "C" NOT NULL,
    seq          BIGINT   NOT NULL,
    at_ms        BIGINT   NOT NULL,
    key_version  INTEGER  NOT NULL, -- whose derived key made the hash
    actor_kind   SMALLINT NOT NULL,
    actor        BIGINT   NOT NULL, -- the key or the person; 0 for others
    actor_name   TEXT,              -- an operator of the command line
    address      BYTEA,             -- 16 bytes, IPv4 mapped
    environment  SMALLINT,
    action       TEXT     NOT NULL,
    company_id   BIGINT,
    subject_hash BYTEA,             -- keyed hash, 16 bytes
    reference    BIGINT   NOT NULL,
    outcome      TEXT     NOT NULL,
    sheet        BYTEA,             -- the verifications of a commit, or the people of a page (audit/sheet.rs)
    hash         BYTEA    NOT NULL, -- HMAC-SHA-256
    PRIMARY KEY (chain, seq, at_ms)
) PARTITION BY RANGE (at_ms);
ALTER TABLE audit ALTER COLUMN sheet SET STORAGE EXTERNAL;
CREATE TABLE audit_default PARTITION OF audit DEFAULT;

-- One row per audit chain: its head, and the last row that was destroyed at its beginning.
CREATE TABLE audit_chain (
    chain     TEXT COLLATE "C" PRIMARY KEY,
    seq       BIGINT NOT NULL,
    at_ms     BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    base_seq  BIGINT NOT NULL,
    base_hash BYTEA  NOT NULL
);

-- The next sequence of each letter and year.
CREATE TABLE number_counter (
    sector SMALLINT NOT NULL,
    year   SMALLINT NOT NULL,
    next   BIGINT   NOT NULL,
    PRIMARY KEY (sector, year)
);

-- Every number that stands for something, so that none can stand for two. Not partitioned for that reason.
CREATE TABLE number (
    number     BIGINT   PRIMARY KEY, -- letter, year and sequence: see codec.rs
    kind       SMALLINT NOT NULL,
    company_id BIGINT   NOT NULL,
    id         BIGINT   NOT NULL     -- of the rental, reservation or remote verification
);

CREATE TABLE rental (
    id              BIGINT   NOT NULL,
    company_id      BIGINT   NOT NULL,
    caller_id       BIGINT   NOT NULL,
    number          BIGINT   NOT NULL,
    at_ms           BIGINT   NOT NULL, -- when it was registered
    created_date    INTEGER  NOT NULL, -- the same, as a date in Asia/Seoul
    from_date       INTEGER  NOT NULL,
    to_date         INTEGER  NOT NULL,
    plate           TEXT COLLATE "C" NOT NULL, -- as sent
    plate_key       TEXT COLLATE "C" NOT NULL, -- how it is compared
    status          SMALLINT NOT NULL, -- rent_stts_cd
    one_way         BOOLEAN,
    licence_hash    BYTEA,             -- of the driver, once one was verified
    verification_id BIGINT,
    verified_ms     BIGINT,
    code            SMALLINT,
    temporary       BOOLEAN  NOT NULL,
    decided_ms      BIGINT,            -- when it was confirmed or cancelled
    PRIMARY KEY (company_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX rental_by_start ON rental (company_id, from_date, number) INCLUDE (id);
CREATE INDEX rental_by_end ON rental (company_id, to_date, number) INCLUDE (id);
CREATE INDEX rental_by_creation ON rental (company_id, created_date, number) INCLUDE (id);
CREATE INDEX rental_by_plate ON rental (company_id, plate_key, from_date, number) INCLUDE (id);
-- 2^52 of an id are 12.4 days: inserts stay local, a week is at most two probes.
CREATE INDEX rental_by_licence ON rental ((id >> 52), licence_hash, id);
CREATE TABLE rental_default PARTITION OF rental DEFAULT;

CREATE TABLE reservation (
    id           BIGINT   PRIMARY KEY,
    company_id   BIGINT   NOT NULL,
    caller_id    BIGINT   NOT NULL,
    environment  SMALLINT NOT NULL,
    number       BIGINT   NOT NULL,
    at_ms        BIGINT   NOT NULL,
    created_date INTEGER  NOT NULL,
    from_date    INTEGER  NOT NULL,
    to_date      INTEGER  NOT NULL,
    plate        TEXT COLLATE "C" NOT NULL, -- as sent
    plate_key    TEXT COLLATE "C" NOT NULL, -- how it is compared
    recurrence   SMALLINT NOT NULL,
    class        SMALLINT NOT NULL,
    subject      BYTEA    NOT NULL, -- sealed: licence number, name
    last_code    SMALLINT NOT NULL,
    last_ms      BIGINT   NOT NULL,
    next_date    INTEGER  NOT NULL,
    failures     SMALLINT NOT NULL,
    due_ms       BIGINT,            -- when it runs, or when its claim ends; null after its last run
    claim        BIGINT             -- whose run is under way
);
CREATE INDEX reservation_due ON reservation (environment, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX reservation_lane ON reservation (environment, company_id, due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX reservation_by_start ON reservation (company_id, from_date, number) INCLUDE (id);
CREATE INDEX reservation_by_end ON reservation (company_id, to_date, number) INCLUDE (id);
CREATE INDEX reservation_by_creation ON reservation (company_id, created_date, number) INCLUDE (id);
CREATE INDEX reservation_by_plate ON reservation (company_id, plate_key, from_date, number) INCLUDE (id);

-- How many rentals or reservations a company has on a day, by the date searched for (table 5.13).
CREATE TABLE history_count (
    company_id BIGINT   NOT NULL,
    search     SMALLINT NOT NULL,
    day        INTEGER  NOT NULL,
    total      BIGINT   NOT NULL,
    PRIMARY KEY (company_id, search, day)
);

-- 비대면: what a generated number stands for, and how the driver's verification ended.
CREATE TABLE remote (
    number          BIGINT   PRIMARY KEY,
    id              BIGINT   NOT NULL,
    company_id      BIGINT   NOT NULL,
    caller_id       BIGINT   NOT NULL,
    sector          SMALLINT NOT NULL,
    at_ms           BIGINT   NOT NULL,
    from_date       INTEGER  NOT NULL,
    to_date         INTEGER  NOT NULL,
    plate           TEXT COLLATE "C",
    device          BYTEA,             -- sealed
    api_type        TEXT COLLATE "C",
    attempts        SMALLINT NOT NULL,
    refusal         TEXT,              -- KOROAD's code of the last attempt, where it refused (table 5.3)
    refusal_message TEXT,
    finished_ms     BIGINT,
    code            SMALLINT,
    identity        SMALLINT,
    verification_id BIGINT,
    similarity      DOUBLE PRECISION,
    liveness        DOUBLE PRECISION,
    originality     DOUBLE PRECISION,
    photo           TEXT COLLATE "C",  -- table 5.11
    licence_hash    BYTEA              -- of the driver, once one was verified
);
CREATE INDEX remote_end ON remote (to_date);

CREATE TABLE idempotency (
    account_id   BIGINT   NOT NULL,
    environment  SMALLINT NOT NULL,
    key_hash     BYTEA    NOT NULL, -- keyed hash
    id           BIGINT   NOT NULL,
    company_id   BIGINT   NOT NULL, -- whose data the answer shows
    request_hash BYTEA    NOT NULL, -- keyed hash of the interface and the decrypted body
    at_ms        BIGINT   NOT NULL,
    answer       BYTEA    NOT NULL, -- sealed
    PRIMARY KEY (account_id, environment, key_hash)
);
CREATE INDEX idempotency_age ON idempotency (at_ms);

CREATE TABLE webhook_endpoint (
    id          BIGINT  PRIMARY KEY,
    company_id  BIGINT  NOT NULL REFERENCES account (id),
    url         TEXT    NOT NULL,
    secret      BYTEA   NOT NULL, -- sealed
    events      TEXT,             -- the kinds that it is told, each between spaces; null for all
    created_ms  BIGINT  NOT NULL,
    disabled_ms BIGINT
);
CREATE INDEX webhook_endpoint_company ON webhook_endpoint (company_id);

-- The outbox: written in the transaction of what it tells.
CREATE TABLE webhook_message (
    id           BIGINT   NOT NULL,
    endpoint_id  BIGINT   NOT NULL REFERENCES webhook_endpoint (id),
    environment  SMALLINT NOT NULL,
    at_ms        BIGINT   NOT NULL,
    kind         TEXT     NOT NULL,
    body         TEXT     NOT NULL,
    attempts     SMALLINT NOT NULL,
    due_ms       BIGINT,            -- the next attempt, or the end of the claim; null when it is settled
    claim        BIGINT,
    delivered_ms BIGINT,
    failure      TEXT,              -- of the last attempt
    PRIMARY KEY (id, endpoint_id)
);
CREATE INDEX webhook_message_due ON webhook_message (environment, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX webhook_message_lane ON webhook_message (environment, endpoint_id, due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX webhook_message_endpoint ON webhook_message (endpoint_id, id);
CREATE INDEX webhook_message_claimed ON webhook_message (endpoint_id) WHERE claim IS NOT NULL;

-- What only one node does at a time, and until when it is taken.
CREATE TABLE chore (
    name     TEXT COLLATE "C" PRIMARY KEY,
    until_ms BIGINT NOT NULL
);

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
CREATE INDEX recheck_due ON recheck (environment, due_ms);
CREATE INDEX recheck_lane ON recheck (environment, company_id, due_ms, id);

-- What a company has used of its quotas on a day (quota.rs); the past days' rows are deleted.
CREATE TABLE quota_use (
    company_id  BIGINT   NOT NULL,
    environment SMALLINT NOT NULL,
    kind        SMALLINT NOT NULL,
    day         INTEGER  NOT NULL,
    used        BIGINT   NOT NULL,
    PRIMARY KEY (company_id, environment, kind, day)
);
CREATE INDEX quota_use_day ON quota_use (day);

-- What needs more than the rights of the application's role (`rims migrate --app-role`) runs as the owner of the tables
-- through these functions, each of which does one thing that cannot be misused (`roles.rs`).

-- Destroys the oldest rows of an audit chain. Called by another than the owner, only those whose period is over:
-- 개인정보의 안전성 확보조치 기준 §5③ (rights, three years) and §8① (accesses, two), less a day for clocks that differ.
CREATE FUNCTION destroy_audit(of_chain TEXT, up_to BIGINT) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    days CONSTANT INTEGER := CASE WHEN of_chain LIKE 'rights.%' THEN 1095 ELSE 730 END;
    before_ms CONSTANT BIGINT := extract(epoch FROM clock_timestamp() - make_interval(days => days - 1)) * 1000;
BEGIN
    IF session_user <> current_user
       AND EXISTS (SELECT 1 FROM audit WHERE chain = of_chain AND seq <= up_to AND at_ms >= before_ms) THEN
        RAISE check_violation USING MESSAGE = format('audit rows of %s are kept for %s days', of_chain, days);
    END IF;
    DELETE FROM audit WHERE chain = of_chain AND seq <= up_to;
END $$;

-- Makes the partition of a month (yyyymm) unless it is there.
CREATE FUNCTION make_partition(of_table TEXT, month TEXT, from_value BIGINT, to_value BIGINT) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '5s' AS $$
BEGIN
    IF of_table NOT IN ('verification', 'rental', 'audit') OR month !~ '^[0-9]{6}$' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'no such partition';
    END IF;
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                   of_table || '_' || month, of_table, from_value, to_value);
END $$;

-- Drops the partition of a month (yyyymm) if it is empty. Looks again with the table locked, the whole one first as every
-- writer does: a row that arrives after the first look keeps its partition.
CREATE FUNCTION drop_empty_partition(of_table TEXT, month TEXT) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '1s' AS $$
DECLARE
    partition CONSTANT TEXT := of_table || '_' || month;
    used BOOLEAN;
BEGIN
    IF of_table NOT IN ('verification', 'rental', 'audit') OR month !~ '^[0-9]{6}$' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'no such partition';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', partition) INTO used;
    IF used THEN
        RETURN;
    END IF;
    EXECUTE format('LOCK TABLE %I', of_table);
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', partition) INTO used;
    IF NOT used THEN
        EXECUTE format('DROP TABLE %I', partition);
    END IF;
END $$;

-- Nobody else's tables of these names, and nobody but the owner and whom it grants them to.
DO $$
DECLARE
    signature TEXT;
BEGIN
    FOREACH signature IN ARRAY ARRAY['destroy_audit(TEXT, BIGINT)', 'make_partition(TEXT, TEXT, BIGINT, BIGINT)',
                                     'drop_empty_partition(TEXT, TEXT)'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', signature, current_schema());
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    END LOOP;
END $$;
