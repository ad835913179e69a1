"""What a soak does: its jobs, the options of the program, and the faults of the server over time."""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from settings import KINDS, LOSING_STATUSES, REFUSING_STATUSES, SCRIPTED

MODELS = ("soak-a", "soak-b", "soak-negative", "soak-other")

LOSING = (
    *(f"{effect}_{when}" for effect in ("close", "reset", "silent") for when in ("before", "after")),
    *(f"{status}_{when}" for status in LOSING_STATUSES for when in ("before", "after")),
    *("truncated_after", "garbage_after", "no_id_after", "late_acceptance", "drip"),
)
"""Kinds of `post` whose answer is lost, and which an honest list resolves."""

NOT_SUBMITTED = ("throttled", *(str(status) for status in REFUSING_STATUSES))

NOT_REQUIRED = (
    # Nobody is there to release them.
    *("post.held_before", "post.held_after", "get.held", "list.held", "download.held", "job.held"),
    # By the contract it stops a run for an hour.
    "retry_after.absurd",
    # A list that shows the known jobs and hides the lost ones breaks what the promise rests on.
    "list.hides_lost",
    # They need a submission sent again of which the API knows, which is rare.
    *("idempotency.honoured", "idempotency.known", "idempotency.merge"),
    # What is ordinary is not counted.
    *("account.ok", "idempotency.ignored"),
)


@dataclass
class Plan:
    """One soak."""

    mode: str
    seed: int
    seconds: float
    jobs: int
    """Of the first wave; each further one has as many."""
    options: dict[str, str]
    """Of `nightjar run`."""
    settings: dict[str, Any]
    """The server's first settings."""
    epochs: list[dict[str, Any]] = field(default_factory=list)
    """Settings that follow one another over the time."""
    kills: int | None = 0
    """How many; `None`: for as long as the time lasts."""
    kill_gap: tuple[float, float] = (0.2, 1.5)
    """Seconds from the start of a process to its kill."""
    job_timeout: str = "2h"
    is_strict: bool = True
    """Whether nothing may be left undecided or lost."""
    required: tuple[str, ...] = ()
    """Faults that must come up, as `choice.kind`."""

    @property
    def concurrency(self) -> int:
        return int(self.options["--concurrency"])

    @property
    def rate(self) -> int:
        return int(self.options["--rate"].partition("/")[0])


COMMON_OPTIONS = {"--downloads": "8", "--progress": "json", "--pilot": "0", "--min-free": "0"}


def lost_plan(count: int, jobs: int | None, minutes: float, seed: int) -> Plan:
    """`count` lost answers of every kind, against an honest list."""
    dice = random.Random(seed)
    jobs = jobs or 2 * count
    script = [LOSING[place % len(LOSING)] for place in range(count)] + ["ok"] * max(0, jobs - count)
    dice.shuffle(script)
    return Plan(
        mode=f"{count} lost answers", seed=seed, seconds=minutes * 60, jobs=jobs,
        options={
            **COMMON_OPTIONS, "--timeout": "1s", "--settle": "1s", "--unknown-wait": "15s", "--concurrency": "256",
            "--rate": "500/s", "--give-up-after": "2m",
        },
        settings={
            "post_script": script, "job_time": [0.1, 0.4], "late_seconds": [0, 0.3], "drip_pause": 0.1,
            "conflict_on_repeat": False,
        },
        required=tuple(f"post.{kind}" for kind in LOSING[:count]),
    )  # fmt: skip


def kills_plan(count: int, jobs: int | None, minutes: float, seed: int) -> Plan:
    """`count` kills and no other fault."""
    return Plan(
        mode=f"{count} kills", seed=seed, seconds=minutes * 60, jobs=jobs or 400,
        options={
            **COMMON_OPTIONS, "--timeout": "1s", "--settle": "1s", "--unknown-wait": "15s", "--concurrency": "32",
            "--rate": "200/s", "--give-up-after": "1m",
        },
        settings={"job_time": [0.1, 0.6]}, kills=count,
    )  # fmt: skip


