"""Decides from the clients' own logs whether what was read back is what was acknowledged: pure functions, no I/O.

A log is a list of lines, as clients.py writes them:

    {"event": "asked", "key": …, "keyless": …, "kind": …, "drivers": [{"mark", "licence", "code"}], "from": …, "to": …}
    {"event": "attempt", "key": …, "node": …, "sent": …, "at": …, "outcome": …, "answer": …, "replayed": …}

`key` names the request in the log; it is also its idempotency key, unless it is `keyless`.
`mark` is the plate, which no two drivers share: by it a record is recognised. What was read back (readback.py) is a
list of records:

    {"table": "verification" | "rental" | "reservation" | "number", "mark": …, "number": …, "content": {…}}
"""

import collections
import json

ACKNOWLEDGED = "acknowledged"
# Nothing was sent, or the national systems gave no answer (-90, -210): nothing is recorded (docs/idempotency.md).
NOT_DONE = {"no connection", "no token", "error -90", "error -210", "http 401"}
# Sent, and without an answer that says how it ended.
UNKNOWN = {"cut", "timed out", "error -110"}
# Interfaces that answer with a number, and the member that has it.
NUMBERS = {"rent number": "rent_no", "delivery number": "vrfc_no"}


class Write:
    """One request, with all its attempts."""

    def __init__(self, asked):
        self.asked = asked
        self.key, self.kind, self.drivers = asked["key"], asked["kind"], asked["drivers"]
        self.keyless = asked["keyless"]
        self.attempts = []

    def answers(self):
        return [attempt for attempt in self.attempts if attempt["outcome"] == ACKNOWLEDGED]

    def state(self):
        if self.answers():
            return "acknowledged"
        done = all(attempt["outcome"] in NOT_DONE for attempt in self.attempts)
        return "not done" if done else "unknown"

    def number(self):
        """The number it was answered with, if it is of that kind."""
        member = NUMBERS.get(self.kind)
        return json.loads(self.answers()[0]["answer"])[member] if member and self.answers() else None

    def records(self):
        """What it leaves behind, as (table, mark, content)."""
        days = {"from": self.asked["from"], "to": self.asked["to"]}
        if self.kind == "delivery number":
            return []
        if self.kind == "rent number":
            return [("rental", self.drivers[0]["mark"], {"status": "1", "code": None, **days})]
        found = [("verification", driver["mark"], {"code": driver["code"]}) for driver in self.drivers]
        for driver in self.drivers:
            if driver["code"] == "00" and self.kind == "rental":
                found.append(("rental", driver["mark"], {"status": "2", "code": "00", **days}))
            if driver["code"] == "00" and self.kind == "reservation":
                found.append(("reservation", driver["mark"], {"code": "00", **days}))
        return found

    def __str__(self):
        return f"{self.kind} {self.key}"


def writes(log):
    """The writes of all clients' logs together."""
    found = {}
    for line in log:
        if line["event"] == "asked":
            found[line["key"]] = Write(line)
        else:
            found[line["key"]].attempts.append(line)
    return list(found.values())


def faults(done, rows):
    """Everything that is not as promised, as lines; none is good."""
    checks = (
        lost, doubled, torn, foreign, doubled_numbers, foreign_numbers, changed_answers, wrong_answers, unexpected,
    )
    return [f"{check.__name__}: {fault}" for check in checks for fault in check(done, rows)]


def unexpected(done, _):
    """Nothing that was sent is wrong in itself, so that no other outcome has an excuse."""
    for write in done:
        for attempt in write.attempts:
            if attempt["outcome"] not in {ACKNOWLEDGED} | NOT_DONE | UNKNOWN:
                yield f"{write} at node {attempt['node']}: {attempt['outcome']}"


def wrong_answers(done, _):
    """Each driver's own licence and its own result."""
    for write in done:
        for attempt in write.answers() if write.kind not in NUMBERS else []:
            body = json.loads(attempt["answer"])["body"]
            items = body if isinstance(body, list) else [body]
            told = [(item["f_license_no"], item["f_rtn_code"]) for item in items]
            if told != [(masked(driver["licence"]), driver["code"]) for driver in write.drivers]:
                yield f"{write}: {attempt['answer']}"


