"""Clients as integrators write them: sealed bodies, a token, an idempotency key for most writes, two nodes to try.

Each keeps its own log of what it asked, of every attempt and of its outcome (history.py reads it). After an outcome
that is not known it sends the same request again, under the same key, to the other node; some give up at once, so that
there are outcomes that stay unknown. Verifications are also asked for without a key, and then only once: sent again
they would be others.
"""

import base64
import collections
import datetime
import http.client
import json
import pathlib
import random
import select
import sys
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs" / "recipes" / "python"))
import rims  # noqa: E402, the published recipe: sealing, and Korea's time zone

# Shorter than a server's own limits, so that requests are sent again while the first attempt still runs.
ANSWER_WITHIN = 3.0
PAUSE = 0.05
# Rows of a history are asked for by the start of the rental; all begin on this day and end on that.
STARTS_IN, ENDS_IN = 2, 23
KINDS = {"single": 4, "batch": 2, "rental": 4, "reservation": 1, "rent number": 2, "delivery number": 2}
PATHS = {
    "single": "/licenseVerification", "batch": "/licenseVerificationBatch", "rental": "/rentalConfirm",
    "reservation": "/licenseVerificationSchedule", "rent number": "/generateRentNo",
    "delivery number": "/dapi/generateVrfcNo",
}
DRIVERS = {"batch": 3, "delivery number": 0}
VERIFICATIONS = {"single", "batch"}
KEYLESS = 0.5
IMPATIENT = 0.3
ASKED_AGAIN = 0.1


def day(ahead, seconds=0):
    """yyyymmdd in Korea, by a clock that is so many seconds ahead."""
    moment = datetime.datetime.now(rims.KOREA) + datetime.timedelta(days=ahead, seconds=seconds)
    return moment.strftime("%Y%m%d")


class Connection:
    """One connection to one node, made again when it ended; says how an exchange ended."""

    def __init__(self, port):
        self.port, self.link = port, None

    def exchange(self, method, path, headers, body=None):
        """(outcome, headers, text): the outcome is None where there is an answer with HTTP 200."""
        sock = self.link and self.link.sock
        if not sock or select.select([sock], [], [], 0)[0]:
            # The server has ended it: after its last answer, or because it was idle for long.
            self.close()
        try:
            if self.link is None:
                link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN)
                link.connect()
                self.link = link
        except OSError:
            return "no connection", None, None
        try:
            self.link.request(method, path, body, headers)
            answer = self.link.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return "timed out" if isinstance(error, TimeoutError) else "cut", None, None
        return None if answer.status == 200 else f"http {answer.status}", answer.headers, text

    def close(self):
        if self.link:
            self.link.close()
        self.link = None


