"""`GET /jobs/{id}`, `GET /jobs` and `GET /models`, and what can be wrong with them.

Kinds of `get`: `ok`; `404`, `500`, `403`, `429`; `close` (no answer); `garbage` (no JSON); `silent`; `held` (until
`POST /control/release`).

Kinds of `list`, which may be joined by `+`:

    honest        newest first, pages by `limit` and `after=<last id>`, says `has_more`
    plain         does not say `has_more`
    cut           only the last `list_last` jobs of the account; does not say `has_more`
    paged         pages of `list_page`, whatever `limit` asks for
    overlap       the same, and each page repeats the last `list_overlap` rows of the one before
    repeats       the same, and `after` is ignored: each page is the first
    unsorted, oldest_first
    hides_ours    leaves out one job whose id the client was told
    hides_lost    leaves out all jobs whose ids no answer told
    foreign       rows of another account
    aged          `list_age` seconds old, with an `Age` header that says so
    empty         no rows; `has_more` is false (`empty+plain`: nothing said)
    500 403 429 close garbage silent held    as for `get`

A page asked for with `after` is of the same kind as the first page before it.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from ledger import Job, echoed_seed
from replies import Service
from wire import Peer, Request, segment, to_json

DEFAULT_PAGE = 100
_FAILURES = frozenset(("404", "500", "403", "429", "close", "garbage", "silent", "held"))


async def models(service: Service, peer: Peer, request: Request) -> None:
    """The last model asked for, and a model of the chat API."""
    names = [service.ledger.last_model]
    data = [{"id": name, "object": "model", "type": "jobs"} for name in names]
    await service.answer(peer, 200, to_json({"object": "list", "data": [*data, {"id": "chat-1", "object": "model"}]}))


async def _failed(service: Service, peer: Peer, request: Request, kind: str) -> bool:
    """Whether the request has been answered by a failure already."""
    match kind:
        case "close":
            raise peer.close()
        case "silent":
            raise await peer.hang()
        case "garbage":
            await service.answer(peer, 200, b'{"jobs":[\x00{"id"')
        case "429":
            await service.throttle(peer, request)
        case "404" | "500" | "403":
            await service.refuse(peer, request, int(kind), f"answered with {kind}")
        case "held":
            await service.held("reading")
            return False
        case _:
            return False
    return True


# One job


async def job(service: Service, peer: Peer, request: Request) -> None:
    found = service.ledger.jobs.get(segment(request.path))
    kind = service.settings.kind("get", found.prompt if found else "")
    if await _failed(service, peer, request, kind):
        return
    if found is None or found.fate == "vanish":
        await service.refuse(peer, request, 404, "there is no such job")
        return
    await service.answer(peer, 200, to_json(_reply(service, request, found)))


def _reply(service: Service, request: Request, found: Job) -> dict[str, Any]:
    status = found.status(time.monotonic())
    reply: dict[str, Any] = {"id": found.id, "status": status, "model": found.model}
    created_at = service.settings.kind("created_at")
    if created_at != "missing":
        reply["created_at"] = _written(found.created, created_at)
    if service.settings["prompt_echo"]:
        reply["prompt"] = found.prompt
    if status == "COMPLETED":
        reply["result"] = _result(request, found)
    elif status == "FAILED":
        words = service.message(request, "worker out of memory")
        reply["error"] = words if found.fate == "fail_string" else {"message": words, "type": "worker_error"}
    return reply


def _result(request: Request, found: Job) -> dict[str, Any]:
    if found.token in found.refused_tokens:
        found.token += 1
    host = request.headers.get("host", "127.0.0.1")
    result: dict[str, Any] = {"url": f"http://{host}/images/{quote(found.id, safe='')}/{found.token}.png"}
    if found.shows_size:
        result["width"], result["height"] = found.size
    seed = echoed_seed(found)
    if seed is not None:
        result["seed"] = seed
    return result


def _written(created: float, kind: str) -> Any:
    """A time as the API writes it."""
    match kind:
        case "fractional":
            return round(created, 3)
        case "milliseconds":
            return int(created * 1000)
        case "text":
            return formatdate(created, usegmt=True)
        case "early":
            return int(created) - 1
    return int(created)


# Lists


async def jobs(service: Service, peer: Peer, request: Request) -> None:
    kind = _kind(service, request)
    traits = frozenset(kind.split("+"))
    for failure in sorted(traits & _FAILURES):
        if await _failed(service, peer, request, failure):
            return
    lag = service.settings.number("list_lag")
    extra = {}
    if "aged" in traits:
        age = int(service.settings.number("list_age"))
        lag = max(lag, age)
        extra = {"Age": str(age)}
    history = [] if "empty" in traits else _history(service, traits, lag)
    after = request.query.get("after")
    start = 0
    if after is not None and "repeats" not in traits:
        start = next((place + 1 for place, job in enumerate(history) if job.id == after), -1)
        if start < 0:
            await service.refuse(peer, request, 400, "`after` must be the id of a job")
            return
        if "overlap" in traits:
            start = max(0, start - int(service.settings.number("list_overlap")))
    reply = _page(service, history, start, _page_length(service, request, traits), traits, lag)
    await service.answer(peer, 200, to_json(reply), extra)


def _kind(service: Service, request: Request) -> str:
    """A first page is drawn; those after it follow, so that one reading of the list is of one kind."""
    if "after" in request.query and service.list_kind:
        return service.list_kind
    kind = service.settings.kind("list")
    service.list_kind = "+".join(part for part in kind.split("+") if part not in _FAILURES)
    return kind


def _history(service: Service, traits: frozenset[str], lag: float) -> list[Job]:
    """Newest first."""
    if "foreign" in traits:
        return _foreign(service)
    history = service.ledger.listed(lag)[::-1]
    if "hides_lost" in traits:
        history = [job for job in history if job.told or job.is_stranger]
    if "hides_ours" in traits:
        told = [job for job in history if job.told][:10]
        hidden = service.settings.dice.choice(told) if told else None
        history = [job for job in history if job is not hidden]
    return history[: int(service.settings["list_last"])] if "cut" in traits else history


def _foreign(service: Service) -> list[Job]:
    """Jobs that this account has not got; made once, so that their pages join."""
    if not service.foreign_jobs:
        ledger = service.foreign_ledger()
        for _ in range(int(service.settings["list_foreign"])):
            request = {"model": service.ledger.last_model, "prompt": "of another account"}
            service.foreign_jobs.insert(0, ledger.accept(request, key=None, fault="foreign", stranger_time=0))
    return service.foreign_jobs


def _page_length(service: Service, request: Request, traits: frozenset[str]) -> int:
    if traits & {"paged", "overlap", "repeats"}:
        return int(service.settings["list_page"])
    try:
        limit = int(request.query.get("limit", DEFAULT_PAGE))
    except ValueError:
        limit = DEFAULT_PAGE
    return min(max(limit, 1), int(service.settings["list_limit"]))


def _page(
    service: Service, history: list[Job], start: int, length: int, traits: frozenset[str], lag: float
) -> dict[str, Any]:
    now = time.monotonic() - lag
    created_at = service.settings.kind("created_at")
    names = service.settings["model_names"]
    rows = []
    for job in history[start : start + length]:
        row: dict[str, Any] = {"id": job.id, "status": job.status(now), "model": names.get(job.model, job.model)}
        if created_at != "missing":
            row["created_at"] = _written(job.created, created_at)
        rows.append(row)
    if "unsorted" in traits:
        service.settings.dice.shuffle(rows)
    elif "oldest_first" in traits:
        rows.reverse()
    reply: dict[str, Any] = {"jobs": rows}
    if not traits & {"plain", "cut"}:
        reply["has_more"] = start + length < len(history)
    return reply
