"""`./bench fairness`: one company's single checks beside another's batches of 1,000.

Both companies, the server, the simulated national systems and the load generators share this machine's cores, so a part of
what a single check waits for is the simulators, which are busy with the batches, too.
"""

import datetime
import os
import pathlib
import re
import subprocess
import tempfile

BATCHES = (0, 1, 8, 64)
SINGLES = 2
DRIVERS = 1000


def run(bench, engine, seconds):
    rows = []
    with tempfile.TemporaryDirectory(prefix="rims-bench-") as folder:
        home = pathlib.Path(folder)
        rims = str(bench.RELEASE / "rims")
        with bench.process([rims, "simulate", "--listen", f"127.0.0.1:{bench.SIMULATORS}"], "# ready") as (_, settings):
            config = home / "rims.toml"
            config.write_text(bench.configuration(engine, home, settings))
            config.chmod(0o600)
            busy, calm = bench.company(rims, config), other_company(rims, config)
            today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9))).strftime("%Y%m%d")
            bench.sealed(home / "batches.txt", busy[1], today, 20, DRIVERS)
            bench.sealed(home / "singles.txt", calm[1], today, 500, 1)
            with bench.process([rims, "serve", "--config", str(config)], "ready"):
                busy_token, calm_token = bench.fetch_token(rims, busy[0]), bench.fetch_token(rims, calm[0])
                url = f"http://127.0.0.1:{bench.API}/licenseVerification"
                for batches in BATCHES:
                    beside = load(bench, home / "batches.txt", busy_token, f"{url}Batch", batches, seconds + 1)
                    single = load(bench, home / "singles.txt", calm_token, url, SINGLES, seconds)
                    rows.append((batches, result(single), result(beside)))
                bench.all_answered()
    report(rows)


def other_company(rims, config):
    """A second company with an approved operations key: the key and its Secret Key."""
    def admin(*arguments):
        command = [rims, "admin", "--config", str(config), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    admin("user", "create", "calm", "--brno", "2234567890", "--company", "조용한렌트카")
    admin("user", "approve", "calm")
    keys = admin("keys", "issue", "calm")
    admin("keys", "approve", "calm")
    return re.search(r"^operations\s+(\S+)\s+(\S+)", keys, re.M).groups()


def load(bench, bodies, token, url, connections, seconds):
    """A load generator that has begun; none for no connection."""
    if not connections:
        return None
    command = ["wrk", "-t", "1", "-c", str(connections), "--latency", "--timeout", "10s", "-d", f"{seconds}s"]
    command += ["-s", str(bench.ROOT / "benches" / "post.lua"), url]
    environment = os.environ | {"BODIES": str(bodies), "TOKEN": token}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def result(running):
    if running is None:
        return None
    return {name: float(value) for name, value in re.findall(r"^RESULT (\w+) ([\d.]+)$", running.communicate()[0], re.M)}


def report(rows):
    print(f"| batches of {DRIVERS} at once | drivers per second | another company's single checks: p50 ms | p99 ms |")
    print("|---:|---:|---:|---:|")
    for batches, single, beside in rows:
        drivers = f"{beside['rate'] * DRIVERS:,.0f}" if beside else ""
        print(f"| {batches} | {drivers} | {single['p50']:.1f} | {single['p99']:.1f} |")
