"""`./bench hostile`: what honest requests take while others attack, in three kinds of windows in turn.

A window is calm, or the attack is on the server that the honest requests ask, or on another server of the same machine:
the last tells what the attack takes from everybody here, who share cores and kernel, whatever the server does.

Honest traffic is single verifications on SQLite by wrk over 16 connections, paced to about 500 a second, so that
neither window is at the machine's limit and both have the same number of requests. Attackers are processes of their own
with the lowest priority (attack.py): they share the machine's cores with the server, and their own work must not pass
for the server's slowness. What the kernel and the server do for them counts. Attackers that need a token have one of
another company, and the server has the rate limit per key that it has by default. Attackers of a development key hold
their requests by a licence number that the server's own simulator never answers (docs/sandbox.md, 9992…).
"""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import nodes

CONNECTIONS, PER_SECOND = 16, 500
# p99 under attack beside calm.
LIMIT = 3.0
# Resident memory of the server under attack.
MOST_MEMORY_MB = 300
# Seconds after which the server by default closes a connection that keeps it waiting, and a little more.
PATIENCE = 17
MIB = 1 << 20
# A little more than one driver's part of a sealed batch.
DRIVER_BYTES = 215
PATH = "/licenseVerification"
# The other server's addresses.
OTHER_API, OTHER_OPS = 18134, 18136
PROGRAM = pathlib.Path(__file__).resolve().parent / "attack.py"


@dataclasses.dataclass
class Attack:
    name: str
    kind: str
    connections: int
    # Requests a second; 0: the connections themselves are the attack.
    rate: int = 0
    body: int = 0
    processes: int = 1
    # Requests a second that the server lets through, where it is that which slows the attacker down.
    through: int = 0
    # Whether the body is small members that JSON makes much of, under a development key.
    amplified: bool = False
    # Whether the server closes such connections within a window.
    is_closed: bool = True


ATTACKS = [
    Attack("slow headers, 500 connections", "slow_headers", 500),
    Attack("slow bodies, 500 connections", "slow_bodies", 500),
    Attack("1 MiB bodies that stall before their end, 500 connections", "stalled_bodies", 500, body=MIB),
    Attack("idle, 10,000 connections", "idle", 5000, processes=2),
    Attack("idle after an answer, 10,000 connections", "idle_after", 5000, processes=2),
    # Of those that it refuses before they come the server reads 32 MiB a second (api/body.rs).
    Attack("1 MiB bodies, 100/s or as fast as they are read", "bodies", 16, 100, MIB, through=32),
    Attack("1 MiB and a byte, 100/s or as fast as they are read", "bodies", 16, 100, MIB + 1, through=32),
    Attack("1 MiB and a byte in chunks, 100/s", "chunked", 16, 100, MIB + 1),
    Attack("bad tokens, 1,000/s", "tokens", 25, 500, processes=2),
    # More a second than a key's rate of bytes lets through: it is always used up.
    Attack("1 MiB of small JSON members that KOROAD never answers, 12/s", "amplified", 96, 12, MIB, amplified=True),
    Attack("HTTP/2 connections that only answer PING, 2,000", "pings", 1000, processes=2, is_closed=False),
]


def run(bench, seconds, rounds, kind):
    enough_files()
    attacks = [attack for attack in ATTACKS if kind in (None, attack.kind)]
    with tempfile.TemporaryDirectory(prefix="rims-bench-") as folder:
        with running(bench, pathlib.Path(folder)) as (here, elsewhere):
            load(here, 2)
            rows = [measured(here, elsewhere, attack, seconds, rounds) for attack in attacks]
            refused = not_answered(bench)
    report(rows)
    wrong = [f"{row['attack'].name}: {fault}" for row in rows for fault in row["wrong"]] + refused
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(bool(wrong))


def enough_files():
    """The attackers' connections and the server's: both inherit this."""
    needed = 10_000 + 1_000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < needed:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, needed))
        except ValueError:
            sys.exit(f"this user may open {most} files, and {needed} are needed (ulimit -Hn)")
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@dataclasses.dataclass
class Target:
    """A server, and what attackers of another company need."""
    bench: object
    folder: pathlib.Path
    server: int
    url: str
    environment: dict
    token: str
    secret_key: str
    development_token: str
    development_secret_key: str


@contextlib.contextmanager
def running(bench, folder):
    """Two servers on SQLite with the limits they have by default, beside simulators of their own."""
    rims = str(bench.RELEASE / "rims")
    with bench.process([rims, "simulate", "--listen", f"127.0.0.1:{bench.SIMULATORS}"], "# ready") as (_, settings):
        with server(bench, rims, folder / "here", settings, (bench.API, bench.OPS)) as here:
            with server(bench, rims, folder / "elsewhere", settings, (OTHER_API, OTHER_OPS)) as elsewhere:
                yield here, elsewhere


