"""The jobs of the account, what became of them, and what a bill would be made of.

A job's course is laid down when it is accepted (when it starts, when it ends, how), so its status is a question of
the time alone, and nothing runs in the background.
"""

from __future__ import annotations

import heapq
import math
import time
from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from settings import Settings


@dataclass(slots=True, eq=False)
class Job:
    """One accepted submission. `start` and `end` are on the monotonic clock; `created` is on the API's."""

    id: str
    request: dict[str, Any]
    idempotency_key: str | None
    fault: str
    fate: str
    """A kind of `job`."""
    is_stranger: bool
    accepted: float
    accepted_at: float
    created: float
    start: float
    end: float
    seed: int | None
    seed_echo: str
    size: tuple[int, int]
    shows_size: bool
    told: float | None = None
    """When an answer told its id, on the monotonic clock."""
    token: int = 0
    refused_tokens: dict[int, int] = field(default_factory=dict)
    """Tokens of result addresses that are no longer valid, with the status to answer."""

    @property
    def prompt(self) -> str:
        return str(self.request.get("prompt", ""))

    @property
    def model(self) -> str:
        return str(self.request.get("model", ""))

    @property
    def fingerprint(self) -> tuple[Any, ...]:
        """What makes two requests the same image."""
        return tuple(self.request.get(name) for name in ("prompt", "model", "seed", "width", "height"))

    def status(self, now: float) -> str:
        """As the API tells it at `now` on the monotonic clock."""
        if now < self.start:
            return "QUEUED"
        if now < self.end:
            return "WARMING_UP" if self.fate == "unknown_status" else "PROCESSING"
        return "FAILED" if self.fate in ("fail_string", "fail_object") else "COMPLETED"

    def is_billed(self, now: float) -> bool:
        return self.fate != "vanish" and self.status(now) == "COMPLETED"


@dataclass(slots=True, eq=False)
class Post:
    """One submission as it came in, accepted or not."""

    at: float
    fault: str
    request: dict[str, Any]
    idempotency_key: str | None
    job_id: str | None = None
    answered_id: str | None = None
    """The id that a whole answer told."""
    answered_at: float | None = None


class Clock:
    """The API's clock, which may be off and may step."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.set_at = time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        settings = self.settings
        ahead = float(settings["clock_offset"])
        if settings["clock_step"] and time.monotonic() - self.set_at >= settings["clock_step_after"]:
            ahead += float(settings["clock_step"])
        return time.time() + ahead


class Ledger:
    """Every job and every submission, in the order of their coming."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.jobs: dict[str, Job] = {}
        self.history: list[Job] = []
        self.accepted_times: list[float] = []
        self.posts: list[Post] = []
        self.by_key: dict[str, Job] = {}
        self.seen_keys: set[str] = set()
        self.by_body: dict[str, Job] = {}
        self.last_model = "a-model"
        self.workers: list[float] = []
        self.ends: list[float] = []
        self.held: set[Job] = set()
        self.most_unfinished = 0

    def accept(
        self, request: dict[str, Any], *, key: str | None, fault: str, stranger_time: float | None = None
    ) -> Job:
        """A new job. One with a `stranger_time` is somebody else's, and runs for that many seconds."""
        settings = self.settings
        is_stranger = stranger_time is not None
        fate = "ok" if is_stranger else settings.kind("job", str(request.get("prompt", "")))
        now = time.monotonic()
        start, end = self._course(now, fate, stranger_time)
        size_echo = settings.kind("size_echo")
        job = Job(
            id=f"job-{settings.dice.randrange(10**10):010d}-{len(self.history):06x}",
            request=request, idempotency_key=key, fault=fault, fate=fate, is_stranger=is_stranger, accepted=now,
            accepted_at=time.time(), created=self.clock.now(), start=start, end=end, seed=_seed(request, settings),
            seed_echo=_seed_echo(request, settings), size=_size(request, size_echo), shows_size=size_echo != "absent",
        )  # fmt: skip
        self.jobs[job.id] = job
        self.history.append(job)
        self.accepted_times.append(now)
        if key is not None:
            self.by_key.setdefault(key, job)
        if not is_stranger:
            self.last_model = job.model
            self._count_unfinished(job, now)
        return job

    def _course(self, now: float, fate: str, stranger_time: float | None) -> tuple[float, float]:
        """When a job starts and ends."""
        if fate == "vanish":
            return now, now
        if fate in ("endless", "held"):
            return now, math.inf
        duration = self.settings.number("job_time") if stranger_time is None else stranger_time
        workers = int(self.settings["workers"])
        if workers == 0 or stranger_time is not None:
            return now, now + duration
        while len(self.workers) > workers:
            heapq.heappop(self.workers)
        start = now if len(self.workers) < workers else max(now, heapq.heappop(self.workers))
        heapq.heappush(self.workers, start + duration)
        return start, start + duration

    def _count_unfinished(self, job: Job, now: float) -> None:
        if job.fate == "held":
            self.held.add(job)
        elif job.fate != "endless":
            heapq.heappush(self.ends, job.end)
        while self.ends and self.ends[0] <= now:
            heapq.heappop(self.ends)
        self.most_unfinished = max(self.most_unfinished, len(self.ends) + len(self.held))

    def release(self) -> int:
        """Lets all held jobs complete now; how many."""
        now = time.monotonic()
        for job in self.held:
            job.end = now
        count = len(self.held)
        self.held.clear()
        return count

    def listed(self, lag: float) -> list[Job]:
        """The history as it was `lag` seconds ago, oldest first, without what has vanished."""
        count = bisect_right(self.accepted_times, time.monotonic() - lag) if lag > 0 else len(self.history)
        return [job for job in self.history[:count] if job.fate != "vanish"]

    # What the ledger tells

    def report(self) -> dict[str, Any]:
        now = time.monotonic()
        ours = [job for job in self.history if not job.is_stranger]
        billed = Counter(job.fingerprint for job in ours if job.is_billed(now))
        not_failed = Counter(
            job.fingerprint for job in ours if job.fate not in ("vanish", "fail_string", "fail_object")
        )
        return {
            "jobs": [_job_row(job, now) for job in self.history],
            "posts": [_post_row(post) for post in self.posts],
            "totals": {
                "submissions": len(self.posts),
                "accepted": len(ours),
                "billed": billed.total(),
                "duplicates": sum(count - 1 for count in billed.values()),
                # Also those that still run.
                "duplicates_accepted": sum(count - 1 for count in not_failed.values()),
                "most_unfinished": self.most_unfinished,
            },
        }


