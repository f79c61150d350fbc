"""`./bench nodes`: 1, 2 and 4 servers over one PostgreSQL, and what the machine's time goes to.

Load generators, servers, simulators and PostgreSQL share this machine's cores, so that more servers can only show what a
server more costs, and whose work is the limit; on machines of their own the servers' and the simulators' shares fall away.
"""

import contextlib
import datetime
import os
import pathlib
import re
import subprocess
import sys
import tempfile

COUNTS = (1, 2, 4)
CONNECTIONS = 256
FIRST_PORT = 18200
TICKS = os.sysconf("SC_CLK_TCK")


def run(bench, seconds):
    rows = []
    with tempfile.TemporaryDirectory(prefix="rims-bench-") as folder:
        home = pathlib.Path(folder)
        rims = str(bench.RELEASE / "rims")
        simulators = [rims, "simulate", "--listen", f"127.0.0.1:{bench.SIMULATORS}"]
        with bench.process(simulators, "# ready") as (simulated, settings):
            text = bench.configuration("postgres", home, settings)
            config = home / "rims.toml"
            config.write_text(text)
            config.chmod(0o600)
            auth_key, secret_key = bench.company(rims, config)
            bodies = home / "singles.txt"
            seoul = datetime.timezone(datetime.timedelta(hours=9))
            bench.sealed(bodies, secret_key, datetime.datetime.now(seoul).strftime("%Y%m%d"), 2000, 1)
            for count in COUNTS:
                with contextlib.ExitStack() as running:
                    urls, servers = [], []
                    for node in range(count):
                        path, url = node_config(home, text, node)
                        child, _ = running.enter_context(bench.process([rims, "serve", "--config", str(path)], "ready"))
                        servers.append(child.pid)
                        urls.append(url)
                    token = token_of(rims, urls[0], auth_key)
                    environment = os.environ | {"BODIES": str(bodies), "TOKEN": token}
                    load(bench, urls, environment, 2)
                    print(f"{count} servers …", file=sys.stderr)
                    before = spent(servers, simulated.pid)
                    found = load(bench, urls, environment, seconds)
                    after = spent(servers, simulated.pid)
                    rows.append((count, found, shares(before, after)))
    report(rows)


def node_config(home, text, node):
    """A server's own number and addresses."""
    api, ops = FIRST_PORT + 2 * node, FIRST_PORT + 2 * node + 1
    text = text.replace("[database]\n", f"[database]\nnode = {node}\n")
    addresses = iter((api, ops))
    text = re.sub(r'listen = "127\.0\.0\.1:\d+"', lambda _: f'listen = "127.0.0.1:{next(addresses)}"', text, count=2)
    path = home / f"node-{node}.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path, f"http://127.0.0.1:{api}"


def token_of(rims, url, auth_key):
    environment = os.environ | {"RIMS_AUTH_KEY": auth_key}
    command = [rims, "token", "--url", url]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def load(bench, urls, environment, seconds):
    """Every server at once: requests per second of all, the worst server's p99."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS // len(urls)), "--latency", "--timeout", "10s"]
    command += ["-d", f"{seconds}s", "-s", str(bench.ROOT / "benches" / "post.lua")]
    runs = [
        subprocess.Popen([*command, f"{url}/licenseVerification"], stdout=subprocess.PIPE, text=True, env=environment)
        for url in urls
    ]
    results = [dict(re.findall(r"^RESULT (\w+) ([\d.]+)$", run.communicate()[0], re.M)) for run in runs]
    if any(float(result["failed"]) > 0 for result in results):
        sys.exit(f"requests failed: {results}")
    return sum(float(result["rate"]) for result in results), max(float(result["p99"]) for result in results)


def spent(servers, simulators):
    """Seconds of processor time so far: of the servers, the simulators, PostgreSQL, all, and none."""
    def of(pids):
        total = 0
        for pid in pids:
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
        return total / TICKS

    names = {path.parent.name: path for path in pathlib.Path("/proc").glob("[0-9]*/comm")}
    postgres = [pid for pid, path in names.items() if read(path) == "postgres"]
    machine = [int(number) / TICKS for number in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return {
        "servers": of(servers), "simulators": of([simulators]), "PostgreSQL": of(postgres),
        "all": sum(machine), "idle": machine[3] + machine[4],
    }


def read(path):
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return None


def shares(before, after):
    used = {name: after[name] - before[name] for name in before}
    return {name: used[name] / used["all"] for name in ("servers", "PostgreSQL", "simulators", "idle")}


def report(rows):
    alone = rows[0][1][0]
    print(f"| servers | per second, {CONNECTIONS} connections | beside one | p99 ms | servers' share of the processors "
          "| PostgreSQL | simulators | idle |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for count, (rate, p99), share in rows:
        parts = " | ".join(f"{share[name]:.0%}" for name in ("servers", "PostgreSQL", "simulators", "idle"))
        print(f"| {count} | {rate:,.0f} | {rate / alone:.0%} | {p99:.1f} | {parts} |")
