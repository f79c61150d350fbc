-- Made-up rows for ./bench scale and crates/store/tests/it/plans.rs; scale_postgres.sql makes the same ones.
-- Words after a colon are replaced: `rows`, `reservations` and `drivers` are how many, `start` and `span` are the time
-- of registrations in milliseconds. A statement with `first` and `last` runs once for each part of its rows, any other
-- once. Nothing is random: numbers are mixed by multiplying and squaring modulo 2^31 - 1.

-- Keyed hashes of licence numbers, which only the store can make; filled after this statement.
CREATE TABLE scale_licence (n INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;

-- Thirteen months of registrations by 1,000 companies, a tenth of them by company 1, up to 30 days ahead.
INSERT INTO rental (id, company_id, caller_id, number, at_ms, created_date, from_date, to_date, plate, plate_key, status,
                    one_way, licence_hash, verification_id, verified_ms, code, temporary, decided_ms)
WITH RECURSIVE counted (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n < :last),
mixed AS (
    SELECT n, :start + n * :span / :rows AS at_ms,
           n * 1103515245 % 2147483647 AS a, n * 1812433253 % 2147483647 AS b,
           n * 1566083941 % 2147483647 AS c, n * 1284865837 % 2147483647 AS d
    FROM counted),
drawn AS (
    SELECT n, at_ms, a * a % 2147483647 % 1000000 AS a, b * b % 2147483647 % 1000000 AS b,
           c * c % 2147483647 % 1000000 AS c, d * d % 2147483647 % 1000000 AS d
    FROM mixed),
made AS (
    SELECT n, at_ms, (at_ms - 1577836800000) * 4194304 AS id,
           CASE WHEN a < 100000 THEN 1 ELSE 2 + (b % 1000) * (b / 1000) / 1000 % 999 END AS company,
           c % (CASE WHEN a < 100000 THEN :rows / 500 + 1 ELSE :rows / 50000 + 1 END) AS vehicle,
           CASE WHEN d % 100 >= 4
                THEN 1 + (a % 1000 + 1) * (c % 1000 + 1) * (:drivers - 1) / 1000000 END AS driver,
           CASE WHEN d % 100 < 4 THEN 1 WHEN d % 100 < 7 THEN 9 ELSE 2 END AS status,
           at_ms / 1000 + 32400 AS created,
           (d % 1000) * (d / 1000) * 30 / 1000000 AS ahead, (a + b) % 7 AS days
    FROM drawn),
dated AS (
    SELECT *, (100 + vehicle / 10000) || '하' || printf('%04d', vehicle % 10000) AS plate,
           CAST(strftime('%Y%m%d', created, 'unixepoch') AS BIGINT) AS created_date,
           CAST(strftime('%Y%m%d', created + ahead * 86400, 'unixepoch') AS BIGINT) AS from_date,
           CAST(strftime('%Y%m%d', created + (ahead + days) * 86400, 'unixepoch') AS BIGINT) AS to_date
    FROM made)
SELECT id, company, company, (created_date / 10000 - 1900) * 1000000000 + n, at_ms, created_date, from_date, to_date,
       plate, plate, status, FALSE,
       (SELECT hash FROM scale_licence WHERE scale_licence.n = driver),
       CASE WHEN driver > 0 THEN id + 1 END, CASE WHEN driver > 0 THEN at_ms END, CASE WHEN driver > 0 THEN 0 END, FALSE,
       CASE WHEN status <> 1 THEN at_ms END
FROM dated;

-- One verification per rental.
INSERT INTO verification (id, at_ms, company_id, caller_id, environment, sector, channel, class, from_date, to_date,
                          plate, code, temporary, identity, licence_hash, subject)
SELECT id + 1, at_ms, company_id, caller_id, 2, 1, 3, 12, from_date, to_date, plate, 0, FALSE, 1,
       COALESCE(licence_hash, randomblob(16)), randomblob(52)
FROM rental
WHERE id BETWEEN (:start + :first * :span / :rows - 1577836800000) * 4194304
             AND (:start + :last * :span / :rows - 1577836800000) * 4194304;

INSERT INTO number (number, kind, company_id, id)
SELECT number, 1, company_id, id
FROM rental
WHERE id BETWEEN (:start + :first * :span / :rows - 1577836800000) * 4194304
             AND (:start + :last * :span / :rows - 1577836800000) * 4194304;

-- Of the reservations those that have not ended run within the two weeks after the first day from now.
INSERT INTO reservation (id, company_id, caller_id, environment, number, at_ms, created_date, from_date, to_date, plate,
                         plate_key, recurrence, class, subject, last_code, last_ms, next_date, failures, due_ms, claim)
WITH RECURSIVE counted (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n < :last),
mixed AS (
    SELECT n, :start + n * :span / :reservations AS at_ms,
           n * 1103515245 % 2147483647 AS a, n * 1812433253 % 2147483647 AS b,
           n * 1566083941 % 2147483647 AS c
    FROM counted),
drawn AS (
    SELECT n, at_ms, a * a % 2147483647 % 1000000 AS a, b * b % 2147483647 % 1000000 AS b,
           c * c % 2147483647 % 1000000 AS c
    FROM mixed),
made AS (
    SELECT n, at_ms, (at_ms - 1577836800000) * 4194304 AS id,
           CASE WHEN a < 100000 THEN 1 ELSE 2 + (b % 1000) * (b / 1000) / 1000 % 999 END AS company,
           c % (CASE WHEN a < 100000 THEN :rows / 500 + 1 ELSE :rows / 50000 + 1 END) AS vehicle,
           at_ms / 1000 + 32400 AS created, a % 30 AS ahead, b % 365 AS days,
           :start + :span + 86400000 + c * 1200 AS due_ms
    FROM drawn),
dated AS (
    SELECT *, (100 + vehicle / 10000) || '하' || printf('%04d', vehicle % 10000) AS plate,
           CAST(strftime('%Y%m%d', created, 'unixepoch') AS BIGINT) AS created_date,
           CAST(strftime('%Y%m%d', created + ahead * 86400, 'unixepoch') AS BIGINT) AS from_date,
           CAST(strftime('%Y%m%d', created + (ahead + days) * 86400, 'unixepoch') AS BIGINT) AS to_date
    FROM made)
SELECT id, company, company, 2, (created_date / 10000 - 1900) * 1000000000 + :rows + n, at_ms, created_date, from_date,
       to_date, plate, plate, 1 + n % 3, 12, randomblob(52), 0,
       at_ms, to_date, 0, CASE WHEN created + (ahead + days) * 86400 > due_ms / 1000 THEN due_ms END, NULL
FROM dated;

INSERT INTO number (number, kind, company_id, id) SELECT number, 2, company_id, id FROM reservation;

INSERT INTO number_counter (sector, year, next)
SELECT 1, number / 1000000000 % 100, MAX(number % 1000000000) + 1 FROM number GROUP BY number / 1000000000;

INSERT INTO history_count (company_id, search, day, total)
SELECT company_id, 1, from_date, COUNT(*) FROM rental GROUP BY company_id, from_date;

INSERT INTO history_count (company_id, search, day, total)
SELECT company_id, 2, to_date, COUNT(*) FROM rental GROUP BY company_id, to_date;

INSERT INTO history_count (company_id, search, day, total)
SELECT company_id, 3, created_date, COUNT(*) FROM rental GROUP BY company_id, created_date;

INSERT INTO history_count (company_id, search, day, total)
SELECT company_id, 4, from_date, COUNT(*) FROM reservation GROUP BY company_id, from_date;

INSERT INTO history_count (company_id, search, day, total)
SELECT company_id, 5, to_date, COUNT(*) FROM reservation GROUP BY company_id, to_date;

INSERT INTO history_count (company_id, search, day, total)
SELECT company_id, 6, created_date, COUNT(*) FROM reservation GROUP BY company_id, created_date;

DROP TABLE scale_licence;
