//! Every fixed SQL text. One text with `$n` serves both engines; where the dialects differ the name says whose
//! it is. The texts of the multi-row inserts are in `bulk`.

/// Declares statements and lists them, so that a test prepares each one.
macro_rules! statements {
    ($list:ident: $( $name:ident = $text:expr; )+) => {
        $( pub(crate) const $name: &str = $text; )+
        pub(crate) const $list: &[(&str, &str)] = &[ $( (stringify!($name), $text), )+ ];
    };
}

statements! { SHARED:
    TOKEN = "SELECT credential_id, expires_ms FROM token WHERE hash = $1";
    CREDENTIAL_BY_ID = "
        SELECT c.id AS credential_id, c.environment, c.secret_key, c.approved, c.revoked_ms, c.allowed_ips,
               a.id, a.user_id, a.brno, a.company, a.kind, a.approval, a.status
        FROM credential c JOIN account a ON a.id = c.account_id
        WHERE c.id = $1";
    CREDENTIAL_BY_AUTH_KEY = "
        SELECT c.id AS credential_id, c.environment, c.secret_key, c.approved, c.revoked_ms, c.allowed_ips,
               a.id, a.user_id, a.brno, a.company, a.kind, a.approval, a.status
        FROM credential c JOIN account a ON a.id = c.account_id
        WHERE c.auth_key_hash = $1";
    CREDENTIALS_OF = "
        SELECT id AS credential_id, account_id, environment, approved, revoked_ms, allowed_ips
        FROM credential WHERE account_id = $1 ORDER BY id";
    ACCOUNT_BY_ID = "
        SELECT id, user_id, brno, company, kind, approval, status FROM account WHERE id = $1";
    ACCOUNT_BY_USER_ID = "
        SELECT id, user_id, brno, company, kind, approval, status FROM account WHERE user_id = $1";
    ACCOUNTS = "
        SELECT id, user_id, brno, company, kind, approval, status
        FROM account WHERE user_id IS NOT NULL ORDER BY id";
    HAS_DELEGATED = "
        SELECT COUNT(*) FROM delegation WHERE owner_id = $1 AND delegate_id = $2 AND revoked_ms IS NULL";
    DELEGATORS = "
        SELECT a.id, a.user_id, a.brno, a.company, a.kind, a.approval, a.status
        FROM delegation d JOIN account a ON a.id = d.owner_id
        WHERE d.delegate_id = $1 AND d.revoked_ms IS NULL ORDER BY a.id";
    GRACE_STARTED = "
        SELECT started_ms FROM vehicle_grace WHERE company_id = $1 AND environment = $2 AND plate_key = $3";
    VERIFICATIONS_OF = "
        SELECT id, at_ms, company_id, caller_id, environment, sector, channel, class, from_date, to_date,
               plate, api_type, code, temporary, identity, subject
        FROM verification WHERE company_id = $1 AND environment = $2 ORDER BY id DESC LIMIT $3";
    VERIFICATIONS_BY_LICENCE = "
        SELECT id, at_ms, company_id, caller_id, environment, sector, channel, class, from_date, to_date,
               plate, api_type, code, temporary, identity, subject
        FROM verification
        WHERE id >= ($1 << 52) AND id < (($1 + 1) << 52)
              AND licence_hash = $2 AND at_ms >= $3 AND at_ms <= $4 ORDER BY id DESC";
    AUDIT_ENTRIES = "
        SELECT chain, seq, at_ms, key_version, actor_kind, actor, actor_name, address, environment, action, company_id,
               subject_hash, reference, outcome, sheet, hash
        FROM audit WHERE chain = $1 AND seq >= $2 ORDER BY seq LIMIT $3";
    CREDENTIAL_OWNER = "SELECT account_id FROM credential WHERE id = $1";
    AUDIT_FORWARDS = "
        SELECT chain, seq, at_ms, key_version, actor_kind, actor, actor_name, address, environment, action, company_id,
               subject_hash, reference, outcome, sheet, hash
        FROM audit WHERE chain = $1 AND seq > $2 AND at_ms >= $3 AND at_ms < $4 ORDER BY seq LIMIT $5";
    AUDIT_BACKWARDS = "
        SELECT chain, seq, at_ms, key_version, actor_kind, actor, actor_name, address, environment, action, company_id,
               subject_hash, reference, outcome, sheet, hash
        FROM audit WHERE chain = $1 AND seq < $2 AND at_ms >= $3 AND at_ms < $4 ORDER BY seq DESC LIMIT $5";
    AUDIT_CHAIN_NAMES = "SELECT chain FROM audit_chain ORDER BY chain";
    AUDIT_HEADS = "SELECT chain, seq, hash FROM audit_chain WHERE seq > 0 ORDER BY chain";
    AUDIT_NEXT_CHAIN = "SELECT MIN(chain) FROM audit_chain WHERE chain > $1";
    AUDIT_HEAD = "SELECT seq, hash FROM audit_chain WHERE chain = $1";
    AUDIT_ENDS = "SELECT base_seq, base_hash, seq, hash FROM audit_chain WHERE chain = $1";
    LAST_ID_TIME = "SELECT at_ms FROM audit_chain WHERE chain = $1";
    AUDIT_START_CHAIN = "
        INSERT INTO audit_chain (chain, seq, at_ms, hash, base_seq, base_hash)
        VALUES ($1, $2, $3, $4, $2, $4) ON CONFLICT (chain) DO NOTHING";
    META = "SELECT value FROM meta WHERE key = $1";
    META_KEYS = "SELECT key FROM meta ORDER BY key";
    DELETE_META = "DELETE FROM meta WHERE key = $1";
    PUT_META = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    MIGRATIONS = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";

    CREATE_ACCOUNT = "
        INSERT INTO account (id, user_id, brno, company, kind, approval, status, created_ms, ended_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SET_APPROVAL = "
        UPDATE account SET approval = $3, ended_ms = COALESCE(ended_ms, $4) WHERE id = $1 AND approval = $2";
    SET_STATUS = "
        UPDATE account SET status = $3, ended_ms = COALESCE(ended_ms, $4) WHERE id = $1 AND status = $2";
    ISSUE_CREDENTIAL = "
        INSERT INTO credential (id, account_id, environment, auth_key_hash, secret_key, approved, revoked_ms,
                                allowed_ips, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    APPROVE_CREDENTIAL = "UPDATE credential SET approved = TRUE WHERE id = $1 AND revoked_ms IS NULL";
    REVOKE_CREDENTIAL = "
        UPDATE credential SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
    SET_ALLOWED_IPS = "UPDATE credential SET allowed_ips = $2 WHERE id = $1 AND revoked_ms IS NULL";
    GRANT = "
        INSERT INTO delegation (owner_id, delegate_id, granted_ms, revoked_ms) VALUES ($1, $2, $3, NULL)
        ON CONFLICT (owner_id, delegate_id)
        DO UPDATE SET granted_ms = excluded.granted_ms, revoked_ms = NULL";
    REVOKE_GRANT = "
        UPDATE delegation SET revoked_ms = $3
        WHERE owner_id = $1 AND delegate_id = $2 AND revoked_ms IS NULL";
    FORGET_TOKENS = "DELETE FROM token WHERE expires_ms < $1";
}

statements! { SQLITE:
    SQLITE_HAS_TABLE = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
    SQLITE_MOVE_HEAD = "
        UPDATE audit_chain SET seq = ?4, at_ms = ?5, hash = ?6
        WHERE chain = ?1 AND seq = ?2 AND hash = ?3";
}

// Many rows are unnested in the list of a `SELECT`: in `FROM` each array is first written to a store of its own, almost
// half of what an insert costs. Graces are few.
statements! { POSTGRES:
    POSTGRES_HAS_TABLE = "
        SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = $1";
    POSTGRES_INSERT_TOKENS = "
        INSERT INTO token (hash, credential_id, issued_ms, expires_ms)
        SELECT UNNEST($1::bytea[]), UNNEST($2::bigint[]), UNNEST($3::bigint[]), UNNEST($4::bigint[])";
    POSTGRES_INSERT_VERIFICATIONS = "
        INSERT INTO verification (id, at_ms, company_id, caller_id, environment, sector, channel, class,
                                  from_date, to_date, plate, api_type, code, temporary, identity,
                                  licence_hash, subject)
        SELECT UNNEST($1::bigint[]), UNNEST($2::bigint[]), UNNEST($3::bigint[]), UNNEST($4::bigint[]),
               UNNEST($5::smallint[]), UNNEST($6::smallint[]), UNNEST($7::smallint[]), UNNEST($8::smallint[]),
               UNNEST($9::integer[]), UNNEST($10::integer[]), UNNEST($11::text[]), UNNEST($12::text[]),
               UNNEST($13::smallint[]), UNNEST($14::boolean[]), UNNEST($15::smallint[]), UNNEST($16::bytea[]),
               UNNEST($17::bytea[])";
    POSTGRES_APPEND_AUDIT = "
        WITH moved AS (
            UPDATE audit_chain SET seq = $19, at_ms = $20, hash = $21
            WHERE chain = $1 AND seq = $17 AND hash = $18 RETURNING chain)
        INSERT INTO audit (chain, seq, at_ms, key_version, actor_kind, actor, actor_name, address, environment,
                           action, company_id, subject_hash, reference, outcome, sheet, hash)
        SELECT moved.chain, UNNEST($2::bigint[]), UNNEST($3::bigint[]), UNNEST($4::integer[]),
               UNNEST($5::smallint[]), UNNEST($6::bigint[]), UNNEST($7::text[]), UNNEST($8::bytea[]),
               UNNEST($9::smallint[]), UNNEST($10::text[]), UNNEST($11::bigint[]), UNNEST($12::bytea[]),
               UNNEST($13::bigint[]), UNNEST($14::text[]), UNNEST($15::bytea[]), UNNEST($16::bytea[])
        FROM moved";
    POSTGRES_LOCK_HEAD = "SELECT seq, hash FROM audit_chain WHERE chain = $1 FOR UPDATE";
    POSTGRES_COMMIT_VERIFICATIONS = "
        WITH moved AS (
            UPDATE audit_chain SET seq = $19, at_ms = $20, hash = $21
            WHERE chain = $1 AND seq = $17 AND hash = $18 RETURNING chain),
        stored AS (
            INSERT INTO verification (id, at_ms, company_id, caller_id, environment, sector, channel, class,
                                      from_date, to_date, plate, api_type, code, temporary, identity,
                                      licence_hash, subject)
            SELECT UNNEST($22::bigint[]), UNNEST($23::bigint[]), UNNEST($24::bigint[]), UNNEST($25::bigint[]),
                   UNNEST($26::smallint[]), UNNEST($27::smallint[]), UNNEST($28::smallint[]),
                   UNNEST($29::smallint[]), UNNEST($30::integer[]), UNNEST($31::integer[]), UNNEST($32::text[]),
                   UNNEST($33::text[]), UNNEST($34::smallint[]), UNNEST($35::boolean[]), UNNEST($36::smallint[]),
                   UNNEST($37::bytea[]), UNNEST($38::bytea[])
            FROM moved),
        ended AS (
            DELETE FROM vehicle_grace g
            USING moved, UNNEST($39::bigint[], $40::smallint[], $41::text[])
                         AS ended (company_id, environment, plate_key)
            WHERE g.company_id = ended.company_id AND g.environment = ended.environment
              AND g.plate_key = ended.plate_key RETURNING 1),
        started AS (
            INSERT INTO vehicle_grace (company_id, environment, plate_key, started_ms)
            SELECT started.*
            FROM moved, (SELECT COUNT(*) FROM ended) AS first,
                 UNNEST($42::bigint[], $43::smallint[], $44::text[], $45::bigint[]) AS started
            ON CONFLICT DO NOTHING)
        INSERT INTO audit (chain, seq, at_ms, key_version, actor_kind, actor, actor_name, address, environment,
                           action, company_id, subject_hash, reference, outcome, sheet, hash)
        SELECT moved.chain, $2::bigint, $3::bigint, $4::integer, $5::smallint, $6::bigint, $7::text, $8::bytea,
               $9::smallint, $10::text, $11::bigint, $12::bytea, $13::bigint, $14::text, $15::bytea, $16::bytea
        FROM moved";
    POSTGRES_START_GRACE = "
        INSERT INTO vehicle_grace (company_id, environment, plate_key, started_ms)
        SELECT * FROM UNNEST($1::bigint[], $2::smallint[], $3::text[], $4::bigint[])
        ON CONFLICT DO NOTHING";
    POSTGRES_END_GRACE = "
        DELETE FROM vehicle_grace g
        USING UNNEST($1::bigint[], $2::smallint[], $3::text[]) AS ended (company_id, environment, plate_key)
        WHERE g.company_id = ended.company_id AND g.environment = ended.environment
          AND g.plate_key = ended.plate_key";
}

pub(crate) use statements;

/// What [`crate::Store::wipe`] empties, children before parents.
pub(crate) const WIPE: &[&str] = &[
    "DELETE FROM webhook_message",
    "DELETE FROM webhook_endpoint",
    "DELETE FROM recheck",
    "DELETE FROM quota_use",
    "DELETE FROM idempotency",
    "DELETE FROM remote",
    "DELETE FROM history_count",
    "DELETE FROM reservation",
    "DELETE FROM rental",
    "DELETE FROM number",
    "DELETE FROM number_counter",
    "DELETE FROM chore",
    "DELETE FROM audit",
    "DELETE FROM audit_chain",
    "DELETE FROM verification",
    "DELETE FROM vehicle_grace",
    "DELETE FROM token",
    "DELETE FROM delegation",
    "DELETE FROM credential",
    "DELETE FROM account",
];
