"""`./bench restart`: from the start of `rims serve` to its line `ready`, beside millions of rows.

After a clean stop, and after `kill -9` in the middle of full load, which leaves SQLite a write-ahead log to recover and
PostgreSQL transactions to give up. The rows are those of `./bench scale`; their pages are as warm as the load leaves
them.
"""

import base64
import contextlib
import datetime
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import scale

# Milliseconds to reach, at worst.
LIMIT = 300
CONNECTIONS = 64
# Of load before each end.
SECONDS = 2
# The keys of `scale_reads`, which protect nothing: the rows are made up.
KEY = base64.b64encode(bytes([7]) * 32).decode()
ENDS = {"clean": "a clean stop", "killed": "kill -9 under load"}


def run(bench, rows, starts, engines):
    scale.build()
    measured = {engine: measure(bench, engine, rows, starts) for engine in engines}
    report(measured, rows)
    sys.exit(any(max(times) > LIMIT for ends in measured.values() for times in ends.values()))


def measure(bench, engine, rows, starts):
    """Milliseconds of each start, by what came before it."""
    rims = str(bench.RELEASE / "rims")
    with contextlib.ExitStack() as stack:
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rims-bench-")))
        database = stack.enter_context(scale.filled(engine, home, rows, bench.postgres_database))
        simulators = [rims, "simulate", "--listen", f"127.0.0.1:{bench.SIMULATORS}"]
        _, settings = stack.enter_context(bench.process(simulators, "# ready"))
        config = home / "rims.toml"
        config.write_text(bench.configuration(engine, home, settings, database.url))
        config.chmod(0o600)
        write_key(home / "master-key.toml")
        keys = bench.account(rims, config, "bench", "1234567890", "벤치렌트카")
        taken = {end: [] for end in ENDS}
        # The first start of all finds a database that was just filled: it is measured with neither.
        child, _ = start(rims, config)
        try:
            load = Load(bench, rims, home, keys)
            for number in range(starts):
                for end in ENDS:
                    scale.progress(engine, f"start {number + 1} of {starts} after {ENDS[end]}")
                    {"clean": stop, "killed": kill}[end](child, load)
                    child, milliseconds = start(rims, config)
                    taken[end].append(milliseconds)
            load.run_through()
        finally:
            child.kill()
            child.wait()
    return taken


def write_key(path):
    path.touch(mode=0o600)
    path.write_text(f'lookup = "{KEY}"\ncurrent = 1\n\n[keys]\n1 = "{KEY}"\n')


def start(rims, config):
    """A server that is ready, and the milliseconds it took."""
    since = time.perf_counter()
    child = subprocess.Popen([rims, "serve", "--config", str(config)], stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if line == "ready\n":
            return child, 1000 * (time.perf_counter() - since)
    sys.exit(f"the server ended with {child.wait()} before it was ready")


class Load:
    """Single verifications, as fast as they are answered."""

    def __init__(self, bench, rims, home, keys):
        auth_key, secret_key = keys
        bodies = home / "singles.txt"
        seoul = datetime.timezone(datetime.timedelta(hours=9))
        bench.sealed(bodies, secret_key, datetime.datetime.now(seoul).strftime("%Y%m%d"), 2000, 1)
        self.environment = os.environ | {"BODIES": str(bodies), "TOKEN": bench.fetch_token(rims, auth_key)}
        self.command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "--timeout", "10s"]
        url = f"http://127.0.0.1:{bench.API}/licenseVerification"
        self.script = ["-s", str(bench.ROOT / "benches" / "post.lua"), url]

    def begin(self, seconds):
        command = [*self.command, "-d", f"{seconds}s", *self.script]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.environment)

    def run_through(self):
        out, _ = self.begin(SECONDS).communicate()
        if "RESULT failed 0\n" not in out or "RESULT rate 0.0\n" in out:
            sys.exit(f"the load was not answered:\n{out}")


def stop(child, load):
    load.run_through()
    child.terminate()
    if child.wait() != 0:
        sys.exit(f"the server ended with {child.returncode} after SIGTERM")


def kill(child, load):
    """In the middle of the load, which then has nobody to ask."""
    loaded = load.begin(10 * SECONDS)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(SECONDS)
        if child.poll() is not None:
            sys.exit(f"the server ended with {child.returncode} under load")
        child.send_signal(signal.SIGKILL)
        child.wait()
    finally:
        loaded.kill()
        loaded.wait()


def report(measured, rows):
    print(f"| engine, {rows:,} rentals and as many verifications | after | starts | median ms | worst ms |")
    print("|---|---|---:|---:|---:|")
    for engine, ends in measured.items():
        for end, times in ends.items():
            print(f"| {scale.NAMES[engine]} | {ENDS[end]} | {len(times)} | {statistics.median(times):.0f} "
                  f"| {max(times):.0f} |")