def random_plan(jobs: int | None, minutes: float, seed: int, without: list[str]) -> Plan:
    """Faults of every kind, and kills, for some minutes."""
    required = tuple(
        f"{name}.{kind}"
        for name in KINDS
        for kind in KINDS[name]
        if f"{name}.{kind}" not in NOT_REQUIRED and name not in without
    )
    epochs = [{**_mix(), **theme} for theme in _THEMES]
    epochs[0]["list"] = "honest"
    epochs = [{name: value for name, value in epoch.items() if name not in without} for epoch in epochs]
    dice = random.Random(seed)
    return Plan(
        mode="everything at random", seed=seed, seconds=minutes * 60, jobs=jobs or 80,
        options={
            **COMMON_OPTIONS, "--timeout": "2s", "--settle": "3s", "--unknown-wait": "8s", "--concurrency": "24",
            "--rate": "60/s", "--give-up-after": "20s", "--max-image-bytes": "1MiB",
        },
        settings={
            "clock_offset": dice.choice([-600, 0, 600]), "echo_key": True, "job_time": [0.05, 0.6], "list_last": 40,
            "late_seconds": [0, 0.8], "slow_seconds": [0.1, 0.8], "list_age": 20, "other_id_age": 4,
            "seed_echo_by_model": {"soak-negative": "negative", "soak-other": "other"},
            "model_names": {"soak-b": "soak/b, as lists call it"},
        },
        epochs=epochs, kills=0 if "kills" in without else None, kill_gap=(0.3, 14), job_timeout="20s",
        is_strict=False, required=required,
    )  # fmt: skip


def _weights(ok: dict[str, float], rest: dict[str, float]) -> dict[str, float]:
    return {**ok, **{kind: weight for kind, weight in rest.items() if kind not in ok}}


def _mix() -> dict[str, Any]:
    """The settings of every epoch but for its theme. Weights are parts of a hundred, roughly."""
    rare = dict.fromkeys(("401", "402", "403"), 0.2)
    posts = dict.fromkeys(LOSING, 0.5) | {"other_id": 0.3, "other_id_after": 0.3, "slow_answer": 3}
    posts |= {"throttled": 1, "400": 0.5, "422": 0.5, **rare}
    lists = dict.fromkeys(("plain+cut", "cut", "paged", "overlap", "repeats", "oldest_first", "honest+unsorted"), 4)
    lists |= dict.fromkeys(("hides_ours", "foreign", "aged", "empty", "empty+plain", "500", "close", "garbage"), 2)
    lists |= {"429": 1, "silent": 1, "403": 0.2}
    gets = {"404": 2, "500": 3, "429": 1, "close": 3, "garbage": 2, "silent": 1, "403": 0.2}
    downloads = dict.fromkeys(set(KINDS["download"]) - {"held", "ok", "jpeg", "chunked"}, 1)
    return {
        "post": _weights({"ok": 75}, posts),
        "get": _weights({"ok": 88}, gets),
        "list": _weights({"honest": 40}, lists),
        "download": _weights({"ok": 60, "jpeg": 10, "chunked": 5}, dict(sorted(downloads.items()))),
        "job": {"ok": 86, "fail_string": 4, "fail_object": 4, "unknown_status": 4, "vanish": 1, "endless": 0.5},
        "retry_after": {"seconds": 4, "date": 2, "absent": 1, "negative": 1, "past": 1, "garbage": 1},
        "created_at": "seconds", "date": True, "list_lag": 0, "seed_echo": "exact", "size_echo": "exact",
        "strangers": [], "idempotency": "ignored", "prompt_echo": False,
    }  # fmt: skip


_ECHOES = {kind: 1 for kind in KINDS["seed_echo"] if kind not in ("negative", "other")}
_STRANGERS = [
    {"every": 0.7, "time": 1.5},
    {"every": 1.3, "time": 0.4, "model": "soak-a", "seeds": [3, 4]},
]
_THEMES: tuple[dict[str, Any], ...] = (
    {},
    {"created_at": "fractional", "list_lag": [0, 0.8], "idempotency": "honoured"},
    {"created_at": "milliseconds", "strangers": _STRANGERS, "size_echo": {"exact": 2, "round8": 1, "absent": 1}},
    {"created_at": "text", "seed_echo": _ECHOES, "idempotency": "merge"},
    {"created_at": "missing", "date": False},
    {"created_at": "early", "clock_step": 25, "clock_step_after": 2, "prompt_echo": True},
    {"strangers": _STRANGERS, "seed_echo": _ECHOES, "size_echo": {"exact": 1, "absent": 1}, "idempotency": "known"},
    {"idempotency": "refused", "list_lag": [0, 0.8]},
)

