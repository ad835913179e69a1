"""Shows over real sockets that each kind of fault does what it says. Takes a few seconds:

    python3 -W error Tests/FaultServer/test_fault_server.py
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pictures
from server_case import API, Outcome, ServerCase, ask, start
from settings import KINDS, LOSING_STATUSES, REFUSING_STATUSES


class LogTests(unittest.TestCase):
    def test_the_log_has_all_headers_and_no_key(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "requests.log"
            process, port = start("--log", str(log))
            with process:
                ask(port, "GET", f"{API}/jobs", headers={"Authorization": "Bearer secret", "X-Other": "shown"})
                process.terminate()
            headers = json.loads(log.read_text())["headers"]
        self.assertEqual((headers["authorization"], headers["x-other"]), ("***", "shown"))


class SubmissionTests(ServerCase):
    def check(self, kind: str, end: str, status: int, accepted: int) -> Outcome:
        before = self.accepted()
        self.configure(post=kind)
        outcome = self.submit(f"for {kind}")
        self.assertEqual((outcome.end, outcome.status), (end, status), kind)
        self.assertEqual(self.accepted() - before, accepted, kind)
        self.assertGreater(self.fired(f"post.{kind}"), 0)
        return outcome

    def test_connections_end_before_and_after_acceptance(self) -> None:
        for effect, end in (("close", "closed"), ("reset", "reset"), ("silent", "silent")):
            self.check(f"{effect}_before", end, 0, 0)
            self.check(f"{effect}_after", end, 0, 1)

    def test_statuses_before_and_after_acceptance(self) -> None:
        for status in LOSING_STATUSES:
            self.check(f"{status}_before", "whole", status, 0)
            self.check(f"{status}_after", "whole", status, 1)
        for status in REFUSING_STATUSES:
            self.check(str(status), "whole", status, 0)

    def test_answers_without_a_readable_id(self) -> None:
        self.assertIn("id", self.check("ok", "whole", 200, 1).json)
        self.check("truncated_after", "broken", 200, 1)
        with self.assertRaises(ValueError):
            _ = self.check("garbage_after", "whole", 200, 1).json
        self.assertNotIn("id", self.check("no_id_after", "whole", 200, 1).json)
        self.assertEqual(self.check("drip", "endless", 200, 1).body.strip(), b"")

    def test_ids_of_other_jobs(self) -> None:
        first = self.submitted()
        known = {job["id"] for job in self.ledger()["jobs"]}
        self.assertIn(first, known)
        self.assertIn(self.check("other_id", "whole", 200, 0).json["id"], known)
        told = self.check("other_id_after", "whole", 200, 1).json["id"]
        self.assertNotEqual(told, self.ledger()["jobs"][-1]["id"])

    def test_late_acceptance_and_slow_answer(self) -> None:
        self.configure(late_seconds=0.2, slow_seconds=0.1)
        self.check("late_acceptance", "closed", 0, 0)
        before = self.accepted()
        time.sleep(0.3)
        self.assertEqual(self.accepted() - before, 1)
        self.check("slow_answer", "whole", 200, 1)

    def test_retry_after(self) -> None:
        self.configure(post="throttled", retry_after_seconds=3)
        found = {}
        for kind in KINDS["retry_after"]:
            self.configure(retry_after=kind)
            found[kind] = self.submit().headers.get("retry-after")
        self.assertEqual((found["seconds"], found["absent"], found["negative"]), ("3", None, "-5"))
        self.assertTrue(found["date"].endswith("GMT") and found["past"].endswith("GMT"))

    def test_what_is_held_goes_with_the_release(self) -> None:
        self.configure(job="held", post="ok")
        job_id = self.submitted()
        self.assertEqual(self.job(job_id).json["status"], "PROCESSING")
        self.check("held_before", "silent", 0, 0)
        self.check("held_after", "silent", 0, 1)
        before = self.accepted()
        self.assertEqual(ask(self.port, "POST", "/control/release").json["jobs"], 2)
        self.assertEqual(self.job(job_id).json["status"], "COMPLETED")
        self.assertEqual(self.accepted() - before, 1)

    def test_scripts_prompts_and_weights(self) -> None:
        self.configure(post={"ok": 1}, post_script=["400", "ok"], post_by_prompt={"wolf": ["422"], "bear": "402"})
        statuses = [self.submit(prompt).status for prompt in ("wolf", "a", "b", "c", "wolf", "bear", "bear")]
        self.assertEqual(statuses, [422, 400, 200, 200, 200, 402, 402])

    def test_idempotency_keys(self) -> None:
        key = {"Idempotency-Key": "k1"}
        first = self.submitted(headers=key)
        self.assertNotEqual(self.submitted(headers=key), first)
        self.configure(idempotency="honoured")
        self.assertEqual(self.submitted(headers=key), first)
        self.configure(idempotency="known")
        self.assertEqual(self.submit(headers=key).status, 409)
        self.configure(idempotency="refused")
        refusal = self.submit(headers=key)
        self.assertEqual(refusal.status, 400)
        self.assertIn("Idempotency-Key", refusal.json["error"]["message"])
        self.configure(idempotency="merge")
        self.assertEqual(self.submitted("merged"), self.submitted("merged"))

    def test_account_and_key(self) -> None:
        self.configure(account="402", account_scope="submit")
        self.assertEqual((self.submit().status, self.list().status), (402, 200))
        self.configure(account="ok", account_scope="all", account_phases=[[0, "401"]])
        self.assertEqual(self.list().status, 401)
        self.configure(account_phases=[], key="secret", echo_key=True)
        refusal = ask(self.port, "GET", f"{API}/jobs", headers={"Authorization": "Bearer other"})
        self.assertEqual(refusal.status, 401)
        self.assertIn("Bearer other", refusal.json["error"]["message"])
        self.assertEqual(ask(self.port, "GET", f"{API}/models", headers={"Authorization": "Bearer secret"}).status, 200)

    def test_what_does_not_exist_is_refused(self) -> None:
        for settings in ({"pots": 1}, {"post": "explode"}, {"list": "plain+curt"}, {"post_script": ["oh"]}):
            self.assertEqual(ask(self.port, "POST", "/control/config", settings).status, 400, settings)


class LedgerTests(ServerCase):
    def test_counts_bills_and_duplicates(self) -> None:
        before = self.ledger()["totals"]
        self.configure(job_script=["ok", "ok", "fail_string", "vanish"])
        for _ in range(4):
            self.submit("twice")
        totals = self.ledger()["totals"]
        self.assertEqual(totals["billed"] - before["billed"], 2)
        self.assertEqual(totals["duplicates"] - before["duplicates"], 1)
        self.assertEqual(totals["submissions"] - before["submissions"], 4)
        self.assertGreaterEqual(totals["busiest_second"], 4)

    def test_unfinished_jobs_and_workers(self) -> None:
        self.configure(job_time=0.3, workers=1)
        ids = [self.submitted() for _ in range(3)]
        self.assertEqual([self.job(job_id).json["status"] for job_id in ids], ["PROCESSING", "QUEUED", "QUEUED"])
        self.assertGreaterEqual(self.ledger()["totals"]["most_unfinished"], 3)

    def test_strangers(self) -> None:
        self.configure(strangers=[{"every": 0.01, "time": 0.1, "seeds": [5], "count": 3}])
        time.sleep(0.2)
        strangers = [job for job in self.ledger()["jobs"] if job["stranger"]]
        self.assertEqual([job["seed"] for job in strangers], [5, 5, 5])
        self.assertFalse(any(job["billed"] for job in strangers))


class ReadingTests(ServerCase):
    def test_fates_of_jobs(self) -> None:
        fates = ["fail_string", "fail_object", "vanish", "endless"]
        self.configure(job_script=[*fates, "unknown_status"])
        ids = [self.submitted() for _ in fates]
        replies = [self.job(job_id) for job_id in ids]
        self.assertIsInstance(replies[0].json["error"], str)
        self.assertIn("message", replies[1].json["error"])
        self.assertEqual(replies[2].status, 404)
        self.assertEqual(replies[3].json["status"], "PROCESSING")
        self.configure(job_time=5)
        self.assertEqual(self.job(self.submitted()).json["status"], "WARMING_UP")

    def test_failing_reads(self) -> None:
        job_id = self.submitted()
        ends = {"close": ("closed", 0), "silent": ("silent", 0), "garbage": ("whole", 200), "held": ("silent", 0)}
        for name, read in (("get", lambda: self.job(job_id)), ("list", self.list)):
            for kind in ("404", "500", "403", "429", "close", "garbage", "silent", "held"):
                if kind not in KINDS[name]:
                    continue
                self.configure(**{name: kind})
                outcome = read()
                self.assertEqual((outcome.end, outcome.status), ends.get(kind, ("whole", int_or_0(kind))), kind)

    def test_echoes_of_seed_size_and_prompt(self) -> None:
        seed = (1 << 53) + 1
        expected = {
            "exact": seed, "clip32": 1, "clip31": 1, "double": 1 << 53, "string": str(seed), "float": float(1 << 53),
            "absent": None, "negative": -1, "signed32": 1, "other": seed ^ 0x5A5A5A,
        }  # fmt: skip
        for kind in KINDS["seed_echo"]:
            self.configure(seed_echo=kind)
            result = self.job(self.submitted(seed=seed)).json["result"]
            self.assertEqual(result.get("seed"), expected[kind], kind)
        self.configure(size_echo="round8", prompt_echo=True, seed_echo_by_model={"m": "absent"})
        reply = self.job(self.submitted(width=70, height=64)).json
        self.assertEqual((reply["result"]["width"], reply["prompt"]), (64, "a fox"))
        self.assertNotIn("seed", reply["result"])

    def test_times(self) -> None:
        job_id = self.submitted()
        exact = next(job for job in self.ledger()["jobs"] if job["id"] == job_id)["created_at"]
        self.configure(created_at="milliseconds")
        self.assertEqual(self.job(job_id).json["created_at"], int(exact * 1000))
        self.configure(created_at="early")
        self.assertEqual(self.list("?limit=1").json["jobs"][0]["created_at"], int(exact) - 1)
        self.configure(created_at="missing")
        self.assertNotIn("created_at", self.job(job_id).json)
        self.configure(created_at="seconds", clock_offset=600, clock_step=60, clock_step_after=0)
        ahead = self.job(self.submitted()).json["created_at"] - time.time()
        self.assertTrue(655 < ahead < 665, ahead)
        self.configure(date=False)
        self.assertNotIn("date", self.list().headers)


def int_or_0(text: str) -> int:
    return int(text) if text.isdigit() else 0


class ListTests(ServerCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        body = {"model": "m", "prompt": "listed", "seed": 1, "width": 64, "height": 64}
        cls.ids = [ask(cls.port, "POST", f"{API}/jobs/images", body).json["id"] for _ in range(25)][::-1]

    def ids_of(self, kind: str, query: str = "") -> list[str]:
        self.configure(list=kind)
        return [row["id"] for row in self.list(query).json["jobs"]]

    def pages(self, kind: str, most: int = 9) -> list[str]:
        """All ids of a list that pages, as a client reads it."""
        self.configure(list=kind)
        ids: list[str] = []
        query = "?limit=10"
        for _ in range(most):
            reply = self.list(query).json
            ids += [row["id"] for row in reply["jobs"]]
            if not reply["has_more"]:
                return ids
            query = f"?limit=10&after={ids[-1]}"
        return ids

    def test_honest_lists(self) -> None:
        self.assertEqual(self.ids_of("honest"), self.ids)
        self.assertIs(self.list().json["has_more"], False)
        self.assertEqual(self.pages("honest"), self.ids)
        self.assertEqual(self.list(f"?after={'x'}").status, 400)

    def test_lists_that_say_less(self) -> None:
        self.configure(list="plain")
        self.assertNotIn("has_more", self.list().json)
        self.configure(list_last=4)
        self.assertEqual(self.ids_of("cut"), self.ids[:4])
        self.assertEqual(self.ids_of("empty"), [])
        self.assertIs(self.list().json["has_more"], False)
        self.configure(list="empty+plain")
        self.assertEqual(self.list().json, {"jobs": []})

    def test_pages(self) -> None:
        self.assertEqual(self.pages("paged"), self.ids)
        overlapping = self.pages("overlap")
        self.assertGreater(len(overlapping), len(self.ids))
        self.assertEqual(list(dict.fromkeys(overlapping)), self.ids)
        self.assertEqual(self.pages("repeats", most=3), self.ids[:10] * 3)

    def test_order_and_omissions(self) -> None:
        self.assertEqual(self.ids_of("oldest_first"), self.ids[::-1])
        shuffled = self.ids_of("unsorted")
        self.assertNotIn(shuffled, (self.ids, self.ids[::-1]))
        self.assertEqual(sorted(shuffled), sorted(self.ids))
        self.assertEqual(len(self.ids_of("hides_ours")), len(self.ids) - 1)
        self.assertFalse(set(self.ids_of("foreign")) & set(self.ids))

    def test_lost_jobs_are_hidden_and_lists_lag(self) -> None:
        self.configure(post="close_after")
        self.submit("lost")
        self.configure(post="ok")
        self.addCleanup(setattr, type(self), "ids", [row["id"] for row in self.list().json["jobs"]])
        self.assertEqual(self.ids_of("hides_lost"), self.ids)
        self.configure(list_lag=30)
        self.assertEqual(self.ids_of("honest"), [])
        self.configure(list_lag=0, list_age=40)
        self.assertEqual(self.ids_of("aged"), [])
        self.assertEqual(self.list().headers["age"], "40")

    def test_models_go_by_other_names(self) -> None:
        self.configure(model_names={"m": "another"})
        self.assertEqual(self.list().json["jobs"][0]["model"], "another")


class DownloadTests(ServerCase):
    def fetch(self, kind: str, **settings: Any) -> Outcome:
        self.configure(download=kind, **settings)
        self.job_id = self.submitted()
        return self.get(self.job(self.job_id).json["result"]["url"])

    def get(self, url: str) -> Outcome:
        _, _, address = url.partition("//")
        place, _, path = address.partition("/")
        return ask(int(place.rpartition(":")[2]), "GET", f"/{path}", headers={"Authorization": "Bearer x"})

    def follow(self, outcome: Outcome, most: int = 10) -> Outcome:
        for _ in range(most):
            if outcome.status != 302:
                return outcome
            location = outcome.headers["location"]
            outcome = self.get(location if "//" in location else f"http://127.0.0.1:{self.port}{location}")
        return outcome

    def test_whole_images(self) -> None:
        for kind, first in (("ok", b"\x89PNG"), ("jpeg", b"\xff\xd8\xff"), ("chunked", b"\x89PNG"), ("redirects", b"")):
            outcome = self.follow(self.fetch(kind))
            self.assertEqual((outcome.end, outcome.status), ("whole", 200), kind)
            self.assertTrue(outcome.body.startswith(first))
            self.assertGreater(len(outcome.body), 64 * 64 * 3 / 500 + 256)
            self.assertEqual(
                pictures.proof(outcome.body), {"job_id": self.job_id, "prompt_sha256": pictures.prompt_hash("a fox")}
            )

    def test_downloads_that_break_off(self) -> None:
        ends = {"truncated": "broken", "length_long": "broken", "chunked_cut": "broken", "reset_middle": "reset"}
        for kind, end in {**ends, "stall": "silent", "drip": "endless", "endless": "endless"}.items():
            outcome = self.fetch(kind)
            self.assertEqual((outcome.end, outcome.status), (end, 200), kind)
        self.assertEqual(self.fetch("close").end, "closed")
        self.assertEqual(self.fetch("held").end, "silent")

    def test_bodies_that_are_no_whole_image(self) -> None:
        self.assertTrue(self.fetch("html").headers["content-type"].startswith("text/html"))
        self.assertEqual(self.fetch("zero").body, b"")
        whole = self.fetch("ok").body
        self.assertEqual(len(self.fetch("crc_error").body), len(whole))
        self.assertNotIn(b"IEND", self.fetch("no_iend").body)
        self.assertFalse(self.fetch("jpeg_no_eoi").body.endswith(b"\xff\xd9"))
        self.assertLess(len(self.fetch("blank").body), 64 * 64 * 3 / 500 + 400)
        self.assertEqual(self.fetch("wrong_dimensions").body[16:20], (56).to_bytes(4, "big"))
        short = self.fetch("length_short")
        self.assertEqual(len(short.body), len(whole) - 100)

    def test_statuses_and_expired_addresses(self) -> None:
        for kind in ("403", "404", "410", "500", "429"):
            self.assertEqual(self.fetch(kind).status, int(kind))
        for status in (403, 404, 410):
            self.assertEqual(self.fetch(f"expired_{status}").status, status)
            self.configure(download="ok")
            old = f"http://127.0.0.1:{self.port}/images/{self.job_id}/0.png"
            self.assertEqual(self.get(old).status, status)
            self.assertEqual(self.get(self.job(self.job_id).json["result"]["url"]).status, 200)

    def test_redirects(self) -> None:
        self.assertEqual(self.fetch("redirect_private").headers["location"], "http://10.0.0.1/image.png")
        self.assertIn("169.254.169.254", self.fetch("redirect_link_local").headers["location"])
        self.assertEqual(self.follow(self.fetch("redirect_loop")).status, 302)
        before = self.ledger()["totals"]["keys_elsewhere"]
        self.assertEqual(self.follow(self.fetch("redirect_other_port")).status, 200)
        self.assertEqual(self.ledger()["totals"]["keys_elsewhere"] - before, 1)


if __name__ == "__main__":
    unittest.main()
