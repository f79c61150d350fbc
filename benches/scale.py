"""Reads that could slow down as tables grow, beside millions of made-up rows: `./bench scale`.

The Rust example `scale_reads` makes the tables, the keyed hashes and the measured calls; the rows between are made
inside the engine, by scale_sqlite.sql or scale_postgres.sql.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
READS = ROOT / "target" / "release" / "examples" / "scale_reads"
NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
PART = 100_000
SPAN = 396 * 86_400_000
BYTES_PER_ROW = 1_500


def run(rows, calls, engines, postgres_database):
    build()
    measured = {engine: measure(engine, rows, calls, postgres_database) for engine in engines}
    report(measured)


def build():
    program = ["-p", "rims-store", "--example", "scale_reads"]
    subprocess.run(["cargo", "build", "--release", "--locked", *program], cwd=ROOT, check=True)


def measure(engine, rows, calls, postgres_database):
    """What `scale_reads` measured on one engine, on a database that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="rims-scale-") as folder:
        with filled(engine, folder, rows, postgres_database) as database:
            progress(engine, "measuring")
            out = reads(database.url, "measure", rows // 10, calls)
    return [json.loads(line) for line in out.splitlines()]


@contextlib.contextmanager
def filled(engine, folder, rows, postgres_database):
    """A database with that many rentals and as many verifications, while the block runs."""
    free = shutil.disk_usage(folder).free
    if free < rows * BYTES_PER_ROW:
        sys.exit(f"{folder} has {free:,} bytes left; {rows:,} rows need {rows * BYTES_PER_ROW:,}")
    opened = sqlite(folder) if engine == "sqlite" else postgres(postgres_database)
    with opened as database:
        fill(database, engine, rows)
        yield database


def reads(url, *arguments):
    command = [str(READS), url, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def fill(database, engine, rows):
    hashes = (line.split() for line in reads(database.url, "prepare", rows // 10).splitlines())
    values = {
        "rows": rows, "reservations": rows // 10, "drivers": rows // 10,
        "start": int(time.time() * 1000) - SPAN, "span": SPAN,
    }
    text = (ROOT / "benches" / f"scale_{engine}.sql").read_text()
    first, *others = [statement for statement in text.split(";\n") if statement.strip()]
    with database.writing():
        database.run(first)
        database.keep_hashes(hashes)
        for statement in others:
            total = values["reservations" if ":reservations" in statement else "rows"]
            for part in parts(total) if ":first" in statement else [{}]:
                progress(engine, subject(statement, part))
                database.run(replaced(statement, values | part))


def parts(total):
    return ({"first": first, "last": min(first + PART - 1, total)} for first in range(1, total + 1, PART))


def replaced(statement, values):
    return re.sub(r":([a-z]+)", lambda word: str(values[word[1]]), statement)


def subject(statement, part):
    """`rental to row 1,200,000`: what a statement fills, and how far."""
    filled = re.search(r"^INSERT INTO (\w+)", statement, re.M)
    return (filled[1] if filled else "the rest") + (f" to row {part['last']:,}" if part else "")


def progress(engine, what):
    print(f"{time.strftime('%H:%M:%S')} {NAMES[engine]}: {what} …", file=sys.stderr)


class Sqlite:
    def __init__(self, folder):
        self.path = f"{folder}/scale.db"
        self.url = f"sqlite://{self.path}"

    @contextlib.contextmanager
    def writing(self):
        """No log and no flush: after a crash the rows are made anew. The store sets both again when it opens."""
        self.link = sqlite3.connect(self.path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000", "locking_mode = EXCLUSIVE"):
            self.link.execute(f"PRAGMA {pragma}")
        yield
        self.link.close()

    def run(self, statement):
        self.link.execute(statement)

    def keep_hashes(self, hashes):
        self.link.execute("BEGIN")
        rows = ((number, bytes.fromhex(text)) for number, text in hashes)
        self.link.executemany("INSERT INTO scale_licence (n, hash) VALUES (?, ?)", rows)
        self.link.execute("COMMIT")


class Postgres:
    def __init__(self, url):
        self.url = url

    @contextlib.contextmanager
    def writing(self):
        yield

    def run(self, statement):
        self.psql(statement)

    def keep_hashes(self, hashes):
        lines = "".join(f"{number}\t\\\\x{text}\n" for number, text in hashes)
        self.psql(f"COPY scale_licence (n, hash) FROM STDIN;\n{lines}\\.\n")

    def psql(self, text):
        command = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", self.url]
        environment = os.environ | {"PGOPTIONS": "-c synchronous_commit=off"}
        subprocess.run(command, input=text, text=True, check=True, env=environment)


@contextlib.contextmanager
def sqlite(folder):
    yield Sqlite(folder)


@contextlib.contextmanager
def postgres(postgres_database):
    url = postgres_database()
    try:
        yield Postgres(url)
    finally:
        name = url.rpartition("/")[2].partition("?")[0]
        server = os.environ["RIMS_TEST_POSTGRES_URL"]
        subprocess.run(["psql", "-q", server, "-c", f"DROP DATABASE {name} WITH (FORCE)"], check=True)


def report(measured):
    engines = list(measured)
    print("| read |" + "".join(f" {NAMES[engine]} p50 ms | p99 ms |" for engine in engines))
    print("|---|" + "---:|---:|" * len(engines))
    for found in zip(*measured.values()):
        figures = "".join(f" {row['p50_ms']:.2f} | {row['p99_ms']:.2f} |" for row in found)
        print(f"| {found[0]['read']} |{figures}")