class Caller:
    """Speaks to every node with one company's keys."""

    def __init__(self, ports, keys):
        self.links, self.keys, self.token = [Connection(port) for port in ports], keys, None

    def post(self, node, path, members, key=None):
        """(outcome, headers, answer)"""
        if not self.token and not self.get_token(node):
            return "no token", None, None
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        sealed = rims.seal(json.dumps(members, ensure_ascii=False), self.keys["secret_key"])
        body = json.dumps({"encryptedData": sealed}).encode()
        outcome, headers, text = self.links[node].exchange("POST", path, headers, body)
        if outcome == "http 401":
            self.token = None
        if outcome:
            return outcome, headers, None
        answer = json.loads(text)
        if "respCode" in answer:
            return f"error {answer['respCode']}", headers, text
        code = answer.get("header", {}).get("f_rtn_cd", "0")
        return ("acknowledged" if code == "0" else f"refused {code}"), headers, text

    def get_token(self, node):
        basic = base64.b64encode(self.keys["auth_key"].encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        _, headers, _ = self.links[node].exchange("GET", "/col/oauth2?grantType=password", headers)
        self.token = headers and headers.get("Authorization")
        return self.token

    def close(self):
        for link in self.links:
            link.close()


class Client(threading.Thread):
    """Asks for one thing after another until it is told to stop, and ends with what it has begun."""

    def __init__(self, number, load):
        super().__init__(name=f"client-{number}", daemon=True)
        self.number, self.load = number, load
        self.random = random.Random(f"{load.seed}-{number}")
        self.caller, self.twin = Caller(load.ports, load.keys), Caller(load.ports, load.keys)
        self.serial, self.lock = 0, threading.Lock()

    def run(self):
        path = self.load.folder / f"{self.name}.jsonl"
        with path.open("w", encoding="utf-8") as self.file:
            try:
                while not self.load.stopped.wait(self.load.pace * self.random.uniform(0.5, 1.5)):
                    self.write()
            except Exception as error:  # noqa: BLE001, a thread's end must not go unseen
                self.load.broken.append(f"{self.name}: {error!r}")
                raise
        self.caller.close()
        self.twin.close()

    def write(self):
        kind = self.random.choices(list(KINDS), list(KINDS.values()))[0]
        key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        drivers = [self.driver() for _ in range(DRIVERS.get(kind, 1))]
        first, last = self.load.days
        members = request(kind, drivers, first, last)
        keyless = kind in VERIFICATIONS and self.random.random() < KEYLESS
        self.log({
            "event": "asked", "key": key, "keyless": keyless, "kind": kind, "drivers": drivers, "from": first, "to": last,
        })
        node = self.random.randrange(len(self.caller.links))
        if keyless:
            self.attempt(self.caller, node, kind, key, members, keyless)
            return
        patience = 0 if self.random.random() < IMPATIENT else self.load.patience
        end = time.monotonic() + patience
        if self.random.random() < self.load.twice:
            self.attempt_twice(node, kind, key, members)
        while True:
            acknowledged = self.attempt(self.caller, node, kind, key, members)
            if acknowledged or time.monotonic() >= end:
                break
            node = (node + 1) % len(self.caller.links)
            self.load.given_up.wait(PAUSE)
        if acknowledged and self.random.random() < ASKED_AGAIN:
            self.attempt(self.caller, (node + 1) % len(self.caller.links), kind, key, members)

    def attempt_twice(self, node, kind, key, members):
        """The same request at both nodes at the same time."""
        other = (node + 1) % len(self.caller.links)
        twin = threading.Thread(target=self.attempt, args=(self.twin, other, kind, key, members), daemon=True)
        twin.start()
        self.attempt(self.caller, node, kind, key, members)
        twin.join()

    def attempt(self, caller, node, kind, key, members, keyless=False):
        """Whether it is acknowledged. In the log every request has a key."""
        sent = self.load.now()
        outcome, headers, answer = caller.post(node, PATHS[kind], members, None if keyless else key)
        self.log({
            "event": "attempt", "key": key, "node": node, "sent": sent, "at": self.load.now(), "outcome": outcome,
            "answer": answer, "replayed": bool(headers and headers.get("Idempotency-Replayed")),
        })
        self.load.seen(node, sent, outcome)
        return outcome == "acknowledged"

    def driver(self):
        """One that nobody else asks about; the last two digits are what the simulated register answers."""
        self.serial += 1
        code = "12" if self.random.random() < 0.1 else "00"
        licence = f"11{self.number:02}{self.serial:06}{code}"
        return {"mark": f"{self.number:02}가{self.serial:06}", "licence": licence, "code": code}

    def log(self, line):
        with self.lock:
            self.file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.file.flush()


def request(kind, drivers, first, last):
    """The members of a request, before it is sealed."""
    days = {"f_from_date": first, "f_to_date": last}
    if kind == "delivery number":
        return days
    if kind == "rent number":
        return {"vhcl_reg_no": drivers[0]["mark"], "rent_bgng_dt": first, "rent_end_dt": last}
    items = [
        {
            "f_license_no": driver["licence"], "f_resident_name": "홍길동", "f_licn_con_code": "12",
            "vhcl_reg_no": driver["mark"], **days,
        }
        for driver in drivers
    ]
    if kind == "batch":
        return {"f_send_cnt": str(len(items)), "requestList": items}
    return items[0] | ({"repeat_period": "1"} if kind == "reservation" else {})


class Load:
    """All clients of a scenario, and what they have seen so far."""

    def __init__(self, cluster, options, pace, patience, ahead=0):
        self.seed, self.twice, self.pace, self.patience = options.seed, options.twice, pace, patience
        self.ports, self.keys = [node.api for node in cluster.nodes], cluster.keys
        self.folder = cluster.folder / "clients"
        self.folder.mkdir()
        self.days = (day(STARTS_IN, ahead), day(ENDS_IN, ahead))
        self.began = time.monotonic()
        self.stopped, self.given_up, self.lock = threading.Event(), threading.Event(), threading.Lock()
        self.broken, self.last_sent, self.outcomes = [], {}, collections.Counter()
        self.clients = [Client(number, self) for number in range(options.clients)]
        for client in self.clients:
            client.start()

    def now(self):
        return time.monotonic() - self.began

    def seen(self, node, sent, outcome):
        with self.lock:
            self.outcomes[outcome] += 1
            if outcome == "acknowledged":
                self.last_sent[node] = max(sent, self.last_sent.get(node, 0))

    def has_acknowledged(self, node, moment):
        """Whether a node has acknowledged something that was asked after a moment."""
        return self.last_sent.get(node, -1) >= moment

    def end(self):
        """No new requests; what was begun is ended."""
        self.stopped.set()
        for client in self.clients:
            client.join(timeout=self.patience + 2 * ANSWER_WITHIN + 10)
        return self.broken + [f"{client.name} does not end" for client in self.clients if client.is_alive()]

    def log(self):
        """The lines of all clients."""
        texts = [path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("*.jsonl"))]
        return [json.loads(line) for text in texts for line in text.splitlines()]
