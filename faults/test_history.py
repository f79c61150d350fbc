"""Histories that are right, and histories with one fault each, which the checker has to find."""

import copy
import json
import unittest

import history

DAYS = {"from": "20300101", "to": "20300108"}


def asked(key, kind, *drivers, keyless=False):
    drivers = [{"mark": mark, "licence": licence, "code": licence[-2:]} for mark, licence in drivers]
    return {"event": "asked", "key": key, "keyless": keyless, "kind": kind, "drivers": drivers, **DAYS}


def attempt(key, outcome, answer=None, node=0, replayed=False, sent=1.0, at=2.0):
    return {
        "event": "attempt", "key": key, "node": node, "sent": sent, "at": at, "outcome": outcome,
        "answer": answer and json.dumps(answer), "replayed": replayed,
    }


def item(licence):
    return {"f_license_no": history.masked(licence), "f_rtn_code": licence[-2:]}


def row(table, mark=None, number=None, **content):
    return {"table": table, "mark": mark, "number": number, "content": content}


DRIVERS = [("plate-4", "110000000400"), ("plate-5", "110000000512")]


def good():
    """One write of every kind and of every state, and what they leave behind."""
    log = [
        asked("single", "single", ("plate-1", "110000000112")),
        attempt("single", "cut"),
        attempt("single", "acknowledged", {"header": {}, "body": item("110000000112")}, node=1, replayed=True),
        asked("rental", "rental", ("plate-2", "110000000200")),
        attempt("rental", "acknowledged", {"header": {}, "body": item("110000000200")}),
        attempt("rental", "acknowledged", {"header": {}, "body": item("110000000200")}, node=1, replayed=True),
        asked("suspended", "rental", ("plate-3", "110000000312")),
        attempt("suspended", "acknowledged", {"header": {}, "body": item("110000000312")}),
        asked("batch", "batch", *DRIVERS),
        attempt("batch", "acknowledged", {"header": {}, "body": [item(licence) for _, licence in DRIVERS]}),
        asked("reservation", "reservation", ("plate-6", "110000000600")),
        attempt("reservation", "acknowledged", {"header": {}, "body": item("110000000600")}),
        asked("rent-number", "rent number", ("plate-7", "110000000700")),
        attempt("rent-number", "acknowledged", {"rent_no": "R30-000000007"}),
        asked("number", "delivery number"),
        attempt("number", "acknowledged", {"vrfc_no": "V30-000000001"}),
        asked("stored", "batch", ("plate-8", "110000000800"), ("plate-9", "110000000900")),
        attempt("stored", "timed out"),
        asked("not-stored", "single", ("plate-10", "110000001000")),
        attempt("not-stored", "error -110"),
        asked("refused", "single", ("plate-11", "110000001100")),
        attempt("refused", "error -90"),
        attempt("refused", "no connection", node=1),
        asked("keyless", "single", ("plate-12", "110000001200"), keyless=True),
        attempt("keyless", "acknowledged", {"header": {}, "body": item("110000001200")}),
    ]
    rows = [
        row("verification", "plate-1", code="12"), row("verification", "plate-2", code="00"),
        row("rental", "plate-2", "R30-000000001", status="2", code="00", **DAYS),
        row("verification", "plate-3", code="12"), row("verification", "plate-4", code="00"),
        row("verification", "plate-5", code="12"), row("verification", "plate-6", code="00"),
        row("reservation", "plate-6", "R30-000000002", code="00", **DAYS),
        row("rental", "plate-7", "R30-000000007", status="1", code=None, **DAYS),
        row("number", number="V30-000000001"),
        row("verification", "plate-8", code="00"), row("verification", "plate-9", code="00"),
        row("verification", "plate-12", code="00"),
    ]
    return copy.deepcopy(log), copy.deepcopy(rows)


def place(rows, table, mark):
    return next(row for row in rows if row["table"] == table and row["mark"] == mark)


