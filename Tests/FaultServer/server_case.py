"""What the tests of the fault server share: a server of their own, and requests by hand over real sockets."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import unittest
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

from settings import DEFAULTS

FOLDER = Path(__file__).resolve().parent
API = "/api/openai/v1"
PATIENCE = 0.3
"""Seconds after which an answer counts as not coming."""


class Outcome:
    """What one request led to: `status`, `headers` and `body`; or `end`: closed, reset, silent or broken."""

    def __init__(self, end: str, status: int = 0, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.end = end
        self.status = status
        self.headers = headers or {}
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def start(*options: str) -> tuple[subprocess.Popen[str], int]:
    """A server, and the port that it listens on."""
    command = [sys.executable, "-W", "error", str(FOLDER / "fault_server.py"), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["port"]


def ask(port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Outcome:
    """One request on a connection of its own."""
    data = b"" if body is None else json.dumps(body).encode()
    fields = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(data)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
        sock.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + data)
        with HTTPResponse(sock, method=method) as response:
            try:
                response.begin()
            except TimeoutError:
                return Outcome("silent")
            except ConnectionResetError as error:
                # `http.client` says this of an orderly close too, in a class of its own.
                return Outcome("closed" if isinstance(error, HTTPException) else "reset")
            return _read(response, sock)


def _read(response: HTTPResponse, sock: socket.socket) -> Outcome:
    body = b""
    end = "whole"
    until = time.monotonic() + 2 * PATIENCE
    try:
        while piece := response.read1(65536):
            body += piece
            if time.monotonic() > until:
                end = "endless"
                break
    except TimeoutError:
        end = "silent"
    except ConnectionResetError:
        end = "reset"
    except (HTTPException, ValueError):
        end = "broken"
    length = response.headers.get("Content-Length")
    if end == "whole" and length is not None and len(body) < int(length):
        end = "broken"
    return Outcome(end, response.status, {name.lower(): value for name, value in response.headers.items()}, body)


class ServerCase(unittest.TestCase):
    """A server of its own for each test class; the settings start anew with each test."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.process, cls.port = start("--config", '{"job_time": 0}')

    @classmethod
    def tearDownClass(cls) -> None:
        cls.process.terminate()
        cls.process.wait()
        cls.process.stdout.close()

    def setUp(self) -> None:
        self.configure(**{**DEFAULTS, "job_time": 0})

    def configure(self, **settings: Any) -> None:
        reply = ask(self.port, "POST", "/control/config", settings)
        self.assertEqual(reply.status, 200, reply.body)

    def ledger(self) -> dict[str, Any]:
        return ask(self.port, "GET", "/control/ledger").json

    def fired(self, kind: str) -> int:
        return ask(self.port, "GET", "/control/faults").json[kind]

    def submit(self, prompt: str = "a fox", **fields: Any) -> Outcome:
        headers = fields.pop("headers", None)
        body = {"model": "m", "prompt": prompt, "seed": 7, "width": 64, "height": 64, **fields}
        return ask(self.port, "POST", f"{API}/jobs/images", body, headers)

    def submitted(self, prompt: str = "a fox", **fields: Any) -> str:
        return self.submit(prompt, **fields).json["id"]

    def job(self, job_id: str) -> Outcome:
        return ask(self.port, "GET", f"{API}/jobs/{job_id}")

    def list(self, query: str = "") -> Outcome:
        return ask(self.port, "GET", f"{API}/jobs{query}")

    def accepted(self) -> int:
        return self.ledger()["totals"]["accepted"]
