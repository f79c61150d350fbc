"""`./bench instructions`: how many instructions the server runs per request, counted by valgrind.

Unlike times these hardly move with the machine's noise, so that a regression of some percent is seen. Everything that the
server's process does is counted, on all threads, for one request after the other; the client and the simulated national
systems are processes of their own. `instructions.json` has the counts of the last change that meant to move them.
"""

import datetime
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BASELINE = pathlib.Path(__file__).with_suffix(".json")
SINGLES, BATCHES, DRIVERS, WARM = 100, 2, 1000, 20
# Of so many windows the smallest counts: what threads do while they wait for each other is not the request's.
WINDOWS = 4


def run(bench, engines, save, tolerance):
    counted = {}
    for engine in engines:
        counted |= count(bench, engine)
    kept = json.loads(BASELINE.read_text())["instructions"] if BASELINE.exists() else {}
    wrong = report(counted, kept, tolerance)
    if save:
        compiler = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()
        BASELINE.write_text(json.dumps({"compiler": compiler, "instructions": kept | counted}, indent=2) + "\n")
    elif wrong:
        sys.exit(f"{', '.join(wrong)}: not within {tolerance:.0%} of what is kept; if that is meant: ./bench instructions --save")


def count(bench, engine):
    rims, found = bench.countable(), {}
    with tempfile.TemporaryDirectory(prefix="rims-bench-") as folder:
        home = pathlib.Path(folder)
        with bench.process([rims, "simulate", "--listen", f"127.0.0.1:{bench.SIMULATORS}"], "# ready") as (_, settings):
            config = home / "rims.toml"
            config.write_text(bench.configuration(engine, home, settings))
            config.chmod(0o600)
            auth_key, secret_key = bench.company(rims, config)
            valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={home}/counts"]
            # Of several threads each looks for work before it sleeps, for as long as the machine's other work lets it.
            os.environ["TOKIO_WORKER_THREADS"] = "1"
            with bench.process([*valgrind, rims, "serve", "--config", str(config)], "ready") as (child, _):
                client = Client(bench, rims, auth_key, secret_key)
                counter = Counter(child.pid, home)
                for kind, requests, divisor in client.kinds():
                    for request in requests[:WARM]:
                        client.send(*request)
                    print(f"{engine}: {kind} …", file=sys.stderr)
                    total = min(counter.of(client, requests) for _ in range(WINDOWS))
                    found[f"{engine}: {kind}"] = round(total / (len(requests) * divisor))
                bench.all_answered()
    return found


class Client:
    """One connection that sends one request after the other."""

    def __init__(self, bench, rims, auth_key, secret_key):
        self.connection = http.client.HTTPConnection("127.0.0.1", bench.API)
        self.rims, self.auth_key, self.secret_key = rims, auth_key, secret_key
        self.token = bench.fetch_token(rims, auth_key)
        self.day = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9))).strftime("%Y%m%d")
        self.keys = iter(range(10**6))

    def kinds(self):
        """What is measured: its name, its requests, and by what its count is divided."""
        single = self.seal(self.driver())
        batch = self.seal({"f_send_cnt": str(DRIVERS), "requestList": [self.driver(number) for number in range(DRIVERS)]})
        history = self.seal({
            "search_type": "rent_create_date", "f_from_date": self.day, "f_to_date": self.day, "page_no": 1, "num_of_rows": 10,
        })
        yield "single verification", [("/licenseVerification", single, False)] * SINGLES, 1
        yield "single verification under a key", [("/licenseVerification", single, True)] * SINGLES, 1
        yield "history of rentals", [("/company/rentals/history", history, False)] * SINGLES, 1
        yield "driver of a batch", [("/licenseVerificationBatch", batch, False)] * BATCHES, DRIVERS

    def driver(self, number=221212121212):
        number = f"{number:012}" if number > 10**11 else f"2212121{number:05}"
        return {
            "f_license_no": number, "f_resident_name": "홍길동", "f_licn_con_code": "12",
            "f_from_date": self.day, "f_to_date": self.day, "vhcl_reg_no": "67라6767",
        }

    def seal(self, request):
        environment = os.environ | {"RIMS_SECRET_KEY": self.secret_key}
        text = json.dumps(request, ensure_ascii=False)
        sealed = subprocess.run([self.rims, "seal"], input=text, check=True, capture_output=True, text=True, env=environment)
        return sealed.stdout.strip().encode()

    def send(self, path, body, is_keyed):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        if is_keyed:
            headers["Idempotency-Key"] = f"request-{next(self.keys)}"
        self.connection.request("POST", path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200 or "errorMsg" in text:
            sys.exit(f"{path}: {answer.status} {text}")


class Counter:
    """Counts in a running server."""

    def __init__(self, pid, home):
        self.pid, self.home = str(pid), home

    def of(self, client, requests):
        """The instructions of these requests."""
        self.control("--instr=on")
        for request in requests:
            client.send(*request)
        self.control("--instr=off")
        self.control("--dump")
        newest = max(self.home.glob("counts.*"), key=lambda path: int(path.suffix[1:]))
        return int(re.search(r"^totals: (\d+)", newest.read_text(), re.M).group(1))

    def control(self, command):
        subprocess.run(["callgrind_control", command, self.pid], check=True, capture_output=True)


def report(counted, kept, tolerance):
    """The table, and what is not as kept."""
    wrong = []
    print("| what | instructions | kept | |")
    print("|---|---:|---:|---:|")
    for name, count in counted.items():
        change = count / kept[name] - 1 if name in kept else None
        print(f"| {name} | {count:,} | {kept.get(name, 0):,} | {'' if change is None else f'{change:+.1%}'} |")
        if change is None or abs(change) > tolerance:
            wrong.append(name)
    return wrong
