#!/usr/bin/env python3
"""A Jobs API server that fails on demand and keeps a ledger of what it was asked for and what it would bill.

Start it with `--port 0`: it prints one line, `{"port": N, "other_port": M}`, once it listens on 127.0.0.1. The API is
under /api/openai/v1, results under /images. The other port serves results only (see `redirect_other_port`).

What it does is set by `--config`, and while it runs by the control calls, which need no key:

    GET  /control/ledger    every job and every submission, and totals
    GET  /control/faults    how often each kind of each choice has come up
    POST /control/config    new values for some settings (JSON); 400 where there is no such setting or kind
    POST /control/release   lets go what is held: requests and jobs

The settings and their defaults are in settings.py; what the kinds do is told in submissions.py, reading.py,
downloads.py and ledger.py. The kinds of `job`: `ok`; `fail_string` and `fail_object` (FAILED, with a text or an object
as its error); `vanish` (accepted, then 404); `unknown_status`; `endless`; `held` (until released). An example:

    fault_server.py --port 0 --seed 7 --config '{"post": {"ok": 9, "close_after": 1}, "job_time": [0.1, 0.5]}'

All times are real. SIGTERM and SIGINT end it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any

import downloads
import reading
import submissions
from replies import Service
from settings import Settings, SettingsError
from strangers import Strangers
from wire import LONGEST_HEAD, Gone, Peer, Request, to_json

BASE_PATH = "/api/openai/v1"
Handler = Callable[[Service, Peer, Request], Awaitable[None]]


class FaultServer:
    """Listens, routes, and answers the control calls."""

    def __init__(self, service: Service, log: IO[str] | None = None) -> None:
        self.service = service
        self.strangers = Strangers(service)
        self.log = log
        self.connections: set[asyncio.Task[Any] | None] = set()

    async def listen(self, port: int) -> tuple[asyncio.Server, asyncio.Server]:
        """The API's own port and the other one."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(Peer(reader, writer, is_other_port=False))

        async def serve_elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(Peer(reader, writer, is_other_port=True))

        options: dict[str, Any] = {"limit": LONGEST_HEAD, "backlog": 1024}
        main = await asyncio.start_server(serve, "127.0.0.1", port, **options)
        other = await asyncio.start_server(serve_elsewhere, "127.0.0.1", 0, **options)
        self.service.other_port = other.sockets[0].getsockname()[1]
        self.strangers.restart()
        return main, other

    async def _serve(self, peer: Peer) -> None:
        task = asyncio.current_task()
        self.connections.add(task)
        try:
            while True:
                request = await peer.read()
                self._note(request)
                await self._route(peer, request)
                if not self.service.settings["keep_alive"]:
                    raise peer.close()
        except (Gone, asyncio.CancelledError):
            pass
        finally:
            self.connections.discard(task)
            peer.writer.close()

    async def _route(self, peer: Peer, request: Request) -> None:
        path = request.path
        if path.startswith("/control/") and not peer.is_other_port:
            return await self._control(peer, request)
        if path.startswith("/images/") and request.method == "GET":
            self.service.tally.count("download", request.arrived)
            self.service.keys_elsewhere += peer.is_other_port and "authorization" in request.headers
            return await downloads.download(self.service, peer, request)
        kind, handler = _api_call(request) if not peer.is_other_port else ("other", None)
        if handler is None:
            return await self.service.refuse(peer, request, 404, "there is nothing here")
        self.service.tally.count(kind, request.arrived)
        if not await self._turned_away(peer, request, kind):
            await handler(self.service, peer, request)
        return None

    async def _turned_away(self, peer: Peer, request: Request, kind: str) -> bool:
        """By the key, the rate or the state of the account."""
        service, settings = self.service, self.service.settings
        if settings["key"] and request.headers.get("authorization") != f"Bearer {settings['key']}":
            await service.refuse(peer, request, 401, "the key is not valid")
            return True
        if settings["rate"] and service.tally.in_the_last_second() > settings["rate"]:
            await service.throttle(peer, request)
            return True
        account = service.account()
        if account == "ok" or (settings["account_scope"] == "submit" and kind != "submit"):
            return False
        settings.count("account", account)
        await service.refuse(peer, request, int(account), f"the account answers {account}")
        return True

    # Control

    async def _control(self, peer: Peer, request: Request) -> None:
        service = self.service
        status, reply = 200, {}
        match request.method, request.path:
            case "GET", "/control/ledger":
                reply = service.ledger.report()
                reply["totals"] |= {**service.tally.report(), "keys_elsewhere": service.keys_elsewhere}
            case "GET", "/control/faults":
                reply = dict(service.settings.fired)
            case "POST", "/control/release":
                reply = {"jobs": service.release()}
            case "POST", "/control/config":
                try:
                    self.configure(json.loads(request.body))
                except (SettingsError, ValueError, TypeError, AttributeError) as error:
                    status, reply = 400, {"error": {"message": str(error)}}
            case _:
                status, reply = 404, {"error": {"message": "there is no such control call"}}
        await service.answer(peer, status, to_json(reply))

    def configure(self, changes: dict[str, Any]) -> None:
        """Takes new settings."""
        self.service.settings.merge(changes)
        if {"clock_step", "clock_step_after"} & changes.keys():
            self.service.clock.set_at = time.monotonic()
        if "account_phases" in changes:
            self.service.phases_since = time.monotonic()
        if "strangers" in changes:
            self.strangers.restart()

    def _note(self, request: Request) -> None:
        """One line of the request log, without the value of `Authorization`."""
        if self.log is None:
            return
        headers = {name: "***" if name == "authorization" else value for name, value in request.headers.items()}
        line = {"at": time.time(), "method": request.method, "target": request.target, "headers": headers}
        if request.method == "POST":
            line["body"] = request.body.decode("utf-8", "replace")
        self.log.write(json.dumps(line) + "\n")


def _api_call(request: Request) -> tuple[str, Handler | None]:
    """What an API request is counted as, and who answers it."""
    path = request.path.removeprefix(BASE_PATH)
    if path == request.path:
        return "other", None
    match request.method, path:
        case "POST", "/jobs/images":
            return "submit", submissions.submit
        case "GET", "/jobs":
            return "list", reading.jobs
        case "GET", "/models":
            return "models", reading.models
    if request.method == "GET" and path.startswith("/jobs/") and path.count("/") == 2:
        return "get", reading.job
    return "other", None


# The program


def read_config(text: str) -> dict[str, Any]:
    """JSON, or `@FILE` with JSON in it."""
    value = json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    if not isinstance(value, dict):
        raise SettingsError("the configuration must be a JSON object")
    return value


async def run(options: argparse.Namespace) -> None:
    """Serves until a signal comes."""
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open(options.log, "a", buffering=1)) if options.log else None
        await _serve(FaultServer(Service(Settings(options.seed)), log), options)


async def _serve(server: FaultServer, options: argparse.Namespace) -> None:
    server.service.settings.merge(read_config(options.config))
    main, other = await server.listen(options.port)
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    print(json.dumps({"port": main.sockets[0].getsockname()[1], "other_port": server.service.other_port}), flush=True)
    await ended.wait()
    main.close()
    other.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 (default): any that is free")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices (default: 1)")
    parser.add_argument("--config", default="{}", metavar="JSON|@FILE", help="settings other than the defaults")
    parser.add_argument("--log", type=Path, metavar="FILE", help="a line of JSON a request")
    try:
        asyncio.run(run(parser.parse_args()))
    except (OSError, ValueError, SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
