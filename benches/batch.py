"""`./bench batch`: 100,000 drivers by `rims batch`, beside raw batches, both against one sandbox.

Raw batches are bodies sealed beforehand and posted by wrk; the command also reads and checks a file, seals, keeps its
journal and writes the answers. Runs are taken in turn, because the machine's speed drifts, and a run of the command is
compared with the mean of the raw ones before and after it.
"""

import datetime
import itertools
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

CONNECTIONS, SIZE = 8, 1000
COMPANY = "s01"


def run(root, drivers, rounds, seconds):
    release = root / "target" / "release"
    rims = str(release / "rims")
    with tempfile.TemporaryDirectory(prefix="rims-bench-") as folder:
        folder = pathlib.Path(folder)
        with Sandbox(rims) as url:
            environment = os.environ | keys(rims) | {"RIMS_URL": url, "XDG_CONFIG_HOME": str(folder), "LC_ALL": "C"}
            bodies, table = folder / "bodies.txt", folder / "drivers.csv"
            sealed(release, bodies, environment["RIMS_SECRET_KEY"])
            table.write_text(rows(drivers), encoding="utf-8")
            # The first ones warm up.
            wrk(root, rims, url, bodies, environment, seconds)
            batch(rims, table, environment)
            raw, command, memory = [wrk(root, rims, url, bodies, environment, seconds)], [], []
            for number in range(rounds):
                print(f"round {number + 1} of {rounds} …", file=sys.stderr)
                for kept, figure in zip((command, memory), batch(rims, table, environment)):
                    kept.append(figure)
                raw.append(wrk(root, rims, url, bodies, environment, seconds))
    report(drivers, raw, command, memory)


class Sandbox:
    def __init__(self, rims):
        words = ("api", "web", "ops")
        listen = [word for name in words for word in (f"--{name}", "127.0.0.1:0")]
        self.child = subprocess.Popen([rims, "sandbox", *listen], stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        for line in self.child.stdout:
            if line.startswith("api "):
                url = line.split()[1]
            if line == "ready\n":
                return url
        sys.exit("the sandbox ended before it was ready")

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


def keys(rims):
    """The operations keys of a company of the sandbox, as the environment names them."""
    told = subprocess.run([rims, "sandbox", "credentials", "--json"], check=True, capture_output=True, text=True)
    found = next(entry for entry in json.loads(told.stdout) if entry["user_id"] == COMPANY)["operations"]
    return {"RIMS_AUTH_KEY": found["auth_key"], "RIMS_SECRET_KEY": found["secret_key"]}


def sealed(release, path, secret_key):
    seoul = datetime.timezone(datetime.timedelta(hours=9))
    today = datetime.datetime.now(seoul).strftime("%Y%m%d")
    with path.open("w") as out:
        program = str(release / "examples" / "sealed_bodies")
        subprocess.run([program, secret_key, today, "20", str(SIZE)], check=True, stdout=out)


def rows(drivers):
    lines = (f"홍길동,11{place:08}{'12' if place % 7 == 0 else '00'},12,67라6767" for place in range(drivers))
    return "\n".join(["이름,면허번호,종별,차량번호", *lines, ""])


def wrk(root, rims, url, bodies, environment, seconds):
    """Drivers per second of raw batches."""
    token = subprocess.run([rims, "token"], check=True, capture_output=True, text=True, env=environment).stdout.strip()
    command = ["wrk", "-t", "2", "-c", str(CONNECTIONS), "--latency", "--timeout", "10s", "-d", f"{seconds}s"]
    command += ["-s", str(root / "benches" / "post.lua"), f"{url}/licenseVerificationBatch"]
    posting = environment | {"BODIES": str(bodies), "TOKEN": token}
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=posting).stdout
    found = dict(re.findall(r"^RESULT (\w+) ([\d.]+)$", out, re.M))
    if float(found["failed"]) > 0:
        sys.exit(f"{found['failed']} raw batches failed\n{out}")
    return float(found["rate"]) * SIZE


def batch(rims, table, environment):
    """Drivers per second of the command while it asks, and its peak memory in MB."""
    command = [rims, "batch", str(table), "--overwrite", "--output", "json"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    out = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    # Exit code 3: every seventh driver is suspended.
    if os.waitstatus_to_exitcode(status) != 3:
        sys.exit(f"rims batch ended with {os.waitstatus_to_exitcode(status)}: {out}")
    return json.loads(out)["drivers_per_second"], used.ru_maxrss / 1024


def report(drivers, raw, command, memory):
    print(f"| {drivers:,} drivers, {len(command)} runs | median drivers/s | share of raw | a quarter of the runs below, above "
          "| peak memory MB |")
    print("|---|---:|---:|---:|---:|")
    print(f"| raw batches, {CONNECTIONS} connections | {statistics.median(raw):,.0f} | | | |")
    shares = [rate / statistics.mean(beside) for rate, beside in zip(command, itertools.pairwise(raw))]
    low, share, high = statistics.quantiles(shares, n=4)
    print(f"| `rims batch` | {statistics.median(command):,.0f} | {share:.0%} | {low:.0%}, {high:.0%} | {max(memory):.0f} |")