CALM: dict[str, Any] = {
    "post": "ok", "get": "ok", "list": "honest", "download": "ok", "job": "ok", "account": "ok", "account_phases": [],
    **{f"{name}_script": [] for name in SCRIPTED},
    "created_at": "seconds", "date": True, "list_lag": 0, "seed_echo": "exact", "size_echo": "exact", "strangers": [],
}  # fmt: skip
"""The end of a soak: nothing fails any more, and what can be decided is."""


def catch_up(plan: Plan, fired: dict[str, int], dice: random.Random, without: list[str]) -> dict[str, Any]:
    """Scripts that bring up what has not come up yet, and a trouble of the account."""
    missing = [kind for kind in plan.required if not fired.get(kind)]
    settings: dict[str, Any] = {}
    for name in SCRIPTED:
        kinds = [_scripted(name, kind.partition(".")[2]) for kind in missing if kind.startswith(f"{name}.")]
        script = [kind for kind in kinds if kind] + [KINDS[name][0]] * len(kinds)
        dice.shuffle(script)
        settings[f"{name}_script"] = script
    if "account" not in without:
        statuses = [kind for kind in ("401", "402", "403") if f"account.{kind}" in missing] or ["401", "402", "403"]
        begin = dice.uniform(1, 4)
        settings["account_phases"] = [[begin, dice.choice(statuses)], [begin + 1.5, "ok"]]
    return settings


def _scripted(name: str, kind: str) -> str | None:
    """What a script may hold to bring up a kind; `None` where a model of its own does."""
    if name == "seed_echo" and kind in ("negative", "other"):
        return None
    return "plain+cut" if kind == "plain" else kind


# Manifests


def write_wave(folder: Path, number: int, plan: Plan) -> list[Path]:
    """One more wave of jobs: a batch of derived seeds, one of `seeds: [1, 2]`, and one with a limit of its own."""
    paths = []
    quarter = max(1, plan.jobs // 4)
    # Few: what has the model and the seed of a lost one waits for minutes.
    pairs = max(1, min(quarter // 2, 4))
    batches = (
        (f"w{number:03}-derived", max(1, plan.jobs - quarter - 2 * pairs), 1, ""),
        (f"w{number:03}-seeds", pairs, [1, 2], ""),
        (f"w{number:03}-limited", quarter, 1, f"limits: {{concurrency: {max(1, plan.concurrency // 2)}}}\n"),
    )
    for name, prompts, seeds, limits in batches:
        path = folder / f"{name}.yaml"
        path.write_text(_manifest(name, prompts, seeds, limits, plan))
        paths.append(path)
    return paths


def _manifest(name: str, prompts: int, seeds: Any, limits: str, plan: Plan) -> str:
    """Some prompts have a model, a size or (where the batch gives none) a long seed of their own."""
    lines = [
        f"version: 1\nname: {name}\ndefaults: {{model: {MODELS[0]}, width: 64, height: 64}}\n"
        f"retry: {{attempts: 3, job_timeout: {plan.job_timeout}}}\n{limits}seeds: {json.dumps(seeds)}\nprompts:\n"
    ]
    for place in range(prompts):
        fields: dict[str, Any] = {"prompt": f"a fox in batch {name}, picture {place}, under fresh snow"}
        fields["model"] = MODELS[place % (len(MODELS) if place % 3 == 0 else 2)]
        if place % 7 == 3:
            fields |= {"width": 100, "height": 60}
        if seeds == 1 and place % 10 == 4:
            # Of no other batch: equal seeds of one model wait for each other, for minutes after a loss.
            fields["seed"] = (1 << 40) + (zlib.crc32(name.encode()) << 8) + place
        lines.append(f"  - {json.dumps(fields)}\n")
    return "".join(lines)
