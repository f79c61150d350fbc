"""The faults, one function each: what is broken under load, and when it is over.

A scenario gets a cluster that is not started yet, and a `Trial`. It gives the moments of recovery, as pairs of a path's
name and how long the first acknowledgement on it took.
"""

import history
import readback
from clients import Load
from processes import Wrong, wait_until

# A fault must be felt and gone within this.
LIMIT = 60


class Trial:
    """One scenario under load, and what is to be said about it."""

    def __init__(self, cluster, seed, short):
        self.cluster, self.seed, self.short = cluster, seed, short
        self.recoveries, self.load = [], None
        self.rounds = 1 if short else 3
        self.enough = 40 if short else 400

    def begin(self):
        self.load = Load(self.cluster, self.seed, clients=6, pace=0.04, patience=20 if self.short else 40)
        self.calm()

    def calm(self):
        """Some load without a fault; everything is answered."""
        self.more(self.enough, "acknowledgements without a fault")

    def more(self, count, what):
        """Awaits so many acknowledgements more."""
        wanted = self.load.acknowledged + count
        wait_until(lambda: self.load.broken or self.load.acknowledged >= wanted, LIMIT, what)
        if self.load.broken:
            raise Wrong("; ".join(self.load.broken))

    def felt(self, count=5):
        """The fault is there: attempts fail."""
        wanted = self.load.failed + count
        wait_until(lambda: self.load.failed >= wanted, LIMIT, "the fault is not felt: failed attempts")

    def quiet(self, node, moment):
        return not self.load.has_acknowledged(node, moment)

    def recover(self, moment, paths):
        """Awaits the first acknowledgement on every path, a name by node, of what was asked after a moment."""
        for node, name in paths.items():
            wait_until(lambda: not self.quiet(node, moment), LIMIT, f"{name} recovers")
            self.recoveries.append((name, node, moment))

    def stop(self):
        """After a scenario that broke off: the clients give up."""
        if self.load:
            self.load.patience = 0
            self.load.given_up.set()
            self.load.end()

    def end(self):
        """(faults, row of the table)"""
        found = self.load.end()
        log = self.load.log()
        done = history.writes(log)
        log += readback.replays(self.load, done)
        asked_again = history.writes(log)
        found += history.faults(asked_again, readback.rows(self.cluster, self.load, asked_again))
        if not any(write.state() == "acknowledged" for write in done):
            found.append("nothing was acknowledged")
        return found, self.row(done)

    def row(self, done):
        states = [write.state() for write in done]
        times = [
            f"{name}: {history.recovered(done, node, moment) * 1000:.0f}" for name, node, moment in self.recoveries
        ]
        return {
            "acknowledged": states.count("acknowledged"), "unknown": states.count("unknown"), "recovery": ", ".join(times),
            "repeated": sum(len(write.attempts) > 1 and write.attempts[0]["outcome"] != "acknowledged" for write in done),
        }


def node_killed(cluster, trial):
    """kill -9 of one node: the other goes on, and the killed one comes back."""
    cluster.start()
    trial.begin()
    for turn in range(trial.rounds):
        node, other = turn % 2, 1 - turn % 2
        cluster.nodes[node].kill()
        moment = trial.load.now()
        trial.recover(moment, {other: f"node {other}, from the kill"})
        trial.felt()
        trial.calm()
        moment = trial.load.now()
        cluster.nodes[node].start()
        trial.recover(moment, {node: f"node {node}, from its start"})
        trial.calm()


def primary_lost(cluster, trial):
    """The primary ends as in a crash; the standby is promoted."""
    cluster.start()
    trial.begin()
    for turn in range(trial.rounds):
        cluster.primary.stop("immediate")
        trial.felt()
        cluster.promote_standby()
        moment = trial.load.now()
        trial.recover(moment, {node: f"node {node}, from the promotion" for node in (0, 1)})
        trial.calm()
        if turn + 1 < trial.rounds:
            cluster.rebuild_standby()
            trial.calm()


SCENARIOS = {"node-killed": node_killed, "primary-lost": primary_lost}
