"""What the fault server can be told, with its defaults, and how a choice is drawn.

A value is fixed, or drawn anew whenever it is needed:

    "post": "close_after"                          always
    "post": {"ok": 70, "close_after": 10}          by weight
    "job_time": [0.1, 0.5]                         a number between, evenly
    "list_lag": {"0": 3, "2.5": 1}                 numbers by weight (as JSON has only text for keys)

Choices of a kind have a script besides, and `post`, `get`, `download` and `job` a table; the table goes before the
script, and the script before the rest:

    "post_by_prompt": {"fox": ["close_before"]}    for prompts that contain the text: a list is used up one by one,
                                                   a text or weights hold for ever
    "post_script": ["close_after", "ok"]           for the first requests, one by one

Kinds of `list` may be joined by `+`: `plain+cut+unsorted`.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

LOSING_STATUSES = (301, 408, 409, 425, 499, 500, 502, 503, 504, 522, 524)
REFUSING_STATUSES = (400, 401, 402, 403, 422)

# What each kind does is told where it is done: submissions.py, reading.py, downloads.py, ledger.py.
KINDS: dict[str, tuple[str, ...]] = {
    "post": (
        "ok",
        *(f"{effect}_{when}" for effect in ("close", "reset", "silent", "held") for when in ("before", "after")),
        *(f"{status}_{when}" for status in LOSING_STATUSES for when in ("before", "after")),
        *("truncated_after", "garbage_after", "no_id_after", "other_id", "other_id_after", "late_acceptance"),
        *("slow_answer", "drip", "throttled"),
        *(str(status) for status in REFUSING_STATUSES),
    ),
    "get": ("ok", "404", "500", "403", "429", "close", "garbage", "silent", "held"),
    "list": (
        *("honest", "plain", "cut", "paged", "overlap", "repeats", "unsorted", "oldest_first"),
        *("hides_ours", "hides_lost", "foreign", "aged", "empty", "500", "403", "429", "close", "garbage", "silent"),
        *("held",),
    ),
    "download": (
        *("ok", "truncated", "length_long", "length_short", "chunked", "chunked_cut", "html", "wrong_dimensions"),
        *("zero", "endless", "drip", "stall", "crc_error", "no_iend", "jpeg", "jpeg_no_eoi", "blank"),
        *("403", "404", "410", "expired_403", "expired_404", "expired_410", "500", "429", "close", "reset_middle"),
        *("redirects", "redirect_private", "redirect_link_local", "redirect_other_port", "redirect_loop", "held"),
    ),
    "job": ("ok", "fail_string", "fail_object", "vanish", "unknown_status", "endless", "held"),
    "seed_echo": (
        *("exact", "clip32", "clip31", "double", "string", "float", "absent", "negative", "signed32", "other"),
    ),
    "size_echo": ("exact", "round8", "absent"),
    "created_at": ("seconds", "fractional", "milliseconds", "text", "missing", "early"),
    "idempotency": ("ignored", "honoured", "refused", "known", "merge"),
    "account": ("ok", "401", "402", "403"),
    "retry_after": ("seconds", "date", "absent", "negative", "past", "absurd", "garbage"),
}
SCRIPTED = ("post", "get", "list", "download", "job", "retry_after", "created_at", "seed_echo", "size_echo")
BY_PROMPT = ("post", "get", "download", "job")

DEFAULTS: dict[str, Any] = {
    # Requests: a kind, and see above.
    "post": "ok",
    "get": "ok",
    "list": "honest",
    "download": "ok",
    "job": "ok",
    **{f"{name}_script": [] for name in SCRIPTED},
    **{f"{name}_by_prompt": {} for name in BY_PROMPT},
    # The only key that is let in; "" lets in all. `echo_key`: error texts quote the `Authorization` presented.
    "key": "",
    "echo_key": False,
    # Account: for all API requests, or (`submit`) for submissions only. Phases: [[seconds from now, kind], …].
    "account": "ok",
    "account_scope": "all",
    "account_phases": [],
    # API requests in a sliding second before an honest 429; 0: no limit.
    "rate": 0,
    # POST: seconds.
    "late_seconds": 1.0,
    "slow_seconds": 0.5,
    "drip_pause": 0.2,
    "other_id_age": 0,
    # Of every 429: a kind of `retry_after`; `seconds` and `date` mean this many seconds.
    "retry_after": "seconds",
    "retry_after_seconds": 1,
    "idempotency": "ignored",
    # Whether 409 is drawn for a repeated submission too, which says that the server has the first one.
    "conflict_on_repeat": True,
    # Jobs: seconds of work, and workers (0: as many as jobs).
    "job_time": 0.1,
    "workers": 0,
    # How replies tell the seed (`seed_echo_by_model` goes before) and the size; the image is of the size told. Whether
    # they tell the prompt.
    "seed_echo": "exact",
    "seed_echo_by_model": {},
    "size_echo": "exact",
    "prompt_echo": False,
    # GET /jobs: rows at most; seconds behind; rows of `cut`; rows of a page of `paged`, `overlap` and `repeats`;
    # rows that pages of `overlap` share; seconds of `aged`; rows of `foreign`; how `created_at` is written (in
    # answers about one job too); what models are called in lists.
    "list_limit": 1000,
    "list_lag": 0,
    "list_last": 20,
    "list_page": 10,
    "list_overlap": 3,
    "list_age": 40,
    "list_foreign": 20,
    "created_at": "seconds",
    "model_names": {},
    # The API's clock: seconds ahead of this machine's; stepped by `clock_step` once, `clock_step_after` seconds after
    # that was set; whether replies carry a `Date`.
    "clock_offset": 0,
    "clock_step": 0,
    "clock_step_after": 0,
    "date": True,
    # Downloads: hops of `redirects`; seconds between the bytes of `drip`.
    "redirects": 3,
    "download_drip_pause": 0.01,
    # Whether connections are kept.
    "keep_alive": True,
    # Other people's jobs on the account: [{"every": s, "time": s, "model": null (the last one seen), "seeds":
    # "random" or a list, "count": how many (null: for ever)}, …].
    "strangers": [],
}


class SettingsError(Exception):
    """A setting that does not exist, or a kind that does not."""


class Settings:
    """The settings as they are now, and the dice that draw from them."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.values: dict[str, Any] = json.loads(json.dumps(DEFAULTS))
        self.fired: Counter[str] = Counter({f"{name}.{kind}": 0 for name in KINDS for kind in KINDS[name]})

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def merge(self, changes: dict[str, Any]) -> None:
        """Takes new values; a script or a table of prompts is replaced as a whole. Nothing is taken on an error."""
        for name, value in changes.items():
            self._check(name, value)
        self.values.update(json.loads(json.dumps(changes)))

    def kind(self, name: str, prompt: str | None = None) -> str:
        """Draws the kind of one request or job by its prompt, and counts it (the parts of a joined one each)."""
        kind = str(self._draw_kind(name, prompt))
        self.count(name, kind)
        return kind

    def count(self, name: str, kind: str) -> None:
        for part in kind.split("+"):
            self.fired[f"{name}.{part}"] += 1

    def number(self, name: str) -> float:
        """Draws a number."""
        return float(self._draw(self.values[name]))

    def _draw_kind(self, name: str, prompt: str | None) -> Any:
        if prompt is not None:
            for text, rule in self.values[f"{name}_by_prompt"].items():
                if text not in prompt:
                    continue
                if not isinstance(rule, list):
                    return self._draw(rule)
                if rule:
                    return rule.pop(0)
        script = self.values.get(f"{name}_script")
        return script.pop(0) if script else self._draw(self.values[name])

    def _draw(self, value: Any) -> Any:
        if isinstance(value, dict):
            return _number_or_text(self.dice.choices(list(value), list(value.values()))[0])
        if isinstance(value, list):
            return self.dice.uniform(*value)
        return value

    def _check(self, name: str, value: Any) -> None:
        if name not in DEFAULTS:
            raise SettingsError(f"there is no setting `{name}`")
        table = name.removesuffix("_script").removesuffix("_by_prompt").removesuffix("_by_model")
        if table not in KINDS:
            return
        for kind in _kinds_in(name, value):
            for part in str(kind).split("+"):
                if part not in KINDS[table]:
                    raise SettingsError(f"`{name}` has no kind `{part}`; there are {', '.join(KINDS[table])}")


def _kinds_in(name: str, value: Any) -> list[Any]:
    if name.endswith(("_by_prompt", "_by_model")):
        return [kind for rule in value.values() for kind in _kinds_in("", rule)]
    return list(value) if isinstance(value, (dict, list)) else [value]


def _number_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
