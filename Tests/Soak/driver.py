"""Runs the program against the fault server again and again, kills it, and has everything checked in between."""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from checks import UNDECIDED, Checker, Ended
from plan import CALM, Plan, catch_up, write_wave

SERVER = Path(__file__).resolve().parents[1] / "FaultServer" / "fault_server.py"
FINISHED = (0, 3, 9)
"""Exit codes of a run that has nothing left to do."""
EXPECTED = (*FINISHED, 12, 13, 69)
LONGEST_CALM = 600
"""Seconds that the end may take: waits that the faults have caused are still to pass."""


class Server:
    """The fault server, as a process of its own."""

    def __init__(self, seed: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER), "--port", "0", "--seed", str(seed)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/control/{path}", data=data, timeout=60) as reply:
            return json.load(reply)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Soak:
    """One soak from its beginning to its verdict."""

    def __init__(self, plan: Plan, nightjar: Path, folder: Path, without: list[str]) -> None:
        self.plan = plan
        self.nightjar = nightjar
        self.folder = folder
        self.without = without
        self.dice = random.Random(plan.seed)
        self.key = f"sk-{secrets.token_hex(20)}"
        self.manifests: list[Path] = []
        self.runs: list[Ended] = []
        self.kills = 0
        self.epoch = -1
        self.is_calm = False
        self.unknown_options: list[str] = []
        for name in ("manifests", "logs", "output", "home"):
            (folder / name).mkdir(parents=True)
        self.state_file = folder / "state" / "state.sqlite3"
        self.state_file.parent.mkdir()
        self.checker = Checker(plan, folder / "output", self.state_file)
        self.options = self._known_options()
        self.server = Server(plan.seed)
        self.ledger: dict[str, Any] = {}
        self.fired: dict[str, int] = {}

    def _known_options(self) -> list[str]:
        """The plan's options, without those that this binary does not have."""
        help_text = subprocess.run([self.nightjar, "run", "--help"], capture_output=True, text=True, check=True).stdout
        words = set(help_text.split())
        self.unknown_options = [name for name in self.plan.options if name not in words]
        known = {name: value for name, value in self.plan.options.items() if name in words}
        return [word for pair in known.items() for word in pair]

    # The whole

    def run(self) -> None:
        try:
            self.server.call("config", {"key": self.key, **self.plan.settings})
            self.begin = time.monotonic()
            self._add_wave()
            while not self._is_over():
                self._run_once()
            self.checker.check_end(self.ledger)
            self.checker.check_key(self.key, self.folder.rglob("*"))
            self._check_coverage()
        finally:
            self.server.stop()

    def _elapsed(self) -> float:
        return time.monotonic() - self.begin

    def _is_over(self) -> bool:
        """After a run; if more is to do, prepares it."""
        if not self.runs:
            return False
        last = self.runs[-1]
        has_finished = not last.was_killed and last.exit in FINISHED
        if self._elapsed() > self.plan.seconds + LONGEST_CALM:
            self.checker.report(f"not finished {LONGEST_CALM} s after the time was over")
            return True
        if self._wants_more():
            if has_finished or self._is_running_dry():
                self._add_wave()
            return False
        if self.plan.kills is None and not self.is_calm:
            # What is decided in the calm begins in a process of its own.
            self._calm_down()
            return False
        return has_finished

    def _wants_more(self) -> bool:
        """Whether the soak goes on with new jobs, once those that are there are done."""
        if self.plan.epochs:
            return self._elapsed() < self.plan.seconds
        return self.kills < (self.plan.kills or 0) and self._elapsed() < self.plan.seconds

    def _is_running_dry(self) -> bool:
        """Whether hardly anything is left to submit, though some jobs may not come to their end for long."""
        return bool(self.plan.epochs) and self.checker.state.count()["pending"] < self.plan.jobs / 2

    def _calm_down(self) -> None:
        self.is_calm = True
        self.server.call("config", CALM)
        self.server.call("release", {})
        self._say("calm")

    def _add_wave(self) -> None:
        number = 1 + len(self.manifests) // 3
        self.manifests += write_wave(self.folder / "manifests", number, self.plan)

    # One process

    def _run_once(self) -> None:
        number = len(self.runs) + 1
        kill_at = self._draw_kill()
        command = [self.nightjar, "run", *self.manifests, "--base-url", f"{self.server.url}/api/openai/v1"]
        command += ["--state", self.state_file, "--output", self.folder / "output", *self.options]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "SERIKA_API_KEY": self.key}
        logs = self.folder / "logs"
        with open(logs / f"{number:04}.out", "wb") as out, open(logs / f"{number:04}.err", "wb") as err:
            process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
            try:
                was_killed = self._watch(process, kill_at)
            finally:
                process.kill()
                process.wait()
        ended = Ended(number, process.returncode, time.time(), was_killed)
        self.runs.append(ended)
        if not was_killed and (ended.exit not in EXPECTED or (self.plan.is_strict and ended.exit not in FINISHED)):
            self.checker.report(f"run {number} ended with {ended.exit}: {_reason(logs / f'{number:04}')}")
        self.ledger = self.server.call("ledger")
        self.fired = self.server.call("faults")
        self.checker.check(self.ledger, ended)
        logs_of_run = [logs / f"{number:04}.{suffix}" for suffix in ("out", "err")]
        self.checker.check_progress(logs_of_run[0], ended)
        self.checker.check_key(self.key, [*logs_of_run, *self.state_file.parent.iterdir()])
        if not was_killed and ended.exit not in FINISHED:
            time.sleep(0.3)

    def _draw_kill(self) -> float | None:
        """When the next process is to be killed, on the monotonic clock."""
        kills = self.plan.kills
        if kills == 0 or not self._wants_more():
            return None
        return time.monotonic() + self.dice.uniform(*self.plan.kill_gap)

    def _watch(self, process: subprocess.Popen[bytes], kill_at: float | None) -> bool:
        """Waits for the end of a process, and brings it about in time; whether it was killed."""
        was_read = False
        while True:
            try:
                process.wait(0.02)
                return False
            except subprocess.TimeoutExpired:
                pass
            if not was_read:
                self.checker.check_key(self.key, [], _command_line(process.pid))
                was_read = True
            self._turn_epoch()
            is_stuck = self._elapsed() > self.plan.seconds + LONGEST_CALM
            if is_stuck:
                self.checker.report("a process did not end by itself")
            elif kill_at is None or time.monotonic() < kill_at:
                continue
            else:
                self.kills += 1
            process.kill()
            process.wait()
            return True

    def _turn_epoch(self) -> None:
        epochs = self.plan.epochs
        if not epochs or self.is_calm:
            return
        epoch = min(int(self._elapsed() * len(epochs) / self.plan.seconds), len(epochs) - 1)
        if epoch == self.epoch:
            return
        self.epoch = epoch
        fired = self.server.call("faults")
        # Lists lie only once the state knows jobs that they should show.
        without = [*self.without, "list"] if epoch == 0 else self.without
        settings = {**epochs[epoch], **catch_up(self.plan, fired, self.dice, self.without)}
        for name in without:
            settings.pop(f"{name}_script", None)
        self.server.call("config", settings)
        self._say(f"epoch {epoch + 1} of {len(epochs)}")

    def _say(self, words: str) -> None:
        states = ", ".join(f"{name} {count}" for name, count in sorted(self.checker.state.count().items()))
        print(f"{self._elapsed():6.0f} s  {words}: {len(self.runs)} runs, {self.kills} kills; {states}", flush=True)

    # The verdict

    def _check_coverage(self) -> None:
        missing = [kind for kind in self.plan.required if not self.fired.get(kind)]
        if missing:
            self.checker.report(f"faults that never came up: {', '.join(missing)}")
        if self.plan.kills and self.kills < self.plan.kills:
            self.checker.report(f"only {self.kills} kills, {self.plan.kills} were asked for")

    def undecided(self) -> int:
        states = self.checker.state.count()
        return sum(states[name] for name in UNDECIDED)


def _command_line(process_id: int) -> bytes:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return b""


def _reason(log: Path) -> str:
    """Why a run ended, from its last event; else the last line of its standard error."""
    for suffix in (".out", ".err"):
        lines = log.with_suffix(suffix).read_text(errors="replace").strip().splitlines()
        if lines:
            return lines[-1]
    return "it said nothing"
