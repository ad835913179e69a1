"""What must hold after every end of a process: SPEC section 4, against the server's ledger and the state."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pictures
from plan import NOT_SUBMITTED, Plan

PATIENCE = 2.0
"""Seconds that a process may have had an id in hand and not in its state when it was killed."""
UNDECIDED = ("unknown", "submitting")
IMAGES = (".png", ".jpg")


class State:
    """A copy of the state, as it was when no process ran."""

    def __init__(self, path: Path) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.known_ids: set[str] = set()
        self.duplicates = 0
        self.integrity = "ok"
        self._undecided: set[tuple[str, int]] | None = None
        if not path.exists():
            return
        with tempfile.TemporaryDirectory() as folder:
            for suffix in ("", "-wal"):
                if (source := path.with_name(path.name + suffix)).exists():
                    shutil.copy(source, Path(folder) / (path.name + suffix))
            database = sqlite3.connect(Path(folder) / path.name)
            try:
                self._read(database)
            finally:
                database.close()

    def _read(self, database: sqlite3.Connection) -> None:
        database.row_factory = sqlite3.Row
        self.integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if "jobs" not in tables:
            return
        names = "id, state, remote_id, prompt, seed, path, sha256"
        self.jobs = [dict(row) for row in database.execute(f"SELECT {names} FROM jobs")]
        self.duplicates = database.execute("SELECT coalesce(sum(duplicates), 0) FROM batches").fetchone()[0]
        for table in tables:
            columns = [row["name"] for row in database.execute(f"PRAGMA table_info({table})")]
            # An id that was only seen in a list is not one that is kept.
            if "remote_id" in columns and "candidate" not in table:
                rows = database.execute(f"SELECT remote_id FROM {table} WHERE remote_id IS NOT NULL")
                self.known_ids.update(row[0] for row in rows)

    def count(self) -> Counter[str]:
        return Counter(job["state"] for job in self.jobs)

    def is_undecided(self, prompt: str, seed: int) -> bool:
        """Whether a request may still be found at the API."""
        if self._undecided is None:
            self._undecided = {(job["prompt"], job["seed"]) for job in self.jobs if job["state"] in UNDECIDED}
        return (prompt, seed) in self._undecided


@dataclass
class Ended:
    """How a process ended."""

    number: int
    exit: int
    at: float
    """Unix seconds."""
    was_killed: bool


class Checker:
    """Collects what is violated, each thing once."""

    def __init__(self, plan: Plan, output: Path, state_file: Path) -> None:
        self.plan = plan
        self.output = output
        self.state_file = state_file
        self.violations: dict[str, None] = {}
        self.doubtful_until: list[float] = []
        self.state = State(state_file)
        self.lost = 0

    def report(self, words: str) -> None:
        self.violations.setdefault(words)

    def check(self, ledger: dict[str, Any], ended: Ended) -> None:
        """All of it but for the key, after one process."""
        self.state = State(self.state_file)
        if self.state.integrity != "ok":
            self.report(f"run {ended.number}: the state is damaged: {self.state.integrity}")
        if ended.was_killed:
            self.doubtful_until.append(ended.at)
        self._check_totals(ledger["totals"])
        self._check_ids(ledger)
        self._check_files(ended)

    def _check_totals(self, totals: dict[str, Any]) -> None:
        if totals["duplicates_accepted"] > self.state.duplicates:
            self.report(
                f"{totals['duplicates_accepted']} images are paid twice, of which the state counts "
                f"{self.state.duplicates}"
            )
        if totals["most_unfinished"] > self.plan.concurrency:
            self.report(f"{totals['most_unfinished']} jobs were unfinished at one time, of {self.plan.concurrency}")
        # A tenth of a second is left to the way between the two processes.
        if totals["busiest_900ms"] > self.plan.rate:
            self.report(f"{totals['busiest_900ms']} requests came in 0.9 s, where {self.plan.rate} may in a second")
        if totals["keys_elsewhere"]:
            self.report("the key was shown to another origin")

    def _check_ids(self, ledger: dict[str, Any]) -> None:
        for post in ledger["posts"]:
            told, at = post["answered_id"], post["answered_at"]
            if told is None or told in self.state.known_ids or self._is_doubtful(at):
                continue
            self.report(f"{told} was told ({post['fault']}) and is not in the state: {post['prompt']}")
        jobs = {job["id"]: job for job in ledger["jobs"]}
        for row in self.state.jobs:
            if row["remote_id"] is None:
                continue
            job = jobs.get(row["remote_id"])
            if job is None:
                self.report(f"{row['remote_id']} is in the state, and the API has never had it")
            elif (job["prompt"], job["seed"]) != (row["prompt"], row["seed"]):
                self.report(f"{row['remote_id']} is of `{job['prompt']}`, and stands at `{row['prompt']}`")

    def _is_doubtful(self, at: float) -> bool:
        """Whether a process was killed so soon after the answer that it need not have taken it."""
        return any(killed - PATIENCE < at <= killed + PATIENCE for killed in self.doubtful_until)

    # Files

    def _check_files(self, ended: Ended) -> None:
        expected = set()
        for row in self.state.jobs:
            if row["state"] in ("done", "filtered"):
                expected.add(self.output / row["path"])
                self._check_file(row)
        if ended.was_killed:
            return
        for path in self.output.rglob("*"):
            if path.name.endswith(".part"):
                self.report(f"run {ended.number}: a temporary file is left: {path.name}")
            elif self._is_image(path) and path not in expected and not self.state.count()["ready"]:
                # While a job is `ready`, a file may be its own: the next run takes it up.
                self.report(f"run {ended.number}: a file that no job owns: {path.name}")

    def _is_image(self, path: Path) -> bool:
        return path.suffix in IMAGES and ".nightjar" not in path.relative_to(self.output).parts

    def _check_file(self, row: dict[str, Any]) -> None:
        path = self.output / row["path"]
        try:
            data = path.read_bytes()
        except OSError as error:
            return self.report(f"`{row['state']}`, but cannot be read: {path}: {error.strerror}")
        digest = row["sha256"] if isinstance(row["sha256"], str) else (row["sha256"] or b"").hex()
        if hashlib.sha256(data).hexdigest() != digest:
            self.report(f"`{row['state']}`, but not of its SHA-256: {path}")
        if not data.endswith((b"IEND\xaeB`\x82", b"\xff\xd9")):
            self.report(f"`{row['state']}`, but not whole: {path}")
        proof = pictures.proof(data)
        if proof.get("prompt_sha256") != pictures.prompt_hash(row["prompt"]):
            self.report(f"the picture of another prompt: {path}")
        if proof.get("job_id") != row["remote_id"]:
            self.report(f"the picture of another job than {row['remote_id']}: {path}")
        return None

    # The end

    def check_end(self, ledger: dict[str, Any]) -> None:
        """What was paid for is here, but for what is still undecided."""
        lost = [
            job
            for job in ledger["jobs"]
            if job["billed"] and job["id"] not in self.state.known_ids
            and not self.state.is_undecided(job["prompt"], job["seed"])
        ]  # fmt: skip
        self.lost = len(lost)
        for job in lost[:10]:
            self.report(f"paid for and lost: {job['id']} ({job['fault']}): {job['prompt']}")
        undecided = sum(self.state.count()[name] for name in UNDECIDED)
        if self.plan.is_strict and undecided:
            self.report(f"{undecided} jobs are left undecided")

    # The key, and what was printed

    def check_key(self, key: str, paths: Iterable[Path], command_line: bytes = b"") -> None:
        """The key is in none of the files, and not in a command line."""
        secret = key.encode()
        if secret in command_line:
            self.report("the key stands in the command line")
        for path in paths:
            if path.is_file() and secret in path.read_bytes():
                self.report(f"the key stands in {path}")

    def check_progress(self, path: Path, ended: Ended) -> None:
        """All lines are JSON, and the last one tells the exit code (a killed process may have cut its last line)."""
        lines = path.read_text(errors="replace").splitlines()
        try:
            events = [json.loads(line) for line in (lines[:-1] if ended.was_killed else lines)]
        except ValueError:
            return self.report(f"run {ended.number}: a line on standard output is no JSON")
        if events and not ended.was_killed and events[-1].get("exit") != ended.exit:
            self.report(f"run {ended.number}: ended with {ended.exit}, and told {events[-1].get('exit')}")
        return None


def resubmissions(ledger: dict[str, Any]) -> int:
    """Submissions sent again under the same idempotency key after one that may have been accepted."""
    count = 0
    last: dict[str, str] = {}
    for post in ledger["posts"]:
        key = post["idempotency_key"]
        if key is None:
            continue
        count += key in last and last[key] not in NOT_SUBMITTED
        last[key] = post["fault"]
    return count