@contextlib.contextmanager
def server(bench, rims, home, settings, ports):
    home.mkdir()
    config = home / "rims.toml"
    text = re.sub(r"^rate_limit = .*\n", "", bench.configuration("sqlite", home, settings), flags=re.M)
    addresses = iter(ports)
    listen = r'listen = "127\.0\.0\.1:\d+"'
    config.write_text(re.sub(listen, lambda _: f'listen = "127.0.0.1:{next(addresses)}"', text, count=2))
    config.chmod(0o600)
    auth_key, secret_key = bench.company(rims, config)
    other_auth_key, other_secret_key = bench.account(rims, config, "other", "2345678901", "다른렌트카")
    development = bench.account(rims, config, "third", "3456789012", "셋째렌트카", "development")
    with bench.process([rims, "serve", "--config", str(config)], "ready") as (child, _):
        url = f"http://127.0.0.1:{ports[0]}"
        bodies = home / "singles.txt"
        bench.sealed(bodies, secret_key, today(), 2000, 1)
        keys = (auth_key, other_auth_key, development[0])
        token, other_token, development_token = (nodes.token_of(rims, url, key) for key in keys)
        pause = str(round(1000 * CONNECTIONS / PER_SECOND))
        environment = os.environ | {"BODIES": str(bodies), "TOKEN": token, "PAUSE_MS": pause}
        others = (other_token, other_secret_key, development_token, development[1])
        yield Target(bench, home, child.pid, url, environment, *others)


def today():
    seoul = datetime.timezone(datetime.timedelta(hours=9))
    return datetime.datetime.now(seoul).strftime("%Y%m%d")


def load(target, seconds):
    """Honest traffic: its rate, p50 and p99 in milliseconds, and how many requests failed."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "--latency", "--timeout", "10s", "-d", f"{seconds}s"]
    command += ["-s", str(target.bench.ROOT / "benches" / "post.lua"), f"{target.url}{PATH}"]
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=target.environment).stdout
    return {name: float(value) for name, value in re.findall(r"^RESULT (\w+) ([\d.]+)$", out, re.M)}


def measured(here, elsewhere, attack, seconds, rounds):
    if not attack.rate:
        seconds = max(seconds, PATIENCE)
    calm, hostile, beside, told, peaks = [], [], [], [], []
    for number in range(rounds):
        print(f"{attack.name}, {number + 1} of {rounds} …", file=sys.stderr)
        calm.append(load(here, seconds))
        forget_peak(here.server)
        with attackers(here, attack) as reports:
            hostile.append(load(here, seconds))
        peaks.append(here.bench.memory(here.server))
        with attackers(elsewhere, attack) as reports_elsewhere:
            beside.append(load(here, seconds))
        told += reports + reports_elsewhere
    # Of medians: single windows meet what else the machine and its disk are busy with.
    ratio = middle(hostile, "p99") / middle(calm, "p99")
    row = {"attack": attack, "calm": calm, "hostile": hostile, "beside": beside, "told": told, "peak": max(peaks)}
    row["ratio"] = ratio
    return row | {"wrong": faults(row)}


def middle(windows, name):
    return statistics.median(window[name] for window in windows)


@contextlib.contextmanager
def attackers(target, attack):
    """The attack at its full strength while the block runs; afterwards the list has what each attacker got, and the
    server has let go of their connections, so that the next window does not begin with them.
    """
    files = open_files(target.server)
    port = target.url.rpartition(":")[2]
    body, token = "", target.token
    if attack.amplified:
        body, token = amplified_of(target, attack.body), target.development_token
    elif attack.body:
        body = sealed_of(target, attack.body)
    reports, running = [], []
    try:
        for number in range(attack.processes):
            # Loopback addresses of its own: one address has not enough ports for what closes and comes again.
            words = [attack.kind, port, attack.connections, attack.rate, token, body, f"127.1.{number + 1}"]
            command = [sys.executable, str(PROGRAM), *map(str, words)]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for child in running:
            if child.stdout.readline() != "ready\n":
                sys.exit(f"{attack.name}: an attacker ended before it was ready")
        yield reports
        for child in running:
            child.terminate()
        reports += [json.loads(child.communicate()[0]) for child in running]
        if any(child.returncode for child in running):
            sys.exit(f"{attack.name}: a part of an attacker ended early")
    finally:
        for child in running:
            child.kill()
            child.wait()
    wait_until_closed(target.server, files)


def sealed_of(target, size):
    """A body of that many bytes whose JSON is a sealed batch almost as large: the server reads and opens all of it."""
    path = target.folder / f"body-{size}.txt"
    if not path.exists():
        target.bench.sealed(path, target.secret_key, today(), 1, size // DRIVER_BYTES)
        text = path.read_text().strip()
        # White space between the members is a part of the body.
        path.write_text(text.replace(":", ":" + " " * (size - len(text)), 1))
        if path.stat().st_size != size:
            sys.exit(f"a body has {path.stat().st_size} bytes and not {size}")
    return path


def amplified_of(target, size):
    """A sealed single check with members that no table has: seven bytes each, and a map in memory if it is kept."""
    path = target.folder / f"amplified-{size}.txt"
    if not path.exists():
        driver = {
            "f_license_no": "999212345678", "f_resident_name": "홍길동", "f_licn_con_code": "12",
            "f_from_date": today(), "f_to_date": today(), "vhcl_reg_no": "67라6767",
        }
        # Base64 makes four bytes of three; the rest is the envelope and the driver.
        members = (size * 3 // 4 - 1024) // len('{"":0},')
        plaintext = json.dumps(driver, ensure_ascii=False)[:-1] + ',"x":[' + ",".join(['{"":0}'] * members) + "]}"
        environment = os.environ | {"RIMS_SECRET_KEY": target.development_secret_key}
        seal = [str(target.bench.RELEASE / "rims"), "seal"]
        path.write_bytes(subprocess.run(seal, input=plaintext.encode(), check=True, capture_output=True, env=environment).stdout)
        if not 0.9 * size < path.stat().st_size <= size:
            sys.exit(f"a body has {path.stat().st_size} bytes and not about {size}")
    return path


def forget_peak(pid):
    """The peak of resident memory begins anew (proc(5), clear_refs)."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def wait_until_closed(pid, files):
    end = time.monotonic() + 60
    while open_files(pid) > files + CONNECTIONS:
        if time.monotonic() > end:
            sys.exit(f"the server still has {open_files(pid)} files open a minute after the attack, before it {files}")
        time.sleep(0.1)


