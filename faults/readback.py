"""What is there after a fault, as the company is told by the API, and as the tables say where the API lists nothing.

- rentals and reservations: their histories (§4.2.8, §4.2.9), every page, from every node; all must tell the same;
- delivery numbers: a number that exists is answered -240, one that does not -260 (§4.3.4);
- verifications: no interface lists them. Each acknowledged write that has a key is sent again under it, which must
  replay the stored answer; and the table `verification` is read, in which a plate stands unsealed.
"""

import contextlib
import json
import sqlite3

from clients import PATHS, Caller, request
from cluster import DATABASE
from processes import Wrong

PAGE = 1000
RENTALS, RESERVATIONS = "/company/rentals/history", "/company/licenseVerificationSchedule/history"
# A number as it is stored: its sector, the year, nine digits. Delivery's sector is 2 (store/src/codec.rs, number.rs).
SEQUENCES, YEARS, DELIVERY = 1_000_000_000, 100, 2


def rows(cluster, load, done):
    """The records of all kinds; Wrong where the nodes do not agree."""
    caller = Caller(load.ports, load.keys)
    nodes = range(len(load.ports))
    told = [histories(caller, node, load.days[0]) for node in nodes]
    if any(one != told[0] for one in told):
        raise Wrong(f"the nodes tell different histories: {[len(one) for one in told]} records")
    answered = {write.number() for write in done if write.kind == "delivery number" and write.number()}
    existing = {number for number in answered if exists(caller, number)}
    caller.close()
    verifications, numbers = stored(cluster)
    strange = set(map(readable, numbers)) - answered
    return told[0] + verifications + [record("number", number=number) for number in sorted(existing | strange)]


def record(table, mark=None, number=None, **content):
    return {"table": table, "mark": mark, "number": number, "content": content}


def asked(caller, node, path, members, key=None):
    """An answer; where a node's connection has ended meanwhile, it is made again once."""
    for _ in range(2):
        outcome, headers, answer = caller.post(node, path, members, key)
        if outcome not in ("cut", "no connection"):
            break
    return outcome, headers, answer


def histories(caller, node, start):
    rentals = [
        record(
            "rental", row["vhcl_reg_no"], row["rent_no"], status=row["rent_stts_cd"],
            code=row["verification_info"] and row["verification_info"]["f_rtn_code"],
            **{"from": compact(row["rent_bgng_dt"]), "to": compact(row["rent_end_dt"])},
        )
        for row in pages(caller, node, RENTALS, start)
    ]
    reservations = [
        record(
            "reservation", row["vhcl_reg_no"], row["rent_no"], code=row["last_vrfc_rslt"],
            **{"from": compact(row["rsvt_bgng_ymd"]), "to": compact(row["rsvt_end_ymd"])},
        )
        for row in pages(caller, node, RESERVATIONS, start)
    ]
    return rentals + reservations


def pages(caller, node, path, start):
    """All rows of a history, which all begin on one day."""
    found, total, page = [], 1, 1
    while len(found) < total:
        members = {"f_from_date": start, "f_to_date": start, "page_no": page, "num_of_rows": PAGE}
        outcome, _, answer = asked(caller, node, path, members)
        if outcome != "acknowledged":
            raise Wrong(f"{path} of node {node}: {outcome}")
        answer = json.loads(answer)
        total, page = answer["total_count"], page + 1
        if not answer["data"] and len(found) < total:
            raise Wrong(f"{path} counts {total} rows and shows {len(found)}")
        found += answer["data"]
    return found


def compact(date):
    return date.replace("-", "")


def exists(caller, number):
    outcome, _, _ = asked(caller, 0, "/dapi/licenseVerificationResult", {"vrfc_no": number})
    if outcome not in ("error -240", "error -260"):
        raise Wrong(f"the result of {number}: {outcome}")
    return outcome == "error -240"


def stored(cluster):
    """What only the tables list: verifications, and numbers of deliveries."""
    verifications = "SELECT plate, code FROM verification"
    numbers = f"SELECT number FROM number WHERE number / {SEQUENCES * YEARS} = {DELIVERY}"
    if cluster.servers:
        found = [cluster.primary.sql(text, DATABASE) for text in (verifications, numbers)]
    else:
        with contextlib.closing(sqlite3.connect(f"file:{cluster.file}?mode=ro", uri=True)) as link:
            found = [link.execute(text).fetchall() for text in (verifications, numbers)]
    found[0] = [record("verification", plate, code=f"{int(code):02}") for plate, code in found[0]]
    return found[0], [int(number) for number, in found[1]]


def readable(number):
    """V26-000000001 for 226000000001."""
    head, sequence = divmod(number, SEQUENCES)
    return f"V{head % YEARS:02}-{sequence:09}"


def replays(load, done):
    """Every acknowledged write once more under its key: lines of a log, as the clients' are."""
    caller, lines = Caller(load.ports, load.keys), []
    keyed = [write for write in done if write.state() == "acknowledged" and not write.keyless]
    for place, write in enumerate(keyed):
        node = place % len(load.ports)
        members = request(write.kind, write.drivers, write.asked["from"], write.asked["to"])
        sent = load.now()
        outcome, headers, answer = asked(caller, node, PATHS[write.kind], members, write.key)
        replayed = bool(headers and headers.get("Idempotency-Replayed"))
        # Nothing disturbs it any more: an answer that is no replay is a fault of its own.
        if outcome == "acknowledged" and not replayed:
            outcome = "recorded anew"
        lines.append({
            "event": "attempt", "key": write.key, "node": node, "sent": sent, "at": load.now(), "outcome": outcome,
            "answer": answer, "replayed": replayed,
        })
    caller.close()
    return lines
