"""The faults, one function each: what is broken under load, and when it is over.

A scenario gets a cluster that is not started yet, and a trial (trial.py), which has to `begin` and to `end`.
"""

import contextlib
import datetime
import json
import sqlite3
import time
import urllib.error
import urllib.request

import readback
from clients import Caller, rims
from processes import Wrong, wait_until

BOTH = (0, 1)
HOUR, DAY = 3600, 86400
# A server looks every 5 s for what is due (server/src/scheduler.rs), and its programs may be slow ones.
DUE_WITHIN = 40


def paths(nodes, since):
    return [(node, f"node {node}, from {since}") for node in nodes]


def node_killed(cluster, trial):
    """kill -9 of one node: the other goes on, and the killed one comes back."""
    cluster.start()
    trial.begin()
    for turn in range(trial.rounds):
        node, other = turn % 2, 1 - turn % 2
        cluster.nodes[node].kill()
        moment = trial.load.now()
        trial.recover(moment, paths([other], "the kill"))
        trial.felt(5, "cut", "no connection")
        trial.calm()
        moment = trial.load.now()
        cluster.nodes[node].start()
        trial.recover(moment, paths([node], "its start"))
        trial.calm()
    trial.end()


def primary_lost(cluster, trial):
    """The primary ends as in a crash; the standby is promoted. At full length there and back again."""
    cluster.start()
    trial.begin()
    for turn in range(trial.rounds):
        cluster.primary.stop("immediate")
        # A server looks for another one for some seconds before it answers -110, longer than a client may wait.
        trial.felt(6, "error -110", "timed out")
        cluster.promote_standby()
        moment = trial.load.now()
        trial.recover(moment, paths(BOTH, "the promotion"))
        trial.calm()
        if turn + 1 < trial.rounds:
            cluster.rebuild_standby()
            trial.calm()
    trial.end()


def standby_lost(cluster, trial):
    """Commits wait for a standby that is gone, until the operator says that there is none; then it comes back."""
    cluster.start()
    trial.begin()
    for _ in range(trial.rounds):
        cluster.standby.stop("immediate")
        trial.felt(12, "timed out", "error -110")
        cluster.primary.forget_standby()
        moment = trial.load.now()
        trial.recover(moment, paths(BOTH, "the operator's word"))
        cluster.standby.start()
        cluster.primary.wait_for_standby()
        trial.calm()
    trial.end()


def upstream_cut(cluster, trial):
    """The national systems refuse connections, until the breakers are open; at full length they also hang."""
    cluster.start()
    trial.begin()
    for _ in range(trial.rounds):
        cluster.simulators.kill()
        trial.felt(300, "error -90")
        cluster.simulators.start()
        moment = trial.load.now()
        trial.recover(moment, paths(BOTH, "their start"))
        trial.calm()
    if not trial.short:
        cluster.simulators.hold()
        trial.felt(60, "timed out", "error -90", "error -210")
        cluster.simulators.go_on()
        moment = trial.load.now()
        trial.recover(moment, paths(BOTH, "their going on"))
        trial.calm()
    trial.end()


def postgres_disk_full(cluster, trial):
    """Not a byte is left for PostgreSQL's primary. Where it ended over that, it is started when there is space."""
    cluster.start(disk_size=256)
    trial.begin()
    for _ in range(trial.rounds):
        cluster.disk.fill()
        trial.felt(20, "error -110")
        cluster.disk.free()
        moment = trial.load.now()
        wait_until(lambda: answers(cluster.primary) or not cluster.primary.is_running(), 30, "PostgreSQL lives or not")
        since = "the space"
        if not cluster.primary.is_running():
            cluster.primary.start()
            since = "the space, PostgreSQL started"
        trial.recover(moment, paths(BOTH, since))
        trial.calm()
    trial.end()


def answers(server):
    with contextlib.suppress(Wrong):
        return server.sql("SELECT 1")


def sqlite_quota(cluster, trial):
    """The quota of `sqlite_max_pages` is used up; the server is started again with a larger one."""
    cluster.start_sqlite()
    trial.begin()
    for _ in range(trial.rounds):
        restart(cluster, pages(cluster) + 40)
        trial.felt(20, "error -110")
        moment = trial.load.now()
        restart(cluster, None)
        trial.recover(moment, paths([0], "the restart"))
        trial.calm()
    trial.end()


def restart(cluster, quota):
    cluster.nodes[0].stop()
    cluster.sqlite_config(quota)
    cluster.nodes[0].start()


def pages(cluster):
    with contextlib.closing(sqlite3.connect(f"file:{cluster.file}?mode=ro", uri=True)) as link:
        return link.execute("PRAGMA page_count").fetchone()[0]


