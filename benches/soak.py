"""`./bench soak`: the server's resident memory under a constant load, for half an hour on each engine.

The load is 500 single verifications a second over 64 connections and a batch of 1,000 drivers a second, paced, so that
faster and slower machines get the same. The database grows all the time; the server's caches of it are bounded by its
settings, and so must its memory be. Ends with 1 if the last minute's memory is more than a tenth above the fifth's.
"""

import contextlib
import datetime
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
# Connections, requests a second, drivers in each.
SINGLES = (64, 500, 1)
BATCHES = (2, 1, 1000)
# Seconds between two looks; minutes that caches and connections have to fill up; what they may grow by afterwards.
SAMPLE = 5
SETTLED = 5
GROWTH = 0.10


def run(bench, minutes, engines):
    if minutes <= SETTLED:
        sys.exit(f"memory is compared with that of minute {SETTLED}: --minutes {SETTLED + 1} or more")
    grown = [report(engine, measure(bench, engine, minutes), minutes) for engine in engines]
    sys.exit(any(grown))


def measure(bench, engine, minutes):
    """Samples: minutes since the start, resident memory in MB and how much of it is no file's, the database's MB."""
    rims = str(bench.RELEASE / "rims")
    with contextlib.ExitStack() as stack:
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rims-bench-")))
        simulators = [rims, "simulate", "--listen", f"127.0.0.1:{bench.SIMULATORS}"]
        _, settings = stack.enter_context(bench.process(simulators, "# ready"))
        text = bench.configuration(engine, home, settings)
        config = home / "rims.toml"
        config.write_text(text)
        config.chmod(0o600)
        auth_key, secret_key = bench.company(rims, config)
        url = re.search(r'^url = "(.*)"$', text, re.M)[1]
        if engine == "postgres":
            stack.callback(drop, url)
        child, _ = stack.enter_context(bench.process([rims, "serve", "--config", str(config)], "ready"))
        token = bench.fetch_token(rims, auth_key)
        loads = [load(bench, stack, home, secret_key, token, minutes, kind) for kind in (SINGLES, BATCHES)]
        samples = sampled(child, loads, engine, url)
        for kind, running in zip((SINGLES, BATCHES), loads):
            check(kind, running)
        bench.all_answered()
    return samples


def load(bench, stack, home, secret_key, token, minutes, kind):
    """wrk, running until its time is over."""
    connections, per_second, drivers = kind
    bodies = home / f"bodies-{drivers}.txt"
    seoul = datetime.timezone(datetime.timedelta(hours=9))
    today = datetime.datetime.now(seoul).strftime("%Y%m%d")
    bench.sealed(bodies, secret_key, today, 2000 if drivers == 1 else 20, drivers)
    pause = str(round(1000 * connections / per_second))
    environment = os.environ | {"BODIES": str(bodies), "TOKEN": token, "PAUSE_MS": pause}
    command = ["wrk", "-t", "1", "-c", str(connections), "--latency", "--timeout", "10s", "-d", f"{minutes}m"]
    path = "/licenseVerification" + ("" if drivers == 1 else "Batch")
    command += ["-s", str(bench.ROOT / "benches" / "post.lua"), f"http://127.0.0.1:{bench.API}{path}"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    stack.callback(running.kill)
    return running


def sampled(server, loads, engine, url):
    """Until the loads end."""
    samples, since = [], time.monotonic()
    while loads[0].poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            loads[0].wait(SAMPLE)
        if server.poll() is not None:
            sys.exit(f"the server ended with {server.returncode}")
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        resident, anonymous = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024 for name in ("VmRSS", "RssAnon"))
        samples.append(((time.monotonic() - since) / 60, resident, anonymous, size(engine, url)))
        if len(samples) % (60 // SAMPLE) == 0:
            print(f"{NAMES[engine]}: minute {samples[-1][0]:.0f}, {resident:.0f} MB …", file=sys.stderr)
    return samples


def check(kind, running):
    """Every request of the load was answered, and there were as many as there should have been."""
    _, per_second, drivers = kind
    out, _ = running.communicate()
    found = dict(re.findall(r"^RESULT (\w+) ([\d.]+)$", out, re.M))
    if float(found["failed"]) > 0 or float(found["rate"]) < 0.8 * per_second:
        sys.exit(f"of requests with {drivers} drivers, which should be {per_second} a second:\n{out}")


def size(engine, url):
    """The database's MB."""
    if engine == "sqlite":
        return os.path.getsize(url.removeprefix("sqlite://")) / 1e6
    command = ["psql", "-q", "-A", "-t", url, "-c", "SELECT pg_database_size(current_database())"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1e6


def drop(url):
    name = url.rpartition("/")[2].partition("?")[0]
    command = ["psql", "-q", os.environ["RIMS_TEST_POSTGRES_URL"], "-c", f"DROP DATABASE {name} WITH (FORCE)"]
    subprocess.run(command, check=True)


def report(engine, samples, minutes):
    """Prints the table; says whether memory grew too much."""
    print(f"| {NAMES[engine]}, minute | resident MB | of that no file's | database MB |")
    print("|---:|---:|---:|---:|")
    every = max(1, minutes // 10)
    for minute in sorted({1, SETTLED, minutes, *range(every, minutes + 1, every)}):
        resident, anonymous, database = of_minute(samples, minute)
        print(f"| {minute} | {resident:.1f} | {anonymous:.1f} | {database:,.0f} |")
    late = [sample for sample in samples if sample[0] > minutes / 2]
    slope = statistics.linear_regression([one[0] for one in late], [one[1] for one in late]).slope
    settled, last = of_minute(samples, SETTLED)[0], of_minute(samples, minutes)[0]
    growth = last / settled - 1
    print(f"\n{NAMES[engine]}: {growth:+.1%} between minute {SETTLED} and minute {minutes} (at most {GROWTH:+.0%}), "
          f"{10 * slope:+.1f} MB per 10 minutes in the second half\n")
    return growth > GROWTH


def of_minute(samples, minute):
    """Medians of a minute's samples."""
    found = [sample for sample in samples if minute - 1 < sample[0] <= minute]
    return [statistics.median(sample[column] for sample in found) for column in (1, 2, 3)]