class Found(unittest.TestCase):
    def setUp(self):
        self.log, self.rows = good()

    def expect(self, *names):
        """Exactly these checks find something."""
        found = history.faults(history.writes(self.log), self.rows)
        self.assertEqual({fault.split(":")[0] for fault in found}, set(names), found)

    def test_a_good_history_has_no_fault(self):
        self.expect()

    def test_states(self):
        states = {write.key: write.state() for write in history.writes(self.log)}
        shown = (states["single"], states["stored"], states["refused"])
        self.assertEqual(shown, ("acknowledged", "unknown", "not done"))

    def test_every_lost_record_is_found(self):
        optional = {"plate-8", "plate-9"}
        for lost in [row for row in self.rows if row["mark"] not in optional]:
            with self.subTest(lost):
                rows, self.rows = self.rows, [row for row in self.rows if row is not lost]
                self.expect("lost")
                self.rows = rows

    def test_a_record_with_another_content(self):
        place(self.rows, "rental", "plate-2")["content"]["status"] = "9"
        self.expect("lost")

    def test_another_number_than_the_one_acknowledged(self):
        place(self.rows, "rental", "plate-7")["number"] = "R30-000000008"
        self.expect("lost")

    def test_a_doubled_write(self):
        self.rows.append(place(self.rows, "verification", "plate-1"))
        self.expect("doubled")

    def test_an_unknown_write_that_is_there_twice(self):
        self.rows.append(place(self.rows, "verification", "plate-8"))
        self.expect("doubled")

    def test_half_of_an_unknown_write(self):
        self.rows.remove(place(self.rows, "verification", "plate-9"))
        self.expect("torn")

    def test_a_record_that_nobody_asked_for(self):
        self.rows.append(row("verification", "plate-99", code="00"))
        self.expect("foreign")

    def test_a_rental_of_a_driver_whose_licence_is_suspended(self):
        self.rows.append(row("rental", "plate-3", "R30-000000009", status="2", code="12", **DAYS))
        self.expect("foreign")

    def test_a_record_of_what_was_answered_as_not_done(self):
        self.rows.append(row("verification", "plate-11", code="00"))
        self.expect("foreign")

    def test_a_number_that_two_records_have(self):
        place(self.rows, "reservation", "plate-6")["number"] = "R30-000000001"
        self.expect("doubled_numbers")

    def test_a_number_that_two_were_answered(self):
        self.log += [asked("again", "delivery number"), attempt("again", "acknowledged", {"vrfc_no": "V30-000000001"})]
        self.expect("doubled_numbers")

    def test_a_delivery_number_that_nobody_asked_for(self):
        self.rows.append(row("number", number="V30-000000077"))
        self.expect("foreign_numbers")

    def test_a_delivery_number_of_an_unknown_outcome(self):
        self.log += [asked("unknown", "delivery number"), attempt("unknown", "cut")]
        self.rows.append(row("number", number="V30-000000077"))
        self.expect()

    def test_an_answer_that_changed_under_its_key(self):
        answer = {"header": {"f_request_date": "20300102"}, "body": item("110000000200")}
        self.log.append(attempt("rental", "acknowledged", answer, replayed=True))
        self.expect("changed_answers")

    def test_a_key_whose_write_was_done_twice(self):
        answer = {"header": {}, "body": item("110000000200")}
        self.log.append(attempt("rental", "acknowledged", answer))
        self.expect("changed_answers")

    def test_a_request_without_a_key_that_was_sent_twice(self):
        self.log.append(attempt("keyless", "cut"))
        self.expect("changed_answers")

    def test_a_replay_for_a_request_without_a_key(self):
        next(line for line in self.log if line["event"] == "attempt" and line["key"] == "keyless")["replayed"] = True
        self.expect("changed_answers")

    def test_an_answer_about_another_driver(self):
        self.log += [
            asked("mixed", "single", ("plate-13", "110000001300")),
            attempt("mixed", "acknowledged", {"header": {}, "body": item("220000001300")}),
        ]
        self.rows.append(row("verification", "plate-13", code="00"))
        self.expect("wrong_answers")

    def test_an_outcome_without_an_excuse(self):
        self.log.append(attempt("refused", "error -160"))
        self.expect("unexpected")

    def test_recovery_counts_what_was_asked_after_the_moment(self):
        answer = {"vrfc_no": "V30-000000001"}
        log = [asked("number", "delivery number"), attempt("number", "cut", sent=4.0, at=4.5)]
        for node, sent, at in ((1, 4.0, 5.5), (0, 6.0, 6.25), (1, 7.0, 7.5)):
            log.append(attempt("number", "acknowledged", answer, node, True, sent, at))
        done = history.writes(log)
        self.assertEqual([history.recovered(done, node, 5.0) for node in (None, 0, 1, 2)], [1.25, 1.25, 2.5, None])


if __name__ == "__main__":
    unittest.main()
