"""`POST /jobs/images`, and every way in which its answer can be lost.

Kinds that end in `_before`: not accepted; in `_after`: accepted.

    ok               accepted and answered
    close_*          the connection is closed without an answer
    reset_*          the connection is reset (RST)
    silent_*         no answer, for as long as the client waits
    held_*           answered when `POST /control/release` comes (`held_before` is accepted only then)
    500_* and so on  answered with this status
    truncated_after  the answer breaks off; its Content-Length says more
    garbage_after    200 with a body that is no JSON
    no_id_after      200 with JSON that tells no id
    other_id         not accepted; answered with the id of an earlier job
    other_id_after   accepted; answered with the id of an earlier job (of none, if none was told yet)
    late_acceptance  the connection is closed at once, the job accepted `late_seconds` later
    slow_answer      accepted, answered after `slow_seconds`
    drip             accepted, the answer comes byte by byte and never ends
    throttled        429
    400 401 402 403 422  refused with this status
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from ledger import Job, Post
from replies import Service
from wire import Peer, Request, head, to_json

_REFUSALS = ("throttled", "400", "401", "402", "403", "422")


async def submit(service: Service, peer: Peer, request: Request) -> None:
    """Answers one submission, or does not."""
    body = _read(request.body)
    if body is None:
        return await service.refuse(peer, request, 400, "the body is no request for an image")
    key = request.headers.get("idempotency-key")
    post = Post(time.time(), "ok", body, key)
    service.ledger.posts.append(post)
    if await _is_refused_by_key(service, peer, request, post):
        return None
    post.fault = service.settings.kind("post", str(body["prompt"]))
    if post.fault.startswith("409") and key in service.ledger.seen_keys and not service.settings["conflict_on_repeat"]:
        # To a repeated request it would say that this server has the first one.
        post.fault = post.fault.replace("409", "503")
    if key is not None and post.fault not in _REFUSALS:
        service.ledger.seen_keys.add(key)
    return await _answer(service, peer, request, post)


def _read(data: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(data)
    except ValueError:
        return None
    is_whole = isinstance(body, dict) and all(isinstance(body.get(name), str) for name in ("model", "prompt"))
    return body if is_whole else None


async def _is_refused_by_key(service: Service, peer: Peer, request: Request, post: Post) -> bool:
    """Idempotency keys that are refused on sight, or known."""
    mode = str(service.settings["idempotency"])
    key = post.idempotency_key
    if mode == "refused" and key is not None:
        status, words = 400, "the header `Idempotency-Key` is not supported"
    elif mode == "known" and key in service.ledger.seen_keys:
        status, words = 409, "a request with this `Idempotency-Key` has been received already"
    else:
        return False
    post.fault = f"idempotency_{mode}"
    service.settings.count("idempotency", mode)
    await service.refuse(peer, request, status, words)
    return True


async def _answer(service: Service, peer: Peer, request: Request, post: Post) -> None:
    effect, _, when = post.fault.rpartition("_")
    if when not in ("before", "after"):
        effect = post.fault
    if effect == "late_acceptance":
        service.later(_accept_later(service, post, service.settings.number("late_seconds")))
        raise peer.close()
    if post.fault in _REFUSALS:
        return await _refuse(service, peer, request, post)
    if post.fault == "other_id":
        return await _tell(service, peer, post, _earlier(service, None))
    job = None
    if when != "before":
        job = _accept(service, post)
    if effect == "held":
        await service.held("post")
        job = job or _accept(service, post)
    return await _answer_accepted(service, peer, request, post, effect, job)


async def _refuse(service: Service, peer: Peer, request: Request, post: Post) -> None:
    """What is certainly not accepted."""
    if post.fault == "throttled":
        return await service.throttle(peer, request)
    return await service.refuse(peer, request, int(post.fault), f"refused with {post.fault}")


async def _answer_accepted(
    service: Service, peer: Peer, request: Request, post: Post, effect: str, job: Job | None
) -> None:
    match effect:
        case "close":
            raise peer.close()
        case "reset":
            raise peer.reset()
        case "silent":
            raise await peer.hang()
        case "truncated":
            whole = _reply(job.id if job else "")
            await peer.write(head(200, {"Content-Type": "application/json", "Content-Length": str(len(whole) + 40)}))
            await peer.write(whole[:-12])
            raise peer.close()
        case "garbage":
            return await service.answer(peer, 200, b'{"id":\x00\xff"job-')
        case "no_id":
            return await service.answer(peer, 200, b'{"status":"QUEUED"}')
        case "other_id":
            return await _tell(service, peer, post, _earlier(service, job))
        case "drip":
            await peer.write(head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}))
            while True:
                await peer.drip(b"1\r\n \r\n", service.settings.number("drip_pause"))
        case "slow_answer":
            await asyncio.sleep(service.settings.number("slow_seconds"))
        case status if status.isdigit():
            extra = {"Location": "/api/openai/v1/jobs/images"} if status == "301" else {}
            return await service.refuse(peer, request, int(status), f"failed with {status}", extra)
    return await _tell(service, peer, post, job.id if job else None)


async def _tell(service: Service, peer: Peer, post: Post, job_id: str | None) -> None:
    if job_id is None:
        return await service.answer(peer, 200, b'{"status":"QUEUED"}')
    await service.answer(peer, 200, _reply(job_id))
    # The id of another job is no promise that this one exists.
    if job_id == post.job_id:
        post.answered_id = job_id
        post.answered_at = time.time()
        service.ledger.jobs[job_id].told = time.monotonic()
    return None


def _reply(job_id: str) -> bytes:
    return to_json({"id": job_id, "status": "QUEUED"})


def _accept(service: Service, post: Post) -> Job:
    """A new job; or an earlier one, where the API honours the key or merges equal requests."""
    ledger = service.ledger
    mode = str(service.settings["idempotency"])
    body = json.dumps(post.request, sort_keys=True)
    known = None
    if mode == "honoured" and post.idempotency_key is not None:
        known = ledger.by_key.get(post.idempotency_key)
    elif mode == "merge":
        known = ledger.by_body.get(body)
        if known is not None and known.status(time.monotonic()) == "FAILED":
            del ledger.by_body[body]
            known = None
    if known is not None:
        service.settings.count("idempotency", mode)
    job = known or ledger.accept(post.request, key=post.idempotency_key, fault=post.fault)
    ledger.by_body.setdefault(body, job)
    post.job_id = job.id
    return job


async def _accept_later(service: Service, post: Post, seconds: float) -> None:
    await asyncio.sleep(seconds)
    _accept(service, post)


def _earlier(service: Service, but: Job | None) -> str | None:
    """The id of some earlier job of ours: one that was told `other_id_age` ago, so that the client knows it."""
    before = time.monotonic() - service.settings.number("other_id_age")
    ids = [job.id for job in service.ledger.history if job.told is not None and job.told <= before and job is not but]
    return service.settings.dice.choice(ids[-100:]) if ids else None
