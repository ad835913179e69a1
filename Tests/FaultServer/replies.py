"""What all parts of the server share: settings, ledger, clock, and the common answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from email.utils import formatdate
from typing import Any

from ledger import Clock, Job, Ledger, Tally
from settings import Settings
from wire import Peer, Request, to_json


class Service:
    """One account of the API."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings)
        self.ledger = Ledger(settings, self.clock)
        self.tally = Tally()
        self.other_port = 0
        self.keys_elsewhere = 0
        """Requests that showed an `Authorization` to the other port."""
        self.phases_since = time.monotonic()
        self.list_kind = ""
        """Of the last first page of `GET /jobs`."""
        self.foreign_jobs: list[Job] = []
        self._holds: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # Answers

    async def answer(self, peer: Peer, status: int, body: bytes, extra: dict[str, str] | None = None) -> None:
        """A whole JSON answer."""
        await peer.answer(status, {**self.headers("application/json"), **(extra or {})}, body)

    def headers(self, content_type: str) -> dict[str, str]:
        headers = {"Content-Type": content_type}
        if self.settings["date"]:
            headers["Date"] = formatdate(self.clock.now(), usegmt=True)
        if not self.settings["keep_alive"]:
            headers["Connection"] = "close"
        return headers

    async def refuse(
        self, peer: Peer, request: Request, status: int, words: str, extra: dict[str, str] | None = None
    ) -> None:
        """An error as the API writes it."""
        kinds = {401: "authentication_error", 402: "billing_error", 403: "permission_error", 429: "rate_limit_error"}
        error = {"message": self.message(request, words), "type": kinds.get(status, "api_error"), "code": None}
        await self.answer(peer, status, to_json({"error": error}), extra)

    def message(self, request: Request, words: str) -> str:
        """`words`, with the key presented if `echo_key` says so."""
        presented = request.headers.get("authorization", "")
        return f"{words} ({presented})" if self.settings["echo_key"] else words

    async def throttle(self, peer: Peer, request: Request) -> None:
        """429, with the `Retry-After` that the settings ask for."""
        value = self._retry_after(self.settings.kind("retry_after"))
        await self.refuse(peer, request, 429, "too many requests", {"Retry-After": value} if value else {})

    def _retry_after(self, kind: str) -> str | None:
        seconds = self.settings.number("retry_after_seconds")
        match kind:
            case "seconds":
                return f"{seconds:g}"
            case "date":
                return formatdate(self.clock.now() + seconds, usegmt=True)
            case "negative":
                return "-5"
            case "past":
                return formatdate(self.clock.now() - 3600, usegmt=True)
            case "absurd":
                return "99999999999999999999"
            case "garbage":
                return "soon"
        return None

    def foreign_ledger(self) -> Ledger:
        """An account beside this one."""
        return Ledger(self.settings, self.clock)

    # Account

    def account(self) -> str:
        """`ok`, or the status that all requests get now."""
        kind = str(self.settings["account"])
        for after, phase in self.settings["account_phases"]:
            if time.monotonic() - self.phases_since >= after:
                kind = str(phase)
        return kind

    # Time

    async def held(self, what: str) -> None:
        """Waits for the next release."""
        await self._holds.setdefault(what, asyncio.Event()).wait()

    def release(self) -> int:
        """Lets go everything that is held, requests and jobs; how many jobs."""
        for event in self._holds.values():
            event.set()
        self._holds = {}
        return self.ledger.release()

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs something beside the requests."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
