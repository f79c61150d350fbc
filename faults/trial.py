"""One scenario under load: what is awaited, and what is to be said about it at the end."""

import collections

import history
import readback
from clients import Load
from processes import Wrong, run, wait_until

# A fault must be felt, and gone again, within this.
LIMIT = 60


class Trial:
    def __init__(self, cluster, options):
        self.cluster, self.options, self.short = cluster, options, options.short
        self.load, self.recoveries, self.faults, self.row = None, [], [], {}
        self.rounds = 1 if self.short else 3
        self.enough = 100 if self.short else 1000

    def begin(self, ahead=0):
        """Load from now on, on the days of a clock that is so many seconds ahead."""
        patience = 20 if self.short else 40
        self.load = Load(self.cluster, self.options, pace=0.08, patience=patience, ahead=ahead)
        self.calm()

    def calm(self):
        """Some load without a new fault."""
        self.more(self.enough, "acknowledgements without a fault")

    def more(self, count, what):
        self.await_outcomes(count, {history.ACKNOWLEDGED}, what)

    def felt(self, count, *outcomes):
        """The fault is there: so many attempts end like this."""
        self.await_outcomes(count, outcomes, f"the fault is not felt: {count} attempts that end with {outcomes}")

    def await_outcomes(self, count, outcomes, what):
        def counted():
            return sum(self.load.outcomes[outcome] for outcome in outcomes)

        wanted = counted() + count
        wait_until(lambda: self.load.broken or counted() >= wanted, LIMIT, what)
        if self.load.broken:
            raise Wrong("; ".join(self.load.broken))

    def recover(self, moment, paths):
        """Awaits the first acknowledgement of what was asked after a moment, on every path: a node and a name."""
        for node, name in paths:
            wait_until(lambda: self.load.has_acknowledged(node, moment), LIMIT, f"recovery of {name}")
            self.recoveries.append((name, node, moment))

    def expect_no_failures(self):
        """For a fault that nobody should feel."""
        failures = {outcome: count for outcome, count in self.load.outcomes.items() if outcome != history.ACKNOWLEDGED}
        if failures:
            self.faults.append(f"attempts failed: {failures}")

    def stop(self):
        """After a scenario that broke off: the clients give up."""
        if self.load:
            self.load.patience = 0
            self.load.given_up.set()
            self.load.end()

    def end(self):
        """No load any more: what the checker finds, and the scenario's row of the table."""
        self.faults += self.load.end()
        log = self.load.log()
        done = history.writes(log)
        self.row = row_of(done, self.recoveries)
        # What clients gave up may still be under way; a stop lets it end.
        for node in self.cluster.nodes:
            node.stop()
            node.start()
        # What was lost would be made anew by asking again, and what asking again doubles is not there before.
        before = readback.rows(self.cluster, self.load, done)
        again = history.writes(log + readback.replays(self.load, done))
        after = readback.rows(self.cluster, self.load, done)
        self.faults += dict.fromkeys(fault for rows in (before, after) for fault in history.faults(again, rows))
        if not self.row["acknowledged"]:
            self.faults.append("nothing was acknowledged")
        self.audit()
        return again

    def audit(self):
        """Every audit chain is whole."""
        try:
            run(self.cluster.template.rims, "audit", "verify", "--config", self.cluster.folder / "node-0.toml")
        except Wrong as wrong:
            self.faults.append(f"audit: {wrong}")


def row_of(done, recoveries):
    states = [write.state() for write in done]
    times = collections.defaultdict(list)
    for name, node, moment in recoveries:
        times[name].append(f"{history.recovered(done, node, moment) * 1000:.0f}")
    return {
        "acknowledged": states.count("acknowledged"), "unknown": states.count("unknown"),
        "recovery": "; ".join(f"{name}: {', '.join(found)}" for name, found in times.items()),
        "repeated": sum(len(write.attempts) > 1 and write.attempts[0]["outcome"] != "acknowledged" for write in done),
    }