class Tally:
    """API requests by kind, and how many came in any sliding second."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.windows = {"busiest_second": (1.0, deque()), "busiest_900ms": (0.9, deque())}
        self.busiest = dict.fromkeys(self.windows, 0)

    def count(self, kind: str, at: float) -> None:
        self.requests[kind] += 1
        if kind == "download":
            return
        for name, (length, times) in self.windows.items():
            times.append(at)
            while times[0] <= at - length:
                times.popleft()
            self.busiest[name] = max(self.busiest[name], len(times))

    def in_the_last_second(self) -> int:
        return len(self.windows["busiest_second"][1])

    def report(self) -> dict[str, Any]:
        return {"requests": dict(self.requests), **self.busiest}


def echoed_seed(job: Job) -> Any:
    """A job's seed as the API tells it; `None`: not at all."""
    seed = job.seed
    if seed is None:
        return None
    match job.seed_echo:
        case "absent":
            return None
        case "clip32":
            return seed % (1 << 32)
        case "clip31":
            return seed % (1 << 31)
        case "signed32":
            return (seed + (1 << 31)) % (1 << 32) - (1 << 31)
        case "double":
            return int(float(seed))
        case "float":
            return float(seed)
        case "string":
            return str(seed)
        case "negative":
            return -1
        case "other":
            return seed ^ 0x5A5A5A
    return seed


def _seed(request: dict[str, Any], settings: Settings) -> int | None:
    seed = request.get("seed")
    return seed if isinstance(seed, int) else settings.dice.randrange(1 << 31)


def _seed_echo(request: dict[str, Any], settings: Settings) -> str:
    kind = settings["seed_echo_by_model"].get(request.get("model"))
    if kind is None:
        return settings.kind("seed_echo")
    settings.count("seed_echo", kind)
    return str(kind)


def _size(request: dict[str, Any], echo: str) -> tuple[int, int]:
    sides = []
    for name in ("width", "height"):
        side = request.get(name, 1024)
        side = side if isinstance(side, int) and 0 < side <= 8192 else 1024
        sides.append(max(8, side // 8 * 8) if echo == "round8" else side)
    return sides[0], sides[1]


def _job_row(job: Job, now: float) -> dict[str, Any]:
    names = ("model", "prompt", "seed")
    return {
        "id": job.id,
        **{name: job.request.get(name) for name in names},
        "request": job.request,
        "idempotency_key": job.idempotency_key,
        "accepted_at": job.accepted_at,
        "created_at": job.created,
        "status": "VANISHED" if job.fate == "vanish" else job.status(now),
        "billed": job.is_billed(now) and not job.is_stranger,
        "fault": job.fault,
        "fate": job.fate,
        "stranger": job.is_stranger,
        "seed_echo": job.seed_echo,
        "width": job.size[0],
        "height": job.size[1],
    }


def _post_row(post: Post) -> dict[str, Any]:
    return {
        "at": post.at,
        "fault": post.fault,
        "prompt": post.request.get("prompt"),
        "model": post.request.get("model"),
        "seed": post.request.get("seed"),
        "idempotency_key": post.idempotency_key,
        "job_id": post.job_id,
        "answered_id": post.answered_id,
        "answered_at": post.answered_at,
    }
