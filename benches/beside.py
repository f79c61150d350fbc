"""`./bench beside OTHER`: single verifications by two programs, in turn, on the same machine at the same time of day.

The machine's speed moves by more than a change does, so that only windows right after each other can be compared: each
round measures both, the order alternates, and the median of the rounds' ratios is told. While one is measured the other
has nothing to do.
"""

import contextlib
import datetime
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

CONNECTIONS = 256
# Apart from the ports of the other benchmarks.
PORTS = {"other": 19114, "this": 19214}


def run(bench, other, engines, seconds, rounds):
    programs = {"other": str(pathlib.Path(other).resolve()), "this": str(bench.RELEASE / "rims")}
    rows = []
    for engine in engines:
        with contextlib.ExitStack() as running, tempfile.TemporaryDirectory(prefix="rims-bench-") as folder:
            if engine == "postgres":
                bench.age_log(os.environ["RIMS_TEST_POSTGRES_URL"])
            measures = {
                name: start(bench, running, pathlib.Path(folder), engine, name, program, seconds)
                for name, program in programs.items()
            }
            rows.append((engine, [one_round(measures, number) for number in range(rounds)]))
    report(rows)


def one_round(measures, number):
    order = list(measures) if number % 2 == 0 else list(reversed(measures))
    return {name: measures[name]() for name in order}


def start(bench, running, folder, engine, name, rims, seconds):
    """Starts a server with a company; gives a function that measures it."""
    bench.API = PORTS[name]
    bench.OPS, bench.SIMULATORS = bench.API + 2, bench.API + 4
    home = folder / name
    home.mkdir()
    simulate = [rims, "simulate", "--listen", f"127.0.0.1:{bench.SIMULATORS}"]
    _, settings = running.enter_context(bench.process(simulate, "# ready"))
    config = home / "rims.toml"
    url = database(name) if engine == "postgres" else None
    config.write_text(bench.configuration(engine, home, settings, url))
    config.chmod(0o600)
    auth_key, secret_key = bench.company(rims, config)
    running.enter_context(bench.process([rims, "serve", "--config", str(config)], "ready"))
    seoul = datetime.timezone(datetime.timedelta(hours=9))
    bodies = home / "singles.txt"
    bench.sealed(bodies, secret_key, datetime.datetime.now(seoul).strftime("%Y%m%d"), 2000, 1)
    token = bench.fetch_token(rims, auth_key)
    url = f"http://127.0.0.1:{bench.API}/licenseVerification"
    label = f"single, {engine}, {name}"
    return lambda: bench.measure(label, bodies, token, url, CONNECTIONS, seconds)["rate"]


def database(name):
    url = os.environ["RIMS_TEST_POSTGRES_URL"]
    new = f"rims_bench_{os.getpid()}_{name}"
    subprocess.run(["psql", "-q", url, "-c", f"CREATE DATABASE {new}"], check=True)
    return re.sub(r"^(postgres(?:ql)?://[^/?]+)(?:/[^?]*)?", rf"\1/{new}", url)


def report(rows):
    print("| engine | other, a second | this, a second | ratio: median | least | most |")
    print("|---|---:|---:|---:|---:|---:|")
    for engine, rounds in rows:
        ratios = [one["this"] / one["other"] for one in rounds]
        rates = [f"{statistics.median(one[name] for one in rounds):,.0f}" for name in ("other", "this")]
        shown = [f"{of(ratios):.3f}" for of in (statistics.median, min, max)]
        print(f"| {engine} | {' | '.join(rates)} | {' | '.join(shown)} |")