def faults(row):
    """Why a row does not hold: the server's fault, or an attack that was none."""
    attack, found = row["attack"], []
    windows = row["calm"] + row["hostile"] + row["beside"]
    if row["ratio"] > LIMIT:
        found.append(f"p99 is {row['ratio']:.1f} times as long")
    if row["peak"] > MOST_MEMORY_MB:
        found.append(f"the server took {row['peak']:.0f} MB of memory, more than {MOST_MEMORY_MB}")
    if failed := sum(window["failed"] for window in windows):
        found.append(f"{failed:.0f} honest requests failed")
    if min(window["rate"] for window in windows) < PER_SECOND * 0.8:
        found.append("honest traffic did not keep its rate")
    for told in row["told"]:
        made = sum(told["got"].values()) / told["seconds"]
        if made < (attack.through or attack.rate) * 0.8:
            found.append(f"an attacker made {made:.0f} requests a second")
        if attack.through and "closed by the server" in told["got"]:
            found.append("connections were reset instead of answered")
        if not attack.rate and attack.is_closed and not told["got"]:
            found.append("the server closed none of an attacker's connections")
        if not attack.rate and told["at_work"] < attack.connections * 0.8:
            found.append(f"an attacker had only {told['at_work']:.0f} connections at work, {told['open']:.0f} of them open")
    return found


def not_answered(bench):
    """Honest requests that ended in an error of table 5.1, which is HTTP 200. Attackers use another path."""
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{bench.OPS}/metrics").read().decode()
    return [
        f"{count} honest requests were not answered as they should: {labels}"
        for labels, count in re.findall(r"^rims_requests_total\{([^}]*)\} (\d+)$", metrics, re.M)
        if f'path="{PATH}"' in labels and 'outcome="answered"' not in labels and int(count) > 0
    ]


def report(rows):
    print("| attack | calm p50 ms | calm p99 ms | under attack p99 ms | ratio | attack on another server p99 ms "
          "| what the attackers got, a second | server's peak memory MB |")
    print("|---|---:|---:|---:|---:|---:|---|---:|")
    for row in rows:
        calm, hostile, beside = row["calm"], row["hostile"], row["beside"]
        print(f"| {row['attack'].name} | {middle(calm, 'p50'):.2f} | {middle(calm, 'p99'):.2f} "
              f"| {middle(hostile, 'p99'):.2f} | {row['ratio']:.1f} | {middle(beside, 'p99'):.2f} "
              f"| {received(row)} | {row['peak']:.0f} |")


def received(row):
    """What all attackers together got, per second of their windows."""
    processes = row["attack"].processes
    seconds = sum(told["seconds"] for told in row["told"]) / processes
    totals = {}
    for told in row["told"]:
        for what, count in told["got"].items():
            totals[what] = totals.get(what, 0) + count
    return ", ".join(f"{what}: {count / seconds:,.0f}" for what, count in sorted(totals.items())) or "nothing"
