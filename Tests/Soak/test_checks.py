"""Shows that the soak's checks see each kind of damage. Takes a second:

    python3 -W error Tests/Soak/test_checks.py
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "FaultServer")]

import pictures  # noqa: E402
from checks import Checker, Ended  # noqa: E402
from plan import kills_plan  # noqa: E402

SCHEMA = """
    CREATE TABLE jobs(id INTEGER PRIMARY KEY, state TEXT, remote_id TEXT, prompt TEXT, seed INTEGER, path TEXT, sha256 TEXT);
    CREATE TABLE submissions(remote_id TEXT);
    CREATE TABLE batches(duplicates INTEGER);
    INSERT INTO batches VALUES (0);
"""  # noqa: E501


class CheckTests(unittest.TestCase):
    """Two finished jobs and their files, of which each test spoils something."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.output = self.folder / "output"
        self.output.mkdir()
        self.state_file = self.folder / "state.sqlite3"
        self.ledger: dict[str, Any] = {"jobs": [], "posts": []}
        self.ledger["totals"] = dict.fromkeys(
            ("duplicates_accepted", "most_unfinished", "busiest_900ms", "keys_elsewhere"), 0
        )
        database = sqlite3.connect(self.state_file)
        database.executescript(SCHEMA)
        for number in (1, 2):
            self.add_done(database, number)
        database.commit()
        database.close()

    def add_done(self, database: sqlite3.Connection, number: int) -> None:
        prompt, job_id, path = f"prompt {number}", f"job-{number}", f"{number}.png"
        data = pictures.png(64, 64, job_id, prompt)
        (self.output / path).write_bytes(data)
        row = ("done", job_id, prompt, number, path, hashlib.sha256(data).hexdigest())
        columns = "state, remote_id, prompt, seed, path, sha256"
        database.execute(f"INSERT INTO jobs({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
        self.add_accepted(job_id, prompt, number)

    def add_accepted(self, job_id: str, prompt: str, seed: int, at: float = 1) -> None:
        self.ledger["jobs"].append({"id": job_id, "prompt": prompt, "seed": seed, "billed": True, "fault": "ok"})
        self.ledger["posts"].append({"answered_id": job_id, "answered_at": at, "fault": "ok", "prompt": prompt})

    def change(self, statement: str) -> None:
        database = sqlite3.connect(self.state_file)
        database.execute(statement)
        database.commit()
        database.close()

    def violations(self, *, was_killed: bool = False) -> str:
        checker = Checker(kills_plan(1, 10, 1, 1), self.output, self.state_file)
        checker.check(self.ledger, Ended(1, -9 if was_killed else 0, time.time(), was_killed))
        checker.check_end(self.ledger)
        checker.check_key("sk-secret", self.folder.rglob("*"), b"nightjar\0run")
        return "\n".join(checker.violations)

    def expect(self, words: str, spoil: Callable[[], object]) -> None:
        self.assertEqual(self.violations(), "")
        spoil()
        self.assertIn(words, self.violations())

    def test_damaged_files(self) -> None:
        file = self.output / "1.png"
        self.expect("not of its SHA-256", lambda: file.write_bytes(file.read_bytes()[:-1]))
        self.assertIn("not whole", self.violations())

    def test_missing_files(self) -> None:
        self.expect("cannot be read", lambda: (self.output / "1.png").unlink())

    def test_pictures_of_another_prompt(self) -> None:
        self.expect("another prompt", lambda: self.change("UPDATE jobs SET path = '2.png' WHERE id = 1"))

    def test_files_that_are_left(self) -> None:
        self.expect("temporary file", lambda: (self.output / "x.part").write_bytes(b""))
        (self.output / "y.png").write_bytes(b"")
        self.assertIn("no job owns", self.violations())
        self.assertEqual(self.violations(was_killed=True), "")

    def test_the_key(self) -> None:
        self.expect("the key stands in", lambda: (self.folder / "log").write_bytes(b"Bearer sk-secret"))

    def test_what_was_printed(self) -> None:
        checker = Checker(kills_plan(1, 10, 1, 1), self.output, self.state_file)
        path = self.folder / "out"
        for text, exit, expected in (
            ('{"event":"finished","exit":0}\n', 0, 0),
            ('{"event":"finished","exit":0}\n', 3, 1),
            ('{"event":\n{}\n', 0, 2),
            ("", 64, 2),
        ):
            path.write_text(text)
            checker.check_progress(path, Ended(exit, exit, 0, False))
            self.assertEqual(len(checker.violations), expected, text)

    def test_images_paid_twice(self) -> None:
        self.expect("paid twice", lambda: self.ledger["totals"].update(duplicates_accepted=1))
        self.change("UPDATE batches SET duplicates = 1")
        self.assertEqual(self.violations(), "")

    def test_limits(self) -> None:
        self.expect("unfinished", lambda: self.ledger["totals"].update(most_unfinished=33))
        self.ledger["totals"].update(busiest_900ms=201)
        self.assertIn("201 requests", self.violations())

    def test_ids_that_were_told(self) -> None:
        self.expect("was told", lambda: self.add_accepted("job-3", "prompt 3", 3))
        self.assertIn("paid for and lost", self.violations())
        self.change("INSERT INTO submissions VALUES ('job-3')")
        self.assertEqual(self.violations(), "")

    def test_an_id_told_just_before_a_kill_may_be_undecided(self) -> None:
        self.add_accepted("job-3", "prompt 3", 3, at=time.time() - 0.5)
        self.change("INSERT INTO jobs(state, prompt, seed) VALUES ('submitting', 'prompt 3', 3)")
        self.assertEqual(self.violations(was_killed=True), "1 jobs are left undecided")

    def test_ids_of_other_requests(self) -> None:
        self.expect("stands at", lambda: self.change("UPDATE jobs SET seed = 9 WHERE id = 1"))
        self.ledger["jobs"].pop(0)
        self.assertIn("never had it", self.violations())


if __name__ == "__main__":
    unittest.main()