def sqlite_disk_full(cluster, trial):
    """Not a byte is left for SQLite; the server goes on by itself when there is space."""
    cluster.start_sqlite(disk_size=64)
    trial.begin()
    for _ in range(trial.rounds):
        cluster.disk.fill()
        trial.felt(20, "error -110")
        cluster.disk.free()
        moment = trial.load.now()
        trial.recover(moment, paths([0], "the space"))
        trial.calm()
    trial.end()


def clock_skewed(cluster, trial):
    """Node 1's clock jumps an hour ahead, then two back, and is right again. Nobody should feel it."""
    cluster.start(clocks=True)
    trial.begin()
    for hours in (1, -1, 0):
        skew(cluster, 1, hours * HOUR)
        moment = trial.load.now()
        trial.recover(moment, [(node, f"node {node}, with {hours:+d} h") for node in BOTH] if hours else [])
        trial.calm()
    trial.end()
    trial.expect_no_failures()


def year_end(cluster, trial):
    """Node 0 goes through the end of the year in Korea, node 1 is an hour ahead, then an hour behind."""
    cluster.start(clocks=True)
    ahead = until(lambda moment: (moment.month, moment.day) == (12, 31), hour=23, minute=59, second=58)
    skew(cluster, 0, ahead)
    skew(cluster, 1, ahead + HOUR)
    trial.begin(ahead)
    wait_until(lambda: shown(cluster, 0).astimezone(rims.KOREA).month == 1, 60, "the new year at node 0")
    trial.calm()
    skew(cluster, 1, ahead - HOUR)
    trial.calm()
    trial.end()
    trial.expect_no_failures()


def reservations(cluster, trial):
    """Two Mondays pass over servers whose clocks are an hour apart: every reservation runs once on each."""
    cluster.start(clocks=True)
    trial.begin()
    done = trial.end()
    # From the day after tomorrow to the sixteenth day there are two Mondays.
    first = until(lambda moment: moment.weekday() == 0, hour=6, minute=0, second=1, days=2)
    skew(cluster, 1, first)
    skew(cluster, 0, first - HOUR)
    await_runs(cluster, trial, first)
    skew(cluster, 0, first + 7 * DAY)
    skew(cluster, 1, first + 7 * DAY + HOUR)
    await_runs(cluster, trial, first + 7 * DAY)
    reserved = {write.drivers[0]["mark"]: write for write in done if reserves(write)}
    if not reserved:
        raise Wrong("there is no reservation")
    verifications, _ = readback.stored(cluster)
    for mark, write in reserved.items():
        times = sum(row["mark"] == mark for row in verifications)
        if times != 3:
            trial.faults.append(f"{write} was verified {times} times, not once at once and once on each of two Mondays")


def reserves(write):
    return any(table == "reservation" for table, _, _ in write.records()) and write.state() == "acknowledged"


def await_runs(cluster, trial, ahead):
    """Every reservation's last verification is of the day that a clock which is so much ahead shows."""
    today = (datetime.datetime.now(rims.KOREA) + datetime.timedelta(seconds=ahead)).strftime("%Y-%m-%d")
    caller = Caller(trial.load.ports, trial.load.keys)

    def all_ran():
        rows = readback.pages(caller, 0, readback.RESERVATIONS, trial.load.days[0])
        return all(row["last_vrfc_ymd"] == today for row in rows)

    wait_until(all_ran, DUE_WITHIN, f"the reservations' runs of {today}")
    caller.close()


def until(wanted, hour, minute, second, days=1):
    """Seconds until the next day in Korea of a kind, at least so many days from now, at a time."""
    now = datetime.datetime.now(rims.KOREA)
    moment = now.replace(hour=hour, minute=minute, second=second, microsecond=0) + datetime.timedelta(days=days)
    while not wanted(moment):
        moment += datetime.timedelta(days=1)
    return int((moment - now).total_seconds())


def skew(cluster, node, seconds):
    """Moves a server's clock, and sees that it has moved."""
    cluster.set_clock(node, seconds)

    def moved():
        return abs(shown(cluster, node).timestamp() - time.time() - seconds) < 30

    wait_until(moved, 10, f"the clock of node {node}")


def shown(cluster, node):
    """The time that a server writes beside a request. Its answers' `Date` stands still while a clock goes back."""
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://127.0.0.1:{cluster.nodes[node].api}/", timeout=5)
    last = cluster.nodes[node].complaints().read_text().splitlines()[-1]
    return datetime.datetime.fromisoformat(json.loads(last)["timestamp"].replace("Z", "+00:00"))


SCENARIOS = {
    run.__name__.replace("_", "-"): run
    for run in (
        node_killed, primary_lost, standby_lost, upstream_cut, postgres_disk_full, sqlite_quota, sqlite_disk_full,
        clock_skewed, year_end, reservations,
    )
}