def masked(licence):
    return "".join("*" if place % 2 else digit for place, digit in enumerate(licence))


def changed_answers(done, _):
    """One key has one answer, made once: every other is a replay of it. Without a key nothing is sent twice."""
    for write in done:
        if write.keyless and len(write.attempts) > 1:
            yield f"{write} has no key and was sent {len(write.attempts)} times"
        if write.keyless and any(attempt["replayed"] for attempt in write.attempts):
            yield f"{write} has no key and was answered as if it had been sent before"
        answers = write.answers()
        if len({attempt["answer"] for attempt in answers}) > 1:
            yield f"{write}: {[attempt['answer'] for attempt in answers]}"
        if sum(not attempt["replayed"] for attempt in answers) > 1:
            yield f"{write} was done more than once under its key"


def lost(done, rows):
    """What was acknowledged is there, as it was acknowledged."""
    there = by_place(rows)
    numbers = {row["number"] for row in rows if row["table"] == "number"}
    for write in done:
        if write.state() != "acknowledged":
            continue
        for table, mark, content in write.records():
            found = there.get((table, mark), [])
            if not found:
                yield f"{write}: no {table} of {mark}"
            elif found[0]["content"] != content:
                yield f"{write}: the {table} of {mark} is {found[0]['content']}, not {content}"
            elif write.kind == "rent number" and found[0]["number"] != write.number():
                yield f"{write}: {mark} has the number {found[0]['number']}, not {write.number()}"
        if write.kind == "delivery number" and write.number() not in numbers:
            yield f"{write}: no number {write.number()}"


def doubled(_, rows):
    for (table, mark), found in by_place(rows).items():
        if len(found) > 1:
            yield f"{len(found)} records in {table} of {mark}"


def torn(done, rows):
    """Of an unknown write all is there or nothing is: a batch, or a rental with its verification, is one write."""
    there = by_place(rows)
    for write in done:
        expected = write.records()
        found = [record for record in expected if record[:2] in there]
        if write.state() == "unknown" and found and len(found) < len(expected):
            yield f"{write}: of {len(expected)} records only {found}"


def foreign(done, rows):
    """Nothing is there that was not asked for, or that was answered as not done."""
    allowed = {record[:2] for write in done if write.state() != "not done" for record in write.records()}
    for table, mark in by_place(rows):
        if (table, mark) not in allowed:
            yield f"a record in {table} of {mark}"


def doubled_numbers(done, rows):
    """A number stands for one thing: in the answers of all keys, and in all that was read back."""
    answered = collections.Counter(write.number() for write in done if write.number())
    stored = collections.Counter(row["number"] for row in rows if row.get("number"))
    for where, counted in (("answered", answered), ("stored", stored)):
        for number, count in counted.items():
            if count > 1:
                yield f"{number} is {where} {count} times"


def foreign_numbers(done, rows):
    """A delivery number has no mark, so that those that were never answered are only counted."""
    numbers = [write for write in done if write.kind == "delivery number"]
    answered = {write.number() for write in numbers}
    unknown = sum(write.state() == "unknown" for write in numbers)
    strange = [row["number"] for row in rows if row["table"] == "number" and row["number"] not in answered]
    if len(strange) > unknown:
        yield f"{strange} are stored, but {unknown} outcomes are unknown"


def by_place(rows):
    places = collections.defaultdict(list)
    for row in rows:
        if row["table"] != "number":
            places[row["table"], row["mark"]].append(row)
    return places


def recovered(done, node, moment):
    """Seconds from a moment to the first acknowledgement by a node (None: any) of an attempt made after it."""
    times = [
        attempt["at"] for write in done for attempt in write.answers()
        if attempt["sent"] >= moment and node in (None, attempt["node"])
    ]
    return min(times) - moment if times else None
