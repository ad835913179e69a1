"""`GET /images/{job}/{token}.png`: the results, and what can be wrong with them.

    ok                   a PNG of the job's size; `jpeg`: a JPEG; `chunked`: a PNG without a Content-Length
    truncated            closed half way; `reset_middle`: reset half way; `chunked_cut`: half, then closed
    length_long          Content-Length says 100 bytes more than are sent; then closed
    length_short         Content-Length says 100 bytes less than are sent
    stall                half, then silence; `drip`: whole, but byte by byte, `download_drip_pause` apart
    html                 200 with a page; `zero`: no bytes; `blank`: one colour; `endless`: never ends
    wrong_dimensions     eight pixels narrower than told
    crc_error, no_iend, jpeg_no_eoi    damaged files of the right length
    403 404 410 500 429  once, with this status; `close`: closed without an answer
    expired_403 …        this status until `GET /jobs/{id}` has told a new address
    redirects            over `redirects` hops; `redirect_loop`: without end
    redirect_private, redirect_link_local    to 10.0.0.1, to 169.254.169.254
    redirect_other_port  to the server's other port, where no key may be shown
    held                 until `POST /control/release`
"""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import pictures
from ledger import Job
from replies import Service
from wire import Peer, Request, chunk, head, segment

_BODIES = {
    "crc_error": pictures.png_with_bad_checksum,
    "no_iend": pictures.png_without_end,
    "jpeg": pictures.jpeg,
    "jpeg_no_eoi": pictures.jpeg_without_end,
}


async def download(service: Service, peer: Peer, request: Request) -> None:
    """Answers for one result."""
    parts = request.path.split("/")
    job = service.ledger.jobs.get(unquote(parts[2])) if len(parts) == 4 else None
    token = segment(request.path).removesuffix(".png")
    if job is None or not token.isdigit():
        await service.refuse(peer, request, 404, "there is no such image")
    elif int(token) in job.refused_tokens:
        await service.refuse(peer, request, job.refused_tokens[int(token)], "the address has expired")
    elif hops := request.query.get("hops"):
        await _hop(service, peer, request, job, int(hops))
    elif peer.is_other_port:
        await _send(service, peer, job, "ok")
    else:
        await _answer(service, peer, request, job, int(token))


async def _answer(service: Service, peer: Peer, request: Request, job: Job, token: int) -> None:
    kind = service.settings.kind("download", job.prompt)
    if kind.startswith("expired_"):
        status = int(kind.removeprefix("expired_"))
        job.refused_tokens[token] = status
        await service.refuse(peer, request, status, "the address has expired")
    elif kind == "429":
        await service.throttle(peer, request)
    elif kind.isdigit():
        await service.refuse(peer, request, int(kind), f"answered with {kind}")
    elif kind.startswith("redirect"):
        await _redirect(service, peer, request, job, kind)
    else:
        await _send(service, peer, job, kind, service.message(request, "please log in"))


# Redirects


async def _redirect(service: Service, peer: Peer, request: Request, job: Job, kind: str) -> None:
    host = request.headers.get("host", "127.0.0.1").rpartition(":")[0]
    match kind:
        case "redirect_private":
            location = "http://10.0.0.1/image.png"
        case "redirect_link_local":
            location = "http://169.254.169.254/latest/meta-data/"
        case "redirect_other_port":
            location = f"http://{host}:{service.other_port}{request.path}"
        case "redirect_loop":
            location = request.path + "?hops=1000000"
        case _:
            location = f"{request.path}?hops={int(service.settings['redirects'])}"
    await _move(service, peer, location)


async def _hop(service: Service, peer: Peer, request: Request, job: Job, hops: int) -> None:
    if hops > 1:
        await _move(service, peer, f"{request.path}?hops={hops - 1}")
    else:
        await _send(service, peer, job, "ok")


async def _move(service: Service, peer: Peer, location: str) -> None:
    await peer.answer(302, {**service.headers("text/plain"), "Location": location}, b"")


# Bodies


async def _send(service: Service, peer: Peer, job: Job, kind: str, words: str = "") -> None:
    match kind:
        case "close":
            raise peer.close()
        case "held":
            await service.held("download")
        case "html":
            page = f"<!doctype html><title>Sign in</title><p>{words}</p>".encode()
            return await peer.answer(200, service.headers("text/html"), page)
        case "zero":
            return await peer.answer(200, service.headers("image/png"), b"")
    data = _body(job, kind)
    match kind:
        case "truncated" | "reset_middle" | "stall" | "length_long":
            return await _send_in_part(service, peer, kind, data)
        case "length_short":
            length = {"Content-Length": str(len(data) - 100)}
            await peer.write(head(200, {**service.headers("image/png"), **length}) + data)
            raise peer.close()
        case "chunked" | "chunked_cut" | "endless":
            return await _send_in_pieces(service, peer, kind, data)
        case "drip":
            length = {"Content-Length": str(len(data))}
            await peer.write(head(200, {**service.headers("image/png"), **length}))
            return await peer.drip(data, service.settings.number("download_drip_pause"))
    return await peer.answer(200, service.headers("image/jpeg" if kind == "jpeg" else "image/png"), data)


def _body(job: Job, kind: str) -> bytes:
    width, height = job.size
    if kind == "wrong_dimensions":
        width = width - 8 if width > 8 else width + 8
    if kind == "blank":
        return pictures.png(width, height, job.id, job.prompt, blank=True)
    return _BODIES.get(kind, pictures.png)(width, height, job.id, job.prompt)


async def _send_in_part(service: Service, peer: Peer, kind: str, data: bytes) -> None:
    told, sent = (len(data) + 100, len(data)) if kind == "length_long" else (len(data), len(data) // 2)
    await peer.write(head(200, {**service.headers("image/png"), "Content-Length": str(told)}) + data[:sent])
    if kind == "stall":
        raise await peer.hang()
    # What has been sent is to arrive before the end does.
    await asyncio.sleep(0.02)
    raise peer.reset() if kind == "reset_middle" else peer.close()


async def _send_in_pieces(service: Service, peer: Peer, kind: str, data: bytes) -> None:
    await peer.write(head(200, {**service.headers("image/png"), "Transfer-Encoding": "chunked"}))
    half = len(data) // 2
    await peer.write(chunk(data[:half]))
    if kind == "chunked_cut":
        raise peer.close()
    filler = chunk(bytes(65536))
    while kind == "endless":
        await peer.write(filler)
        await asyncio.sleep(0)
    await peer.write(chunk(data[half:]) + chunk(b""))
