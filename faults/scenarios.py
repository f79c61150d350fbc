"""The faults, one function each: what is broken under load, and when it is over.

A scenario gets a cluster that is not started yet, and a trial (trial.py), which has to `begin` and to `end`.
"""

import collections
import contextlib
import datetime
import json
import sqlite3
import time
import urllib.error
import urllib.request

import readback
from clients import Caller, rims
from cluster import DATABASE
from processes import Wrong, wait_until
from trial import LIMIT

BOTH = (0, 1)
HOUR, WEEK = 3600, 7 * 86400
# A server looks every 5 s for what is due (server/src/scheduler.rs), and its programs may be slow ones.
DUE_WITHIN = 40
# A claim ends by itself after ten minutes (server/src/service/runs.rs).
CLAIMED_FOR = 605
CLAIMED = "SELECT count(*) FROM reservation WHERE claim IS NOT NULL"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rims'"


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


def node_frozen(cluster, trial):
    """A node stops in the middle of what it does, while its clients go to the other with it; then it goes on."""
    cluster.start()
    trial.begin()
    for turn in range(trial.rounds):
        node, other = turn % 2, 1 - turn % 2
        moment = trial.load.now()
        cluster.nodes[node].hold()
        trial.recover(moment, paths([other], "the stop"))
        trial.felt(12, "timed out")
        moment = trial.load.now()
        cluster.nodes[node].go_on()
        trial.recover(moment, paths([node], "its going on"))
        trial.calm()
    trial.end()


def connections_cut(cluster, trial):
    """The nodes' connections to PostgreSQL end under their commits, again and again."""
    cluster.start()
    trial.begin()
    for _ in range(trial.rounds):
        wanted = trial.load.outcomes["error -110"] + 5

        def cut_enough():
            ended = cluster.primary.sql(CUT)
            trial.more(10, "acknowledgements between two cuts")
            return ended and trial.load.outcomes["error -110"] >= wanted

        wait_until(cut_enough, LIMIT, "commits that are cut")
        moment = trial.load.now()
        trial.recover(moment, paths(BOTH, "the last cut"))
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
    """Three Mondays pass over servers whose clocks are an hour apart: every reservation runs once on each."""
    cluster.start(clocks=True)
    trial.begin()
    done = trial.end()
    # From the day after tomorrow on, three weeks.
    monday = until(lambda moment: moment.weekday() == 0, hour=6, minute=0, second=1, days=2)
    # Node 1 is ahead and runs them all.
    set_clocks(cluster, monday - HOUR, monday)
    await_runs(cluster, trial, monday)
    # Both find them at once, and what node 0 has claimed for ten minutes is due again by the clock of node 1.
    monday += WEEK
    set_clocks(cluster, monday, monday + HOUR)
    await_runs(cluster, trial, monday)
    # Node 1 dies with the claims, of which node 0 hears nothing before they end.
    monday += WEEK
    cluster.simulators.hold()
    set_clocks(cluster, monday - HOUR, monday)
    wait_until(lambda: cluster.primary.sql(CLAIMED, DATABASE) != [["0"]], DUE_WITHIN, "claims of node 1")
    cluster.nodes[1].kill()
    cluster.simulators.go_on()
    set_clocks(cluster, monday + CLAIMED_FOR)
    await_runs(cluster, trial, monday)
    ran_once_each(cluster, trial, done, 3)
    trial.audit()


def ran_once_each(cluster, trial, done, mondays):
    """One verification when it was reserved, and one on each Monday."""
    reserved = {write.drivers[0]["mark"]: write for write in done if reserves(write)}
    if not reserved:
        raise Wrong("there is no reservation")
    verifications, _ = readback.stored(cluster)
    counted = collections.Counter(row["mark"] for row in verifications)
    for mark, write in reserved.items():
        if counted[mark] != 1 + mondays:
            trial.faults.append(f"runs: {write} has {counted[mark]} verifications after {mondays} Mondays")


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


def set_clocks(cluster, *ahead):
    """First all clocks are set, so that they move at almost the same time."""
    for node, seconds in enumerate(ahead):
        cluster.set_clock(node, seconds)
    for node, seconds in enumerate(ahead):
        skew(cluster, node, seconds)


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
        node_killed, node_frozen, connections_cut, primary_lost, standby_lost, upstream_cut, postgres_disk_full, sqlite_quota, sqlite_disk_full,
        clock_skewed, year_end, reservations,
    )
}
# Left to runs of full length.
LONG = {"node-frozen", "standby-lost", "year-end", "reservations"}
